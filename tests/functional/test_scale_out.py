"""deploy/haproxy.cfg: replicas on hosts of their own, added, drained, stopped, killed and cut off under load. No request
may be lost; as embeddings may be asked for again, of another replica, not even those in flight on what fails. Only what
HAProxy does not hold whole, larger than its buffer, would be."""
import collections
import contextlib
import json
import random
import signal
import threading
import time
import unittest

import cli
import harness
import haproxy
import network
import png
from harness import json_of

BACKEND = "least_connections"
PORT = 8080
JSON = {"Content-Type": "application/json"}
BUFFER = 262144  # tune.bufsize

Question = collections.namedtuple("Question", "path content_type body")


def text_question(i):
    return Question("/embed/text", "application/json", json.dumps({"text": f"text number {i}"}).encode())


def large_question():
    """More than the buffer: HAProxy can send it once only."""
    width, height = 400, 300
    noise = png.encode(width, height, random.Random(1).randbytes(width * height * 3))
    assert len(noise) > BUFFER
    return Question("/embed/image", "image/png", noise)


class Replica(harness.Server):
    """On a host of the star; the test asks it through a Unix-domain socket, HAProxy by its address."""

    def __init__(self, star, host):
        self.HOST, self.WITHIN = star.address(host), star.within(host)
        self._path = cli.scratch() / f"{host}.sock"
        # Two seconds of failing health checks, and one more.
        super().__init__("--host", self.HOST, "--unix-socket", self._path, "--threads=1", "--text-cache=0",
                         "--shutdown-delay=3s", port=PORT)

    def connect(self):
        return harness.UnixConnection(self._path)


class Load:
    """Clients that each send one request after another through HAProxy, and remember what came of each."""

    CLIENTS = 6

    def __init__(self, proxy, golden):
        self._proxy, self._golden = proxy, list(golden.items())
        self.outcomes = collections.Counter()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._client, args=(i,), daemon=True) for i in range(self.CLIENTS)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(120)

    def _client(self, turn):
        while not self._stop.is_set():
            question, answer = self._golden[turn % len(self._golden)]
            self.outcomes[self._ask(question, answer)] += 1
            turn += 1

    def _ask(self, question, answer):
        connection = self._proxy.connect(timeout=120)
        try:
            reply = harness.exchange(connection, "POST", question.path, question.body,
                                     {"Content-Type": question.content_type})
            if reply.status != 200:
                return f"{question.path}: {reply.status} {reply.body[:200]}"
            return "right" if json_of(reply)["embeddings"][0] == answer else "another embedding"
        except OSError as error:
            return f"{question.path}: {error!r}"
        finally:
            connection.close()

    def wait_for(self, count, timeout=120):
        """Whether so many more requests are answered right."""
        wanted = self.outcomes["right"] + count
        end = time.monotonic() + timeout
        while self.outcomes["right"] < wanted and time.monotonic() < end:
            time.sleep(0.02)
        return self.outcomes["right"] >= wanted


@unittest.skipUnless(haproxy.BINARY, "needs Debian's haproxy")
class ScaleOut(unittest.TestCase):
    """The methods run in the order of their names, each with the replicas that the one before left."""

    @classmethod
    def setUpClass(cls):
        network.require()
        cls.star = network.Star()
        cls.addClassCleanup(cls.star.close)
        cls.replicas = {}
        for host in ("r1", "r2", "r3"):
            cls.star.add_host(host)
            cls.start_replica(host)
        cls.addresses = [f"{cls.star.address(host)}:{PORT}" for host in cls.replicas]
        cls.proxy = cls.enterClassContext(haproxy.FleetProxy(cls.addresses, cls.star.within()))
        questions = [text_question(i) for i in range(8)]
        cls.small = {question: cls.answer(question) for question in questions}
        cls.mixed = {large_question(): cls.answer(large_question()), **cls.small}

    @classmethod
    def answer(cls, question):
        return json_of(cls.replicas["r1"].post(*question))["embeddings"][0]

    @classmethod
    def start_replica(cls, host):
        cls.replicas[host] = Replica(cls.star, host)
        cls.addClassCleanup(cls.replicas[host].end)
        return cls.replicas[host]

    def assert_nothing_lost(self, load):
        self.assertEqual(set(load.outcomes), {"right"}, load.outcomes)

    def embedded(self, host):
        metrics = self.replicas[host].metrics()
        return metrics["mobileclip_texts_total"] + metrics["mobileclip_images_total"]

    def test_1_replicas_share_the_work(self):
        before = {host: self.embedded(host) for host in self.replicas}
        with Load(self.proxy, self.mixed) as load:
            self.assertTrue(load.wait_for(60))
        self.assert_nothing_lost(load)
        shares = {host: self.embedded(host) - before[host] for host in self.replicas}
        self.assertEqual(sum(shares.values()), load.outcomes["right"])
        # How evenly is a matter of how fast each of them is here and now.
        self.assertGreater(min(shares.values()), 0, shares)

    def test_1_equal_contents_find_the_same_replica(self):
        def server_of(question):
            before = proxy.servers("by_content")
            with contextlib.closing(proxy.connect()) as connection:
                for _ in range(3):
                    reply = harness.exchange(connection, "POST", question.path, question.body, JSON)
                    self.assertEqual(reply.status, 200)
            after = proxy.servers("by_content")
            used = [name for name in after if after[name]["stot"] != before[name]["stot"]]
            self.assertEqual(len(used), 1, used)
            return used[0]

        with haproxy.FleetProxy(self.addresses, self.star.within(), BALANCE="by_content") as proxy:
            homes = {question: server_of(question) for question in map(text_question, range(12))}
            self.assertGreater(len(set(homes.values())), 1)
            gone = homes[text_question(0)]
            proxy.admin(f"set server by_content/{gone} state maint")
            for question, home in homes.items():
                if home == gone:
                    self.assertNotEqual(server_of(question), gone)
                else:
                    self.assertEqual(server_of(question), home)

    def test_2_one_is_added(self):
        with Load(self.proxy, self.mixed) as load:
            self.assertTrue(load.wait_for(10))
            self.star.add_host("r4")
            added = self.start_replica("r4")
            self.assertIn("registered", self.proxy.admin(
                f"add server {BACKEND}/replica4 {self.star.address('r4')}:{PORT} check inter 1s fall 2 rise 1 maxconn 64"))
            self.proxy.admin(f"enable health {BACKEND}/replica4")
            self.proxy.admin(f"enable server {BACKEND}/replica4")
            self.assertGreaterEqual(added.wait_for_metric("mobileclip_texts_total", 5), 5)
        self.assert_nothing_lost(load)

    def test_3_one_is_drained_and_removed(self):
        with Load(self.proxy, self.mixed) as load:
            self.assertTrue(load.wait_for(10))
            self.proxy.admin(f"set server {BACKEND}/replica4 state drain")
            end = time.monotonic() + 30
            while self.proxy.servers(BACKEND)["replica4"]["scur"] != "0" and time.monotonic() < end:
                time.sleep(0.05)
            self.replicas["r4"].signal()
            self.assertEqual(self.replicas["r4"].wait(), 0)
            self.proxy.admin(f"set server {BACKEND}/replica4 state maint")
            self.assertIn("deleted", self.proxy.admin(f"del server {BACKEND}/replica4"))
            self.assertTrue(load.wait_for(10))
        self.assert_nothing_lost(load)

    def test_4_one_stops_and_comes_back(self):
        """SIGTERM, as systemd sends it, and nobody tells HAProxy."""
        with Load(self.proxy, self.mixed) as load:
            self.assertTrue(load.wait_for(10))
            self.replicas["r3"].signal()
            self.assertEqual(self.replicas["r3"].wait(), 0)
            self.assertTrue(self.proxy.wait_for(BACKEND, "replica3", "DOWN").startswith("DOWN"))
            again = self.start_replica("r3")
            self.assertEqual(self.proxy.wait_for(BACKEND, "replica3", "UP"), "UP")
            self.assertGreaterEqual(again.wait_for_metric("mobileclip_texts_total", 5), 5)
        self.assert_nothing_lost(load)

    def test_5_one_is_killed(self):
        with Load(self.proxy, self.small) as load:
            self.assertTrue(load.wait_for(10))
            self.replicas["r3"].signal(signal.SIGKILL)
            self.assertEqual(self.replicas["r3"].wait(), -signal.SIGKILL)
            self.assertTrue(load.wait_for(30))
        self.assert_nothing_lost(load)
        self.assertTrue(self.proxy.wait_for(BACKEND, "replica3", "DOWN").startswith("DOWN"))

    def test_6_one_is_cut_off(self):
        """With requests on it whose answers never come: keep-alive probes find out."""
        with Load(self.proxy, self.small) as load:
            self.assertTrue(load.wait_for(10))
            self.replicas["r2"].wait_for_metric("mobileclip_requests_in_flight", 2)
            self.star.cut("r2")
            self.assertTrue(load.wait_for(30))
            self.assertTrue(self.proxy.wait_for(BACKEND, "replica2", "DOWN").startswith("DOWN"))
        self.assert_nothing_lost(load)


if __name__ == "__main__":
    unittest.main()
