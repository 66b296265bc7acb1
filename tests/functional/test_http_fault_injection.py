"""Memory, connections and sockets that fail, injected by libfiu: the server survives, refuses, and is itself again."""
import collections
import concurrent.futures
import errno
import http.client
import json
import os
import random
import select
import shutil
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
        """What fiu-ctrl does, which loses a command now and then: libfiu closes its pipes after each and opens them anew,
        and what comes meanwhile is gone with them. Open for both directions they stay, and wait for no other end."""
        pipe = f"{CONTROL}-{self.server.process.pid}"
        commands, replies = (os.open(f"{pipe}.{end}", os.O_RDWR) for end in ("in", "out"))
        try:
            os.write(commands, command.encode() + b"\n")
            while not select.select([replies], [], [], 1)[0]:
                self.assertIsNone(self.server.process.poll(), "".join(self.server.log[-20:]))
            self.assertEqual(os.read(replies, 16), b"0\n", command)
        finally:
            os.close(commands)
            os.close(replies)

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

        def refused():
            return sum(self.outcomes.values()) - self.outcomes[200]

        def more_until_refused():  # a busy machine may not have asked for anything large in so short a time
            deadline = time.monotonic() + cli.patience(30)
            while not refused() and time.monotonic() < deadline:
                burst(1, 0.2)
        statuses = self.under_load(*(lambda p=p: burst(p, 1) for p in (0.001, 0.01, 0.1)),
                                   *(lambda: burst(1, 0.2) for _ in range(5)), more_until_refused)
        self.assertLessEqual(statuses, {200} | REFUSALS, self.outcomes)
        self.assertGreater(refused(), 0, "nothing ever failed")
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
