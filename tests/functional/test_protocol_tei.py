"""Text Embeddings Inference's API: /embed, /similarity, /tokenize, and its fields of /info."""
import harness
from harness import json_of

LONG = "long " * 100
TIMES = ("x-compute-time", "x-total-time", "x-queue-time", "x-inference-time", "x-tokenization-time")


class Tei(harness.ServerTest):
    FLAGS = ("--max-items-per-request=4",)

    def post(self, path, **request):
        reply = self.server.post_json(path, request)
        self.assertEqual(reply.status, 200, reply.body)
        return json_of(reply)

    def assert_tei_error(self, reply, status, error_type, *mentions):
        self.assertEqual(reply.status, status, reply.body)
        error = json_of(reply)
        self.assertEqual(set(error), {"error", "error_type"})
        self.assertEqual(error["error_type"], error_type)
        for text in mentions:
            self.assertIn(text, error["error"])

    def test_embed(self):
        native = self.server.embed_texts(["a cat", "a dog"])
        self.assertEqual(self.post("/embed", inputs="a cat"), native[:1])
        self.assertEqual(self.post("/embed", inputs=["a cat", "a dog"]), native)
        self.assertEqual(self.post("/embed", inputs=["a cat"], normalize=False, dimensions=16, prompt_name=None),
                         self.server.embed_texts(["a cat"], normalize=False, dimensions=16))

    def test_token_ids(self):
        tokens = self.post("/tokenize", inputs=["a cat", "a dog"])
        ids = [[token["id"] for token in text] for text in tokens]
        self.assertEqual(self.post("/embed", inputs=ids), self.server.embed_texts(["a cat", "a dog"]))
        self.assertEqual(self.post("/embed", inputs=ids[1]), self.server.embed_texts(["a dog"]))

    def test_timing_headers(self):
        reply = self.server.post_json("/embed", {"inputs": ["a cat", "a döг"]})
        for name in TIMES:
            self.assertGreaterEqual(int(reply.headers[name]), 0, name)
        self.assertLessEqual(int(reply.headers["x-inference-time"]), int(reply.headers["x-total-time"]))
        self.assertEqual(reply.headers["x-compute-characters"], "10")
        self.assertGreater(int(reply.headers["x-compute-tokens"]), 4)

    def test_truncation_only_where_asked_and_from_either_end(self):
        text = "the beginning " + "x" * 100 + " the end"
        refused = self.server.post_json("/embed", {"inputs": text})
        self.assert_tei_error(refused, 422, "Validation", "tokens")
        right = self.post("/embed", inputs=text, truncate=True)
        self.assertEqual(right, self.server.embed_texts([text]))
        left = self.post("/embed", inputs=[text, "a cat"], truncate=True, truncation_direction="Left")
        ids = [token["id"] for token in self.post("/tokenize", inputs=text)[0]]
        last = json_of(self.server.post_json("/v1/embeddings", {"input": ids[:1] + ids[-76:]}))
        self.assertEqual(left, [last["data"][0]["embedding"], self.server.embed_texts(["a cat"])[0]])
        self.assertNotEqual(left[0], right[0])
        too_long = {"inputs": "x" * 300_000, "truncate": True, "truncation_direction": "Left"}
        self.assert_tei_error(self.server.post_json("/embed", too_long), 422, "Validation", "Left", "300000")

    def test_similarity_by_the_shape_of_the_body(self):
        sentences = ["a dog", "a house", "a cat"]
        vectors = self.server.embed_texts(["a cat", *sentences[:2]])
        cosines = self.post("/similarity", inputs={"source_sentence": "a cat", "sentences": sentences},
                            parameters={"truncate": True})
        self.assertEqual(len(cosines), 3)
        for cosine, vector in zip(cosines, vectors[1:]):
            self.assertAlmostEqual(cosine, sum(a * b for a, b in zip(vectors[0], vector)), places=5)
        self.assertAlmostEqual(cosines[2], 1, places=6)
        ours = json_of(self.server.post_json("/similarity", {"texts": ['say "inputs"', "b"]}))
        self.assertIn("similarity", ours)
        self.assert_error(self.server.post_json("/similarity", {"texts": []}), 400, "invalid_argument")

    def test_similarity_errors_are_teis(self):
        post = lambda request: self.server.post_json("/similarity", request)
        self.assert_tei_error(post({"inputs": {"source_sentence": "a", "sentences": []}}), 400, "Empty")
        self.assert_tei_error(post({"inputs": {"source_sentence": "a", "sentences": [LONG]}}), 422, "Validation",
                              "inputs[1]")
        for bad, mention in (({"inputs": {"sentences": ["a"]}}, "source_sentence"), ({"inputs": ["a"]}, "object"),
                             ({"inputs": {}, "texts": ["a"]}, "texts")):
            self.assert_tei_error(post(bad), 422, "Validation", mention)

    def test_tokenize(self):
        cat, = self.post("/tokenize", inputs=" A  cat")
        self.assertEqual([token["special"] for token in cat], [True] + [False] * (len(cat) - 2) + [True])
        self.assertEqual(set(cat[0]), {"id", "text", "special", "start", "stop"})
        self.assertEqual((cat[0]["id"], cat[-1]["id"]), (49406, 49407))
        self.assertEqual("".join(token["text"] for token in cat[1:-1]), "acat")
        self.assertEqual([(token["start"], token["stop"]) for token in cat[1:-1]], [(1, 2), (4, 5), (5, 6), (6, 7)])
        self.assertIsNone(cat[0]["start"])
        bare, = self.post("/tokenize", inputs=[" A  cat"], add_special_tokens=False)
        self.assertEqual(bare, cat[1:-1])
        self.assert_tei_error(self.server.post_json("/tokenize", {"inputs": "x" * 300_000}), 422, "Validation")

    def test_errors(self):
        post = lambda request: self.server.post_json("/embed", request)
        self.assert_tei_error(post({"inputs": []}), 400, "Empty")
        self.assert_tei_error(post({}), 400, "Empty")
        for bad, mention in (({"inputs": ["a"] * 5}, "at most 4"), ({"inputs": 5}, "inputs"), ("{", "JSON"),
                             ({"inputs": "a", "prompt_name": "query"}, "prompt"),
                             ({"inputs": "a", "truncation_direction": "Middle"}, "Left"),
                             ({"inputs": "a", "dimensions": 1000}, "1000"), ({"inputs": [[50000]]}, "50000")):
            self.assert_tei_error(post(bad), 422, "Validation", mention)
        self.assert_tei_error(self.server.get("/embed"), 405, "Validation")
        self.assert_tei_error(self.server.post("/embed", "application/json", b"x" * (65 << 20)), 413, "Validation")

    def test_info_has_teis_fields_beside_ours(self):
        info = json_of(self.server.get("/info"))
        self.assertEqual((info["model_id"], info["model_dtype"]), ("MobileCLIP2-S0", "float32"))
        self.assertEqual(info["model_sha"], info["fingerprint"])
        self.assertEqual((info["max_input_length"], info["max_client_batch_size"]), (77, 4))
        self.assertFalse(info["auto_truncate"])
        self.assertIn("embedding", info["model_type"])
        self.assertEqual(info["context_length"], 77)


class Overload(harness.ServerTest):
    FLAGS = ("--request-timeout=1ms", "--threads=1", "--max-queue-items=64")

    def test_overload_and_lateness_are_teis(self):
        late = self.server.post_json("/embed", {"inputs": ["a text that takes its time"] * 60})
        self.assertIn(late.status, (429, 504))
        self.assertEqual(json_of(late)["error_type"], "Overloaded")
