"""POST /embed/image, /embed/text and /similarity: what they answer when all is well."""
import json
import math
import unittest

import cli
import harness
import png
from harness import form, in_base64, json_of, photo


def norm(vector):
    return math.sqrt(sum(v * v for v in vector))


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


class Text(harness.ServerTest):
    def test_one_text_or_a_list(self):
        one = json_of(self.server.post_json("/embed/text", {"text": "a cat"}))
        listed = json_of(self.server.post_json("/embed/text", {"texts": ["a cat"]}))
        self.assertEqual(one["embeddings"], listed["embeddings"])
        self.assertEqual(one["dimensions"], 512)
        self.assertEqual(len(one["embeddings"][0]), 512)
        self.assertEqual(one["truncated"], [])
        self.assertGreater(one["tokens"], 2)
        self.assertAlmostEqual(norm(one["embeddings"][0]), 1, places=5)

    def test_the_model_name_says_that_the_weights_are_synthetic(self):
        self.assertIn("synthetic", json_of(self.server.post_json("/embed/text", {"text": "a"}))["model"].lower())

    def test_is_what_the_command_line_gives(self):
        result = cli.run("embed", "--model", cli.demo_model(), "a photo of a cat")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(json.loads(result.stdout)["embedding"], self.server.embed_texts(["a photo of a cat"])[0])

    def test_order_and_batch_do_not_matter(self):
        texts = ["a cat", "", "ein Hund", "🐈 " * 10, "x" * 40]
        alone = [self.server.embed_texts([text])[0] for text in texts]
        self.assertEqual(self.server.embed_texts(texts), alone)
        self.assertEqual(self.server.embed_texts(texts[::-1]), alone[::-1])

    def test_normalize_and_dimensions(self):
        raw = self.server.embed_texts(["a cat"], normalize=False)[0]
        full = self.server.embed_texts(["a cat"])[0]
        cut = self.server.embed_texts(["a cat"], dimensions=64)[0]
        self.assertEqual(self.server.embed_texts(["a cat"], normalize=False, dimensions=64)[0], raw[:64])
        self.assertEqual(len(cut), 64)
        self.assertAlmostEqual(norm(cut), 1, places=5)
        for got, value in zip(full, raw):
            self.assertAlmostEqual(got, value / norm(raw), places=6)
        for got, value in zip(cut, raw):
            self.assertAlmostEqual(got, value / norm(raw[:64]), places=6)

    def test_options_as_query_parameters(self):
        reply = json_of(self.server.post_json("/embed/text?dimensions=8&normalize=false", {"text": "a cat"}))
        self.assertEqual(reply["embeddings"], self.server.embed_texts(["a cat"], normalize=False, dimensions=8))

    def test_truncation_is_reported_or_refused(self):
        texts = ["short", "long " * 200, "short", "very long " * 200]
        reply = json_of(self.server.post_json("/embed/text", {"texts": texts}))
        self.assertEqual(reply["truncated"], [1, 3])
        refused = self.server.post_json("/embed/text", {"texts": texts, "truncate": False})
        self.assertEqual(refused.status, 422)
        self.assertEqual(harness.error_of(refused)["index"], 1)


class Image(harness.ServerTest):
    def embed(self, content_type, body, query=""):
        reply = self.server.post("/embed/image" + query, content_type, body)
        self.assertEqual(reply.status, 200, reply.body)
        return json_of(reply)

    def test_all_three_forms_give_the_same(self):
        images = [photo(1), photo(2, 300, 20), photo(3, 10, 200)]
        raw = [self.embed("image/png", image)["embeddings"][0] for image in images]
        self.assertEqual(self.embed("application/octet-stream", images[0])["embeddings"], raw[:1])
        content_type, body = form(*[("images", f"{i}.png", image) for i, image in enumerate(images)])
        self.assertEqual(self.embed(content_type, body)["embeddings"], raw)
        encoded = [in_base64(image) for image in images]
        encoded[1] = "data:image/png;base64," + encoded[1]
        self.assertEqual(self.embed("application/json", json.dumps({"images": encoded}))["embeddings"], raw)
        for vector in raw:
            self.assertAlmostEqual(norm(vector), 1, places=5)

    def test_options_in_each_form(self):
        raw = self.embed("image/png", photo(1), "?normalize=false&dimensions=16")
        self.assertEqual(raw["dimensions"], 16)
        content_type, body = form(("file", "a.png", photo(1)), ("normalize", "false"), ("dimensions", "16"))
        self.assertEqual(self.embed(content_type, body), raw)
        as_json = {"image": in_base64(photo(1)), "normalize": False, "dimensions": 16}
        self.assertEqual(self.embed("application/json", json.dumps(as_json)), raw)

    def test_a_constant_image_has_a_finite_unit_embedding(self):
        black = self.embed("image/png", png.encode(32, 32, bytes(32 * 32 * 3)))["embeddings"][0]
        self.assertAlmostEqual(norm(black), 1, places=5)

    def test_a_large_body_in_base64(self):
        images = [in_base64(photo(i, 400, 300)) for i in range(3)]
        padding = ["data:application/octet-stream;base64," + in_base64(photo(7, 256, 256) + b"\0" * 5_000_000)]
        reply = self.embed("application/json", json.dumps({"images": images + padding}))
        self.assertEqual(len(reply["embeddings"]), 4)


class Similarity(harness.ServerTest):
    def test_images_against_texts(self):
        images, texts = [photo(1), photo(2)], ["a cat", "a dog", "a house"]
        request = {"images": [in_base64(image) for image in images], "texts": texts}
        reply = json_of(self.server.post_json("/similarity", request))
        rows = [json_of(self.server.post("/embed/image", "image/png", image))["embeddings"][0] for image in images]
        columns = self.server.embed_texts(texts)
        scale = json_of(self.server.get("/info"))["logit_scale"]
        self.assertEqual(reply["logit_scale"], scale)
        for i, row in enumerate(rows):
            cosines = [dot(row, column) for column in columns]
            weights = [math.exp(scale * (c - max(cosines))) for c in cosines]
            for j, cosine in enumerate(cosines):
                self.assertAlmostEqual(reply["similarity"][i][j], cosine, places=5)
                self.assertAlmostEqual(reply["probabilities"][i][j], weights[j] / sum(weights), places=3)
            self.assertAlmostEqual(sum(reply["probabilities"][i]), 1, places=5)

    def test_a_form_gives_the_same(self):
        as_json = self.server.post_json("/similarity", {"images": [in_base64(photo(1))], "texts": ["a cat", "a dog"]})
        content_type, body = form(("image", "a.png", photo(1)), ("text", "a cat"), ("text", "a dog"))
        self.assertEqual(json_of(self.server.post("/similarity", content_type, body)), json_of(as_json))
        content_type, body = form(("image", "a.png", photo(1)), ("request", json.dumps({"texts": ["a cat", "a dog"]})))
        self.assertEqual(json_of(self.server.post("/similarity", content_type, body)), json_of(as_json))

    def test_ready_embeddings(self):
        texts = self.server.embed_texts(["a cat", "a dog"])
        request = {"image_embeddings": texts, "texts": ["a cat"], "text_embeddings": texts[1:]}
        reply = json_of(self.server.post_json("/similarity", request))
        self.assertAlmostEqual(reply["similarity"][0][0], 1, places=5)
        self.assertAlmostEqual(reply["similarity"][1][1], 1, places=5)
        self.assertAlmostEqual(reply["similarity"][0][1], dot(*texts), places=5)

    def test_one_side_against_itself(self):
        reply = json_of(self.server.post_json("/similarity", {"texts": ["a cat", "a dog"]}))
        self.assertEqual((reply["rows"], reply["columns"]), ("texts", "texts"))
        self.assertNotIn("probabilities", reply)
        self.assertEqual(reply["similarity"][0][1], reply["similarity"][1][0])


if __name__ == "__main__":
    unittest.main()
