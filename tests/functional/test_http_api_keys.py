"""API keys: who is asked for one, where it may stand, and what SIGHUP does."""
import json
import os
import signal
import tempfile
import unittest

import harness
from harness import error_of, json_of

TEXTS = json.dumps({"texts": ["a"]})
PROBES = ("/health", "/health/live", "/health/ready", "/v2/health/live", "/v2/health/ready", "/.well-known/live",
          "/.well-known/ready", "/ping")
PAGES = ("/", "/docs", "/openapi.json")


class KeyedServer(unittest.TestCase):

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.file = os.path.join(self.folder.name, "keys")
        self.write("# for tests\nkey-of-team-a\nkey-of-team-b\n")

    def write(self, text, mode=0o600):
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.file, mode)

    def start(self, *flags):
        server = harness.Server(f"--api-keys-file={self.file}", "--access-log", "--log-level=trace", *flags)
        self.addCleanup(server.end)
        return server

    @staticmethod
    def embed(server, headers=None, path="/embed/text", body=TEXTS):
        return server.request("POST", path, body, {"Content-Type": "application/json", **(headers or {})})


class ApiKeys(KeyedServer):

    def test_who_is_let_in(self):
        server = self.start()
        for headers in ({"Authorization": "Bearer key-of-team-a"}, {"authorization": "bearer key-of-team-b"},
                        {"X-API-Key": "key-of-team-a"}, {"api-key": "key-of-team-b"}):
            self.assertEqual(self.embed(server, headers).status, 200, headers)
        for headers in ({}, {"Authorization": "Bearer key-of-team-c"}, {"Authorization": "key-of-team-a"},
                        {"X-API-Key": "key-of-team"}, {"api-key": ""}):
            reply = self.embed(server, headers)
            self.assertEqual(reply.status, 401, headers)
            self.assertEqual(reply.headers["WWW-Authenticate"], "Bearer")
            self.assertEqual(error_of(reply)["code"], "unauthorized")
            self.assertIn("Authorization: Bearer", error_of(reply)["message"])
        for path in PROBES + PAGES:
            self.assertIn(server.get(path).status, (200, 204), path)
        for path in ("/info", "/metrics", "/v1/models"):
            self.assertEqual(server.get(path).status, 401, path)
            self.assertEqual(server.request("GET", path, headers={"api-key": "key-of-team-a"}).status, 200, path)
        self.assertNotIn("key-of-team", "".join(server.log))

    def test_the_refusal_has_the_protocol_s_shape(self):
        server = self.start()
        openai = json_of(self.embed(server, path="/v1/embeddings", body='{"input": "a"}'))
        self.assertEqual(openai["error"]["type"], "invalid_request_error")
        self.assertIsInstance(json_of(self.embed(server, path="/vectorize"))["error"], str)
        self.assertIn("error_type", json_of(self.embed(server, path="/embed")))

    def test_the_body_is_not_read_first(self):
        server = self.start()
        head = b"POST /embed/text HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 60000000\r\n"
        self.assertTrue(server.raw(head + b"\r\n{").startswith(b"HTTP/1.1 401 "))
        self.assertTrue(server.raw(head + b"Expect: 100-continue\r\n\r\n").startswith(b"HTTP/1.1 401 "))
        self.assertTrue(server.raw(b"POST /embed/batch HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
                        .startswith(b"HTTP/1.1 401 "))

    def test_hangup_reads_the_file_anew(self):
        server = self.start()
        self.write("key-of-team-c\n")
        server.signal(signal.SIGHUP)
        server.wait_for_log(r"API keys read anew")
        self.assertEqual(self.embed(server, {"api-key": "key-of-team-a"}).status, 401)
        self.assertEqual(self.embed(server, {"api-key": "key-of-team-c"}).status, 200)
        self.write("key of team d\n")
        server.signal(signal.SIGHUP)
        log = server.wait_for_log(r"the API keys in use stay: .*:1: expected one key")
        self.assertRegex(log, r"the API keys in use stay: ")
        self.assertEqual(self.embed(server, {"api-key": "key-of-team-c"}).status, 200)
        self.assertNotIn("team", "".join(server.log))

    def test_a_file_that_everybody_can_read_is_warned_of(self):
        self.write("key-of-team-a\n", 0o644)
        self.assertRegex("".join(self.start().log), "every user of this machine can read the API keys")

    def test_a_broken_file_keeps_the_server_from_starting(self):
        self.write("# nobody\n")
        with self.assertRaisesRegex(RuntimeError, "expected at least one key"):
            self.start()


class WithoutKeys(harness.ServerTest):

    def test_hangup_ends_nothing(self):
        self.server.signal(signal.SIGHUP)
        self.server.wait_for_log("nothing is configured")
        self.assertEqual(self.embed_status(), 200)

    def embed_status(self):
        return self.server.post_json("/embed/text", TEXTS).status


if __name__ == "__main__":
    unittest.main()
