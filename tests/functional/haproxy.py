"""Debian's haproxy between client and server, from a configuration that the test gives or from the repository's own."""
import http.client
import os
import shutil
import socket
import subprocess
import tempfile
import time

import cli
import harness

BINARY = shutil.which("haproxy", path=os.environ.get("PATH", os.defpath) + ":/usr/sbin")
START_TIMEOUT = 60  # seconds


class HAProxy:
    """`with HAProxy(configuration, listener):` runs it until the end; `listener` is one that it binds: a port of 127.0.0.1,
    or the path of a Unix-domain socket. `prefix` is put before the command, such as `ip netns exec NAME`; `variables`
    are the configuration's."""

    def __init__(self, configuration, listener, prefix=(), variables=None):
        self.folder = tempfile.TemporaryDirectory()
        path = os.path.join(self.folder.name, "haproxy.cfg")
        with open(path, "w", encoding="utf-8") as file:
            file.write(configuration)
        self.listener = listener
        self.process = subprocess.Popen([*prefix, BINARY, "-db", "-f", path], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True, env={**os.environ, **(variables or {})})

    def __enter__(self):
        try:
            self._wait_until_it_listens()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _wait_until_it_listens(self):
        end = time.monotonic() + START_TIMEOUT
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(f"haproxy did not start:\n{self.process.stderr.read()}")
            try:
                connection = self.connect()
                connection.connect()
                connection.close()
                return
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()
        self.folder.cleanup()

    def connect(self, timeout=START_TIMEOUT):
        if isinstance(self.listener, int):
            return http.client.HTTPConnection("127.0.0.1", self.listener, timeout=timeout)
        return harness.UnixConnection(self.listener, timeout)


class FleetProxy(HAProxy):
    """deploy/haproxy.cfg before replicas at `addresses`, HOST:PORT each. Clients reach it by a Unix-domain socket, from
    whichever network namespace."""

    def __init__(self, addresses, prefix=(), **variables):
        self.sockets = tempfile.TemporaryDirectory()
        self.admin_path, self.metrics_path, listener = (
            os.path.join(self.sockets.name, name) for name in ("admin", "metrics", "listen"))
        replicas = {f"REPLICA_{i}": address for i, address in enumerate(addresses, 1)}
        super().__init__((cli.ROOT / "deploy" / "haproxy.cfg").read_text(), listener, prefix,
                         {"LISTEN": f"unix@{listener}", "ADMIN_SOCKET": self.admin_path,
                          "METRICS_LISTEN": f"unix@{self.metrics_path}", **replicas, **variables})

    def __exit__(self, *_):
        super().__exit__()
        self.sockets.cleanup()

    def admin(self, command):
        """What the runtime API answers."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(START_TIMEOUT)
            connection.connect(self.admin_path)
            connection.sendall(command.encode() + b"\n")
            answer = b""
            while chunk := connection.recv(65536):
                answer += chunk
        return answer.decode().strip()

    def servers(self, backend):
        """{name: {column: value}} of `show stat`; `status` is UP, DOWN, DRAIN, MAINT, …"""
        lines = self.admin(f"show stat {backend} 4 -1").lstrip("# ").splitlines()
        columns = lines[0].split(",")
        rows = (dict(zip(columns, line.split(","))) for line in lines[1:] if line)
        return {row["svname"]: row for row in rows}

    def wait_for(self, backend, server, status, timeout=60):
        """Waits until the server's status begins with `status`; the last one seen."""
        end = time.monotonic() + timeout
        while not (seen := self.servers(backend)[server]["status"]).startswith(status) and time.monotonic() < end:
            time.sleep(0.05)
        return seen
