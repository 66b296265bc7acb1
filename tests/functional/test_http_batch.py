"""POST /embed/batch: lines in, lines out."""
import base64
import json
import pathlib
import re
import socket
import threading
import time
import unittest
import zlib

import harness
from cli import patience
from harness import error_of, json_of, photo

NDJSON = "application/x-ndjson"


def resident_kib(server):
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])


class Exchange:
    """A streamed request over a plain socket: sending and receiving go on side by side, as fast as the test wants."""

    def __init__(self, server, query="", headers="", receive_buffer=None):
        self.socket = socket.socket()
        self.socket.settimeout(120)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect(("127.0.0.1", server.port))
        self.file = self.socket.makefile("rb")
        self.socket.sendall(f"POST /embed/batch{query} HTTP/1.1\r\nHost: a\r\nContent-Type: {NDJSON}\r\n"
                            f"{headers}Transfer-Encoding: chunked\r\n\r\n".encode())
        self.head = b""
        self.unpack = bytes  # what undoes the response's Content-Encoding

    def send(self, data):
        data = data if isinstance(data, bytes) else json.dumps(data).encode() + b"\n"
        self.socket.sendall(b"%x\r\n%s\r\n" % (len(data), data))

    def finish(self):
        self.socket.sendall(b"0\r\n\r\n")

    def read_head(self):
        while (line := self.file.readline()) not in (b"\r\n", b""):
            self.head += line
        return self.head

    def replies(self):
        """Each line of the reply, parsed, as it comes."""
        if not self.head:
            self.read_head()
        rest = b""
        while size := int(self.file.readline() or b"0", 16):
            rest += self.unpack(self.file.read(size))
            self.file.readline()
            *lines, rest = rest.split(b"\n")
            yield from map(json.loads, lines)
        self.ended = self.file.readline() == b"\r\n"
        assert rest == b"", rest

    def close(self):
        self.file.close()
        self.socket.close()


class Batch(harness.ServerTest):
    FLAGS = ("--access-log", "--max-body-bytes=200KiB", f"--request-timeout={patience(60):.0f}s")

    def stream(self, lines, query=""):
        """The replies to lines that are sent whole; short enough for the sockets' buffers."""
        exchange = Exchange(self.server, query)
        self.addCleanup(exchange.close)
        exchange.send(b"".join(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines))
        exchange.finish()
        replies = list(exchange.replies())
        self.assertTrue(exchange.ended)
        return replies

    def test_texts_and_images_in_order_and_equal_to_the_single_routes(self):
        image = base64.b64encode(photo(3)).decode()
        replies = self.stream([{"text": "a cat", "id": "first"}, {"image": image, "id": 2}, {"text": "a dog"}])
        self.assertEqual([reply["line"] for reply in replies], [1, 2, 3])
        self.assertEqual([reply.get("id") for reply in replies], ["first", 2, None])
        cat, dog = self.server.embed_texts(["a cat", "a dog"])
        alone = json_of(self.server.post("/embed/image", "image/png", photo(3)))["embeddings"][0]
        self.assertEqual([reply["embedding"] for reply in replies], [cat, alone, dog])
        single = json_of(self.server.post_json("/embed/text", {"text": "a cat"}))
        self.assertEqual((replies[0]["tokens"], replies[0]["truncated"]), (single["tokens"], False))
        self.assertNotIn("tokens", replies[1])

    def test_options_are_of_the_query(self):
        replies = self.stream([{"text": "a cat"}], "?dimensions=16&quantize=int8&encoding_format=base64")
        self.assertEqual(len(base64.b64decode(replies[0]["embedding"])), 16)
        self.assertGreater(replies[0]["scale"], 0)

    def test_bad_lines_are_answered_in_their_places(self):
        replies = self.stream([{"text": "a"}, b"nonsense\n", b"\n", {"id": 4, "txet": "b"}, {"image": "Zm9v"},
                               b'{"text": "' + b"x" * 300_000 + b'"}\n', b'\xff\xfe\n', {"text": "b"}])
        self.assertEqual([reply["line"] for reply in replies], [1, 2, 4, 5, 6, 7, 8])
        self.assertEqual([reply["error"]["code"] if "error" in reply else "" for reply in replies],
                         ["", "invalid_argument", "invalid_argument", "unsupported_image", "invalid_argument",
                          "invalid_argument", ""])
        self.assertIn("txet", replies[2]["error"]["message"])
        self.assertEqual(replies[2]["id"], 4)
        self.assertIn("longer than the limit of 204800", replies[4]["error"]["message"])

    def test_each_line_is_answered_before_the_next_is_sent(self):
        exchange = Exchange(self.server)
        self.addCleanup(exchange.close)
        replies = exchange.replies()
        for i in range(5):
            exchange.send({"text": f"number {i}", "id": i})
            self.assertEqual(next(replies)["id"], i)
        exchange.finish()
        self.assertEqual(list(replies), [])

    def test_gzipped_lines_come_as_soon_as_they_are_there(self):
        exchange = Exchange(self.server, headers="Accept-Encoding: gzip\r\n")
        self.addCleanup(exchange.close)
        exchange.send({"text": "a cat", "id": 0})
        self.assertIn(b"Content-Encoding: gzip\r\n", exchange.read_head())
        exchange.unpack = zlib.decompressobj(wbits=31).decompress
        replies = exchange.replies()
        self.assertEqual(next(replies)["embedding"], self.server.embed_texts(["a cat"])[0])
        exchange.send({"text": "a dog", "id": 1})
        self.assertEqual(next(replies)["id"], 1)
        exchange.finish()
        self.assertEqual(list(replies), [])
        self.assertTrue(exchange.ended)

    def test_headers(self):
        exchange = Exchange(self.server, headers="X-Request-Id: stream-7\r\nExpect: 100-continue\r\n")
        self.addCleanup(exchange.close)
        self.assertEqual(exchange.read_head(), b"HTTP/1.1 100 Continue\r\n")
        exchange.head = b""
        head = exchange.read_head().decode()
        self.assertIn("HTTP/1.1 200 ", head)
        self.assertIn("Content-Type: application/x-ndjson", head)
        self.assertIn("X-Request-Id: stream-7", head)
        self.assertIn("X-Model-Fingerprint: ", head)
        exchange.send({"text": "a"})
        exchange.finish()
        list(exchange.replies())
        line = next(line for line in self.server.wait_for_log("id=stream-7").splitlines() if "id=stream-7" in line)
        self.assertRegex(line, r"POST /embed/batch 200 .* texts=1 batch=1$")

    def test_five_thousand_lines_by_a_slow_reader_in_bounded_memory(self):
        """Every fourth line is a text; the others cost the engine nothing, but their long ids come back."""
        count, texts, padding = 5000, 1250, "p" * 240
        exchange = Exchange(self.server, receive_buffer=65536)
        self.addCleanup(exchange.close)

        def send():
            for i in range(count):
                exchange.send({"text": str(i % 100), "id": i} if i % 4 == 0 else {"id": f"{i} {padding}"})
            exchange.finish()
        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        replies = exchange.replies()
        embedded = self.server.metrics()["mobileclip_texts_total"]
        for i in range(100):
            self.assertEqual(next(replies)["line"], i + 1)
        before = resident_kib(self.server)
        self.assertLess(self.embedded_when_stalled() - embedded, texts, "lines are taken although nobody reads results")
        ordinary = self.server.embed_texts(["8"])[0]
        for i, reply in enumerate(replies, start=100):
            self.assertEqual((reply["line"], str(reply["id"]).split()[0]), (i + 1, str(i)))
            if i % 100 == 8:
                self.assertEqual(reply["embedding"], ordinary)
            if i % 1000 == 0:
                time.sleep(0.5)
                self.assertLess(resident_kib(self.server) - before, 40 * 1024, "KiB more than after a hundred lines")
        sender.join()
        self.assertEqual(i, count - 1)

    def embedded_when_stalled(self):
        """Texts embedded once their number has stood still for two seconds."""
        seen, since = self.server.metrics()["mobileclip_texts_total"], time.monotonic()
        while time.monotonic() - since < 2:
            time.sleep(0.1)
            now = self.server.metrics()["mobileclip_texts_total"]
            if now != seen:
                seen, since = now, time.monotonic()
        return seen

    def test_a_client_that_leaves_stops_its_work(self):
        series = 'mobileclip_requests_total{route="/embed/batch",status="499"}'
        before = self.server.metrics()[series]
        image = base64.b64encode(photo(1)).decode()
        exchange = Exchange(self.server)
        for _ in range(20):
            exchange.send({"image": image})
        exchange.close()
        self.assertEqual(self.server.wait_for_metric(series, before + 1), before + 1)
        self.assertEqual(self.server.wait_for_metric_to_fall("mobileclip_requests_in_flight", 1), 1)
        self.assertEqual(self.server.wait_for_metric_to_fall('mobileclip_queue_depth{lane="image"}', 0), 0)

    def test_what_is_refused_as_a_whole(self):
        post = self.server.post
        self.assert_error(post("/embed/batch", "application/json", "{}"), 415, "unsupported_media_type", "x-ndjson")
        self.assert_error(post("/embed/batch?dimension=3", NDJSON, "{}"), 400, "invalid_argument", "dimension")
        self.assert_error(post("/embed/batch?dimensions=513", NDJSON, "{}"), 400, "invalid_argument", "512")
        self.assertEqual(self.server.request("GET", "/embed/batch").status, 405)
        reply = self.server.request("POST", "/embed/batch", "{}", {"Content-Type": NDJSON, "Accept": "image/png"})
        self.assert_error(reply, 406, "not_acceptable", NDJSON)

    def test_http_client_library_and_content_length(self):
        """More than max_body_bytes in all: the limit is a line's."""
        lines = [json.dumps({"id": f"{i} {'p' * 200}", **({"text": "x"} if i % 20 == 0 else {})}) for i in range(1200)]
        body = "\n".join(lines)
        self.assertGreater(len(body), 200 * 1024)
        reply = self.server.post("/embed/batch?dimensions=1", NDJSON, body)
        self.assertEqual(reply.status, 200)
        replies = [json.loads(line) for line in reply.body.splitlines()]
        self.assertEqual([r["line"] for r in replies], list(range(1, 1201)))
        self.assertEqual(len({tuple(r["embedding"]) for r in replies[::20]}), 1)

    def test_an_old_client_gets_plain_lines(self):
        body = b'{"text": "a"}\n{"text": "b"}'
        received = self.server.raw(b"POST /embed/batch?dimensions=2 HTTP/1.0\r\nContent-Type: application/x-ndjson\r\n"
                                   b"Content-Length: %d\r\n\r\n" % len(body) + body)
        head, _, rest = received.partition(b"\r\n\r\n")
        self.assertNotIn(b"chunked", head)
        self.assertEqual([json.loads(line)["line"] for line in rest.splitlines()], [1, 2])

    def test_a_broken_chunk_ends_the_stream_with_an_error(self):
        exchange = Exchange(self.server)
        self.addCleanup(exchange.close)
        line = b'{"text": "a"}\n'
        exchange.socket.sendall(b"%x\r\n%s\r\nzz\r\n" % (len(line), line))
        first, last = exchange.replies()
        self.assertEqual(first["line"], 1)
        self.assertEqual((last["line"], last["error"]["code"]), (2, "malformed_request"))


class Silence(harness.ServerTest):
    FLAGS = ("--body-timeout=2s", "--write-timeout=2s", "--drain-timeout=20s")

    def test_a_silent_client_is_told(self):
        exchange = Exchange(self.server)
        self.addCleanup(exchange.close)
        exchange.send({"text": "a"})
        replies = list(exchange.replies())
        self.assertEqual([reply["line"] for reply in replies], [1, 2])
        self.assertEqual(replies[1]["error"]["code"], "timeout")

    def test_a_long_stream_with_short_pauses_goes_on(self):
        exchange = Exchange(self.server)
        self.addCleanup(exchange.close)
        replies = exchange.replies()
        for i in range(6):  # for longer than body_timeout in all
            exchange.send({"text": "a", "id": i})
            self.assertEqual(next(replies)["id"], i)
            time.sleep(0.5)
        exchange.finish()
        self.assertEqual(list(replies), [])

    def test_a_stopping_server_ends_its_streams(self):
        with harness.Server("--drain-timeout=60s") as server:
            exchange = Exchange(server)
            exchange.send({"text": "a"})
            replies = exchange.replies()
            self.assertEqual(next(replies)["line"], 1)
            server.signal()
            self.assertEqual([reply["error"]["code"] for reply in replies], ["unavailable"])
            exchange.close()
            self.assertEqual(server.wait(timeout=40), 0)


class FullLane(harness.ServerTest):
    FLAGS = ("--max-queue-items=4", "--max-batch=2")

    def test_a_stream_waits_where_a_request_would_be_refused(self):
        exchanges = [Exchange(self.server, "?dimensions=1") for _ in range(4)]
        for exchange in exchanges:
            self.addCleanup(exchange.close)
            for i in range(40):
                exchange.send({"text": f"text {i}", "id": i})
            exchange.finish()
        # All streams together hold two of the lane's four items: an ordinary request finds room at any time.
        for _ in range(20):
            self.assertEqual(self.server.post_json("/embed/text", {"texts": ["a", "b"]}).status, 200)
        for exchange in exchanges:
            replies = list(exchange.replies())
            self.assertEqual([reply["id"] for reply in replies], list(range(40)))
            self.assertTrue(all("embedding" in reply for reply in replies))


if __name__ == "__main__":
    unittest.main()
