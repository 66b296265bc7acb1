"""Where the server listens: an admin port, a Unix-domain socket, TLS; and which web pages may call it."""
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import tempfile
import time
import unittest
import warnings
from contextlib import closing

import harness
from harness import UnixConnection, error_of, exchange, free_port, json_of

JSON = {"Content-Type": "application/json"}
TEXTS = json.dumps({"texts": ["a"]})


class ListenerTest(unittest.TestCase):

    def setUp(self):
        self.folder = tempfile.mkdtemp(dir="/tmp")  # a socket's path may have 107 bytes
        self.addCleanup(shutil.rmtree, self.folder)

    def start(self, *flags, **options):
        server = harness.Server(*flags, **options)
        self.addCleanup(server.end)
        return server

    def path(self, name):
        return os.path.join(self.folder, name)


class AdminPort(ListenerTest):

    def test_serves_metrics_and_health_and_the_other_port_no_metrics(self):
        keys = self.path("keys")
        with open(keys, "w", encoding="ascii") as file:
            file.write("secret\n")
        port = free_port()
        server = self.start(f"--admin-port={port}", f"--api-keys-file={keys}")
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as admin:
            metrics = exchange(admin, "GET", "/metrics")
            self.assertEqual(metrics.status, 200)
            self.assertIn(b'route="/metrics"', metrics.body)
            self.assertEqual(exchange(admin, "GET", "/health/ready").status, 200)
            for path in ("/", "/info"):
                refused = exchange(admin, "GET", path)
                self.assertEqual((refused.status, error_of(refused)["code"]), (404, "not_found"), path)
            refused = exchange(admin, "POST", "/embed/text", TEXTS, JSON)
            self.assertEqual(refused.status, 404)
            self.assertIn("admin port", error_of(refused)["message"])
        key = {"api-key": "secret"}
        self.assertEqual(server.request("GET", "/metrics", headers=key).status, 404)
        self.assertEqual(server.get("/health").status, 200)
        self.assertEqual(server.request("POST", "/embed/text", TEXTS, {**JSON, **key}).status, 200)

    def test_answers_though_the_other_port_has_no_connection_to_spare(self):
        port = free_port()
        server = self.start(f"--admin-port={port}", "--max-connections=4", "--body-timeout=60s")
        head = b"POST /embed/text HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{"
        for _ in range(80):
            hog = server.socket()
            self.addCleanup(hog.close)
            hog.sendall(head)
        for _ in range(10):
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as admin:
                self.assertEqual(exchange(admin, "GET", "/health/live").status, 200)

    def test_a_port_in_use_keeps_the_server_from_starting(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            with self.assertRaisesRegex(RuntimeError, "cannot listen on 127.0.0.1:.*in use"):
                self.start(f"--admin-port={taken.getsockname()[1]}")


class UnixSocket(ListenerTest):

    def test_serves_beside_the_port_and_goes_with_the_server(self):
        path = self.path("s")
        server = self.start(f"--unix-socket={path}", "--unix-socket-mode=0600")
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        with closing(harness.UnixConnection(path)) as connection:
            for _ in range(2):
                reply = exchange(connection, "POST", "/embed/text", TEXTS, JSON)
                self.assertEqual(json_of(reply)["embeddings"], server.embed_texts(["a"]))
            image = exchange(connection, "POST", "/embed/image", harness.photo(), {"Content-Type": "image/png"})
            self.assertEqual(image.status, 200)
        with self.assertRaisesRegex(RuntimeError, "another server listens there"):
            self.start(f"--unix-socket={path}")
        self.assertTrue(os.path.exists(path))
        server.signal(signal.SIGTERM)
        self.assertEqual(server.wait(), 0)
        self.assertEqual(os.listdir(self.folder), [])

    def test_replaces_what_a_killed_server_left(self):
        path = self.path("s")
        self.start(f"--unix-socket={path}").kill()
        self.assertTrue(os.path.exists(path))
        self.start(f"--unix-socket={path}")
        with closing(UnixConnection(path)) as connection:
            self.assertEqual(exchange(connection, "GET", "/health").status, 200)

    def test_replaces_nothing_but_a_socket(self):
        path = self.path("data")
        with open(path, "w", encoding="ascii") as file:
            file.write("precious")
        with self.assertRaisesRegex(RuntimeError, "something else than a socket"):
            self.start(f"--unix-socket={path}")
        with open(path, encoding="ascii") as file:
            self.assertEqual(file.read(), "precious")


class Cors(ListenerTest):

    def test_off_by_default(self):
        server = self.start()
        reply = server.request("GET", "/health", headers={"Origin": "https://a.example"})
        self.assertNotIn("Access-Control-Allow-Origin", reply.headers)

    def test_listed_origins_only(self):
        server = self.start("--cors-origins=https://a.example,http://localhost:3000")

        def post(origin, path="/embed/text", body=TEXTS):
            return server.request("POST", path, body, {**JSON, "Origin": origin})

        reply = post("https://a.example")
        self.assertEqual(reply.status, 200)
        self.assertEqual(reply.headers["Access-Control-Allow-Origin"], "https://a.example")
        self.assertIn("Origin", reply.headers.get_all("Vary"))
        self.assertEqual(post("http://localhost:3000", body="{").headers["Access-Control-Allow-Origin"],
                         "http://localhost:3000", "errors are for the page to read, too")
        batch = server.request("POST", "/embed/batch", '{"text": "a"}\n',
                               {"Content-Type": "application/x-ndjson", "Origin": "https://a.example"})
        self.assertEqual(batch.status, 200)
        self.assertEqual(batch.headers["Access-Control-Allow-Origin"], "https://a.example")
        other = post("https://b.example")
        self.assertEqual(other.status, 200)
        self.assertNotIn("Access-Control-Allow-Origin", other.headers)
        preflight = server.request("OPTIONS", "/embed/text", headers={
            "Origin": "https://a.example", "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type"})
        self.assertEqual(preflight.status, 204)
        self.assertIn("POST", preflight.headers["Access-Control-Allow-Methods"])
        self.assertIn("Authorization", preflight.headers["Access-Control-Allow-Headers"])


@unittest.skipUnless(shutil.which("openssl"), "needs the openssl command")
class Tls(ListenerTest):

    def certify(self, name):
        """A self-signed certificate; the file names of it and its key."""
        certificate, key = self.path(f"{name}.crt"), self.path(f"{name}.key")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1",
                        "-keyout", key, "-out", certificate], check=True, capture_output=True)
        return certificate, key

    def start_tls(self, *flags):
        self.certificate, self.key = self.certify("first")
        return self.start(f"--tls-certificate={self.certificate}", f"--tls-key={self.key}", *flags)

    def connect(self, server, certificate=None):
        context = ssl.create_default_context(cafile=certificate or self.certificate)
        context.set_alpn_protocols(["h2", "http/1.1"])
        connection = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=120, context=context)
        self.addCleanup(connection.close)
        return connection

    def test_serves_requests_of_every_kind(self):
        server = self.start_tls()
        connection = self.connect(server)
        for _ in range(3):
            reply = exchange(connection, "POST", "/embed/text", TEXTS, JSON)
            self.assertEqual(reply.status, 200)
        self.assertIn(connection.sock.version(), ("TLSv1.2", "TLSv1.3"))
        self.assertEqual(connection.sock.selected_alpn_protocol(), "http/1.1")
        lines = "".join(json.dumps({"text": f"text {i}"}) + "\n" for i in range(300))
        batch = exchange(connection, "POST", "/embed/batch", lines, {"Content-Type": "application/x-ndjson"})
        self.assertEqual(batch.body.count(b"\n"), 300)
        connection = self.connect(server)
        big = exchange(connection, "POST", "/embed/image", harness.photo(1, 900, 700), {"Content-Type": "image/png"})
        self.assertEqual(big.status, 200)
        closing = exchange(connection, "GET", "/metrics", headers={"Connection": "close"})
        self.assertTrue(closing.body.endswith(b"\n"))

    def test_an_early_refusal_arrives_and_ends_in_close_notify(self):
        server = self.start_tls("--max-body-bytes=1KiB")
        context = ssl.create_default_context(cafile=self.certificate)
        with context.wrap_socket(socket.create_connection(("127.0.0.1", server.port), timeout=60),
                                 server_hostname="127.0.0.1", suppress_ragged_eofs=False) as client:
            client.sendall(b"POST /embed/text HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + b"x" * 20000)
            received = b""
            while chunk := client.recv(65536):  # raises where the end is not announced
                received += chunk
        self.assertTrue(received.startswith(b"HTTP/1.1 413 "))

    def test_old_protocols_and_plain_http_are_refused(self):
        server = self.start_tls()
        context = ssl.create_default_context(cafile=self.certificate)
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            context.wrap_socket(socket.create_connection(("127.0.0.1", server.port), timeout=60),
                                server_hostname="127.0.0.1")
        self.assertNotIn(b"HTTP/1.1 200", server.raw(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n"))
        self.assertEqual(exchange(self.connect(server), "GET", "/health").status, 200)

    def test_a_handshake_has_a_time_limit(self):
        server = self.start_tls("--header-timeout=300ms")
        silent = server.socket()
        self.addCleanup(silent.close)
        silent.settimeout(60)
        silent.sendall(b"\x16\x03\x01")
        self.assertEqual(silent.recv(100), b"")

    def test_hangup_changes_the_certificate_and_drops_no_connection(self):
        server = self.start_tls()
        old = self.connect(server)
        self.assertEqual(exchange(old, "GET", "/health").status, 200)
        certificate, key = self.certify("second")
        os.replace(certificate, self.certificate)
        os.replace(key, self.key)
        server.signal(signal.SIGHUP)
        self.assertIn("TLS certificate read anew", server.wait_for_log("TLS certificate read anew"))
        self.assertEqual(exchange(old, "GET", "/health").status, 200)
        new = self.connect(server)
        self.assertEqual(exchange(new, "GET", "/health").status, 200)
        self.assertIn("second", str(new.sock.getpeercert()["subject"]))
        with open(self.certificate, "w", encoding="ascii") as file:
            file.write("no certificate")
        server.signal(signal.SIGHUP)
        self.assertRegex(server.wait_for_log("in use stay"), "the TLS certificate in use stay: TLS: the certificate ")
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as plain:
            trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
            with trusting.wrap_socket(plain) as still:
                self.assertIsNotNone(still.version())

    def test_a_client_that_leaves_is_noticed(self):
        server = self.start_tls("--threads=1", f"--admin-port={free_port()}")
        admin_port = int(server.process.args[-1].rsplit("=", 1)[1])
        images = [harness.in_base64(harness.photo(i, 700, 500)) for i in range(40)]
        connection = self.connect(server)
        connection.request("POST", "/embed/image", json.dumps({"images": images}), JSON)
        connection.sock.settimeout(0.1)
        with self.assertRaises((TimeoutError, ssl.SSLError)):
            connection.sock.unwrap()  # sends close_notify, and does not get the server's
        connection.close()

        def dropped():
            with closing(http.client.HTTPConnection("127.0.0.1", admin_port, timeout=60)) as admin:
                text = exchange(admin, "GET", "/metrics").body.decode()
            return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
                       if line.startswith("mobileclip_dropped_total") and 'reason="abandoned"' in line)

        end = time.monotonic() + 60
        while dropped() == 0:
            self.assertLess(time.monotonic(), end, "nothing was dropped")
            time.sleep(0.05)

    def test_half_a_pair_or_a_wrong_file_keeps_the_server_from_starting(self):
        certificate, key = self.certify("first")
        _, other_key = self.certify("second")
        with self.assertRaisesRegex(RuntimeError, "expected both or neither"):
            self.start(f"--tls-certificate={certificate}")
        with self.assertRaisesRegex(RuntimeError, "TLS: the key .*second.key"):
            self.start(f"--tls-certificate={certificate}", f"--tls-key={other_key}")
        with self.assertRaisesRegex(RuntimeError, "TLS: the certificate .*no.such.file"):
            self.start(f"--tls-certificate={self.path('no.such.file')}", f"--tls-key={key}")


if __name__ == "__main__":
    unittest.main()
