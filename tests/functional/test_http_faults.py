"""What fails around a running server: the disk of its log, the files of its model."""
import concurrent.futures
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

import cli
import harness
from stopped_threads import StoppedThreads, threads_of


class FullDisk(unittest.TestCase):

    @unittest.skipUnless(os.path.exists("/dev/full"), "needs /dev/full")
    def test_a_log_that_cannot_be_written_stops_nothing(self):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MOBILECLIP_")}
        with open("/dev/full", "wb") as full:
            process = subprocess.Popen([cli.BINARY, "serve", "--model", os.fspath(cli.demo_model()), f"--port={port}",
                                        "--access-log", "--log-level=trace"],
                                       stdout=full, stderr=full, env=clean)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        end = time.monotonic() + harness.START_TIMEOUT
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=60) as reply:
                    self.assertEqual(reply.status, 200)
                break
            except urllib.error.URLError:
                self.assertIsNone(process.poll(), "the server has ended")
                self.assertLess(time.monotonic(), end)
                time.sleep(0.1)
        for _ in range(50):
            request = urllib.request.Request(f"http://127.0.0.1:{port}/embed/text", b'{"texts": ["a"]}',
                                             {"Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=60) as reply:
                self.assertEqual(reply.status, 200)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as reply:
            dropped = re.search(rb"^mobileclip_log_lines_dropped_total (\d+)", reply.read(), re.MULTILINE)
        self.assertGreaterEqual(int(dropped[1]), 40)
        process.terminate()
        self.assertEqual(process.wait(60), 0)


class StuckWorkers(harness.ServerTest):
    FLAGS = ("--stuck-after=1s", f"--request-timeout={cli.patience(120):.0f}s")

    def workers(self):
        self.server.embed_texts(["each has worked"] * 4)
        workers = threads_of(self.server.process.pid, "engine")
        self.assertGreater(len(workers), 0)
        return workers

    def state(self):
        """(ready, live, stuck): two statuses and the gauge."""
        return (self.server.get("/health/ready").status, self.server.get("/health/live").status,
                self.server.metrics()["mobileclip_stuck_workers"])

    def wait_for_state(self, *expected):
        end = time.monotonic() + 60
        while (state := self.state()) != expected and time.monotonic() < end:
            time.sleep(0.02)
        self.assertEqual(state, expected)

    def test_not_ready_but_live_while_a_worker_is_stuck(self):
        self.assertEqual(self.state(), (200, 200, 0))
        workers = self.workers()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            try:
                with StoppedThreads(workers):
                    waiting = pool.submit(self.server.embed_texts, ["of a client that has to wait"])
                    self.wait_for_state(503, 200, 1)
                    self.assertIn("1 of the engine's threads stuck: not ready", self.server.wait_for_log("not ready"))
                    self.assertFalse(waiting.done())
            except PermissionError as error:
                self.skipTest(f"threads cannot be stopped here: {error}")
            self.assertEqual(len(waiting.result()), 1)
        self.wait_for_state(200, 200, 0)
        self.assertIn("no longer stuck", self.server.wait_for_log("no longer stuck"))

    def test_what_waits_is_answered_at_its_deadline(self):
        workers = self.workers()
        try:
            with StoppedThreads(workers):
                reply = self.server.request("POST", "/embed/text", '{"texts": ["a"]}',
                                            {"Content-Type": "application/json", "X-Request-Timeout": "300ms"})
                self.assert_error(reply, 504, "deadline_exceeded")
        except PermissionError as error:
            self.skipTest(f"threads cannot be stopped here: {error}")
        self.assertEqual(len(self.server.embed_texts(["served again"])), 1)


class ModelFiles(unittest.TestCase):

    def test_weights_that_are_truncated_or_replaced_change_nothing_for_a_running_server(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        model = os.path.join(folder, "model")
        shutil.copytree(cli.demo_model(), model)
        server = harness.Server("--text-cache=0", model=model)
        self.addCleanup(server.end)

        def answers():
            image = json.loads(server.post("/embed/image", "image/png", harness.photo()).body)["embeddings"]
            return server.embed_texts(["a cat", "zwölf Boxkämpfer"]), image

        before = answers()
        names = [os.path.join(parent, name) for parent, _, files in os.walk(model) for name in files]
        self.assertTrue(any(name.endswith(".safetensors") for name in names))
        for name in names:
            os.truncate(name, 0)
        self.assertEqual(answers(), before)
        shutil.rmtree(model)
        self.assertEqual(answers(), before)


if __name__ == "__main__":
    unittest.main()
