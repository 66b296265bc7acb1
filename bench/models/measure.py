#!/usr/bin/python3
"""Milliseconds an image and a text, of every family of models in its published sizes, in each precision and quantised.

Weights are synthetic: speed does not depend on them. The tiers of one model run in turn, round by round, so that what
else the machine does meets all of them alike; each prints the median of its rounds and is compared with float32's
embedding, for a wrong one has no time.

    bench/models/run.sh [--models NAME,...] [--rounds N] [--threads N]
"""
import argparse
import json
import math
import os
import shutil
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "reference"))
import encoders  # noqa: E402
import synthetic  # noqa: E402

CLIP = ("MobileCLIP2-S0", "MobileCLIP2-S2", "MobileCLIP2-S3", "MobileCLIP2-S4", "MobileCLIP2-B", "MobileCLIP2-L-14", "ViT-B-32-quickgelu",
        "ViT-B-32", "ViT-B-16", "ViT-L-14")
BERT = dict(model_type="bert", vocab_size=30522, hidden_size=768, num_hidden_layers=12, num_attention_heads=12, intermediate_size=3072, hidden_act="gelu",
            max_position_embeddings=512, type_vocab_size=2, pad_token_id=0)
ENCODERS = {
    "MiniLM-L6 (BERT 6 x 384)": dict(BERT, hidden_size=384, num_hidden_layers=6, intermediate_size=1536),
    "BGE, E5, GTE small (BERT 12 x 384)": dict(BERT, hidden_size=384, intermediate_size=1536),
    "BGE, E5, GTE base (BERT 12 x 768)": BERT,
    "BGE, E5, GTE large (BERT 24 x 1024)": dict(BERT, hidden_size=1024, num_hidden_layers=24, num_attention_heads=16, intermediate_size=4096),
    "DistilBERT": dict(model_type="distilbert", vocab_size=30522, dim=768, n_layers=6, n_heads=12, hidden_dim=3072, max_position_embeddings=512,
                       pad_token_id=0),
    "multilingual E5 base (XLM-R 12 x 768)": dict(BERT, model_type="xlm-roberta", vocab_size=250002, max_position_embeddings=514, type_vocab_size=1,
                                                  pad_token_id=1),
    "MPNet base": dict(BERT, model_type="mpnet", vocab_size=30527, max_position_embeddings=514, relative_attention_num_buckets=32, pad_token_id=1),
    "DeBERTa v3 base": dict(BERT, model_type="deberta-v2", vocab_size=128100, type_vocab_size=0, relative_attention=True, position_buckets=256,
                            max_relative_positions=-1, norm_rel_ebd="layer_norm", share_att_key=True, pos_att_type=["p2c", "c2p"],
                            position_biased_input=False),
    "ModernBERT base": dict(model_type="modernbert", vocab_size=50368, hidden_size=768, num_hidden_layers=22, num_attention_heads=12,
                            intermediate_size=1152, max_position_embeddings=8192, pad_token_id=50283),
    "MobileBERT": dict(model_type="mobilebert", vocab_size=30522, hidden_size=512, num_hidden_layers=24, num_attention_heads=4, intermediate_size=512,
                       hidden_act="relu", max_position_embeddings=512, type_vocab_size=2, pad_token_id=0, embedding_size=128),
}
TIERS = ("fp32", "bf16", "int8")
QUANTIZED = ("8 bits, bf16", "4 bits, bf16")
# Cosine with float32's embedding, below which a tier's time is not printed. Wrong products give nearly 0; MobileBERT, whose layers are not
# normalised, carries each rounding on where weights were not trained. What the tiers promise is held to by tests/golden.
WRONG = 0.5


def write_encoder(directory, config):
    os.makedirs(directory)
    with open(os.path.join(directory, "config.json"), "w") as file:
        json.dump(config, file)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + [f"w{i}" for i in range(config["vocab_size"] - 5)]
    with open(os.path.join(directory, "vocab.txt"), "w") as file:
        file.writelines(word + "\n" for word in words)
    tensors = {name: synthetic.tensor(name, shape, 7) for name, shape in encoders.shapes(config).items()}
    synthetic.save_safetensors(os.path.join(directory, "model.safetensors"), tensors)


class Runner:
    def __init__(self, binary, model, threads, precision):
        self.process = subprocess.Popen([binary, model, str(threads), "auto", precision], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._line()

    def run(self, request):
        """Milliseconds, and the first embedding."""
        self.process.stdin.write(request + "\n")
        self.process.stdin.flush()
        took, *embedding = map(float, self._line().split())
        return took, embedding

    def _line(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("mobileclip-engine-runner ended")
        return line

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b)) / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


def measure(runners, request, items, rounds):
    """Tier -> milliseconds an item."""
    times = {tier: [] for tier in runners}
    for _ in range(rounds):
        exact = None
        for tier, runner in runners.items():
            took, embedding = runner.run(request)
            exact = exact or embedding
            if cosine(exact, embedding) < WRONG:
                raise SystemExit(f"{tier}, {request}: cosine {cosine(exact, embedding)} with fp32")
            times[tier].append(took / items)
    return {tier: statistics.median(took) for tier, took in times.items()}


def row(name, what, times):
    cells = [f"{times['fp32']:.1f}"] + [f"{times[t]:.1f} ({times['fp32'] / times[t]:.2f}x)" if t in times else "" for t in TIERS[1:] + QUANTIZED]
    print(f"| {name} | {what} | " + " | ".join(cells) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "bench"))
    parser.add_argument("--models", help="names, comma-separated; all of them otherwise", default="")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    server, runner = (os.path.join(args.build, name) for name in ("mobileclip-server", "mobileclip-engine-runner"))
    work = os.path.join(args.build, "models")
    wanted = [name for name in args.models.split(",") if name] or [*CLIP, *ENCODERS]
    print("| model | an item | " + " | ".join(TIERS + QUANTIZED) + " |\n" + "|---" * 7 + "|", flush=True)
    for name in wanted:
        shutil.rmtree(work, ignore_errors=True)  # several models would fill a disk
        os.makedirs(work)
        full, clip = os.path.join(work, "full"), name in CLIP
        if clip:
            subprocess.run([server, "synthesize", name, full], check=True, stdout=subprocess.DEVNULL)
        else:
            write_encoder(full, ENCODERS[name])
        models = {tier: (full, tier) for tier in TIERS}
        for tier in QUANTIZED:
            out = os.path.join(work, tier[0])
            subprocess.run([server, "quantize", full, out, "--bits", tier[0]], check=True, stdout=subprocess.DEVNULL)
            models[tier] = (out, "bf16")
        runners = {tier: Runner(runner, *[model, args.threads, precision]) for tier, (model, precision) in models.items()}
        if clip:
            row(name, "image", measure({tier: runners[tier] for tier in TIERS}, "image 4", 4, args.rounds))
            row(name, "text", measure(runners, "text 8", 8, args.rounds))
        else:
            for length in (16, 128):
                row(name, f"text of {length} tokens", measure(runners, f"tokens 8 {length}", 8, args.rounds))
        for each in runners.values():
            each.close()
    shutil.rmtree(work, ignore_errors=True)


main()
