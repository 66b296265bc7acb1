"""Writes ../golden/stages_<model>.json: activations along the way, so that a wrong layer is found where it is wrong.

    python3 make_stage_goldens.py [--seed 1] [--out ../golden] [MODEL ...]        (needs python3-torch, python3-numpy)

For pattern image 1 (fused form) and text 0 of make_goldens.py, in float64: of each stage that models.py taps, its shape,
its L2 norm, and 61 values spread evenly over it in row-major order, [C, H, W] for images and [T, C] for the text.
"""
import argparse
import json
import os

import torch

import make_goldens as G
import models as M
import synthetic as S

SAMPLES = 61  # prime, so that the stride meets every channel residue


def summary(t):
    flat = t.reshape(-1)
    positions = [i * (flat.numel() - 1) // (SAMPLES - 1) for i in range(SAMPLES)]
    return {"shape": list(t.shape), "norm": float(f"{flat.norm().item():.9g}"),
            "values": [float(f"{flat[p].item():.9g}") for p in positions]}


def stages(name, seed):
    cfg = M.MODELS[name]
    weights = lambda shapes: {k: torch.from_numpy(S.tensor(k, s, seed)).double() for k, s in shapes.items()}
    image, text = {}, {}
    x = G.to_input([G.pattern_image(1, 256)], cfg["mean"], cfg["std"])
    M.encode_image(weights(M.image_shapes(cfg["image"], cfg["embed"], True)), cfg["image"], x, taps=image)
    M.encode_text(weights(M.text_shapes(embed=cfg["embed"], **cfg["text"])), G.padded(G.TEXT_IDS[:1]), taps=text, **cfg["text"])
    return {"model": name, "seed": seed, "image": {k: summary(v[0]) for k, v in image.items()},
            "text": {k: summary(v[0]) for k, v in text.items()}}


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--out", default="../golden")
    ap.add_argument("models", nargs="*", default=["MobileCLIP2-S0", "MobileCLIP2-S3"])
    args = ap.parse_args()
    torch.set_grad_enabled(False)
    for name in args.models:
        with open(os.path.join(args.out, f"stages_{name}.json"), "w") as f:
            json.dump(stages(name, args.seed), f)


if __name__ == "__main__":
    main()
