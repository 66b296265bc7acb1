"""Several models served at once: which of them answers, and what each is called."""
import concurrent.futures
import json
import os
import threading
import time
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
        cls.addClassCleanup(cls.server.end)
        cls.alone = harness.Server("--threads=2", model=other_model())
        cls.addClassCleanup(cls.alone.end)

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


def movable_model():
    """The other model through links of its own, so that a test can take a file away."""
    directory = cli.scratch() / "movable"
    if not directory.exists():
        directory.mkdir()
        for path in other_model().iterdir():
            (directory / path.name).symlink_to(path)
    return directory


# By malloc, of which sanitizers bring one of their own.
MEMORY_IS_COUNTED = not {"ASAN_OPTIONS", "TSAN_OPTIONS"} & os.environ.keys()


class LeavingMemory(unittest.TestCase):
    FIRST, SECOND = "MobileCLIP2-S0", "movable"

    def serve(self, *flags):
        server = harness.Server("--model", os.fspath(movable_model()), "--text-cache=0", "--threads=2", *flags)
        self.addCleanup(server.end)
        return server

    def loaded(self, server):
        metrics = server.metrics()
        return [metrics[f'mobileclip_model_loaded{{model="{model}"}}'] for model in (self.FIRST, self.SECOND)]

    def loads(self, server, model):
        return server.metrics()[f'mobileclip_model_loads_total{{model="{model}"}}']

    def wait_for(self, condition):
        end = time.monotonic() + 120
        while not condition() and time.monotonic() < end:
            time.sleep(0.05)
        self.assertTrue(condition())

    def test_what_nobody_uses_is_released_and_comes_back_for_all_who_ask(self):
        server = self.serve("--idle-release=1s")
        bytes_of_second = 'mobileclip_model_bytes{model="movable"}'
        expected = server.embed_texts(["a cat"], model=self.SECOND)
        before = server.metrics()
        if MEMORY_IS_COUNTED:
            self.assertGreater(before[bytes_of_second], 100e6)
        self.wait_for(lambda: self.loaded(server) == [0, 0])
        after = server.metrics()
        self.assertEqual(after[bytes_of_second], 0)
        freed = before["process_resident_memory_bytes"] - after["process_resident_memory_bytes"]
        self.assertGreater(freed, before["mobileclip_model_bytes"] / 2)

        self.assertEqual(server.get("/health/ready").status, 200, "it will answer")
        self.assertEqual(len(json_of(server.get("/v1/models"))["data"]), 2)
        self.assertEqual(server.post_json("/tokenize", {"inputs": "a cat"}).status, 200)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            replies = list(pool.map(lambda _: server.embed_texts(["a cat"], model=self.SECOND), range(8)))
        self.assertEqual(replies, [expected] * 8)
        self.assertEqual(self.loads(server, self.SECOND), 2)
        self.assertEqual(self.loads(server, self.FIRST), 1)

    def test_comes_and_goes_while_another_works(self):
        server = self.serve("--idle-release=200ms")
        expected = {model: server.embed_texts(["a cat"], model=model) for model in (self.FIRST, self.SECOND)}
        stop = threading.Event()

        def keep_asking():
            count = 0
            while not stop.is_set() or count == 0:
                if server.embed_texts(["a cat"]) != expected[self.FIRST]:
                    return -1
                count += 1
            return count

        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            asked = pool.submit(keep_asking)
            for _ in range(3):
                self.wait_for(lambda: self.loaded(server)[1] == 0)
                self.assertEqual(server.embed_texts(["a cat"], model=self.SECOND), expected[self.SECOND])
            stop.set()
            self.assertGreater(asked.result(), 3)

    @unittest.skipUnless(MEMORY_IS_COUNTED, "an allocator of a sanitizer does not say how much is in use")
    def test_a_budget_for_one_keeps_one(self):
        server = self.serve()
        sizes = [server.metrics()[f'mobileclip_model_bytes{{model="{model}"}}'] for model in (self.FIRST, self.SECOND)]
        expected = {model: server.embed_texts(["a cat"], model=model) for model in (self.FIRST, self.SECOND)}
        server.kill()
        server = self.serve(f"--models-memory={int(max(sizes) * 1.2)}")
        self.assertEqual(self.loaded(server), [1, 0])
        for model, there in ((self.SECOND, [0, 1]), (self.FIRST, [1, 0])):
            self.assertEqual(server.embed_texts(["a cat"], model=model), expected[model])
            self.assertEqual(self.loaded(server), there)
        with self.assertRaisesRegex(RuntimeError, "engine.models_memory: expected at least"):
            self.serve("--models-memory=1MiB")

    def test_what_cannot_be_loaded_is_a_503_until_it_can(self):
        server = self.serve("--idle-release=100ms")
        expected = server.embed_texts(["a cat"], model=self.SECOND)
        self.wait_for(lambda: self.loaded(server)[1] == 0)
        weights = movable_model() / "text_encoder_weights.safetensors"
        weights.rename(weights.with_suffix(".away"))
        try:
            reply = server.post_json("/embed/text", {"text": "a cat", "model": self.SECOND})
            self.assertEqual((reply.status, harness.error_of(reply)["code"]), (503, "unavailable"))
            self.assertIn("movable cannot be loaded", harness.error_of(reply)["message"])
            self.assertNotIn("safetensors", reply.body.decode(), "the reason is for the log")
            self.assertIn("text_encoder_weights", server.wait_for_log("movable cannot be loaded: "))
        finally:
            weights.with_suffix(".away").rename(weights)
        self.assertEqual(server.embed_texts(["a cat"], model=self.SECOND), expected)
        self.assertEqual(server.metrics()['mobileclip_model_load_failures_total{model="movable"}'], 1)


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
