"""Writes ../golden/encoders/mlx_quant.json: what mlx_quant.py makes of two small matrices.

    python3 make_mlx_goldens.py [--out ../golden/encoders]          (needs python3-numpy)

"even" is synthetic.tensor("even.weight", (4, 256), 1). "edges" is listed: rows of zeros, of one value, of one sign, with one
far value, tiny ones. For each type, width and group size: the packed words, scales, biases (exact decimal digits of their
type) and y = x W' in float64, x = synthetic.tensor("x.weight", (2, columns), 1), with W restored from the packed form.
"""
import argparse
import json

import numpy as np

import mlx_quant as Q
import synthetic as S


def edges() -> np.ndarray:
    i = np.arange(128)
    rows = [np.zeros(128), np.full(128, 0.375), np.full(128, -0.61), (i + 1) / 64.0, -(i + 1) / 48.0, np.sin(i) + 3.0,
            np.where(i == 77, 100.0, np.cos(i)), np.sin(i * i) * 1e-8, np.where(i % 2 == 0, 1.0, -1.0), np.where(i < 64, 0.0, np.sin(i))]
    return np.array([[float(f"{v:.6g}") for v in row] for row in rows]).astype(np.float32)


def numbers(a):
    return [[float(f"{float(v):.9g}") for v in row] for row in a]


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--out", default="../golden/encoders")
    args = ap.parse_args()
    even = S.tensor("even.weight", (4, 256), 1)
    doc = {"edges": numbers(edges()), "cases": []}
    for name, w in (("even", even), ("edges", edges())):
        x = S.tensor("x.weight", (2, w.shape[1]), 1).astype(np.float64)
        for kind, dtype in (("F32", np.float32), ("F16", np.float16)):
            for bits in (4, 8):
                for group in (32, 64, 128):
                    q, s, b = Q.quantize(w.astype(dtype), group, bits)
                    restored = Q.dequantize(q, s.astype(np.float64), b.astype(np.float64), group, bits)
                    doc["cases"].append({"matrix": name, "type": kind, "bits": bits, "group_size": group, "weight": q.tolist(),
                                         "scales": numbers(s), "biases": numbers(b), "product": numbers(x @ restored.T)})
    with open(args.out + "/mlx_quant.json", "w") as f:
        f.write("{\"edges\": " + json.dumps(doc["edges"]) + ",\n \"cases\": [\n  " + ",\n  ".join(json.dumps(c, separators=(",", ":")) for c in doc["cases"]) + "\n]}\n")


if __name__ == "__main__":
    main()
