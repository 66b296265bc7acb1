"""Writes ../golden/vit_heads.json: what vit.py gives for small CLIP ViTs whose heads fill no blocks of 16 channels.

    python3 make_head_goldens.py [--out ../golden]        (needs python3-torch, python3-numpy)

Head widths are ViT-g-14's (88), ViT-bigG-14's (104) and an odd one. Synthetic weights of seed 1 and one pattern image each,
computed in float64 and written with 9 digits, before normalisation.
"""
import argparse
import json
import os

import torch

import models as M
import synthetic as S
import vit as V
from make_goldens import pattern_image, rounded, to_input

EMBED, SIZE, SEED = 48, 56, 1
SHAPES = [dict(width=176, depth=2, heads=2, patch=14), dict(width=208, depth=2, heads=2, patch=14),
          dict(width=144, depth=3, heads=16, patch=14)]


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--out", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "../golden"))
    args = ap.parse_args()
    torch.set_grad_enabled(False)
    x = to_input([pattern_image(0, SIZE)], M.OPENAI_MEAN, M.OPENAI_STD)
    towers = []
    for shape in SHAPES:
        V.CLIP["small"] = shape
        shapes = V.clip_shapes("small", EMBED, SIZE)
        weights = {k: torch.from_numpy(S.tensor(k, s, SEED)).double() for k, s in shapes.items()}
        towers.append({**shape, "embedding": rounded(V.encode_clip(weights, "small", x, quick_gelu=False))[0]})
    doc = {"embed": EMBED, "image_size": SIZE, "seed": SEED, "towers": towers}
    with open(os.path.join(args.out, "vit_heads.json"), "w") as f:
        json.dump(doc, f)
        f.write("\n")


if __name__ == "__main__":
    main()
