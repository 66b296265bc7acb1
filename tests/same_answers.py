"""Starts two builds of the server on one synthetic MobileCLIP2-S0 and compares what they answer, by hand: of another CPU
(deploy/arm64/test.sh), of another compiler, of the version before.

    tests/same_answers.py BINARY BINARY

Embeddings may differ by a relative L2 error of 5e-6, tokens and counts not at all.
"""
import http.client
import math
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "functional"))
import cli  # noqa: E402
import harness  # noqa: E402

TOLERANCE = 5e-6
PATIENCE = 3600  # seconds: one of them may be emulated
# Few: an emulated CPU takes a minute for an image.
TEXTS = ["a cat", "", "naïve ½ ǅ \u200d 東京 🐕"]
IMAGES = [(0, 64, 48), (1, 500, 300)]  # seed, width, height: enlarged and made smaller


def answers(binary, model):
    """{what: a list of vectors, or what must be equal}"""
    cli.BINARY = binary
    with harness.Server("--precision=fp32", "--memory=low", "--max-batch=1", f"--request-timeout={PATIENCE}s",
                        model=model) as server:
        server.connect = lambda: http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
        info = harness.json_of(server.get("/info"))
        print(f"{binary}: {info['isa']}, ready", flush=True)
        health = server.get("/health")
        texts = harness.json_of(server.post_json("/embed/text", {"texts": TEXTS, "normalize": False}))
        images = [harness.json_of(server.post("/embed/image?normalize=false", "image/png", harness.photo(*image)))
                  for image in IMAGES]
    return {"health": health.status, "fingerprint": info["fingerprint"], "tokens": texts["tokens"],
            "truncated": texts["truncated"], "texts": texts["embeddings"],
            "images": [image["embeddings"][0] for image in images]}


def relative_error(a, b):
    return math.dist(a, b) / math.hypot(*b)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    harness.START_TIMEOUT = PATIENCE
    ours, theirs = (os.path.abspath(binary) for binary in sys.argv[1:])
    cli.BINARY = theirs
    model = cli.demo_model()
    theirs, ours = answers(theirs, model), answers(ours, model)
    well = True
    for what, expected in theirs.items():
        if what in ("texts", "images"):
            worst = max(map(relative_error, ours[what], expected))
            well &= worst <= TOLERANCE
            print(f"{what}: relative L2 error {worst:.1e} at most, {TOLERANCE:.0e} allowed")
        else:
            well &= ours[what] == expected
            print(f"{what}: {ours[what]} and {expected}")
    sys.exit(0 if well else "they differ")


if __name__ == "__main__":
    main()
