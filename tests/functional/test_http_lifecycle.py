"""From start to exit: what a wrong start says, and what stopping does to those who are being served."""
import concurrent.futures
import re
import shutil
import signal
import socket
import time
import unittest

import cli
import harness
from harness import Server, json_of

BUSY = ["a text that takes its time"] * 100


class Start(unittest.TestCase):
    def refused(self, *flags, model=None):
        """The one line that a server which cannot start leaves."""
        result = cli.run("serve", "--model", model or cli.demo_model(), *flags)
        self.assertEqual(result.returncode, 1, result.stderr)
        lines = result.stderr.decode().splitlines()
        self.assertEqual(len(lines), 1, lines)
        return lines[0]

    def test_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            line = self.refused(f"--port={port}", model="no/such/model")  # found out before any model is read
        self.assertIn(f"127.0.0.1:{port}", line)
        self.assertIn("in use", line)

    def test_no_model(self):
        self.assertIn("no/such/model", self.refused("--port=0", model="no/such/model"))

    def test_damaged_model(self):
        directory = cli.scratch() / "damaged"
        shutil.copytree(cli.demo_model(), directory)
        with open(directory / "text_encoder_weights.safetensors", "r+b") as file:
            file.truncate(1000)
        self.assertIn("text_encoder_weights.safetensors", self.refused("--port=0", model=directory))

    def test_says_what_it_serves_and_that_it_means_nothing(self):
        with Server() as server:
            log = "".join(server.log)
            self.assertEqual(log.count("listening on"), 1)
            self.assertRegex(log, r"MobileCLIP2-S0")
            self.assertIn("mean nothing", log)


class Stop(unittest.TestCase):
    def test_idle_server_exits_at_once(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with Server() as server:
                kept = server.connect()
                self.assertEqual(server.request("GET", "/health/live", connection=kept).status, 200)
                begun = time.monotonic()
                server.signal(number)
                self.assertEqual(server.wait(), 0)
                self.assertLess(time.monotonic() - begun, 25, "less than drain_timeout: nothing was waited for")
                kept.close()

    def test_drains(self):
        with Server("--text-cache=0", "--threads=1", "--max-batch=4", "--drain-timeout=10m") as server, \
                concurrent.futures.ThreadPoolExecutor(4) as pool:
            busy = [pool.submit(server.post_json, "/embed/text", {"texts": BUSY}) for _ in range(2)]
            server.wait_for_metric("mobileclip_requests_in_flight", 3)  # both, and the one that asks
            server.signal()
            server.wait_for_log("stopping")
            ready = server.get("/health/ready")
            self.assertEqual((ready.status, json_of(ready)), (503, {"status": "draining"}))
            self.assertEqual(server.get("/health/live").status, 200)
            end = time.monotonic() + 60
            while (refused := server.post_json("/embed/text", {"text": "too late"})).status == 200:
                self.assertLess(time.monotonic(), end, "new work is still taken")
            self.assertEqual((refused.status, harness.error_of(refused)["code"]), (503, "unavailable"))
            for job in busy:
                reply = job.result()
                self.assertEqual(reply.status, 200)
                self.assertEqual(len(json_of(reply)["embeddings"]), len(BUSY))
                self.assertEqual(reply.headers["Connection"], "close")
            self.assertEqual(server.wait(), 0)

    def test_takes_new_requests_during_the_shutdown_delay(self):
        with Server("--shutdown-delay=10m", "--drain-timeout=10m") as server:
            server.signal()
            server.wait_for_log("stopping:")
            time.sleep(1)  # longer than the default
            self.assertEqual(server.get("/health/ready").status, 503)
            self.assertEqual(server.post_json("/embed/text", {"text": "in time"}).status, 200)

    def test_gives_up_after_the_drain_timeout(self):
        with Server("--text-cache=0", "--threads=1", "--max-batch=1", "--drain-timeout=300ms") as server, \
                concurrent.futures.ThreadPoolExecutor(1) as pool:
            busy = pool.submit(server.post_json, "/embed/text", {"texts": BUSY * 2})
            server.wait_for_metric('mobileclip_queue_depth{lane="text"}', 100)
            server.signal()
            self.assertEqual(server.wait(), 1)
            self.assertIsNotNone(busy.exception())
            self.assertTrue(re.search(r"1 requests unanswered", "".join(server.log)))

    def test_a_second_signal_ends_at_once(self):
        with Server("--text-cache=0", "--threads=1", "--max-batch=1") as server, \
                concurrent.futures.ThreadPoolExecutor(1) as pool:
            busy = pool.submit(server.post_json, "/embed/text", {"texts": BUSY * 2})
            server.wait_for_metric('mobileclip_queue_depth{lane="text"}', 100)
            server.signal()
            server.wait_for_log("stopping")  # two at a time would be one
            server.signal()
            self.assertEqual(server.wait(), 128 + signal.SIGTERM)
            self.assertIsNotNone(busy.exception())


if __name__ == "__main__":
    unittest.main()
