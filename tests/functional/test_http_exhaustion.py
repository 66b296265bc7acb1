"""Clients that hold what they do not use: slow ones, idle ones, too many of them, more than there are descriptors."""
import os
import resource
import socket
import time
import unittest

import harness
from harness import json_of

HEAD = b"POST /embed/text HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"


def closed(connection, wait=30):
    """Whether the server has ended the connection, or does within `wait` seconds."""
    connection.settimeout(wait)
    try:
        while connection.recv(65536):
            pass
    except ConnectionResetError:
        pass
    except TimeoutError:
        return False
    return True


class Attackers(harness.ServerTest):
    """Sockets of one test, closed with it."""

    def open(self, count, data=b""):
        sockets = []
        for _ in range(count):
            attacker = self.server.socket()
            self.addCleanup(attacker.close)
            if data:
                attacker.sendall(data)
            sockets.append(attacker)
        return sockets

    def assert_serves(self):
        self.assertEqual(self.server.get("/health/ready").status, 200)
        self.assertEqual(len(self.server.embed_texts(["a"])), 1)


class SlowClients(Attackers):
    """Each phase has a time limit of its own, which no byte that trickles in extends."""

    FLAGS = ("--max-connections=300", "--header-timeout=2s", "--body-timeout=2s", "--write-timeout=2s",
             "--idle-timeout=2s")

    def assert_ended_though_fed(self, attackers, byte, feed):
        end = time.monotonic() + 60
        open_ones = list(attackers)
        while open_ones and time.monotonic() < end:
            self.assertEqual(self.server.get("/health/live").status, 200)
            for attacker in list(open_ones):
                try:
                    if feed:
                        attacker.sendall(byte)
                    attacker.setblocking(False)
                    if attacker.recv(65536) == b"":
                        open_ones.remove(attacker)
                except BlockingIOError:
                    pass
                except OSError:
                    open_ones.remove(attacker)
                finally:
                    attacker.setblocking(True)
            time.sleep(0.1)
        self.assertEqual(open_ones, [])
        self.assert_serves()

    def test_slow_heads(self):
        attackers = self.open(200, b"GET /health HTTP/1.1\r\nHost: a\r\nX: ")
        self.assert_ended_though_fed(attackers, b"x", feed=True)

    def test_slow_bodies(self):
        attackers = self.open(200, HEAD + b"Content-Length: 60000000\r\n\r\n{")
        self.assert_ended_though_fed(attackers, b" ", feed=True)

    def test_slow_chunks(self):
        attackers = self.open(200, HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        self.assert_ended_though_fed(attackers, b"1\r\n \r\n", feed=True)

    def test_slow_readers(self):
        attackers = []
        for _ in range(50):
            attacker = socket.socket()
            attacker.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            attacker.connect(("127.0.0.1", self.server.port))
            self.addCleanup(attacker.close)
            attacker.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n" * 2000)
            attackers.append(attacker)
        self.assert_serves()
        unread = 'mobileclip_requests_total{route="/metrics",status="499"}'
        self.assertGreaterEqual(self.server.wait_for_metric(unread, 50), 50)
        self.assert_serves()

    @unittest.skipIf("TSAN_OPTIONS" in os.environ, "ThreadSanitizer takes several times the memory that it watches")
    def test_announced_bodies_take_no_memory(self):
        before = self.server.metrics()["process_resident_memory_bytes"]
        self.open(200, HEAD + b"Content-Length: 60000000\r\n\r\n{")
        after = self.server.metrics()["process_resident_memory_bytes"]
        self.assertLess(after - before, 64 << 20)


class IdleClients(Attackers):
    FLAGS = ("--max-connections=500",)

    def test_many_cost_little_and_the_oldest_go_first(self):
        before = self.server.metrics()["process_resident_memory_bytes"]
        idle = self.open(800)
        after = self.server.metrics()["process_resident_memory_bytes"]
        self.assertLess((after - before) / 500, 64 << 10, "bytes a connection")
        for gone in idle[:250]:
            self.assertTrue(closed(gone))
        idle[-1].sendall(b"GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        self.assertTrue(idle[-1].recv(1000).startswith(b"HTTP/1.1 200 "), "the youngest is still served")
        self.assert_serves()

    def test_begun_requests_make_room_for_whole_ones(self):
        begun = self.open(500, b"GET /health HTTP/1.1\r\nHost:")
        time.sleep(1.1)  # the patience with those who have begun to send
        self.assert_serves()
        begun[0].settimeout(30)
        self.assertTrue(begun[0].recv(1000).startswith(b"HTTP/1.1 503 "), "the oldest is told why")
        self.assertTrue(closed(begun[0]))


@unittest.skipIf("ASAN_OPTIONS" in os.environ, "UBSan's vptr check needs a descriptor, too, or takes objects for damaged")
class Descriptors(Attackers):
    FLAGS = ()

    def leave_descriptors(self, count):
        pid = self.server.process.pid
        in_use = len(os.listdir(f"/proc/{pid}/fd"))
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (in_use + count, before[1]))
        self.addCleanup(resource.prlimit, pid, resource.RLIMIT_NOFILE, before)

    def test_the_last_descriptor_is_as_good_as_any(self):
        self.leave_descriptors(20)
        begun = self.open(20, b"GET /health HTTP/1.1\r\nHost:")
        time.sleep(1.1)  # the patience with those who have begun to send
        for _ in range(3):
            last = self.server.connect()
            last.connect()
            time.sleep(0.2)
            self.assertEqual(self.server.request("GET", "/health/ready", connection=last).status, 200)
            last.close()
        self.assertGreater(sum(not closed(connection, wait=0.1) for connection in begun), 15, "they need not make room")

    def test_running_out_of_descriptors_is_recovered_from(self):
        self.leave_descriptors(20)
        idle = self.open(100)
        self.assert_serves()  # idle connections make room
        self.assertGreater(sum(not closed(connection, wait=0.1) for connection in idle), 10, "no more than are needed")
        for connection in idle:
            connection.close()
        self.assert_serves()
        self.assertIn("cannot accept a connection", self.server.wait_for_log("cannot accept a connection"))
        self.assertLess(len([line for line in self.server.log if "cannot accept" in line]), 10, "the log is not flooded")
        self.assertEqual(json_of(self.server.get("/health"))["status"], "ready")


if __name__ == "__main__":
    unittest.main()
