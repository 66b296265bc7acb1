"""Immich's machine learning API: /predict, /ping and what GET / says."""
import json

import harness
from harness import form, json_of, photo

VISUAL = json.dumps({"clip": {"visual": {"modelName": "ViT-B-32__openai", "options": {}}}})
TEXTUAL = json.dumps({"clip": {"textual": {"modelName": "ViT-B-32__openai", "options": {"language": "en"}}}})


class Immich(harness.ServerTest):
    def predict(self, *parts):
        return self.server.post("/predict", *form(*parts))

    def test_an_image(self):
        reply = json_of(self.predict(("entries", VISUAL), ("image", "blob", photo(1, 64, 48))))
        native = json_of(self.server.post("/embed/image", "image/png", photo(1, 64, 48)))["embeddings"][0]
        self.assertIsInstance(reply["clip"], str)
        self.assertEqual(json.loads(reply["clip"]), native)
        self.assertEqual((reply["imageHeight"], reply["imageWidth"]), (48, 64))

    def test_a_text(self):
        reply = json_of(self.predict(("entries", TEXTUAL), ("text", "a cat")))
        self.assertEqual(set(reply), {"clip"})
        self.assertEqual(json.loads(reply["clip"]), self.server.embed_texts(["a cat"])[0])
        long = self.predict(("entries", TEXTUAL), ("text", "long " * 100))
        self.assertEqual(long.headers["X-Truncated-Inputs"], "1")

    def test_errors(self):
        faces = json.dumps({"facial-recognition": {"detection": {"modelName": "buffalo_l"}}})
        both = json.dumps({"clip": {"visual": {"modelName": "a"}, "textual": {"modelName": "a"}}})
        image = ("image", "blob", photo(1))
        for parts, status, mention in (([("entries", VISUAL)], 400, "image"), ([("entries", TEXTUAL)], 400, "text"),
                                       ([("entries", TEXTUAL), image], 400, "text"),
                                       ([("entries", "{"), image], 422, "JSON"), ([image], 422, "JSON"),
                                       ([("entries", faces), image], 422, "facial-recognition"),
                                       ([("entries", both), image], 422, "both"),
                                       ([("entries", '{"clip": {}}'), image], 422, "visual"),
                                       ([("entries", VISUAL), ("image", "blob", photo(1)[:99])], 422, ""),
                                       ([("entries", VISUAL), ("colour", "red")], 400, "colour")):
            reply = self.predict(*parts)
            self.assertEqual(reply.status, status, reply.body)
            self.assertEqual(set(json_of(reply)), {"detail"})
            self.assertIn(mention, json_of(reply)["detail"])
        self.assertEqual(set(json_of(self.server.get("/predict"))), {"detail"})
        self.assertEqual(set(json_of(self.server.post_json("/predict", {}))), {"detail"})

    def test_ping_and_index(self):
        ping = self.server.get("/ping")
        self.assertEqual((ping.status, ping.body), (200, b"pong"))
        self.assertEqual(json_of(self.server.get("/"))["message"], "Immich ML")
