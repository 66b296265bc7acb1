"""Weaviate's multi2vec-clip API: /vectorize, /meta and the probes."""
import signal

import harness
from harness import in_base64, json_of, photo


class Weaviate(harness.ServerTest):
    def vectorize(self, request, content_type="application/json"):
        return self.server.request("POST", "/vectorize", harness.json.dumps(request),
                                   {"Content-Type": content_type} if content_type else {})

    def test_texts_and_images(self):
        reply = self.vectorize({"texts": ["a cat", "a dog"], "images": [in_base64(photo(1))]})
        self.assertEqual(reply.status, 200, reply.body)
        vectors = json_of(reply)
        self.assertEqual(vectors["textVectors"], self.server.embed_texts(["a cat", "a dog"]))
        image = json_of(self.server.post("/embed/image", "image/png", photo(1)))["embeddings"]
        self.assertEqual(vectors["imageVectors"], image)

    def test_null_and_missing_are_empty(self):
        for request in ({"texts": ["a"], "images": None}, {"texts": ["a"]}, {"texts": ["a"], "images": []}):
            self.assertEqual(json_of(self.vectorize(request))["imageVectors"], [])
        self.assertEqual(json_of(self.vectorize({"texts": None, "images": None})),
                         {"textVectors": [], "imageVectors": []})

    def test_a_request_that_does_not_say_what_it_is(self):
        self.assertEqual(self.vectorize({"texts": ["a"]}, content_type=None).status, 200)

    def test_long_texts_are_cut_and_counted(self):
        reply = self.vectorize({"texts": ["a", "long " * 100]})
        self.assertEqual(reply.headers["X-Truncated-Inputs"], "1")
        self.assertIsNone(self.vectorize({"texts": ["a"]}).headers["X-Truncated-Inputs"])

    def test_errors(self):
        for request, status, mention in (({"images": ["***"]}, 400, "images[0]: invalid base64"),
                                         ({"images": [in_base64(photo(1)), in_base64(photo(1)[:99])]}, 422, "images[1]"),
                                         ({"texts": [1]}, 400, "texts[0]"), ({"videos": []}, 400, "videos")):
            reply = self.vectorize(request)
            self.assertEqual(reply.status, status)
            self.assertEqual(set(json_of(reply)), {"error"})
            self.assertIn(mention, json_of(reply)["error"])
        self.assertEqual(set(json_of(self.server.get("/vectorize"))), {"error"})

    def test_meta_and_probes(self):
        meta = json_of(self.server.get("/meta"))
        self.assertIn("MobileCLIP2-S0", meta["model"])
        for path in ("/.well-known/live", "/.well-known/ready"):
            reply = self.server.get(path)
            self.assertEqual((reply.status, reply.body), (204, b""))


class Draining(harness.ServerTest):
    def test_not_ready_while_stopping(self):
        with self.server.socket() as busy:
            busy.sendall(b"POST /vectorize HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n{")
            self.server.wait_for_metric("mobileclip_requests_in_flight", 2)
            self.server.signal(signal.SIGTERM)
            self.server.wait_for_log("stopping")
            self.assertEqual(self.server.get("/.well-known/ready").status, 503)
            self.assertEqual(self.server.get("/.well-known/live").status, 204)
            ready = self.server.get("/v2/health/ready")
            self.assertEqual((ready.status, json_of(ready)), (503, {"ready": False}))
            self.assertEqual(self.server.get("/v2/models/text/ready").status, 503)
