"""POST /classify and /label-sets: zero-shot classification through prompt templates."""
import json
import math

import harness
from harness import form, in_base64, json_of, photo

LABELS = ["cat", "dog", "house", "tree", "car", "boat"]
TEMPLATES = ["a photo of a {}.", "a drawing of the {}, a good {}."]
IMAGENET_TEMPLATES = 7


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


def unit(vector):
    return [x / math.sqrt(dot(vector, vector)) for x in vector]


class Classify(harness.ServerTest):
    FLAGS = ("--max-items-per-request=8", "--max-label-set-bytes=64KiB")

    def classify(self, **request):
        reply = self.server.post_json("/classify", {"image": in_base64(photo(1)), **request})
        self.assertEqual(reply.status, 200, reply.body)
        return json_of(reply)

    def put(self, name, **label_set):
        return self.server.request("PUT", f"/label-sets/{name}", json.dumps(label_set),
                                   {"Content-Type": "application/json"})

    def expected(self, image, labels, templates):
        """(label, cosine, probability), the likeliest first, from the native embeddings."""
        vector, = json_of(self.server.post("/embed/image", "image/png", image))["embeddings"]
        scale = json_of(self.server.get("/info"))["logit_scale"]
        cosines = []
        for label in labels:
            prompts = self.server.embed_texts([template.replace("{}", label) for template in templates])
            cosines.append(dot(vector, unit([sum(column) for column in zip(*prompts)])))
        weights = [math.exp(scale * (cosine - max(cosines))) for cosine in cosines]
        return sorted(((label, cosine, weight / sum(weights))
                       for label, cosine, weight in zip(labels, cosines, weights)), key=lambda entry: -entry[1])

    def assert_predictions(self, result, expected):
        self.assertEqual([p["label"] for p in result["predictions"]], [label for label, _, _ in expected])
        for prediction, (label, cosine, probability) in zip(result["predictions"], expected):
            self.assertAlmostEqual(prediction["similarity"], cosine, places=5)
            self.assertAlmostEqual(prediction["probability"], probability, places=3)
            self.assertEqual(prediction["index"], LABELS.index(label))

    def test_templates_are_averaged(self):
        reply = self.classify(labels=LABELS, templates=TEMPLATES, top_k=100)  # 12 prompts, more than a request holds
        self.assert_predictions(reply["results"][0], self.expected(photo(1), LABELS, TEMPLATES))
        self.assertAlmostEqual(sum(p["probability"] for p in reply["results"][0]["predictions"]), 1, places=5)
        self.assertEqual(reply["truncated"], [])

    def test_the_default_is_a_photo_and_five(self):
        reply = self.classify(labels=LABELS)
        self.assert_predictions(reply["results"][0], self.expected(photo(1), LABELS, ["a photo of a {}."])[:5])
        self.assertEqual(self.classify(labels=LABELS, templates="photo"), reply)

    def test_images_against_a_registered_set(self):
        put = self.put("animals", labels=LABELS, templates="imagenet")
        self.assertEqual(put.status, 200, put.body)
        self.assertEqual(len(json_of(put)["templates"]), IMAGENET_TEMPLATES)
        images = [photo(1), photo(2, 90, 30)]
        by_name = {"images": [in_base64(image) for image in images], "label_set": "animals", "top_k": 2}
        texts = self.server.metrics()["mobileclip_texts_total"]
        reply = json_of(self.server.post_json("/classify", by_name))
        self.assertEqual(self.server.metrics()["mobileclip_texts_total"], texts, "its embeddings are kept")
        for image, result in zip(images, reply["results"]):
            self.assert_predictions(result, self.expected(image, LABELS, json_of(put)["templates"])[:2])
        given = {"images": by_name["images"], "labels": LABELS, "templates": json_of(put)["templates"], "top_k": 2}
        self.assertEqual(json_of(self.server.post_json("/classify", given)), reply)

    def test_a_form_gives_the_same(self):
        expected = self.classify(labels=["cat", "dog"], top_k=1)
        parts = [("image", "a.png", photo(1)), ("label", "cat"), ("label", "dog"), ("request", '{"top_k": 1}')]
        self.assertEqual(json_of(self.server.post("/classify", *form(*parts))), expected)

    def test_label_sets_come_and_go(self):
        self.assertEqual(self.put("one", labels=["a", "b"]).status, 200)
        self.assertEqual(self.put("one", labels=["c"]).status, 200)
        self.assertEqual(json_of(self.server.get("/label-sets/one"))["labels"], ["c"])
        listed = json_of(self.server.get("/label-sets"))
        self.assertIn("one", [entry["name"] for entry in listed["label_sets"]])
        self.assertEqual(listed["max_bytes"], 65536)
        self.assertEqual(listed["bytes"], sum(entry["bytes"] for entry in listed["label_sets"]))
        gone = self.server.request("DELETE", "/label-sets/one")
        self.assertEqual((gone.status, gone.body), (204, b""))
        for reply in (self.server.request("DELETE", "/label-sets/one"), self.server.get("/label-sets/one"),
                      self.server.post_json("/classify", {"image": in_base64(photo(1)), "label_set": "one"})):
            self.assert_error(reply, 404, "label_set_not_found", "one")

    def test_the_bound_refuses_and_loses_nothing(self):
        self.assertEqual(self.put("kept", labels=["a"]).status, 200)
        self.assert_error(self.put("large", labels=[f"label {i}" for i in range(40)]), 507, "label_sets_full", "65536")
        several = [f"label {i}" for i in range(20)]  # fits alone, not twice
        self.assertEqual([self.put(name, labels=several).status for name in ("first", "second")], [200, 507])
        self.server.request("DELETE", "/label-sets/first")
        self.assertEqual(self.server.get("/label-sets/kept").status, 200)
        self.assertEqual(self.server.get("/label-sets/large").status, 404)
        self.server.request("DELETE", "/label-sets/kept")

    def test_long_labels_are_named(self):
        reply = self.classify(labels=["cat", "x" * 100], templates=TEMPLATES)
        self.assertEqual(reply["truncated"], [1])

    def test_what_is_wrong_is_said(self):
        image = in_base64(photo(1))
        for request, mention in (({"labels": ["a"]}, "no images"), ({"image": image}, "no labels"),
                                 ({"image": image, "labels": ["a", ""]}, "labels[1]"),
                                 ({"image": image, "labels": ["a"], "label_set": "x"}, "not both"),
                                 ({"image": image, "labels": ["a"], "templates": ["{}", "photo"]}, "templates[1]"),
                                 ({"image": image, "labels": ["a"], "templates": "none"}, "imagenet"),
                                 ({"image": image, "labels": ["a"], "templates": []}, "imagenet"),
                                 ({"image": image, "labels": ["a"], "top_k": 0}, "top_k"),
                                 ({"image": image, "labels": ["a"] * 50_001, "templates": ["{}", "{}"]}, "100000")):
            self.assert_error(self.server.post_json("/classify", request), 400, "invalid_argument", mention)
        self.assert_error(self.put("a%20b", labels=["a"]), 400, "invalid_argument", "name")
        self.assert_error(self.put("a" * 65, labels=["a"]), 400, "invalid_argument", "name")
        self.assert_error(self.put("ok"), 400, "invalid_argument", "no labels")
        broken = self.server.post_json("/classify", {"images": [image, in_base64(photo(1)[:99])], "labels": ["a"]})
        self.assertEqual(self.assert_error(broken, 422, "invalid_image")["index"], 1)
        parts = form(("image", "a.png", photo(1)), ("label", "a"), ("label", b"\xff"))
        error = self.assert_error(self.server.post("/classify", *parts), 400, "invalid_text")
        self.assertEqual((error["input"], error["index"]), ("labels", 1))
