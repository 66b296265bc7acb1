"""Texts that come at random times to a running server while others keep it busy with images; latencies in milliseconds.

    text_under_flood.py --port PORT --image FILE [--connections N] [--rate R] [--seconds S] [--seed N]

The same seed sends the texts at the same times, so that two servers can be compared. Start them without caches:
serve --text-cache 0 --image-cache 0.
"""
import argparse
import concurrent.futures
import http.client
import json
import pathlib
import random
import threading
import time


def flood(port, image, stop):
    """How many images one connection got embedded."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    count = 0
    while not stop.is_set():
        connection.request("POST", "/embed/image", image)
        reply = connection.getresponse()
        reply.read()
        if reply.status != 200:
            raise RuntimeError(f"an image got {reply.status}")
        count += 1
    return count


def ask(port, number):
    begun = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("POST", "/embed/text", json.dumps({"texts": [f"{number} dogs and {7 * number} cats"]}),
                       {"Content-Type": "application/json"})
    reply = connection.getresponse()
    reply.read()
    connection.close()
    if reply.status != 200:
        raise RuntimeError(f"a text got {reply.status}")
    return (time.monotonic() - begun) * 1e3


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--image", type=pathlib.Path, required=True)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--rate", type=float, default=10)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--seed", type=int, default=5)
    args = parser.parse_args()
    times = random.Random(args.seed)
    stop = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(args.connections + 64) as pool:
        begun = time.monotonic()
        floods = [pool.submit(flood, args.port, args.image.read_bytes(), stop) for _ in range(args.connections)]
        time.sleep(1)
        texts = []
        due = time.monotonic()
        end = due + args.seconds
        while (due := due + times.expovariate(args.rate)) < end:
            time.sleep(max(0, due - time.monotonic()))
            texts.append(pool.submit(ask, args.port, len(texts)))
        latencies = sorted(text.result() for text in texts)
        stop.set()
        images = sum(one.result() for one in floods) / (time.monotonic() - begun)
    at = lambda part: latencies[int(part * (len(latencies) - 1))]
    print(f"{len(latencies)} texts: p50 {at(.5):.1f}, p90 {at(.9):.1f}, p99 {at(.99):.1f}, max {at(1):.1f} ms; "
          f"{images:.1f} images/s")


if __name__ == "__main__":
    main()
