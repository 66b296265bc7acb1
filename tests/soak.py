"""Mixed good, bad, slow and aborted traffic against a server of its own, by hand and for as long as wanted: prints the
server's resident memory and descriptors as a curve and fails where either grows, or the server answers what it should
not. Warmed up for a tenth of the time (at least 20 s), then the last third is compared with the first.

    MOBILECLIP_BINARY=build/release/mobileclip-server tests/soak.py --minutes 60 [--csv FILE] [SERVER FLAG ...]
"""
import argparse
import collections
import json
import os
import pathlib
import random
import socket
import statistics
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "functional"))
import cli  # noqa: E402
import harness  # noqa: E402

GROWTH_BYTES = 24 << 20   # of the medians of the first and the last third: more is a leak
GROWTH_DESCRIPTORS = 8
LOST = (ConnectionError, TimeoutError, OSError)


def resident_bytes(pid):
    pages = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


class Traffic:
    """What clients do. Each method of KINDS is one request; it returns what came of it: a status, or "left"."""

    def __init__(self, server, seed):
        self.server = server
        self.random = random.Random(seed)
        self.images = [harness.photo(i, 32 + 40 * i, 48 + 30 * i) for i in range(12)]
        folder = cli.SHARED / "data" / "hostile" / "images"
        self.damaged = [file.read_bytes() for file in sorted(folder.iterdir())] if folder.is_dir() else []
        self.damaged += [image[:self.random.randrange(len(image))] for image in self.images]

    def words(self):
        return " ".join(self.random.choice(["a", "cat", "photo", "of", "ünï", "🙂", "1234"])
                        for _ in range(self.random.randrange(1, 120)))

    # Good: 200, or where too many ask at once 429, 503 and 504.
    def texts(self):
        return self.server.post_json("/embed/text", {"texts": [self.words() for _ in range(4)]}).status

    def image(self):
        return self.server.post("/embed/image", "image/png", self.random.choice(self.images)).status

    def form(self):
        kind, body = harness.form(*(("image", f"{i}.png", self.random.choice(self.images)) for i in range(3)))
        return self.server.post("/embed/image", kind, body).status

    def similarity(self):
        image = harness.in_base64(self.random.choice(self.images))
        return self.server.post_json("/similarity", {"images": [image], "texts": [self.words()]}).status

    def bulk(self):
        lines = [{"text": self.words()}, {"image": harness.in_base64(self.random.choice(self.images))}, {"no": 1}]
        body = "".join(json.dumps(line) + "\n" for line in lines)
        return self.server.post("/embed/batch", "application/x-ndjson", body).status

    def metrics(self):
        return self.server.get("/metrics").status

    # Bad: 4xx.
    def damaged_image(self):
        return self.server.post("/embed/image", "application/octet-stream", self.random.choice(self.damaged)).status

    def bad_json(self):
        return self.server.post_json("/embed/text", self.random.choice(["{", "[[[[", '{"texts": 5}', "\0", '{"a": 1}'])).status

    def no_http(self):
        answer = self.server.raw(self.random.choice([b"\x16\x03\x01\0\xff\r\n\r\n", b"GET / HTTP/1.1\r\nX : y\r\n\r\n",
                                                     b"POST /embed/text HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 2\r\n\r\n"]))
        return int(answer.split()[1]) if answer else "left"

    # Slow and aborted: the client has what it deserves, nobody else notices.
    def aborted(self):
        body = json.dumps({"texts": [self.words() for _ in range(20)]}).encode()
        head = b"POST /embed/text HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        message = head % len(body) + body
        with self.server.socket() as connection:
            connection.sendall(message[:self.random.randrange(1, len(message) + 1)])
        return "left"

    def slow(self):
        message = b"POST /embed/text HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 13\r\n" \
                  b"Connection: close\r\n\r\n{\"text\": \"a\"}"
        with self.server.socket() as connection:
            for at in range(0, len(message), 16):
                connection.sendall(message[at:at + 16])
                time.sleep(0.05)
            return int(connection.recv(4096).split()[1])

    def unread(self):
        with self.server.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            for _ in range(20):
                connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
            time.sleep(0.5)
        return "left"


# What a client does, how often, and the answers that are right.
OVERLOAD = {429, 503, 504}
KINDS = [("texts", 6, {200} | OVERLOAD), ("image", 6, {200} | OVERLOAD), ("form", 2, {200} | OVERLOAD),
         ("similarity", 2, {200} | OVERLOAD), ("bulk", 2, {200} | OVERLOAD), ("metrics", 1, {200}),
         ("damaged_image", 6, {200, 400, 413, 415, 422} | OVERLOAD), ("bad_json", 3, {400}),
         ("no_http", 1, {400, "left"}), ("aborted", 4, {"left"}), ("slow", 1, {200, 408} | OVERLOAD), ("unread", 1, {"left"})]


def client(server, seed, end, counts, wrong):
    traffic = Traffic(server, seed)
    names, weights, _ = zip(*KINDS)
    expected = {name: answers for name, _, answers in KINDS}
    while time.monotonic() < end and not wrong:
        name = traffic.random.choices(names, weights)[0]
        try:
            answer = getattr(traffic, name)()
        except LOST as error:
            answer = type(error).__name__
        counts[name, answer] += 1
        if answer not in expected[name]:
            wrong.append(f"{name}: {answer}, expected one of {sorted(map(str, expected[name]))}")


def bar(value, most):
    return "#" * round(50 * value / most)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--clients", type=int, default=12)
    parser.add_argument("--csv", type=pathlib.Path, help="the curve: seconds, bytes, descriptors")
    args, flags = parser.parse_known_args()

    counts, wrong, curve = collections.Counter(), [], []
    # A small cache is full soon; the default's filling would be taken for a leak.
    with harness.Server("--text-cache=1MiB", *flags) as server:
        start = time.monotonic()
        end = start + args.minutes * 60
        warm = start + max(20, args.minutes * 6)
        threads = [threading.Thread(target=client, args=(server, seed, end, counts, wrong), daemon=True)
                   for seed in range(args.clients)]
        for thread in threads:
            thread.start()
        while time.monotonic() < end and not wrong and server.process.poll() is None:
            time.sleep(min(5, max(0, end - time.monotonic())))
            try:
                curve.append((time.monotonic() - start, resident_bytes(server.process.pid),
                              descriptors(server.process.pid)))
            except OSError:
                break
        for thread in threads:
            thread.join(60)
        if server.process.poll() is not None:
            wrong.append(f"the server ended with {server.process.returncode}:\n" + "".join(server.log[-20:]))

    most = max(size for _, size, _ in curve)
    for seconds, size, files in curve[::max(1, len(curve) // 40)]:
        print(f"{seconds:7.0f} s  {size / 2**20:7.1f} MiB  {files:4} descriptors  {bar(size, most)}")
    for (name, answer), count in sorted(counts.items(), key=str):
        print(f"{count:8}  {name}: {answer}")
    if args.csv:
        args.csv.write_text("".join(f"{seconds:.0f},{size},{files}\n" for seconds, size, files in curve))

    settled = [point for point in curve if start + point[0] >= warm]
    third = len(settled) // 3
    if third == 0:
        wrong.append("too short a run to say whether anything grows")
    else:
        first, last = settled[:third], settled[-third:]
        for what, column, allowed in (("resident bytes", 1, GROWTH_BYTES), ("descriptors", 2, GROWTH_DESCRIPTORS)):
            before, after = (statistics.median(point[column] for point in part) for part in (first, last))
            print(f"{what}: {before:.0f} in the first third, {after:.0f} in the last")
            if after - before > allowed:
                wrong.append(f"{what} grew by {after - before:.0f}, more than {allowed}")
    for problem in wrong:
        print("WRONG:", problem)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
