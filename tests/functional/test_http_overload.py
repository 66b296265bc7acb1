"""More work than there is room or time for: who is refused, who is not held up."""
import concurrent.futures
import socket
import time
import unittest

import harness
from cli import patience
from harness import json_of

HEAD = b"POST /embed/image HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"


class Bodies(harness.ServerTest):
    """The bodies of all requests together are bounded."""

    FLAGS = ("--max-body-bytes=1MiB", "--max-bodies-bytes=1MiB")

    def has_room_for(self, size):
        """Whether a body of that size would be read now. None of it is sent: it might take the room that another is
        about to need."""
        with self.server.socket() as asking:
            asking.sendall((HEAD % size)[:-2] + b"Expect: 100-continue\r\n\r\n")
            answer = asking.recv(100)
            asking.shutdown(socket.SHUT_WR)
            while asking.recv(65536):
                pass
        return answer.startswith(b"HTTP/1.1 100 ")

    def test_429_while_others_hold_the_memory(self):
        first, second = bytes(1_000_000), bytes(500_000)
        with self.server.socket() as connection:
            connection.sendall(HEAD % len(first) + first[:900_000])
            end = time.monotonic() + 60
            while self.has_room_for(len(second)):
                self.assertLess(time.monotonic(), end, "the first body was never counted")
            refused = self.server.post("/embed/image", "image/png", second)
            self.assert_error(refused, 429, "overloaded")
            self.assertGreaterEqual(int(refused.headers["Retry-After"]), 1)
            self.assertEqual(self.server.get("/health/ready").status, 200)
            self.assertEqual(len(self.server.embed_texts(["what is small still fits"])), 1)
            connection.sendall(first[900_000:])
            self.assertTrue(connection.recv(100).startswith(b"HTTP/1.1 415 "), "the first is read to its end")
        end = time.monotonic() + 60
        while not self.has_room_for(len(second)):
            self.assertLess(time.monotonic(), end, "the first body's memory was never given back")
        self.assert_error(self.server.post("/embed/image", "image/png", second), 415, "unsupported_image")


class Turns(harness.ServerTest):
    FLAGS = ("--threads=1", "--max-batch=4", "--text-cache=0", f"--request-timeout={patience(120):.0f}s")

    def left(self):
        """Texts that are not answered yet."""
        return json_of(self.server.get("/health"))["queue_depth"]["text"]

    def test_a_small_request_is_not_held_up_by_a_bulk_one(self):
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            bulk = pool.submit(self.server.embed_texts, ["one of very many"] * 256)
            self.server.wait_for_metric('mobileclip_queue_depth{lane="text"}', 1)
            left = [self.left()]
            for i in range(3):
                self.assertEqual(len(self.server.embed_texts([f"small request {i}"])), 1)
                left.append(self.left())
            self.assertEqual(len(bulk.result()), 256)
        # The best of three: this process may be held up, too.
        self.assertLess(min(before - after for before, after in zip(left, left[1:]) if after > 0), 64,
                        f"of the bulk request while a small one waited: {left}")


class Deadlines(harness.ServerTest):
    FLAGS = ("--threads=1", "--max-batch=4", f"--request-timeout={patience(10):.0f}s", "--text-cache=0")

    def test_what_is_admitted_is_served(self):
        """Far more than can be served in time: most is refused at once, and little of what is taken expires."""
        for _ in range(3):
            self.server.embed_texts(["a text from which the engine learns how fast it is"] * 16)
        with concurrent.futures.ThreadPoolExecutor(64) as pool:
            replies = list(pool.map(
                lambda _: self.server.post_json("/embed/text", {"texts": ["a text that takes its time"] * 8}).status,
                range(192)))
        self.assertEqual(set(replies) - {200, 429, 504}, set())
        self.assertGreater(replies.count(200), 0)
        self.assertGreater(replies.count(429), replies.count(504))


if __name__ == "__main__":
    unittest.main()
