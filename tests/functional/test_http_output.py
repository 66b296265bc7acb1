"""What embeddings are sent as, and the headers and log lines around them."""
import array
import ast
import base64
import gzip
import http.client
import json
import re
import signal
import struct
import subprocess
import time
import unittest

import cli
import harness
from harness import json_of, photo

TEXTS = ["a cat", "a dog on a sofa", "x"]


def read_npy(data):
    """(dtype, shape, bytes) of a .npy file of version 1.0."""
    assert data[:8] == b"\x93NUMPY\x01\x00", data[:8]
    (length,) = struct.unpack("<H", data[8:10])
    header = ast.literal_eval(data[10:10 + length].decode())
    assert not header["fortran_order"] and (10 + length) % 64 == 0
    return header["descr"], header["shape"], data[10 + length:]


class Output(harness.ServerTest):
    FLAGS = ("--access-log", "--log-format=json", f"--request-timeout={cli.patience(20):.0f}s")

    def embed(self, accept=None, query="", **fields):
        headers = {"Content-Type": "application/json", **({"Accept": accept} if accept else {})}
        return self.server.request("POST", "/embed/text" + query, json.dumps({"texts": TEXTS, **fields}), headers)

    def floats(self, query=""):
        return json_of(self.embed(query=query))["embeddings"]

    def test_npy_holds_the_same_bits_as_json(self):
        reply = self.embed("application/x-npy")
        self.assertEqual(reply.headers["Content-Type"], "application/x-npy")
        dtype, shape, data = read_npy(reply.body)
        self.assertEqual((dtype, shape), ("<f4", (3, 512)))
        values = struct.unpack(f"<{3 * 512}f", data)
        expected = [struct.unpack("<f", struct.pack("<f", x))[0] for row in self.floats() for x in row]
        self.assertEqual(list(values), expected)

    def test_octet_stream(self):
        reply = self.embed("application/octet-stream")
        self.assertEqual(reply.headers["X-Embedding-Shape"], "3, 512")
        self.assertEqual(reply.headers["X-Embedding-Dtype"], "f32")
        self.assertEqual(reply.body, read_npy(self.embed("application/x-npy").body)[2])

    def test_half_precision(self):
        dtype, shape, data = read_npy(self.embed("application/x-npy", "?dtype=f16").body)
        self.assertEqual((dtype, shape, len(data)), ("<f2", (3, 512), 3 * 512 * 2))
        flat = [x for row in self.floats() for x in row]
        expected = struct.pack(f"<{len(flat)}e", *flat)
        self.assertEqual(data, expected)
        self.assertEqual(self.embed("application/octet-stream", dtype="f16").body, expected)

    def test_base64(self):
        reply = json_of(self.embed(encoding_format="base64"))
        data = b"".join(base64.b64decode(row, validate=True) for row in reply["embeddings"])
        self.assertEqual(data, self.embed("application/octet-stream").body)

    def test_int8_is_close_and_binary_is_the_signs(self):
        floats = self.floats()
        reply = json_of(self.embed(quantize="int8"))
        for row, codes, scale in zip(floats, reply["embeddings"], reply["scales"]):
            self.assertEqual(max(map(abs, codes)), 127)
            for x, code in zip(row, codes):
                self.assertLessEqual(abs(x - code * scale), scale * 0.5001)
        data = self.embed("application/octet-stream", quantize="int8").body
        self.assertEqual(list(array.array("b", data)), [code for codes in reply["embeddings"] for code in codes])
        dtype, shape, data = read_npy(self.embed("application/x-npy", quantize="binary").body)
        self.assertEqual((dtype, shape), ("|u1", (3, 64)))
        for row, packed in zip(floats, (data[:64], data[64:128], data[128:])):
            bits = [packed[i // 8] >> (7 - i % 8) & 1 for i in range(512)]
            self.assertEqual(bits, [int(x > 0) for x in row])

    def test_an_image_as_npy(self):
        reply = self.server.request("POST", "/embed/image?dimensions=20", photo(),
                                    {"Content-Type": "image/png", "Accept": "application/x-npy;q=0.9, text/html"})
        self.assertEqual(read_npy(reply.body)[:2], ("<f4", (1, 20)))

    def test_what_is_not_acceptable(self):
        error = self.assert_error(self.embed("text/html"), 406, "not_acceptable", "application/x-npy")
        self.assertIn("application/json", error["message"])
        self.assert_error(self.embed("application/x-npy", encoding_format="base64"), 406, "not_acceptable", "base64")
        self.assert_error(self.embed(dtype="f64"), 400, "invalid_argument", "dtype", "f64")

    def test_gzip(self):
        plain = self.embed()
        self.assertIsNone(plain.headers["Content-Encoding"])
        for path, body in (("/embed/text", json.dumps({"texts": TEXTS})), ("/metrics", None)):
            with self.subTest(path):
                headers = {"Accept-Encoding": "gzip", "Content-Type": "application/json"}
                reply = self.server.request("POST" if body else "GET", path, body, headers)
                self.assertEqual(reply.headers["Content-Encoding"], "gzip")
                self.assertIn("Accept-Encoding", ", ".join(reply.headers.get_all("Vary")))
                unpacked = gzip.decompress(reply.body)
                self.assertLess(len(reply.body), len(unpacked) * 0.7)
                if body:
                    self.assertEqual(unpacked, plain.body)
        for value in ("gzip;q=0", "br", "identity, gzip;q=0.5"):
            reply = self.server.request("GET", "/metrics", None, {"Accept-Encoding": value})
            self.assertIsNone(reply.headers["Content-Encoding"], value)
        small = self.server.request("GET", "/health", None, {"Accept-Encoding": "gzip"})
        self.assertIsNone(small.headers["Content-Encoding"])
        self.assertEqual(json_of(small)["status"], "ready")

    def test_server_timing_adds_up(self):
        before = time.monotonic()
        timing = self.embed(texts=["a text that no cache knows"]).headers["Server-Timing"]
        elapsed = (time.monotonic() - before) * 1000
        stages = dict(re.findall(r"(\w+);dur=(\d+\.\d{3})", timing))
        self.assertEqual(set(stages) - {"read"}, {"parse", "tokenize", "queue", "inference", "serialize", "total"}, timing)
        total = float(stages.pop("total"))
        self.assertLessEqual(total, elapsed)
        self.assertGreater(float(stages["inference"]), 0)
        self.assertLessEqual(float(stages["inference"]), total)
        image = self.server.post("/embed/image", "image/png", photo()).headers["Server-Timing"]
        self.assertIn("decode;dur=", image)
        self.assertRegex(self.server.get("/nowhere").headers["Server-Timing"], r"total;dur=\d")

    def test_request_id_in_and_out(self):
        def sent(value):
            return self.server.request("GET", "/health", None, {"X-Request-Id": value}).headers["X-Request-Id"]
        self.assertEqual(sent("req-42.A:b"), "req-42.A:b")
        for bad in ("with space", "x" * 129, "quote\""):
            self.assertRegex(sent(bad), "^[0-9a-f]{32}$")
        ids = {self.server.get("/health").headers["X-Request-Id"] for _ in range(20)}
        self.assertEqual(len(ids), 20)
        for reply in (self.server.get("/nowhere"), self.server.post_json("/embed/text", "{"), self.embed("text/html")):
            self.assertTrue(reply.headers["X-Request-Id"])
        self.assertIn(b"X-Request-Id: ", self.server.raw(b"nonsense\r\n\r\n"))

    def test_the_fingerprint_is_the_models(self):
        fingerprint = json_of(self.server.get("/info"))["fingerprint"]
        self.assertEqual(self.embed().headers["X-Model-Fingerprint"], fingerprint)
        self.assertEqual(self.embed("application/x-npy").headers["X-Model-Fingerprint"], fingerprint)
        similarity = self.server.post_json("/similarity", {"texts": ["a", "b"]})
        self.assertEqual(similarity.headers["X-Model-Fingerprint"], fingerprint)

    def test_a_log_line_a_request_and_nothing_of_its_content(self):
        secret = "a-most-private-caption"
        self.server.request("POST", "/embed/text?dimensions=8", json.dumps({"texts": [secret, "b"]}),
                            {"Content-Type": "application/json", "X-Request-Id": "log-me", "X-Note": secret})
        log = self.server.wait_for_log('"id":"log-me"')
        self.assertNotIn(secret, log)
        lines = [json.loads(line) for line in log.splitlines() if '"id":"log-me"' in line]
        self.assertEqual(len(lines), 1)
        line = lines[0]
        self.assertEqual((line["message"], line["level"]), ("request", "info"))
        self.assertEqual((line["method"], line["route"], line["status"]), ("POST", "/embed/text", 200))
        self.assertEqual((line["texts"], line["bytes_in"]), (2, len(json.dumps({"texts": [secret, "b"]}))))
        self.assertGreaterEqual(line["batch"], 1)
        for key in ("total_ms", "parse_ms", "tokenize_ms", "queue_ms", "inference_ms", "serialize_ms", "write_ms"):
            self.assertGreaterEqual(line["total_ms"], line[key] * 0.999, key)
        self.assertGreater(line["bytes_out"], 50)


class Deadlines(harness.ServerTest):
    FLAGS = ("--threads=1", "--max-batch=1", f"--request-timeout={cli.patience(60):.0f}s")

    def test_what_is_wrong_with_the_header(self):
        for bad in ("0", "-1", "soon", "1e9", "86401"):
            reply = self.server.request("POST", "/embed/text", '{"text": "a"}',
                                        {"Content-Type": "application/json", "X-Request-Timeout": bad})
            self.assert_error(reply, 400, "invalid_argument", "X-Request-Timeout")

    def test_expired_items_are_dropped_in_the_queue(self):
        """A queue of a second or more of work; what would wait behind it for a millisecond is not computed."""
        dropped = 'mobileclip_dropped_total{lane="image",reason="expired"}'
        before = self.server.metrics()[dropped]
        content_type, body = harness.form(*[("images", f"{i}.png", photo(i)) for i in range(60)])
        busy = self.server.connect()
        busy.request("POST", "/embed/image", body, {"Content-Type": content_type})
        self.server.wait_for_metric('mobileclip_queue_depth{lane="image"}', 1)
        # In one piece, and several: where a millisecond passes before the last byte is read, none is queued.
        late = b"POST /embed/image HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\nX-Request-Timeout: 1ms\r\n" \
               b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(photo()) + photo()
        hopeless = [self.server.socket() for _ in range(5)]
        for connection in hopeless:
            self.addCleanup(connection.close)
            connection.sendall(late)
        for connection in hopeless:
            reply = connection.makefile("rb").read()
            self.assertTrue(reply.startswith(b"HTTP/1.1 504 "), reply)
            self.assertIn(b'"deadline_exceeded"', reply)
        self.assertEqual(busy.getresponse().status, 200)
        busy.close()
        self.assertGreaterEqual(self.server.wait_for_metric(dropped, before + 1), before + 1)
        self.assertEqual(self.server.metrics()["mobileclip_images_total"], 60)


class StalledLog(unittest.TestCase):
    def test_a_reader_of_the_log_that_stalls_holds_up_no_request(self):
        process = subprocess.Popen([cli.BINARY, "serve", "--model", cli.demo_model(), "--port=0", "--access-log"],
                                   stderr=subprocess.PIPE, text=True, bufsize=1)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        port = next(int(found[1]) for line in process.stderr if (found := re.search(r"listening on .*:(\d+)", line)))
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.addCleanup(connection.close)

        def get(path):
            connection.request("GET", path, headers={"X-Request-Id": "x" * 128})
            response = connection.getresponse()
            self.assertEqual(response.status, 200)
            return response.read().decode()
        dropped = re.compile(r"^mobileclip_log_lines_dropped_total (\S+)$", re.M)
        for _ in range(10):  # nobody reads the log from here on; it and a pipe hold about four thousand lines
            for _ in range(1000):
                get("/health/live")
            if count := float(dropped.search(get("/metrics"))[1]):
                break
        self.assertGreater(count, 0)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(30), 0)


class GzipOff(harness.ServerTest):
    FLAGS = ("--gzip=false",)

    def test_nothing_is_compressed(self):
        reply = self.server.request("GET", "/metrics", None, {"Accept-Encoding": "gzip"})
        self.assertIsNone(reply.headers["Content-Encoding"])
        self.assertIn(b"mobileclip_requests_total", reply.body)


if __name__ == "__main__":
    unittest.main()
