"""kill -9 and a new start under load, behind a proxy: only what was in flight is lost."""
import collections
import http.client
import json
import threading
import time
import unittest

import harness
import haproxy
from cli import patience

CLIENTS = 6
TEXTS = ["a text", "another one"]
BODY = json.dumps({"texts": TEXTS})

# No health check: while nothing listens, connecting is tried again, a second apart (HAProxy's manual, "retries"), and
# requests wait. What was sent and not answered is not sent again.
CONFIGURATION = """
defaults
  mode http
  retries 100
  timeout connect 2s
  timeout client 120s
  timeout server 120s
frontend clients
  bind 127.0.0.1:{port}
  default_backend servers
backend servers
  server only 127.0.0.1:{server_port}
"""

Request = collections.namedtuple("Request", "begun outcome")


@unittest.skipUnless(haproxy.BINARY, "needs Debian's haproxy")
class Restart(unittest.TestCase):
    def setUp(self):
        self.server_port = harness.free_port()
        self.port = harness.free_port()
        self.requests = []
        self.enough = threading.Event()

    def start_server(self):
        server = harness.Server("--text-cache=0", f"--request-timeout={patience(120):.0f}s", port=self.server_port)
        self.addCleanup(server.end)
        return server

    def ask(self):
        """The embeddings, or what went wrong."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=240)
        try:
            connection.request("POST", "/embed/text", BODY, {"Content-Type": "application/json"})
            reply = connection.getresponse()
            answer = reply.read()
            return json.loads(answer)["embeddings"] if reply.status == 200 else reply.status
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__
        finally:
            connection.close()

    def keep_asking(self):
        while not self.enough.is_set():
            begun = time.monotonic()
            self.requests.append(Request(begun, self.ask()))

    def wait_for_requests(self, count):
        """Until so many more have been answered."""
        end, count = time.monotonic() + 240, count + len(self.requests)
        while len(self.requests) < count and time.monotonic() < end:
            time.sleep(0.05)
        self.assertGreaterEqual(len(self.requests), count)

    def test_only_what_was_in_flight_is_lost(self):
        server = self.start_server()
        expected = server.embed_texts(TEXTS)
        with haproxy.HAProxy(CONFIGURATION.format(port=self.port, server_port=self.server_port), self.port):
            clients = [threading.Thread(target=self.keep_asking) for _ in range(CLIENTS)]
            for client in clients:
                client.start()
            try:
                self.wait_for_requests(4 * CLIENTS)
                killing = time.monotonic()
                server.kill()
                killed = time.monotonic()
                self.start_server()
                self.wait_for_requests(4 * CLIENTS)
            finally:
                self.enough.set()
                for client in clients:
                    client.join()
        lost = [request for request in self.requests if request.outcome != expected]
        self.assertEqual([request for request in lost if request.begun > killed], [])
        # A server takes a moment to die: what reaches its port meanwhile is in flight on it, too.
        self.assertLessEqual(len([request for request in lost if request.begun < killing]), CLIENTS,
                             "one each was in flight")
        self.assertGreater(len(lost), 0, "nothing was in flight")
        self.assertLessEqual({request.outcome for request in lost}, {502, 503}, "told by the proxy")


if __name__ == "__main__":
    unittest.main()
