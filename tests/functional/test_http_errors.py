"""Each error status, on the route that gives it."""
import concurrent.futures
import http.client
import json
import threading
import time
import unittest

import harness
from harness import form, in_base64, photo


class Requests(harness.ServerTest):
    FLAGS = ("--max-body-bytes=1MiB", "--max-items-per-request=4", "--max-pixels=100000", "--max-queue-items=3",
             "--max-batch=2", "--text-cache=0")

    def embed_texts(self, value, path="/embed/text"):
        return self.server.post_json(path, value)

    def test_400_bad_json(self):
        for body in (b"", b"{", b'{"texts": ["a"]', b'{"texts": ["\xff"]}', b'{"texts": ["\\ud800"]}',
                     b'{"text": "a"} x', b'{"text": "a"}\0', b"[" * 100_000, b"\xff\xfe{\x00}\x00"):
            self.assert_error(self.embed_texts(body), 400, "invalid_argument", "JSON")
        self.assert_error(self.embed_texts(b'{"text": "a", "text": "b"}'), 400, "invalid_argument", "twice")

    def test_400_bad_values(self):
        for value, mention in (
                ({}, "texts"), ({"texts": []}, "texts"), ({"text": 1}, "text"), ({"texts": ["a", 2]}, "texts[1]"),
                ({"text": "a", "size": 1}, "size"), ({"text": "a", "normalize": "yes"}, "normalize"),
                ({"text": "a", "dimensions": 0}, "dimensions"), ({"text": "a", "dimensions": 100_000}, "dimensions"),
                ({"text": "a", "dimensions": 1.5}, "dimensions"), ({"texts": ["a"] * 5}, "at most 4"),
                (["a"], "object")):
            self.assert_error(self.embed_texts(value), 400, "invalid_argument", mention)

    def test_400_unknown_query_parameter_names_the_known(self):
        self.assert_error(self.embed_texts({"text": "a"}, "/embed/text?dimension=4"), 400, "invalid_argument",
                          "dimension", "normalize, dimensions, truncate")
        self.assert_error(self.server.post("/embed/image?x=1", "image/png", photo()), 400, "invalid_argument", "\"x\"")

    def test_400_form(self):
        whole_type, whole = form(("file", "a.png", photo()))
        field_type, field = form(("colour", "red"))
        for content_type, body, mention in (("multipart/form-data", b"x", "boundary"),
                                            (whole_type, whole[:-20], "closing"),
                                            (field_type, field, "colour")):
            reply = self.server.post("/embed/image", content_type, body)
            self.assert_error(reply, 400, "invalid_argument", mention)

    def test_400_text_that_is_not_utf8(self):
        content_type, body = form(("text", b"\xff\xfe"), ("file", "a.png", photo()))
        self.assert_error(self.server.post("/similarity", content_type, body), 400, "invalid_text")

    def test_404(self):
        self.assert_error(self.server.get("/nowhere"), 404, "not_found")
        self.assert_error(self.server.post_json("/embed/text/", {"text": "a"}), 404, "not_found")

    def test_405_names_what_is_allowed(self):
        for method, path, allowed in (("GET", "/embed/text", "POST, OPTIONS"), ("PUT", "/similarity", "POST, OPTIONS"),
                                      ("POST", "/info", "GET, HEAD, OPTIONS"), ("DELETE", "/", "GET, HEAD, OPTIONS")):
            reply = self.server.request(method, path)
            self.assert_error(reply, 405, "method_not_allowed")
            self.assertEqual(reply.headers["Allow"], allowed)

    def test_411(self):
        answer = self.server.raw(b"POST /embed/text HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        self.assertTrue(answer.startswith(b"HTTP/1.1 411 "), answer)

    def test_413_body(self):
        for size in (2 << 20, 30 << 20):  # the client sends all of it before it reads the answer
            reply = self.server.post("/embed/image", "image/png", b"x" * size)
            self.assert_error(reply, 413, "body_too_large", "1048576")

        def chunks():
            for _ in range(200):
                yield b"x" * 65536
        self.assert_error(self.server.post("/embed/image", "image/png", chunks()), 413, "body_too_large")

    def test_413_pixels(self):
        self.assert_error(self.server.post("/embed/image", "image/png", photo(0, 1000, 101)), 413, "image_too_large")

    def test_415(self):
        for content_type in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1"):
            reply = self.server.post("/embed/text", content_type, "a")
            self.assert_error(reply, 415, "unsupported_media_type", "application/json")
        reply = self.server.post("/similarity", "image/png", photo())
        self.assert_error(reply, 415, "unsupported_media_type", "multipart/form-data")
        reply = self.server.post("/embed/image", "image/gif", b"GIF89a" + bytes(100))
        self.assert_error(reply, 415, "unsupported_image")

    def test_422_damaged_image(self):
        self.assert_error(self.server.post("/embed/image", "image/png", photo()[:200]), 422, "invalid_image")

    def test_422_text_too_long(self):
        self.assert_error(self.embed_texts({"text": "long " * 100, "truncate": False}), 422, "text_too_long")

    def test_429(self):
        texts = {"texts": ["a text that takes its time"] * 3}  # all that the queue holds
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            replies = list(pool.map(lambda _: self.embed_texts(texts), range(64)))
        self.assertEqual({reply.status for reply in replies}, {200, 429})
        for reply in replies:
            if reply.status == 429:
                self.assert_error(reply, 429, "overloaded")
                self.assertGreaterEqual(int(reply.headers["Retry-After"]), 1)

    def test_400_more_than_the_queue_ever_takes(self):
        self.assert_error(self.embed_texts({"texts": ["a"] * 4}), 400, "invalid_argument", "queue")

    def test_a_bad_image_is_named_and_all_are_listed(self):
        content_type, body = form(("a", "a.png", photo(1)), ("b", "b.png", b"nonsense"), ("c", "c.png", photo(2)[:100]))
        error = self.assert_error(self.server.post("/embed/image", content_type, body), 415, "unsupported_image")
        self.assertEqual(error["index"], 1)
        self.assertEqual([item["index"] for item in error["errors"]], [1, 2])
        encoded = json.dumps({"images": [in_base64(photo(1)), "***"], "texts": ["a"]})
        error = self.assert_error(self.server.post_json("/similarity", encoded), 400, "invalid_argument", "base64")
        self.assertEqual((error["index"], error["input"]), (1, "images"))

    def test_the_server_is_none_the_worse(self):
        self.server.post("/embed/image", "image/png", b"nonsense")
        self.assertEqual(self.server.get("/health/ready").status, 200)
        self.assertEqual(self.embed_texts({"text": "a"}).status, 200)


class Timeouts(harness.ServerTest):
    FLAGS = ("--request-timeout=1ms", "--header-timeout=300ms", "--body-timeout=300ms", "--idle-timeout=3s",
             "--threads=1", "--text-cache=0")

    def test_504(self):
        self.assert_error(self.server.post_json("/embed/text", {"texts": ["a"] * 50}), 504, "deadline_exceeded")

    def test_408_head_and_body(self):
        self.assertTrue(self.server.raw(b"GET /health HTTP/1.1\r\nHost").startswith(b"HTTP/1.1 408 "))
        slow_body = b"POST /embed/text HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n{"
        self.assertTrue(self.server.raw(slow_body).startswith(b"HTTP/1.1 408 "))

    def test_idle_connections_are_closed_without_a_word(self):
        self.assertEqual(self.server.raw(b""), b"")


class Connections(harness.ServerTest):
    FLAGS = ("--max-connections=2", "--threads=1", "--text-cache=0")

    def test_503_where_all_connections_are_at_work_and_service_after(self):
        refused = threading.Event()

        def answer(*request):
            """None where the connection made room for another before its request came."""
            try:
                return self.server.request(*request)
            except (OSError, http.client.HTTPException):
                return None

        def keep_busy():
            body = json.dumps({"texts": ["a text that keeps it busy"] * 32})
            while not refused.is_set():
                answer("POST", "/embed/text", body, {"Content-Type": "application/json"})
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for _ in range(2):
                pool.submit(keep_busy)
            end = time.monotonic() + 60
            reply = None
            while (reply is None or reply.status != 503) and time.monotonic() < end:
                reply = answer("GET", "/health/live")
            refused.set()
        self.assert_error(reply, 503, "too_many_connections")
        end = time.monotonic() + 60
        while (reply := self.server.get("/health/live")).status != 200 and time.monotonic() < end:
            time.sleep(0.02)
        self.assertEqual(reply.status, 200)
        self.assertGreaterEqual(self.server.metrics()['mobileclip_rejected_total{reason="connections"}'], 1)

    def test_the_oldest_idle_connection_makes_room(self):
        with self.server.socket() as first, self.server.socket() as second:
            for connection in (first, second):
                connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n")
                self.assertTrue(connection.recv(1000).startswith(b"HTTP/1.1 200"))
            self.assertEqual(self.server.get("/health/live").status, 200)
            self.assertEqual(first.recv(100), b"", "the oldest is closed without a word")


if __name__ == "__main__":
    unittest.main()
