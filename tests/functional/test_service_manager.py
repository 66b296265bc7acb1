"""What a service manager such as systemd sees of the server: notifications, the watchdog, sockets that it passes."""
import http.client
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
import unittest

import cli
import harness

# Starts what comes after it as systemd does: the descriptors in argv[1] become 3, 4, …
ACTIVATE = """
import os, sys
sockets = [os.dup(int(text)) for text in sys.argv[1].split(",")]
for i, descriptor in enumerate(sockets):
    os.dup2(descriptor, 3 + i)
    os.set_inheritable(3 + i, True)
os.environ.update(LISTEN_FDS=str(len(sockets)), LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""


class ServiceTest(unittest.TestCase):

    def start(self, *flags, within=(), **options):
        server = type("Launched", (harness.Server,), {"WITHIN": within})(*flags, **options)
        self.addCleanup(server.end)
        return server


class Notifications(ServiceTest):

    def manager(self, address):
        """A service manager's socket, bound to `address`."""
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(manager.close)
        manager.settimeout(60)
        manager.bind(address)
        return manager

    def path(self):
        folder = tempfile.mkdtemp(dir="/tmp")
        self.addCleanup(shutil.rmtree, folder)
        return os.path.join(folder, "notify")

    @staticmethod
    def receive(manager):
        return dict(line.split("=", 1) for line in manager.recv(4096).decode().split("\n"))

    def test_from_loading_to_stopping(self):
        address = self.path()
        manager = self.manager(address)
        server = self.start(env={"NOTIFY_SOCKET": address})
        self.assertEqual(self.receive(manager), {"STATUS": "loading the models"})
        ready = self.receive(manager)
        self.assertEqual(ready["READY"], "1")
        self.assertRegex(ready["STATUS"], r"^serving MobileCLIP2-S0 on http://127\.0\.0\.1:\d+$")
        self.assertEqual(server.get("/health/ready").status, 200)

        before = time.monotonic_ns() // 1000
        server.signal(signal.SIGHUP)
        reloading = self.receive(manager)
        self.assertEqual(reloading["RELOADING"], "1")
        self.assertTrue(before <= int(reloading["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000, reloading)
        self.assertEqual(self.receive(manager), ready)

        server.signal(signal.SIGTERM)
        self.assertEqual(self.receive(manager)["STOPPING"], "1")
        self.assertEqual(server.wait(), 0)

    def test_is_ready_no_sooner_than_its_port(self):
        manager = self.manager("\0mobileclip-test-%d" % os.getpid())
        address = "@mobileclip-test-%d" % os.getpid()
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        harness_thread = self.start(f"--port={port}", env={"NOTIFY_SOCKET": address})
        while "READY" not in self.receive(manager):
            pass
        socket.create_connection(("127.0.0.1", port), timeout=60).close()
        self.assertEqual(harness_thread.port, port)

    def test_says_nothing_without_a_watchdog_or_for_another_process(self):
        address = self.path()
        manager = self.manager(address)
        self.start(env={"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "50000", "WATCHDOG_PID": "1"})
        while "READY" not in self.receive(manager):
            pass
        manager.settimeout(0.3)
        with self.assertRaises(TimeoutError):
            self.receive(manager)

    def test_feeds_the_watchdog_also_while_it_drains(self):
        address = self.path()
        manager = self.manager(address)
        server = self.start(env={"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "200000"})
        while "READY" not in self.receive(manager):
            pass
        for _ in range(3):
            self.assertEqual(self.receive(manager), {"WATCHDOG": "1"})
        server.signal(signal.SIGTERM)
        while "STOPPING" not in self.receive(manager):
            pass
        self.assertEqual(self.receive(manager), {"WATCHDOG": "1"})
        self.assertEqual(server.wait(), 0)

    def test_variables_that_make_no_sense(self):
        for name, value, expected in [("NOTIFY_SOCKET", "notify", "expected an absolute path"),
                                      ("NOTIFY_SOCKET", "/no/such/socket", "No such file"),
                                      ("WATCHDOG_USEC", "often", "WATCHDOG_USEC: expected an integer of 1 or more")]:
            with self.subTest(value=value):
                result = cli.run("serve", "--model", cli.demo_model(), "--port=0", env={name: value})
                self.assertEqual((result.returncode, result.stderr.count(b"\n")), (1, 1), result.stderr)
                self.assertIn(expected, result.stderr.decode())


class Activation(ServiceTest):

    def activate(self, *sockets, flags=()):
        numbers = [passed.fileno() for passed in sockets]
        launcher = [sys.executable, "-c", ACTIVATE, ",".join(map(str, numbers))]
        return self.start(*flags, within=launcher, descriptors=numbers)

    def listening(self):
        listening = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listening.close)
        return listening

    def test_clients_wait_for_the_server_and_for_the_next_one(self):
        passed = self.listening()
        for _ in range(2):
            early = http.client.HTTPConnection(*passed.getsockname(), timeout=60)
            self.addCleanup(early.close)
            early.request("GET", "/health/ready")
            server = self.activate(passed)
            self.assertEqual(early.getresponse().status, 200)
            self.assertEqual(server.port, passed.getsockname()[1])
            server.signal(signal.SIGTERM)
            self.assertEqual(server.wait(), 0)

    def test_stand_in_for_host_and_port(self):
        taken = self.listening()
        server = self.activate(self.listening(), flags=[f"--port={taken.getsockname()[1]}"])
        self.assertEqual("".join(server.log).count("listening on"), 1)

    def test_serves_on_every_socket(self):
        folder = tempfile.mkdtemp(dir="/tmp")
        self.addCleanup(shutil.rmtree, folder)
        path = os.path.join(folder, "s")
        with socket.socket(socket.AF_UNIX) as unix:
            unix.bind(path)
            unix.listen()
            server = self.activate(unix, self.listening())
        self.assertIn(f"listening on unix:{path}\n", "".join(server.log))
        self.assertEqual(server.get("/health/ready").status, 200)
        connection = harness.UnixConnection(path)
        self.addCleanup(connection.close)
        connection.request("GET", "/health/ready")
        self.assertEqual(connection.getresponse().status, 200)
        server.signal(signal.SIGTERM)
        self.assertEqual(server.wait(), 0)
        self.assertTrue(os.path.exists(path), "the socket is the service manager's to remove")

    def test_a_socket_that_does_not_listen(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            with self.assertRaisesRegex(RuntimeError, "descriptor 3: expected a listening stream socket"):
                self.activate(datagrams)

    @unittest.skipUnless(shutil.which("systemd-socket-activate"), "needs systemd-socket-activate")
    def test_by_systemd_itself(self):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        early = None

        def poke():  # systemd-socket-activate starts the server upon the first connection
            nonlocal early
            end = time.monotonic() + 60
            while early is None and time.monotonic() < end:
                try:
                    early = socket.create_connection(("127.0.0.1", port), timeout=60)
                except ConnectionRefusedError:
                    time.sleep(0.02)

        import threading
        client = threading.Thread(target=poke)
        client.start()
        server = self.start(within=["systemd-socket-activate", f"--listen=127.0.0.1:{port}"])
        client.join()
        self.addCleanup(early.close)
        early.sendall(b"GET /health/ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        self.assertTrue(early.recv(4096).startswith(b"HTTP/1.1 200"))
        self.assertEqual(server.port, port)


if __name__ == "__main__":
    unittest.main()
