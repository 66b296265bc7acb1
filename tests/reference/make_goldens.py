"""Writes ../golden/<model>.json: what the reference gives for synthetic weights and fixed inputs.

    python3 make_goldens.py [--seed 1] [--out ../golden] [MODEL ...]        (needs python3-torch, python3-numpy)

Each file holds, for the fused image form ("image"), the train form ("image_train_form", MCi towers only) and the
text tower ("text"): the embeddings before normalisation, computed in float64 and written with 9 digits, and beside them
`float32_error`, the relative L2 error that the same reference makes in float32: the yardstick for an engine's own.
"""
import argparse
import json
import os

import numpy as np
import torch

import models as M
import synthetic as S
import vit as V


def pattern_image(k: int, size: int) -> np.ndarray:
    """uint8 [size, size, 3], an integer pattern that any language can make: x, y from 0, c in 0..2."""
    y, x, c = np.meshgrid(np.arange(size), np.arange(size), np.arange(3), indexing="ij")
    v = ((x * (1 + k)) ^ (y * (1 + 2 * k))) + 37 * c * (k + 1) + ((x * y) >> (4 + k % 3))
    return (v & 255).astype(np.uint8)


def to_input(images, mean, std) -> torch.Tensor:
    x = torch.from_numpy(np.stack(images)).double().permute(0, 3, 1, 2) / 255.0
    return (x - torch.tensor(mean, dtype=torch.float64).view(3, 1, 1)) / torch.tensor(std, dtype=torch.float64).view(3, 1, 1)


TEXT_IDS = [  # "a photo of a cat", "a diagram", "Hello, World!", "", and a full window of 77
    [49406, 320, 1125, 539, 320, 2368, 49407],
    [49406, 320, 22697, 49407],
    [49406, 3306, 267, 1002, 256, 49407],
    [49406, 49407],
    [49406] + [320 + 7 * i for i in range(75)] + [49407],
]


def padded(ids) -> torch.Tensor:
    out = torch.zeros(len(ids), M.CONTEXT, dtype=torch.long)
    for i, row in enumerate(ids):
        out[i, : len(row)] = torch.tensor(row)
    return out


def both_precisions(forward, weights):
    """(float64 output, relative L2 error of the float32 output)"""
    exact = forward({k: v.double() for k, v in weights.items()}, torch.float64)
    single = forward(weights, torch.float32).double()
    return exact, ((single - exact).norm(dim=-1) / exact.norm(dim=-1)).max().item()


def rounded(t):
    return [[float(f"{v:.9g}") for v in row] for row in t.tolist()]


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--out", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "../golden"))
    ap.add_argument("--images", type=int, default=4)
    ap.add_argument("models", nargs="*", default=list(M.MODELS) + list(V.MODELS))
    args = ap.parse_args()
    os.makedirs(args.out, exist_ok=True)
    torch.set_grad_enabled(False)
    for name in args.models:
        cfg = M.MODELS.get(name) or V.MODELS[name]
        size = cfg.get("size", 256)
        images = [pattern_image(k, size) for k in range(args.images)]
        x = to_input(images, cfg["mean"], cfg["std"])
        doc = {"model": name, "seed": args.seed, "image_size": size, "pattern_images": args.images, "mean": cfg["mean"], "std": cfg["std"], "text_ids": TEXT_IDS}
        if name in V.MODELS:   # one form; "quick_gelu" says which activation
            doc["quick_gelu"] = cfg.get("quick_gelu", False)
            forms = {"image": (V.image_shapes(name), lambda w, t: V.encode_image(w, name, x.to(t)))}
        else:
            forms = {key: (M.image_shapes(cfg["image"], cfg["embed"], fused), lambda w, t: M.encode_image(w, cfg["image"], x.to(t)))
                     for key, fused in (("image", True), ("image_train_form", False))}
        for key, (shapes, forward) in forms.items():
            w = {k: torch.from_numpy(S.tensor(k, s, args.seed)) for k, s in shapes.items()}
            out, err = both_precisions(forward, w)
            doc[key] = {"tensors": len(w), "parameters": sum(v.numel() for v in w.values()), "float32_error": err, "embeddings": rounded(out)}
            print(name, key, len(w), f"float32_error={err:.2e}", "norms", [round(v, 3) for v in out.norm(dim=-1).tolist()],
                  "cosine of images 0 and 1: %.4f" % torch.cosine_similarity(out[:1], out[1:2]).item())
        w = {k: torch.from_numpy(S.tensor(k, s, args.seed)) for k, s in M.text_shapes(embed=cfg["embed"], **cfg["text"]).items()}
        out, err = both_precisions(lambda w, t: M.encode_text(w, padded(TEXT_IDS), quick_gelu=cfg.get("quick_gelu", False), **cfg["text"]), w)
        doc["text"] = {"tensors": len(w), "parameters": sum(v.numel() for v in w.values()), "float32_error": err, "embeddings": rounded(out)}
        print(name, "text", len(w), f"float32_error={err:.2e}")
        with open(os.path.join(args.out, name + ".json"), "w") as f:
            json.dump(doc, f)


if __name__ == "__main__":
    main()
