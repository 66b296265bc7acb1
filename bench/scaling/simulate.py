"""What replicas behind a balancer do that this machine has no room for: requests arrive at random (Poisson), each is computed
by one thread of one replica in `--service` seconds, and waits there or in the balancer until one is free.

    python3 bench/scaling/simulate.py --replicas 1,3,10,100 --threads 4 --service 0.026

Three ways to choose a replica: the one with the fewest requests (deploy/haproxy.cfg), that of a hash of the content with at
most 1.5 times the mean load (its `by_content`), and any (what a Kubernetes Service does with connections). Times are in
service times; everything comes from the seed.
"""
import argparse
import bisect
import heapq
import random

BOUND = 1.5        # hash-balance-factor 150
REQUESTS = 40_000  # a line of the table
POINTS = 100       # of a replica on the hash ring


def fewest(busy, _):
    return min(range(len(busy)), key=busy.__getitem__)


def anyone(busy, rng):
    return rng.randrange(len(busy))


def by_content(count, rng):
    """Consistent hashing with bounded loads: on from the content's place to the first replica with room."""
    ring = sorted((rng.random(), replica) for replica in range(count) for _ in range(POINTS))
    places = [place for place, _ in ring]

    def choose(busy, rng):
        bound = BOUND * (sum(busy) + 1) / count
        at = bisect.bisect(places, rng.random())
        for step in range(len(ring)):
            replica = ring[(at + step) % len(ring)][1]
            if busy[replica] + 1 <= max(1, bound):
                return replica
        return fewest(busy, rng)
    return choose


def latencies(choose, replicas, threads, load, rng):
    """Of REQUESTS requests from arrival to answer, sorted, in service times. A replica computes in order of arrival."""
    free = [[0.0] * threads for _ in range(replicas)]  # when each thread is next free, a heap a replica
    busy = [0] * replicas
    leaving = []  # (time, replica)
    now, found = 0.0, []
    for _ in range(REQUESTS):
        now += rng.expovariate(load * replicas * threads)
        while leaving and leaving[0][0] <= now:
            busy[heapq.heappop(leaving)[1]] -= 1
        replica = choose(busy, rng)
        done = max(now, heapq.heappop(free[replica])) + 1.0
        heapq.heappush(free[replica], done)
        heapq.heappush(leaving, (done, replica))
        busy[replica] += 1
        found.append(done - now)
    return sorted(found[REQUESTS // 10:])  # without the start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replicas", default="1,3,10,100")
    parser.add_argument("--threads", type=int, default=4, help="of a replica")
    parser.add_argument("--service", type=float, default=0.026, help="seconds of one thread for one embedding")
    parser.add_argument("--loads", default="0.6,0.8,0.9", help="of what all threads together can do")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    print("replicas  load  requests/s   fewest p50/p99   by content p50/p99   any p50/p99")
    for replicas in map(int, args.replicas.split(",")):
        for load in map(float, args.loads.split(",")):
            cells = []
            for make in (lambda rng: fewest, lambda rng: by_content(replicas, rng), lambda rng: anyone):
                rng = random.Random(args.seed)
                times = latencies(make(rng), replicas, args.threads, load, rng)
                cells.append(f"{times[len(times) // 2]:.1f} / {times[len(times) * 99 // 100]:.1f}")
            rate = load * replicas * args.threads / args.service
            print(f"{replicas:8}  {load:.1f}  {rate:10.0f}   {cells[0]:>14}   {cells[1]:>18}   {cells[2]:>11}", flush=True)


if __name__ == "__main__":
    main()
