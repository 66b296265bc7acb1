"""The cache before the engine: the same bits with and without, one embedding for many who ask at once."""
import concurrent.futures
import json
import unittest

import harness
from harness import json_of, photo


def series(name, lane, **labels):
    text = ",".join(f'{key}="{value}"' for key, value in {"lane": lane, **labels}.items())
    return f"mobileclip_cache_{name}{{{text}}}"


def lookups(server, lane):
    metrics = server.metrics()
    return {outcome: metrics[series("lookups_total", lane, outcome=outcome)] for outcome in ("hit", "coalesced", "miss")}


class Cache(harness.ServerTest):
    FLAGS = ("--image-cache=1MiB",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plain = harness.Server("--text-cache=0")
        cls.addClassCleanup(cls.plain.end)

    def text_body(self, server, texts, **options):
        reply = server.post_json("/embed/text", {"texts": texts, **options})
        self.assertEqual(reply.status, 200, reply.body)
        return reply.body

    def test_answers_are_the_engines_bit_for_bit(self):
        requests = [(["a cat", "a dog", "a cat"], {}), (["a dog", "a bird"], {}), (["a cat"], {"dimensions": 8}),
                    (["a cat"], {"normalize": False}), (["word " * 200, ""], {}), (["a cat"], {"truncate": False})]
        for texts, options in requests * 2:
            self.assertEqual(self.text_body(self.server, texts, **options), self.text_body(self.plain, texts, **options))
        self.assertEqual(lookups(self.plain, "text"), {"hit": 0, "coalesced": 0, "miss": 0})

    def test_counts_what_it_saves(self):
        texts = [f"counted {i}" for i in range(5)]
        before = lookups(self.server, "text")
        batches = 'mobileclip_batch_size_sum{lane="text"}'
        embedded = self.server.metrics()[batches]
        self.text_body(self.server, texts[:4])
        self.text_body(self.server, texts)
        after = lookups(self.server, "text")
        self.assertEqual({key: after[key] - before[key] for key in after}, {"hit": 4, "coalesced": 0, "miss": 5})
        self.assertEqual(self.server.metrics()[batches] - embedded, 5)
        self.assertGreater(self.server.metrics()[series("bytes", "text")], 5 * 512 * 4)

    def test_near_twins_are_no_twins(self):
        texts = ["twin", "Twin", "twin ", " twin", "twins", "twi\u0144", "tw\u0131n", "twin\u200b"]
        together = json_of(self.server.post_json("/embed/text", {"texts": texts * 2}))["embeddings"]
        self.assertEqual(together, [json_of(self.plain.post_json("/embed/text", {"texts": [text]}))["embeddings"][0]
                                    for text in texts] * 2)

    def test_too_long_texts_are_refused_though_they_are_known(self):
        self.text_body(self.server, ["word " * 100])
        for _ in range(2):
            reply = self.server.post_json("/embed/text", {"texts": ["word " * 100], "truncate": False})
            self.assert_error(reply, 422, "text_too_long")

    def test_images(self):
        images = [photo(seed) for seed in range(3)]
        before = lookups(self.server, "image")
        for _ in range(2):
            for image in images:
                reply = self.server.post("/embed/image", "image/png", image)
                self.assertEqual(reply.body, self.plain.post("/embed/image", "image/png", image).body)
        after = lookups(self.server, "image")
        self.assertEqual({key: after[key] - before[key] for key in after}, {"hit": 3, "coalesced": 0, "miss": 3})
        self.assertEqual(lookups(self.plain, "image"), {"hit": 0, "coalesced": 0, "miss": 0})

    def test_many_who_ask_at_once_cost_one_embedding(self):
        before = lookups(self.server, "text")
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            bodies = set(pool.map(lambda _: self.text_body(self.server, ["asked for by many"]), range(64)))
        self.assertEqual(bodies, {self.text_body(self.plain, ["asked for by many"])})
        after = lookups(self.server, "text")
        self.assertEqual(after["miss"] - before["miss"], 1)
        self.assertEqual(sum(after.values()) - sum(before.values()), 64)


class LeadersThatLeave(harness.ServerTest):
    FLAGS = ("--max-batch=1", "--threads=1")

    def ask(self, text):
        """Asks on a connection of its own, and reads no answer yet."""
        connection = self.server.connect()
        self.addCleanup(connection.close)
        connection.request("POST", "/embed/text", json.dumps({"texts": [text]}), {"Content-Type": "application/json"})
        return connection

    def test_followers_are_answered(self):
        coalesced, misses = (series("lookups_total", "text", outcome=outcome) for outcome in ("coalesced", "miss"))
        busy = [self.ask(f"busy {i}") for i in range(100)]  # requests take turns: the leader waits for all of these
        leader = self.ask("wanted")
        self.assertEqual(self.server.wait_for_metric(misses, 101), 101)
        follower = self.ask("wanted")
        self.assertEqual(self.server.wait_for_metric(coalesced, 1), 1)
        leader.close()
        self.assertEqual(self.server.wait_for_metric('mobileclip_dropped_total{lane="text",reason="abandoned"}', 1), 1)
        self.assertEqual({connection.getresponse().status for connection in busy}, {200})
        answer = json.loads(follower.getresponse().read())["embeddings"]
        self.assertEqual(answer, self.server.embed_texts(["wanted"]))


if __name__ == "__main__":
    unittest.main()
