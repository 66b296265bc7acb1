"""quantize: what it writes is what MLX writes, what it wrote is served, and what is wrong is named."""
import json
import shutil
import struct
import unittest

import cli
import sentence_model
from test_cli_model import tensors


def f32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def quantized_row(row, bits, group_size):
    """tests/reference/mlx_quant.py for a row of float32. Doubles, rounded after each operation, give float32's results."""
    top = 2 ** bits - 1
    values, scales, biases = [], [], []
    for begin in range(0, len(row), group_size):
        group = row[begin:begin + group_size]
        low, high = min(group), max(group)
        left = abs(low) > abs(high)
        edge = low if left else high
        scale = max(f32(f32(high - low) / top), f32(1e-7)) * (1 if left else -1)
        zero = round(f32(edge / scale))
        bias = edge if zero else 0.0
        scale = f32(edge / zero) if zero else scale
        values += [min(max(round(f32(f32(w - bias) / scale)), 0), top) for w in group]
        scales.append(scale)
        biases.append(bias)
    per_word = 32 // bits
    words = [sum(q << bits * i for i, q in enumerate(values[at:at + per_word])) for at in range(0, len(values), per_word)]
    return words, scales, biases


class File:
    def __init__(self, path):
        self.header, self.data = tensors(path)
        self.bytes = path.read_bytes()

    def row(self, name, index, kind):
        entry = self.header[name]
        width = entry["shape"][1]
        return list(struct.unpack_from(f"<{width}{kind}", self.bytes, self.data + entry["data_offsets"][0] + 4 * width * index))


class Quantize(unittest.TestCase):
    def test_writes_the_bytes_that_mlx_does_and_reports_how_near_they_come(self):
        texts = cli.scratch() / "texts.txt"
        texts.write_text("a photo of a cat\n\na photo of a dog\r\nthe sea at night\nnine red bicycles\n")
        target = cli.scratch() / "4bit"
        result = cli.run("quantize", cli.demo_model(), target, "--bits", "4", "--group-size", "32", "--calibrate", texts)
        self.assertEqual(result.returncode, 0, result.stderr)
        out = result.stdout.decode()
        self.assertIn("MobileCLIP2-S0, 49 matrices in 4 bits in groups of 32", out)
        self.assertRegex(out, r"cosine: +0\.9\d+ at least, 0\.9\d+ in the mean")
        self.assertRegex(out, r"neighbours: +\d of 4 texts keep their nearest")

        config = json.loads((target / "config.json").read_text())
        self.assertEqual(config["quantization"], {"group_size": 32, "bits": 4, "mode": "affine"})
        self.assertEqual(config["quantization_config"], config["quantization"])

        full = File(cli.demo_model() / "text_encoder_weights.safetensors")
        packed = File(target / "text_encoder_weights.safetensors")
        self.assertEqual(packed.header["__metadata__"]["format"], "mlx")
        module = "transformer.resblocks.7.mlp.c_proj"
        self.assertEqual({leaf: (packed.header[f"{module}.{leaf}"]["dtype"], packed.header[f"{module}.{leaf}"]["shape"])
                          for leaf in ("weight", "scales", "biases", "bias")},
                         {"weight": ("U32", [512, 256]), "scales": ("F32", [512, 64]), "biases": ("F32", [512, 64]),
                          "bias": ("F32", [512])})
        for row in (0, 1, 511):
            words, scales, biases = quantized_row(full.row(module + ".weight", row, "f"), 4, 32)
            self.assertEqual(packed.row(module + ".weight", row, "I"), words)
            self.assertEqual(packed.row(module + ".scales", row, "f"), scales)
            self.assertEqual(packed.row(module + ".biases", row, "f"), biases)

        result = cli.run("inspect", "--summary", target)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        shutil.rmtree(target)

    def test_eight_bits_embed_nearly_as_float32_does(self):
        target = cli.scratch() / "8bit"
        result = cli.run("quantize", cli.demo_model(), target, "--dtype", "bf16")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(b"in 8 bits in groups of 64", result.stdout)
        full, packed = (json.loads(cli.run("embed", "--model", model, "a cat").stdout)["embedding"]
                        for model in (cli.demo_model(), target))
        self.assertGreater(sum(a * b for a, b in zip(full, packed)), 0.999)
        self.assertNotEqual(full, packed)

        result = cli.run("quantize", target, cli.scratch() / "twice")
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"expected a model in full precision", result.stderr)
        self.assertFalse((cli.scratch() / "twice").exists())

        config = target / "config.json"
        config.write_text(config.read_text().replace("affine", "mxfp4"))
        result = cli.run("embed", "--model", target, "a cat")
        self.assertEqual(result.returncode, 1)
        self.assertIn(b'quantization.mode: expected "affine"', result.stderr)
        shutil.rmtree(target)

    def test_a_text_encoder_keeps_its_layout(self):
        sentence_model.WIDTH = sentence_model.HIDDEN = 64  # whole groups
        source, target = cli.scratch() / "bert", cli.scratch() / "bert-8bit"
        source.mkdir()
        sentence_model.write(source, True)
        texts = cli.scratch() / "cats.txt"
        texts.write_text("a cat sat .\na dog\ncats : dogs\n")
        result = cli.run("quantize", source, target, "--bits", "8", "--group-size", "32", "--calibrate", texts)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(b"bert, 15 matrices in 8 bits in groups of 32", result.stdout)
        self.assertRegex(result.stdout.decode(), r"cosine: +0\.999\d+ at least")
        config = json.loads((target / "config.json").read_text())
        self.assertEqual(config["quantization"], {"group_size": 32, "bits": 8, "mode": "affine"})
        self.assertEqual(config["model_type"], "bert")
        file = File(target / "model.safetensors")
        self.assertEqual(file.header["encoder.layer.1.output.dense.weight"]["dtype"], "U32")
        self.assertEqual(sorted(path.name for path in target.iterdir()), sorted(path.name for path in source.iterdir()))

    def test_refuses_what_it_cannot_do_and_leaves_nothing(self):
        target = cli.scratch() / "never"
        for arguments, status, message in ((("--bits", "3"), 2, b"--bits"),
                                           (("--group-size", "48"), 2, b"--group-size"),
                                           (("--calibrate", "/no/such/file"), 1, b"/no/such/file")):
            with self.subTest(arguments=arguments):
                result = cli.run("quantize", cli.demo_model(), target, *arguments)
                self.assertEqual(result.returncode, status)
                self.assertIn(message, result.stderr)
                self.assertFalse(target.exists())


if __name__ == "__main__":
    unittest.main()
