"""Many clients at once: batching, exactness, clients that leave."""
import concurrent.futures
import json
import time
import unittest

import harness
from cli import patience
from harness import json_of, photo

CLIENTS = 32


class Load(harness.ServerTest):
    FLAGS = ("--max-batch=16", "--text-cache=0", f"--request-timeout={patience(120):.0f}s")  # what is measured is the engine

    def together(self, jobs):
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            return list(pool.map(lambda job: job(), jobs))

    def embed_image(self, seed):
        return json_of(self.server.post("/embed/image", "image/png", photo(seed)))["embeddings"][0]

    def test_together_as_alone_bit_for_bit(self):
        texts = [f"{'many ' * (i % 7)}words, number {i}" for i in range(CLIENTS)]
        alone = [self.server.embed_texts([text])[0] for text in texts] + [self.embed_image(i) for i in range(CLIENTS)]
        before = self.server.metrics()
        jobs = [lambda text=text: self.server.embed_texts([text])[0] for text in texts]
        jobs += [lambda i=i: self.embed_image(i) for i in range(CLIENTS)]
        self.assertEqual(self.together(jobs), alone)
        after = self.server.metrics()
        for lane in ("image", "text"):
            items, batches = (f'mobileclip_batch_size_{part}{{lane="{lane}"}}' for part in ("sum", "count"))
            self.assertEqual(after[items] - before[items], CLIENTS)
            self.assertLess(after[batches] - before[batches], CLIENTS, f"{lane}s were never batched")

    def test_bad_requests_disturb_no_others(self):
        expected = self.embed_image(1)
        jobs = []
        for i in range(CLIENTS):
            jobs.append(lambda: self.embed_image(1))
            jobs.append(lambda i=i: self.server.post("/embed/image", "image/png", photo(i)[:50 + i]).status)
        answers = self.together(jobs)
        self.assertEqual(answers[::2], [expected] * CLIENTS)
        self.assertEqual(set(answers[1::2]) & {200, 500, 503, 504}, set())

    def test_health_does_not_wait_behind_inference(self):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            begun = time.monotonic()
            busy = [pool.submit(self.server.embed_texts, ["a text that keeps it busy"] * 100) for _ in range(3)]
            self.server.wait_for_metric("mobileclip_requests_in_flight", len(busy) + 1)
            slowest = 0
            for _ in range(20):
                asked = time.monotonic()
                self.assertEqual(self.server.get("/health/ready").status, 200)
                slowest = max(slowest, time.monotonic() - asked)
            self.assertFalse(all(job.done() for job in busy), "nothing was running any more")
            for job in busy:
                job.result()
            whole = time.monotonic() - begun
        self.assertLess(slowest, whole / 4, "of the time that the texts took")  # not in seconds: others use the machine


class Disconnects(harness.ServerTest):
    FLAGS = ("--max-batch=1", "--threads=1", "--text-cache=0")

    def test_what_nobody_waits_for_is_dropped(self):
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            busy = pool.submit(self.server.embed_texts, ["first in the queue"] * 60)
            self.server.wait_for_metric('mobileclip_queue_depth{lane="text"}', 1)
            leaving = self.server.connect()
            body = json.dumps({"texts": [f"left behind {i}" for i in range(40)]})
            leaving.request("POST", "/embed/text", body, {"Content-Type": "application/json"})
            self.server.wait_for_metric("mobileclip_requests_in_flight", 3)  # both, and the one that asks
            leaving.close()
            self.assertEqual(len(busy.result()), 60)
        dropped = 'mobileclip_dropped_total{lane="text",reason="abandoned"}'
        # Requests take turns: before it left, the leaving one had some.
        self.assertGreaterEqual(self.server.wait_for_metric(dropped, 20), 20)
        self.assertEqual(self.server.metrics()['mobileclip_queue_depth{lane="text"}'], 0)


if __name__ == "__main__":
    unittest.main()
