"""HTTP itself: connections, methods, framing, interim responses, hostile requests."""
import json
import random
import re
import socket
import subprocess
import sys
import unittest

import cli
import harness
from harness import json_of

TEXT = json.dumps({"text": "a cat", "dimensions": 2}).encode()


def post(body=TEXT, headers=b""):
    return (b"POST /embed/text HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n" + headers +
            b"Content-Length: %d\r\n\r\n" % len(body) + body)


class Protocol(harness.ServerTest):
    def test_one_connection_serves_many_requests(self):
        connection = self.server.connect()
        self.addCleanup(connection.close)
        connection.connect()
        local = connection.sock.getsockname()
        for i in range(20):
            reply = self.server.post_json("/embed/text", {"text": f"text {i}", "dimensions": 2}, connection)
            self.assertEqual(reply.status, 200)
        self.assertEqual(connection.sock.getsockname(), local)

    def test_pipelined_requests_are_answered_in_order(self):
        texts = ["first", "second one", "the third of them"]
        bodies = [json.dumps({"text": text, "dimensions": 2}).encode() for text in texts]
        answer = self.server.raw(post(bodies[0]) + post(bodies[1]) + post(bodies[2], b"Connection: close\r\n"))
        replies = answer.split(b"HTTP/1.1 200 OK")[1:]
        found = [json.loads(reply.split(b"\r\n\r\n")[1])["embeddings"][0] for reply in replies]
        self.assertEqual(found, [self.server.embed_texts([text], dimensions=2)[0] for text in texts])

    def test_head_is_get_without_a_body(self):
        for path in ("/info", "/health", "/"):
            head, get = self.server.request("HEAD", path), self.server.get(path)
            self.assertEqual(head.status, 200)
            self.assertEqual(head.body, b"")
            self.assertEqual(head.headers["Content-Length"], str(len(get.body)))

    def test_options_names_the_methods(self):
        reply = self.server.request("OPTIONS", "/embed/image")
        self.assertEqual((reply.status, reply.headers["Allow"], reply.body), (204, "POST, OPTIONS", b""))

    def test_every_answer_names_server_and_date(self):
        for path in ("/health", "/nowhere"):
            headers = self.server.get(path).headers
            self.assertRegex(headers["Server"], r"^mobileclip-server/\d+\.\d+\.\d+$")
            self.assertRegex(headers["Date"], r"^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$")

    def test_http_10(self):
        answer = self.server.raw(b"GET /health HTTP/1.0\r\n\r\n")
        self.assertTrue(answer.startswith(b"HTTP/1.0 200 "), answer)

    def test_chunked_bodies(self):
        def chunks():
            for byte in TEXT:
                yield bytes([byte])
        self.assertEqual(self.server.post("/embed/text", "application/json", chunks()).status, 200)

    def test_expect_100_continue(self):
        with self.server.socket() as connection:
            connection.sendall(b"POST /embed/text HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                               b"Expect: 100-continue\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(TEXT))
            self.assertEqual(connection.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n")
            connection.sendall(TEXT)
            self.assertTrue(connection.recv(100).startswith(b"HTTP/1.1 200 "))

    def test_a_refused_client_is_not_told_to_continue(self):
        answer = self.server.raw(b"POST /embed/text HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                                 b"Content-Length: 999999999\r\n\r\n")
        self.assertTrue(answer.startswith(b"HTTP/1.1 413 "), answer)

    def test_ambiguous_framing_is_refused_and_the_connection_closed(self):
        for headers in (b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", b"Transfer-Encoding: xchunked\r\n",
                        b"Content-Length: 5\r\nContent-Length: 5\r\n", b"Content-Length: 5, 5\r\n",
                        b"Content-Length: +5\r\n", b"X: a\r\n folded\r\n", b"Host: b\r\n", b"X : a\r\n",
                        b"Transfer-Encoding: gzip, chunked\r\n", b"Transfer-Encoding: \x0bchunked\r\n",
                        b"Content-Type: a/b\r\nContent-Type: a/b\r\nContent-Length: 5\r\n"):
            answer = self.server.raw(b"POST /embed/text HTTP/1.1\r\nHost: a\r\n" + headers + b"\r\n0\r\n\r\n" + post())
            self.assertRegex(answer[:13], rb"^HTTP/1\.1 (400|501) ", headers)
            self.assertEqual(answer.count(b"HTTP/1.1 "), 1, headers)
            self.assertIn(b"Connection: close", answer)

    def test_heads_that_a_proxy_could_read_otherwise_are_refused(self):
        for line, host in ((b"GET http://a/health HTTP/1.1", b"Host: a\r\n"), (b"CONNECT a:80 HTTP/1.1", b"Host: a\r\n"),
                           (b"GET /h\xc3\xa4 HTTP/1.1", b"Host: a\r\n"), (b"GET /health HTTP/1.1", b""),
                           (b"GET /health#a HTTP/1.1", b"Host: a\r\n"), (b"GET /health HTTP/1.2", b"Host: a\r\n"),
                           (b"POST /embed/text HTTP/1.0", b"Transfer-Encoding: chunked\r\n")):
            answer = self.server.raw(line + b"\r\n" + host + b"\r\n0\r\n\r\n" + post())
            self.assertTrue(answer.startswith(b"HTTP/1.1 400 "), (line, answer))
            self.assertEqual(answer.count(b"Connection: close"), 1, line)
            self.assertEqual(answer.count(b"Server: "), 1, line)

    def test_what_surrounds_chunks_is_bounded(self):
        head = b"POST /embed/text HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        for body in (b"1;" + b"x" * 60_000 + b"\r\na\r\n", (b"1;" + b"x" * 200 + b"\r\na\r\n") * 2000,
                     b"0\r\n" + (b"X: " + b"x" * 200 + b"\r\n") * 2000, b"0" * 5000 + b"1\r\na\r\n"):
            answer = self.server.raw(head + body + b"0\r\n\r\n" + post())
            self.assertTrue(answer.startswith(b"HTTP/1.1 400 "), answer)
            self.assertEqual(answer.count(b"Server: "), 1)

    def test_an_expectation_other_than_100_continue_is_refused(self):
        answer = self.server.raw(post(headers=b"Expect: 200-ok\r\n"))
        self.assertTrue(answer.startswith(b"HTTP/1.1 417 "), answer)

    def test_a_client_that_pipelines_and_never_reads_costs_little(self):
        before = self.server.metrics()["process_resident_memory_bytes"]
        with self.server.socket() as greedy:
            greedy.settimeout(1)
            sent, request = 0, b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n" * 1000
            try:
                while sent < 64 << 20:
                    sent += greedy.send(request)
            except TimeoutError:
                pass
            self.assertLess(sent, 64 << 20, "the server must stop reading what it cannot answer")
            after = self.server.metrics()["process_resident_memory_bytes"]
        self.assertLess(after - before, 32 << 20)

    def test_limits_of_the_head(self):
        for head, status in ((b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a", b"414"),
                             (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 9000, b"431")):
            self.assertTrue(self.server.raw(head + b"\r\n\r\n").startswith(b"HTTP/1.1 " + status))

    def test_random_bytes_harm_nobody(self):
        source = random.Random(5)
        request = bytearray(post(headers=b"Connection: close\r\n"))
        for _ in range(200):
            changed = bytearray(request)
            for _ in range(source.randrange(1, 4)):
                changed[source.randrange(len(changed))] = source.randrange(256)
            with self.server.socket() as connection:
                connection.sendall(changed)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass
        self.assertEqual(self.server.get("/health/ready").status, 200)

    def test_the_hostile_collection(self):
        fire = cli.SHARED / "data" / "hostile" / "http" / "fire.py"
        if not fire.exists():
            self.skipTest(f"needs {fire} of the shared folder (../shared)")
        # Its time limit is for a server that hangs, not for a machine that is busy.
        result = subprocess.run([sys.executable, fire, "127.0.0.1", str(self.server.port), "-v", "--timeout", "30"],
                                capture_output=True, text=True, timeout=600)
        self.assertIn("health after: b'HTTP/1.1 200 OK", result.stdout)
        verdicts = [line.split() for line in result.stdout.splitlines() if re.search(r" \d+$", line)]
        self.assertGreater(sum(int(count) for *_, count in verdicts), 300)
        self.assertEqual([v for v in verdicts if v[2] != "ok"], [], result.stdout)


class Pages(harness.ServerTest):
    FLAGS = ("--access-log",)

    def test_health_names_model_and_queues(self):
        health = json_of(self.server.get("/health"))
        self.assertEqual(health["status"], "ready")
        self.assertEqual(health["queue_depth"], {"image": 0, "text": 0})
        self.assertEqual(json_of(self.server.get("/health/live")), {"status": "live"})
        self.assertEqual(json_of(self.server.get("/health/ready")), {"status": "ready"})

    def test_info(self):
        info = json_of(self.server.get("/info"))
        self.assertTrue(info["synthetic"])
        self.assertIn("mean nothing", info["notice"])
        self.assertEqual((info["dimensions"], info["context_length"]), (512, 77))
        self.assertEqual(info["preprocessing"]["image_size"], 256)
        self.assertRegex(info["fingerprint"], r"^[0-9a-f]{64}$")
        self.assertEqual(info["limits"]["max_items_per_request"], 256)
        self.assertGreaterEqual(info["threads"], 1)

    def test_the_index_names_every_route(self):
        routes = json_of(self.server.get("/"))["routes"]
        self.assertEqual({route["method"] for route in routes}, {"POST", "GET", "PUT", "DELETE"})
        self.server.request("PUT", "/label-sets/pets", '{"labels": ["cat"]}')
        for route in routes:
            model = "text" if route["path"].startswith("/v2") else "MobileCLIP2-S0"
            path = route["path"].format(model=model, version=1, name="pets")
            self.assertNotIn(self.server.request(route["method"], path).status, (404, 405, 500), route)

    def test_metrics_count(self):
        before = self.server.metrics()
        self.server.post_json("/embed/text", {"texts": ["a", "b", "c"]})
        self.server.get("/nowhere")
        after = self.server.metrics()

        def grown(name):
            return after[name] - before[name]
        self.assertEqual(set(before), set(after))
        self.assertEqual(grown('mobileclip_requests_total{route="/embed/text",status="200"}'), 1)
        self.assertEqual(grown('mobileclip_requests_total{route="other",status="404"}'), 1)
        self.assertEqual(grown("mobileclip_texts_total"), 3)
        self.assertEqual(grown("mobileclip_tokens_total"), 9)
        self.assertEqual(grown('mobileclip_batch_size_sum{lane="text"}'), 3)
        self.assertEqual(grown('mobileclip_engine_stage_duration_seconds_count{lane="text",stage="inference"}'), 3)
        self.assertEqual(after["mobileclip_requests_in_flight"], 1)
        self.assertGreater(after["process_resident_memory_bytes"], 100e6)

    def test_one_log_line_a_request_without_its_content(self):
        self.server.post_json("/embed/text?dimensions=4", {"text": "my secret words"})
        self.server.get("/secret-path?secret=1")
        self.server.get("/health/live")
        log = self.server.wait_for_log("GET /health/live")
        self.assertRegex(log, r"POST /embed/text 200 id=[0-9a-f]{32} in=\d+ out=\d+ total=\d+\.\d{3}ms")
        self.assertRegex(log, r"- other 404 id=[0-9a-f]{32} in=0 out=\d+ total=\d+\.\d{3}ms")
        self.assertNotIn("secret", log)


if __name__ == "__main__":
    unittest.main()
