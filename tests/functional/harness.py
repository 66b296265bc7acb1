"""A running mobileclip-server, and a client that needs nothing but Python's standard library."""
import base64
import collections
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import unittest

import cli
import png
from cli import patience

START_TIMEOUT = patience(120)  # seconds
SANITIZED = not {"ASAN_OPTIONS", "TSAN_OPTIONS"}.isdisjoint(os.environ)  # which tests/support/run_all.py sets

Reply = collections.namedtuple("Reply", "status headers body")


def json_of(reply):
    """The body as JSON; NaN and Infinity are not JSON."""
    def refuse(name):
        raise ValueError(f"{name} in JSON")
    return json.loads(reply.body, parse_constant=refuse)


def error_of(reply):
    return json_of(reply)["error"]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def photo(seed=0, width=64, height=48):
    """A small PNG, another one for each seed."""
    rgb = bytes((x * (seed + 3) + y * 5 + c * 40 * (seed + 1)) % 256
                for y in range(height) for x in range(width) for c in range(3))
    return png.encode(width, height, rgb)


def in_base64(data):
    return base64.b64encode(data).decode()


def form(*parts):
    """(content type, body) of a multipart form; a part is (name, value) or (name, file name, bytes)."""
    boundary, body = "test-boundary", b""
    for name, *rest in parts:
        disposition = f'Content-Disposition: form-data; name="{name}"'
        if len(rest) == 2:
            disposition += f'; filename="{rest[0]}"\r\nContent-Type: image/png'
        value = rest[-1] if isinstance(rest[-1], bytes) else rest[-1].encode()
        body += f"--{boundary}\r\n{disposition}\r\n\r\n".encode() + value + b"\r\n"
    return f"multipart/form-data; boundary={boundary}", body + f"--{boundary}--\r\n".encode()


def exchange(connection, method, path, body=None, headers=None):
    """One request and its reply."""
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    return Reply(response.status, response.headers, response.read())


class UnixConnection(http.client.HTTPConnection):
    """To a Unix-domain socket, which is reached from every network namespace."""

    def __init__(self, path, timeout=120):
        super().__init__("localhost", timeout=patience(timeout))
        self.path = os.fspath(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Server:
    """`with Server("--max-batch=4") as server:` serves the demo model, on a free port if none is given, and ends with it.

    `env` is added to the environment; `descriptors` are left open for the server's.
    """

    HOST = "127.0.0.1"
    WITHIN = ()  # a command that starts the server's, such as `ip netns exec`

    def __init__(self, *flags, model=None, port=0, env=None, descriptors=()):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MOBILECLIP_")}
        self.log = []
        if cli.PATIENCE > 1 and not any(str(flag).startswith("--request-timeout") for flag in flags):
            flags = (f"--request-timeout={patience(30):.0f}s", *flags)
        self.process = subprocess.Popen(
            [*self.WITHIN, cli.BINARY, "serve", "--model", os.fspath(model or cli.demo_model()), f"--port={port}",
             *flags],
            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, env={**clean, **(env or {})}, pass_fds=descriptors,
            text=True)
        self._listening = threading.Event()
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()
        self._listening.wait(START_TIMEOUT)
        listening = re.search(rf"listening on https?://{re.escape(self.HOST)}:(\d+)", "".join(self.log))
        if not listening:
            self.kill()
            raise RuntimeError("the server did not start:\n" + "".join(self.log))
        self.port = int(listening[1])

    def _read_log(self):
        for line in self.process.stderr:
            self.log.append(line)
            if "listening on http" in line:
                self._listening.set()
        self._listening.set()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        """When nobody needs it any more. A sanitised build looks for leaks, and reports races, when it exits."""
        if SANITIZED and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(patience(5))
            except subprocess.TimeoutExpired:
                pass  # drains for whoever still waits
        self.kill()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        self.process.stderr.close()

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def wait(self, timeout=60):
        """The exit code."""
        code = self.process.wait(patience(timeout))
        self._reader.join()
        return code

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=patience(120))

    def socket(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=patience(120))

    def request(self, method, path, body=None, headers=None, connection=None):
        own = connection is None
        connection = connection or self.connect()
        try:
            return exchange(connection, method, path, body, headers)
        finally:
            if own:
                connection.close()

    def get(self, path):
        return self.request("GET", path)

    def post(self, path, content_type, body, connection=None):
        return self.request("POST", path, body, {"Content-Type": content_type}, connection)

    def post_json(self, path, value, connection=None):
        body = value if isinstance(value, (str, bytes)) else json.dumps(value)
        return self.post(path, "application/json", body, connection)

    def embed_texts(self, texts, **options):
        return json_of(self.post_json("/embed/text", {"texts": texts, **options}))["embeddings"]

    def raw(self, data, timeout=120):
        """What comes back for these bytes until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=patience(timeout)) as connection:
            connection.sendall(data)
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
            return received

    def wait_for_log(self, pattern, timeout=60):
        """Waits until a line of the log matches; the whole log."""
        end = time.monotonic() + patience(timeout)
        while not re.search(pattern, "".join(self.log)) and time.monotonic() < end:
            time.sleep(0.02)
        return "".join(self.log)

    def metrics(self):
        """{'name{labels}': value}; what each model has is there without the model's label, too: the sum over models."""
        values, sums = {}, collections.Counter()
        for line in self.get("/metrics").body.decode().splitlines():
            if line and line[0] != "#":
                name, value = line.rsplit(" ", 1)
                values[name] = float(value)
                over_models = re.sub(r',?model="[^"]*"', "", name).replace("{,", "{").replace("{}", "")
                sums[over_models] += float(value)
        return {**sums, **values}

    def wait_for_metric(self, name, least, timeout=60):
        """Waits until the series has reached `least`; the last value seen."""
        end = time.monotonic() + patience(timeout)
        while (value := self.metrics()[name]) < least and time.monotonic() < end:
            time.sleep(0.02)
        return value

    def wait_for_metric_to_fall(self, name, most, timeout=60):
        """Waits until the series is at `most` or below; the last value seen."""
        end = time.monotonic() + patience(timeout)
        while (value := self.metrics()[name]) > most and time.monotonic() < end:
            time.sleep(0.02)
        return value


class ServerTest(unittest.TestCase):
    """Tests that share one server, started with FLAGS."""

    FLAGS = ()

    @classmethod
    def setUpClass(cls):
        cls.server = Server(*cls.FLAGS)
        cls.addClassCleanup(cls.server.end)

    def assert_error(self, reply, status, code, *mentions):
        self.assertEqual(reply.status, status, reply.body)
        self.assertEqual(reply.headers["Content-Type"], "application/json")
        error = error_of(reply)
        self.assertEqual(error["code"], code)
        for text in mentions:
            self.assertIn(text, error["message"])
        return error
