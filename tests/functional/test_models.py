"""Several models served at once: which of them answers, and what each is called."""
import concurrent.futures
import json
import os
import unittest

import cli
import harness
from harness import in_base64, json_of, photo


def other_model():
    """The demo model with other weights: the same name, so that its directory's must tell it from the first."""
    directory = cli.scratch() / "other"
    if not directory.exists():
        result = cli.run("synthesize", "MobileCLIP2-S0", directory, "--seed", "2", "--dtype", "bf16")
        assert result.returncode == 0, result.stderr.decode()
    return directory


class TwoModels(harness.ServerTest):
    FIRST, SECOND = "MobileCLIP2-S0", "other"

    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server("--model", os.fspath(other_model()), "--image-cache=1MiB", "--threads=2")
        cls.addClassCleanup(cls.server.kill)
        cls.alone = harness.Server("--threads=2", model=other_model())
        cls.addClassCleanup(cls.alone.kill)

    def test_each_answers_with_its_own_bits(self):
        own = self.alone.embed_texts(["a cat"])
        self.assertEqual(self.server.embed_texts(["a cat"], model=self.SECOND), own)
        first = self.server.embed_texts(["a cat"])
        self.assertNotEqual(first, own)
        self.assertEqual(self.server.embed_texts(["a cat"], model=self.FIRST), first)
        self.assertEqual(self.server.embed_texts(["a cat"], model=self.SECOND), own, "whatever is cached")
        for path, body in (("/embed/image", photo(1)), ("/embed/image?model=other", photo(1))):
            reply = self.server.post(path, "image/png", body)
            alone = json_of(self.alone.post("/embed/image", "image/png", body))["embeddings"]
            self.assertEqual(json_of(reply)["embeddings"] == alone, "other" in path)

    def test_every_protocol_reaches_both(self):
        server = self.server
        own = self.alone.embed_texts(["a cat"])[0]
        reply = server.post_json("/v1/embeddings", {"model": "other", "input": "a cat"})
        self.assertEqual(json_of(reply)["data"][0]["embedding"], own)
        self.assertEqual(reply.headers["X-Model-Fingerprint"], json_of(self.alone.get("/info"))["fingerprint"])
        tensor = {"name": "text", "shape": [1], "datatype": "BYTES", "data": ["a cat"]}
        infer = json_of(server.post_json("/v2/models/other.text/infer", {"inputs": [tensor]}))
        self.assertEqual(infer["outputs"][0]["data"], own)
        batch = server.post("/embed/batch?model=other", "application/x-ndjson", b'{"text": "a cat"}\n')
        self.assertEqual(json.loads(batch.body)["embedding"], own)
        immich = harness.form(("entries", '{"clip": {"textual": {"modelName": "other__x"}}}'), ("text", "a cat"))
        self.assertEqual(json.loads(json_of(server.post("/predict", *immich))["clip"]), own)
        self.assertEqual(json_of(server.post_json("/embed", {"inputs": "a cat"})), server.embed_texts(["a cat"]))

    def test_unknown_names(self):
        for reply in (self.server.post_json("/embed/text", {"text": "a", "model": "none"}),
                      self.server.post_json("/v1/embeddings", {"input": "a", "model": "text-embedding-3-small"}),
                      self.server.post("/embed/batch?model=none", "application/x-ndjson", b"{}\n")):
            self.assert_error(reply, 404, "model_not_found", "MobileCLIP2-S0, other")
        self.assertEqual(self.server.get("/v2/models/none.text").status, 404)
        reply = self.alone.post_json("/v1/embeddings", {"input": "a", "model": "text-embedding-3-small"})
        self.assertEqual(reply.status, 200, "one alone answers to any name")

    def test_are_listed(self):
        ids = [model["id"] for model in json_of(self.server.get("/v1/models"))["data"]]
        self.assertEqual(ids, [self.FIRST, self.SECOND])
        info = json_of(self.server.get("/info"))
        self.assertEqual([model["id"] for model in info["models"]], ids)
        self.assertEqual(info["models"][0]["fingerprint"], info["fingerprint"])
        self.assertNotEqual(info["models"][1]["fingerprint"], info["fingerprint"])

    def test_metrics_tell_them_apart(self):
        series = 'mobileclip_batch_size_sum{lane="text",model="%s"}'
        before = self.server.metrics()
        self.server.embed_texts([f"counted {i}" for i in range(3)], model=self.SECOND)
        after = self.server.metrics()
        self.assertEqual(after[series % self.SECOND] - before[series % self.SECOND], 3)
        self.assertEqual(after[series % self.FIRST], before[series % self.FIRST])
        self.assertEqual({name for name in after}, {name for name in before}, "requests add no series")

    def test_both_at_once(self):
        texts = [f"together {i}" for i in range(12)]
        expected = {model: self.server.embed_texts(texts, model=model) for model in (self.FIRST, self.SECOND)}
        with harness.Server("--model", os.fspath(other_model()), "--text-cache=0", "--threads=2") as server:
            def ask(i):
                model = (self.FIRST, self.SECOND)[i % 2]
                return server.embed_texts(texts[i:i + 1], model=model) == expected[model][i:i + 1]
            with concurrent.futures.ThreadPoolExecutor(12) as pool:
                self.assertEqual(set(pool.map(ask, range(12))), {True})

    def test_has_one_set_of_threads(self):
        def threads(server):
            return len(os.listdir(f"/proc/{server.process.pid}/task"))
        # A model brings the threads that form its batches, one a lane, and none that compute.
        self.assertEqual(threads(self.server) - threads(self.alone), 2)


class Directories(unittest.TestCase):
    def test_a_directory_of_models(self):
        collection = cli.scratch() / "collection"
        collection.mkdir()
        (collection / "a").symlink_to(other_model())
        (collection / "b").symlink_to(cli.demo_model())
        (collection / "notes").mkdir()
        with harness.Server(model=collection) as server:
            ids = [model["id"] for model in json_of(server.get("/v1/models"))["data"]]
            self.assertEqual(ids, ["MobileCLIP2-S0", "b"])
            image = {"image": in_base64(photo(1)), "model": "b"}
            self.assertEqual(server.post_json("/embed/image", image).status, 200)

    def test_one_that_is_broken_keeps_the_server_from_starting(self):
        empty = cli.scratch() / "empty"
        empty.mkdir()
        with self.assertRaisesRegex(RuntimeError, "empty"):
            harness.Server("--model", os.fspath(empty))


if __name__ == "__main__":
    unittest.main()
