"""Memory, connections and sockets that fail, injected by libfiu: the server survives, refuses, and is itself again."""
import collections
import concurrent.futures
import errno
import http.client
import json
import os
import random
import shutil
import subprocess
import threading
import time
import unittest

import cli
import harness
from harness import in_base64, photo

CLIENTS = 4
# What a client may be told: that there is no memory (503, or 429 for its body's), or, by a codec that found none, that
# its image is damaged. Where there was none for telling it, the connection is closed.
REFUSALS = {422, 429, 503}
CONTROL = str(cli.scratch() / "fiu")


class FaultyServer(harness.Server):
    WITHIN = ("fiu-run", "-x", "-f", CONTROL)


@unittest.skipUnless(shutil.which("fiu-run"), "needs Debian's fiu-utils")
@unittest.skipIf({"ASAN_OPTIONS", "TSAN_OPTIONS"} & os.environ.keys(), "libfiu and a sanitizer both replace malloc")
class Faults(unittest.TestCase):
    def setUp(self):
        self.server = FaultyServer("--text-cache=0", f"--request-timeout={cli.patience(120):.0f}s")
        self.addCleanup(self.server.end)
        self.outcomes = collections.Counter()
        self.expected = self.answers()

    def inject(self, fault, probability, error=0):
        """`error` is what errno says; never EAGAIN, after which epoll would owe us an event."""
        self.tell(f"enable_random name={fault},probability={probability},failinfo={error}")

    def end(self, fault):
        self.tell(f"disable name={fault}")

    def tell(self, command):
        """libfiu answers over pipes that it opens anew after each command, and seems to lose one that comes meanwhile: then
        once more, well before the ten seconds for which the server does without memory are over. If only the answer was
        lost, the second try is an error of its own, which says nothing."""
        for attempt in range(10):
            try:
                subprocess.run(["fiu-ctrl", "-f", CONTROL, "-c", command, str(self.server.process.pid)],
                               check=attempt == 0, timeout=3, stdout=subprocess.DEVNULL)
                return
            except subprocess.TimeoutExpired:
                pass
        self.fail(f"fiu-ctrl does not get {command!r} through")

    def answers(self):
        texts = self.server.embed_texts(["a cat", "zwölf Boxkämpfer"])
        image = self.server.post("/embed/image", "image/png", photo())
        return texts, image.body

    def assert_itself_again(self):
        self.assertIsNone(self.server.process.poll(), "".join(self.server.log[-20:]))
        self.assertEqual(self.answers(), self.expected)
        self.assertEqual(self.server.get("/health/ready").status, 200)
        for series, most in (("mobileclip_requests_in_flight", 1), ("mobileclip_connections", 1),
                             ("mobileclip_request_body_bytes", 0), ('mobileclip_queue_depth{lane="image"}', 0),
                             ('mobileclip_queue_depth{lane="text"}', 0)):
            self.assertLessEqual(self.server.wait_for_metric_to_fall(series, most), most, series)

    def ask(self, choose):
        """The status, or what became of the connection."""
        kind = choose.randrange(6)
        try:
            if kind == 0:
                return self.server.post_json("/embed/text", {"texts": ["a", "b"]}).status
            if kind == 1:
                return self.server.post("/embed/image", "image/png", photo(choose.randrange(9), 300, 200)).status
            if kind == 2:
                return self.server.post_json("/embed/image", {"images": [in_base64(photo(i)) for i in range(3)]}).status
            if kind == 3:
                lines = b"".join(json.dumps({"text": str(i)}).encode() + b"\n" for i in range(5))
                return self.server.post("/embed/batch", "application/x-ndjson", lines).status
            return self.server.get(("/metrics", "/health")[kind - 4]).status
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.assertNotIsInstance(error, TimeoutError, "a request was lost")
            return type(error).__name__

    def under_load(self, *steps):
        """Runs the steps while clients ask; what the clients were told."""
        enough = threading.Event()

        def keep_asking(seed):
            choose = random.Random(seed)
            while not enough.is_set():
                self.outcomes[self.ask(choose)] += 1
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            clients = [pool.submit(keep_asking, seed) for seed in range(CLIENTS)]
            try:
                for step in steps:
                    step()
            finally:
                enough.set()
            for client in clients:
                client.result()
        return {outcome for outcome in self.outcomes if isinstance(outcome, int)}

    def test_memory(self):
        def burst(probability, seconds):
            self.inject("libc/mm/*", probability)
            time.sleep(seconds)
            self.end("libc/mm/*")
        statuses = self.under_load(*(lambda p=p: burst(p, 1) for p in (0.001, 0.01, 0.1)),
                                   *(lambda: burst(1, 0.2) for _ in range(5)))
        self.assertLessEqual(statuses, {200} | REFUSALS, self.outcomes)
        self.assertGreater(sum(self.outcomes.values()) - self.outcomes[200], 0, "nothing ever failed")
        self.assert_itself_again()

    def test_accepting(self):
        self.inject("posix/io/net/accept", 0.5, errno.EMFILE)
        statuses = self.under_load(lambda: time.sleep(3))
        self.end("posix/io/net/accept")
        self.assertEqual(statuses, {200}, self.outcomes)
        self.assertIn("cannot accept a connection", self.server.wait_for_log("cannot accept a connection"))
        self.assert_itself_again()

    def test_sockets(self):
        self.inject("posix/io/net/*", 0.05, errno.ECONNRESET)
        statuses = self.under_load(lambda: time.sleep(3))
        self.end("posix/io/net/*")
        self.assertLessEqual(statuses, {200, 503}, self.outcomes)  # 503: its client seemed to have left
        self.assert_itself_again()


if __name__ == "__main__":
    unittest.main()
