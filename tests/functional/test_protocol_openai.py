"""OpenAI's API: /v1/embeddings and /v1/models, embedding for embedding what the native routes give."""
import base64
import json
import struct

import harness
from harness import in_base64, json_of, photo

LONG = "long " * 100


def floats_of(encoded):
    data = base64.b64decode(encoded, validate=True)
    return list(struct.unpack(f"<{len(data) // 4}f", data))


class OpenAi(harness.ServerTest):
    FLAGS = ("--max-items-per-request=8", "--max-queue-items=16", "--max-batch=8")

    def embed(self, **request):
        reply = self.server.post_json("/v1/embeddings", {"model": "any", **request})
        self.assertEqual(reply.status, 200, reply.body)
        return json_of(reply)

    def vectors(self, **request):
        data = self.embed(**request)["data"]
        self.assertEqual([entry["index"] for entry in data], list(range(len(data))))
        self.assertEqual({entry["object"] for entry in data}, {"embedding"})
        return [entry["embedding"] for entry in data]

    def embed_images(self, images):
        reply = self.server.post_json("/embed/image", {"images": [in_base64(image) for image in images]})
        return json_of(reply)["embeddings"]

    def assert_refused(self, request, status, *mentions, code="invalid_argument"):
        reply = self.server.post_json("/v1/embeddings", request)
        self.assertEqual(reply.status, status, reply.body)
        error = harness.error_of(reply)
        self.assertEqual(set(error), {"message", "type", "param", "code"})
        self.assertEqual((error["type"], error["code"]), ("invalid_request_error", code))
        for text in mentions:
            self.assertIn(text, error["message"])
        return error

    def test_a_string_or_a_list(self):
        native = self.server.embed_texts(["a cat", "a dog"])
        self.assertEqual(self.vectors(input="a cat"), native[:1])
        reply = self.embed(input=["a cat", "a dog"])
        self.assertEqual([entry["embedding"] for entry in reply["data"]], native)
        self.assertEqual(reply["object"], "list")
        tokens = json_of(self.server.post_json("/embed/text", {"texts": ["a cat", "a dog"]}))["tokens"]
        self.assertEqual(reply["usage"], {"prompt_tokens": tokens, "total_tokens": tokens})
        self.assertIn("MobileCLIP2-S0", reply["model"])

    def test_base64_holds_the_same_bits(self):
        encoded = self.vectors(input=["a cat"], encoding_format="base64")
        as_floats = [struct.unpack("<f", struct.pack("<f", x))[0] for x in self.server.embed_texts(["a cat"])[0]]
        self.assertEqual(floats_of(encoded[0]), as_floats)
        self.assertEqual(self.vectors(input=["a cat"], encoding_format="float"), self.server.embed_texts(["a cat"]))

    def test_dimensions(self):
        self.assertEqual(self.vectors(input="a cat", dimensions=64), self.server.embed_texts(["a cat"], dimensions=64))
        self.assert_refused({"input": "a", "dimensions": 1000}, 400, "1000")

    def test_token_ids(self):
        tokens = json_of(self.server.post_json("/tokenize", {"inputs": ["a cat", "a dog"]}))
        ids = [[token["id"] for token in text] for text in tokens]
        native = self.server.embed_texts(["a cat", "a dog"])
        self.assertEqual(self.vectors(input=ids), native)
        self.assertEqual(self.vectors(input=ids[0]), native[:1])
        self.assertEqual(self.vectors(input=[ids[0][1:-1], ids[1] + [0] * 20]), native)
        self.assertEqual(self.embed(input=ids)["usage"]["prompt_tokens"], len(ids[0]) + len(ids[1]))
        self.assert_refused({"input": [[1, 49408]]}, 400, "input[0]", "49408", "49407")
        self.assert_refused({"input": [[1], [-1]]}, 400, "input[1]")
        self.assert_refused({"input": [[1], []]}, 400, "input[1]")
        self.assert_refused({"input": [1, "a"]}, 400, "input[1]")
        self.assert_refused({"input": [1] * 200}, 422, "tokens", code="text_too_long")

    def test_images_alone_and_among_texts(self):
        images = self.embed_images([photo(1), photo(2)])
        texts = self.server.embed_texts(["a cat", "a dog"])
        data_uri = "data:image/png;base64," + in_base64(photo(2))
        mixed = [{"image": in_base64(photo(1))}, "a cat", {"text": "a dog"}, {"image": data_uri}]
        self.assertEqual(self.vectors(input=mixed), [images[0], *texts, images[1]])
        self.assertEqual(self.vectors(input=[in_base64(photo(1)), data_uri], modality="image"), images)
        self.assertEqual(self.vectors(input=data_uri, modality="image"), images[1:])
        self.assertEqual(self.embed(input=mixed[:1])["usage"]["total_tokens"], 0)

    def test_a_bad_input_is_named_by_its_place(self):
        bad = {"image": in_base64(photo(1)[:100])}
        error = self.assert_refused({"input": ["a", {"image": in_base64(photo(1))}, bad]}, 422, "input[2]",
                                    code="invalid_image")
        self.assertEqual(error["param"], "input")
        self.assert_refused({"input": ["a", {"image": "http://example.com/a.png"}]}, 400, "input[1]", "URL")
        self.assert_refused({"input": ["a"] * 20 + [{"image": "***"}]}, 400, "input[20]", "base64")
        self.assert_refused({"input": ["a"] * 20 + [LONG]}, 422, "input[20]", code="text_too_long")

    def test_as_many_as_openai_takes_whatever_a_native_request_may_hold(self):
        texts = [f"text {i}" for i in range(50)]
        expected = [vector for i in range(0, 50, 8) for vector in self.server.embed_texts(texts[i:i + 8])]
        self.assertEqual(self.vectors(input=texts), expected)
        self.assert_refused({"input": ["a"] * 2049}, 400, "2048", "2049")

    def test_long_texts_are_refused_or_cut_as_asked(self):
        self.assert_refused({"input": ["a", LONG]}, 422, "input[1]", "truncate", code="text_too_long")
        reply = self.embed(input=["a", LONG], truncate=True)
        self.assertEqual(reply["truncated"], [1])
        self.assertEqual(reply["data"][1]["embedding"], self.server.embed_texts([LONG])[0])
        self.assertNotIn("truncated", self.embed(input="a", truncate=True))

    def test_what_is_wrong_is_said(self):
        for request, mention in (({}, "input"), ({"input": ""}, "empty"), ({"input": []}, "empty"),
                                 ({"input": ["a", ""]}, "input[1]"), ({"input": [{"video": "x"}]}, "video"),
                                 ({"input": [{"text": "a", "image": "b"}]}, "one key"), ({"input": 5}, "string"),
                                 ({"input": "a", "encoding_format": "int8"}, "base64"),
                                 ({"input": "a", "modality": "audio"}, "modality"),
                                 ({"input": "a", "colour": 1}, "colour"), ([], "object")):
            self.assert_refused(request, 400, mention)
        self.assertEqual(self.embed(input="a", user="someone", dimensions=None)["object"], "list")

    def test_refusals_before_the_handler_have_the_same_shape(self):
        for reply, status in ((self.server.get("/v1/embeddings"), 405),
                              (self.server.post("/v1/embeddings", "text/plain", "a"), 415),
                              (self.server.post("/v1/embeddings", "application/json", b"x" * (65 << 20)), 413),
                              (self.server.get("/v1/models/none"), 404)):
            self.assertEqual(reply.status, status)
            self.assertEqual(harness.error_of(reply)["type"], "invalid_request_error")
        self.assertEqual(self.server.get("/v1/embeddings").headers["Allow"], "POST, OPTIONS")

    def test_models(self):
        models = json_of(self.server.get("/v1/models"))
        self.assertEqual(models["object"], "list")
        model = models["data"][0]
        self.assertEqual((model["id"], model["object"]), ("MobileCLIP2-S0", "model"))
        self.assertGreater(model["created"], 1_600_000_000)
        self.assertEqual(json_of(self.server.get("/v1/models/MobileCLIP2-S0")), model)

    def test_metrics_name_the_route_and_never_the_path(self):
        self.server.get("/v1/models/some%20secret")
        metrics = self.server.get("/metrics").body.decode()
        self.assertIn('route="/v1/models/{model}",status="404"', metrics)
        self.assertNotIn("secret", metrics)
        self.assertEqual(json.loads(self.server.get("/").body)["message"], "Immich ML")


class LittleMemory(harness.ServerTest):
    """What --memory bounds, everyone goes by: the parts of a long list, /info."""

    FLAGS = ("--memory=low", "--precision=int8")

    def test_more_inputs_than_the_queue_takes(self):
        limits = json_of(self.server.get("/info"))["limits"]
        self.assertEqual((limits["max_batch"], limits["max_queue_items"]), (8, 64))
        texts = [f"text {i}" for i in range(limits["max_queue_items"] + 1)]
        reply = self.server.post_json("/v1/embeddings", {"model": "any", "input": texts})
        self.assertEqual(reply.status, 200, reply.body)
        self.assertEqual(len(json_of(reply)["data"]), len(texts))
