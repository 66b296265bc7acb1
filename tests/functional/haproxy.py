"""Debian's haproxy between client and server, from a configuration that the test gives."""
import os
import shutil
import socket
import subprocess
import tempfile
import time

BINARY = shutil.which("haproxy", path=os.environ.get("PATH", os.defpath) + ":/usr/sbin")
START_TIMEOUT = 60  # seconds


class HAProxy:
    """`with HAProxy(configuration, port):` runs it until the end; `port` is one that it binds on 127.0.0.1. `prefix` is
    put before the command, such as `ip netns exec NAME`."""

    def __init__(self, configuration, port, prefix=()):
        self.folder = tempfile.TemporaryDirectory()
        path = os.path.join(self.folder.name, "haproxy.cfg")
        with open(path, "w", encoding="utf-8") as file:
            file.write(configuration)
        self.port = port
        self.process = subprocess.Popen([*prefix, BINARY, "-db", "-f", path], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True)

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
                socket.create_connection(("127.0.0.1", self.port), timeout=START_TIMEOUT).close()
                return
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()
        self.folder.cleanup()
