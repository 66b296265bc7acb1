"""Throughput of 1, 2, ... replicas behind deploy/haproxy.cfg, on hosts of their own (network namespaces), and what HAProxy
itself costs. A cgroup holds each replica to a part of a core, so that the machine has room for more of them than cores.

    MOBILECLIP_BINARY=build/release/mobileclip-server python3 bench/scaling/measure.py --replicas 1,2,4,8 --cores 0.1     (as root)
"""
import argparse
import collections
import json
import os
import pathlib
import random
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "functional"))
import cli  # noqa: E402
import harness  # noqa: E402
import haproxy  # noqa: E402
import network  # noqa: E402
import png  # noqa: E402

PERIOD_US = 20_000  # of the quota: short beside an embedding
CLIENTS = 4         # a replica

Question = collections.namedtuple("Question", "path body content_type")


class Quota:
    """A cgroup of its own for each process, version 1 or 2; needs to be root."""

    def __init__(self, name, pid, cores):
        root = pathlib.Path("/sys/fs/cgroup")
        first = (root / "cpu").is_dir()
        self.folder = root / ("cpu" if first else "") / f"mobileclip-{os.getpid()}-{name}"
        self.folder.mkdir()
        quota = int(PERIOD_US * cores)
        if first:
            (self.folder / "cpu.cfs_period_us").write_text(str(PERIOD_US))
            (self.folder / "cpu.cfs_quota_us").write_text(str(quota))
        else:
            (self.folder / "cpu.max").write_text(f"{quota} {PERIOD_US}")
        (self.folder / "cgroup.procs").write_text(str(pid))

    def close(self):
        self.folder.rmdir()


class Replica(harness.Server):
    def __init__(self, star, host, *flags):
        star.add_host(host)
        self.HOST, self.WITHIN = star.address(host), star.within(host)
        super().__init__("--host", self.HOST, "--threads=1", "--precision=int8", *flags, port=8080)


def load(proxy, clients, seconds, question_of):
    """Requests answered, all of them with 200."""
    counts = [0] * clients
    end = time.monotonic() + seconds

    def client(number):
        connection = proxy.connect()
        while time.monotonic() < end:
            question = question_of(number, counts[number])
            reply = harness.exchange(connection, "POST", question.path, question.body,
                                     {"Content-Type": question.content_type})
            assert reply.status == 200, reply
            counts[number] += 1
        connection.close()

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts)


def text(number, count):
    return Question("/embed/text", json.dumps({"text": f"text {number} {count}"}), "application/json")


def image(side):
    noise = png.encode(side, side, random.Random(1).randbytes(side * side * 3))
    return Question("/embed/image", noise, "image/png")


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure_throughput(star, counts, cores, seconds):
    replicas, quotas = [], []
    print("replicas  requests/s  each  of the first's")
    try:
        for number in range(max(counts)):
            replicas.append(Replica(star, f"r{number}", "--text-cache=0"))
            quotas.append(Quota(f"r{number}", replicas[-1].process.pid, cores))
        first = None
        for count in counts:
            # The file has three servers; the others are added as an operator would.
            addresses = [f"{replica.HOST}:{replica.port}" for replica in replicas[:count]]
            with haproxy.FleetProxy((addresses + addresses[:1] * 3)[:3], star.within()) as proxy:
                for number in range(count, 3):
                    proxy.admin(f"set server least_connections/replica{number + 1} state maint")
                for number in range(3, count):
                    server = f"least_connections/replica{number + 1}"
                    proxy.admin(f"add server {server} {addresses[number]} maxconn 64")
                    proxy.admin(f"enable server {server}")
                load(proxy, CLIENTS * count, 2, text)
                rate = load(proxy, CLIENTS * count, seconds, text) / seconds
            first = first or rate / count
            print(f"{count:8}  {rate:10.1f}  {rate / count:4.1f}  {rate / count / first:.2f}", flush=True)
    finally:
        for replica in replicas:
            replica.kill()
        for quota in quotas:
            quota.close()


def measure_proxy(star, seconds):
    """CPU time of HAProxy for a request; the replica answers from its cache, with 7 kB."""
    replica = Replica(star, "cached", "--image-cache=1MiB")
    try:
        with haproxy.FleetProxy([f"{replica.HOST}:{replica.port}"] * 3, star.within()) as proxy:
            for question in (text(0, 0), image(180)):
                load(proxy, CLIENTS, 1, lambda *_: question)
                before = cpu_seconds(proxy.process.pid)
                answered = load(proxy, CLIENTS, seconds, lambda *_: question)
                spent = cpu_seconds(proxy.process.pid) - before
                print(f"HAProxy, requests of {len(question.body)} bytes: {spent / answered * 1e6:.0f} us of CPU time each "
                      f"({answered} requests)")
    finally:
        replica.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replicas", default="1,2,4,8")
    parser.add_argument("--cores", type=float, default=0.1)
    parser.add_argument("--seconds", type=float, default=10)
    args = parser.parse_args()
    star = network.Star()
    try:
        measure_proxy(star, args.seconds)
        measure_throughput(star, [int(count) for count in args.replicas.split(",")], args.cores, args.seconds)
    finally:
        star.close()


if __name__ == "__main__":
    main()
