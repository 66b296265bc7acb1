"""Commands on whole models: synthesize, inspect, convert, embed, selftest."""
import json
import math
import shutil
import struct
import unittest

import cli
import png


def tensors(path):
    """(header, offset of the data) of a safetensors file."""
    with open(path, "rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        return json.loads(file.read(length)), 8 + length


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b)) / norm(a) / norm(b)


def norm(vector):
    return math.sqrt(sum(v * v for v in vector))


class Synthesize(unittest.TestCase):
    def test_writes_the_published_number_of_tensors(self):
        image, _ = tensors(cli.demo_model() / "image_encoder_weights.safetensors")
        text, _ = tensors(cli.demo_model() / "text_encoder_weights.safetensors")
        image.pop("__metadata__", None)
        text.pop("__metadata__", None)
        self.assertEqual((len(image), len(text)), (310, 149))
        self.assertTrue((cli.demo_model() / "tokenizer.json").exists())

    def test_writes_the_recipe_of_the_reference(self):
        # tests/reference/synthetic.py: ln_final.bias[0] of seed 1
        def splitmix64(z):
            mask = (1 << 64) - 1
            z = (z + 0x9E3779B97F4A7C15) & mask
            z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & mask
            z = ((z ^ z >> 27) * 0x94D049BB133111EB) & mask
            return z ^ z >> 31
        key = 0xCBF29CE484222325
        for byte in b"ln_final.bias":
            key = ((key ^ byte) * 0x100000001B3) & ((1 << 64) - 1)
        u = (splitmix64(key ^ 0x9E3779B97F4A7C15) >> 40) / 2 ** 24
        expected = struct.unpack("<f", struct.pack("<f", (2 * u - 1) * 0.1))[0]

        path = cli.demo_model() / "text_encoder_weights.safetensors"
        header, data = tensors(path)
        name = next(name for name in header if name.endswith("ln_final.bias"))
        with open(path, "rb") as file:
            file.seek(data + header[name]["data_offsets"][0])
            self.assertEqual(struct.unpack("<f", file.read(4))[0], expected)

    def test_refuses_an_unknown_model(self):
        result = cli.run("synthesize", "MobileCLIP2-S1", cli.scratch() / "never")
        self.assertEqual(result.returncode, 2)
        self.assertFalse((cli.scratch() / "never").exists())


class Inspect(unittest.TestCase):
    def test_recognises_a_directory(self):
        result = cli.run("inspect", cli.demo_model())
        self.assertEqual(result.returncode, 0, result.stderr)
        out = result.stdout.decode()
        self.assertIn("MobileCLIP2-S0, synthetic: its embeddings mean nothing", out)
        self.assertRegex(out, r"trunk\.stem\.\S*weight +F32 +\[64, ")
        self.assertIn("149 tensors (149 F32), 63,428,096 parameters", out)

    def test_recognises_a_file(self):
        result = cli.run("inspect", "--summary", cli.demo_model() / "image_encoder_weights.safetensors")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("310 tensors", result.stdout.decode())
        self.assertNotIn("trunk.stem", result.stdout.decode())

    def test_says_what_is_wrong(self):
        broken = cli.scratch() / "broken"
        broken.mkdir()
        for name in ("image_encoder_weights.safetensors", "tokenizer.json"):
            (broken / name).symlink_to(cli.demo_model() / name)
        data = (cli.demo_model() / "text_encoder_weights.safetensors").read_bytes()
        (broken / "text_encoder_weights.safetensors").write_bytes(data[:-1])
        result = cli.run("inspect", broken)
        self.assertEqual(result.returncode, 1)
        self.assertIn("text_encoder_weights.safetensors", result.stdout.decode() + result.stderr.decode())
        self.assertEqual(cli.run("inspect", "/no/such/file").returncode, 1)


class Convert(unittest.TestCase):
    def test_halves_a_model_that_then_gives_nearly_the_same(self):
        target = cli.scratch() / "bf16"
        result = cli.run("convert", cli.demo_model(), target, "--dtype", "bf16")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(b"MobileCLIP2-S0", result.stdout)
        size = (cli.demo_model() / "text_encoder_weights.safetensors").stat().st_size
        self.assertLess((target / "text_encoder_weights.safetensors").stat().st_size, size * 0.51)
        whole, half = (json.loads(cli.run("embed", "--model", model, "a cat").stdout)["embedding"]
                       for model in (cli.demo_model(), target))
        self.assertGreater(sum(a * b for a, b in zip(whole, half)), 0.999)
        self.assertNotEqual(whole, half)
        shutil.rmtree(target)


class Embed(unittest.TestCase):
    def embed(self, *arguments):
        result = cli.run("embed", "--model", cli.demo_model(), *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return [json.loads(line) for line in result.stdout.splitlines()]

    def photo(self):
        path = cli.scratch() / "photo.png"
        path.write_bytes(png.encode(40, 30, bytes((x * 5 + y * 3 + c * 90) & 255 for y in range(30) for x in range(40)
                                                  for c in range(3))))
        return path

    def test_tells_images_from_texts(self):
        photo = self.photo()
        lines = self.embed(photo, "a cat", photo, "")
        self.assertEqual([(line["input"], line["kind"]) for line in lines],
                         [(str(photo), "image"), ("a cat", "text"), (str(photo), "image"), ("", "text")])
        self.assertEqual(lines[0]["embedding"], lines[2]["embedding"])
        for line in lines:
            self.assertEqual(len(line["embedding"]), 512)
            self.assertAlmostEqual(norm(line["embedding"]), 1, places=4)
        self.assertEqual(self.embed("--text", photo)[0]["kind"], "text")

    def test_options(self):
        whole, = self.embed("--no-normalize", "a cat")
        self.assertGreater(norm(whole["embedding"]), 2)
        short, = self.embed("--dimensions", "64", "a cat")
        self.assertEqual(len(short["embedding"]), 64)
        self.assertAlmostEqual(norm(short["embedding"]), 1, places=4)
        for tier, least in (("bf16", 0.9999), ("int8", 0.999)):
            rounded, = self.embed("--no-normalize", "--precision", tier, "a cat")
            self.assertNotEqual(rounded["embedding"], whole["embedding"])
            self.assertGreater(cosine(rounded["embedding"], whole["embedding"]), least)
        output = cli.scratch() / "out.jsonl"
        self.assertEqual(self.embed("-o", output, "a cat", "a dog"), [])
        self.assertEqual(len(output.read_text().splitlines()), 2)

    def test_reports_what_fails_and_prints_the_rest(self):
        bad = cli.scratch() / "bad.jpg"
        bad.write_bytes(b"\xff\xd8\xff but no more")
        result = cli.run("embed", "--model", cli.demo_model(), "--image", self.photo(), bad, "/no/such.png")
        self.assertEqual(result.returncode, 1)
        self.assertEqual([json.loads(line)["input"] for line in result.stdout.splitlines()], [str(self.photo())])
        self.assertIn(b"bad.jpg", result.stderr)
        self.assertIn(b"/no/such.png: cannot be read", result.stderr)

    def test_more_inputs_than_a_batch(self):
        lines = self.embed(*[f"text {i % 2}" for i in range(40)])
        self.assertEqual([line["input"] for line in lines], [f"text {i % 2}" for i in range(40)])
        self.assertEqual(len({tuple(line["embedding"]) for line in lines}), 2)


class SelfTest(unittest.TestCase):
    def test_passes_for_a_model_of_its_own_making(self):
        result = cli.run("selftest")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertRegex(result.stdout.decode().splitlines()[-1], r"^[1-9]\d* passed, 0 failed$")
        self.assertRegex(result.stdout.decode(), r"ok    text tower: 5 embeddings, relative error \S*e-0[67]")
        self.assertRegex(result.stdout.decode(), r"ok    image tower, fused form: 4 embeddings")

    def test_passes_for_the_train_form(self):
        model = cli.scratch() / "openclip"
        self.assertEqual(cli.run("synthesize", "MobileCLIP2-S0", model, "--form", "openclip").returncode, 0)
        converted = cli.scratch() / "converted"
        self.assertEqual(cli.run("convert", model, converted).returncode, 0)
        for directory in (model, converted):
            result = cli.run("selftest", "--model", directory)
            shutil.rmtree(directory)
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
            self.assertIn("ok    image tower, train form: 4 embeddings", result.stdout.decode())

    def test_skips_what_other_weights_cannot_show(self):
        model = cli.scratch() / "seed2"
        self.assertEqual(cli.run("synthesize", "MobileCLIP2-S0", model, "--seed", "2").returncode, 0)
        result = cli.run("selftest", "--model", model)
        shutil.rmtree(model)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn("skip  golden embeddings of MobileCLIP2-S0", result.stdout.decode())

    def test_holds_other_weights_to_the_published_numbers(self):
        model = cli.scratch() / "pretender"  # nothing says any more that its weights are synthetic
        shutil.copytree(cli.demo_model(), model)
        for path in model.iterdir():
            data = path.read_bytes()
            path.write_bytes(data[:10_000].replace(b'"synthetic"', b'"xynthetic"') + data[10_000:])
        for path in model.glob("*_config.json"):
            config = json.loads(path.read_text())
            path.write_text(json.dumps({key: value for key, value in config.items() if "ynthetic" not in key}))
        result = cli.run("selftest", "--model", model)
        shutil.rmtree(model)
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertIn('FAIL  text tower, "a photo of a dog": cosine', result.stdout.decode())
        self.assertIn('FAIL  tokens of "a photo of a cat"', result.stdout.decode())

    def test_refuses_an_instruction_set_it_lacks(self):
        result = cli.run("selftest", "--isa", "vax")
        self.assertEqual((result.returncode, result.stdout), (2, b""))
        self.assertIn(b"portable", result.stderr)

    def test_fails_for_one_wrong_weight(self):
        model = cli.scratch() / "wrong"
        shutil.copytree(cli.demo_model(), model)
        path = model / "text_encoder_weights.safetensors"
        header, data = tensors(path)
        name = next(name for name in header if name.endswith("ln_final.weight"))
        with open(path, "r+b") as file:
            file.seek(data + header[name]["data_offsets"][0])
            file.write(struct.pack("<f", 1.5))
        result = cli.run("selftest", "--model", model)
        shutil.rmtree(model)
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertIn("FAIL  text tower", result.stdout.decode())
        self.assertRegex(result.stdout.decode().splitlines()[-1], r"^\d+ passed, 1 failed$")


class TestModel(unittest.TestCase):
    """`test-model DIR`: the checks of `selftest --model DIR`, for models that the user brings."""

    @classmethod
    def setUpClass(cls):
        cls.model = cli.scratch() / "tested"
        cls.model.mkdir()
        for path in cli.demo_model().iterdir():
            (cls.model / path.name).symlink_to(path)
        (cls.model / "photo.png").write_bytes(png.encode(40, 30, bytes(range(225)) * 16))

    def embedded(self, *inputs):
        result = cli.run("embed", "--model", self.model, *inputs)
        self.assertEqual(result.returncode, 0, result.stderr)
        return [json.loads(line)["embedding"] for line in result.stdout.splitlines()]

    def check(self, reference=None):
        file = self.model / "reference_embeddings.json"
        file.unlink(missing_ok=True)
        if reference is not None:
            file.write_text(reference if isinstance(reference, str) else json.dumps(reference))
        result = cli.run("test-model", self.model)
        return result.returncode, result.stdout.decode()

    def test_says_what_holds(self):
        status, out = self.check()
        self.assertEqual(status, 0, out)
        for line in ("ok    loading: MobileCLIP2-S0, split layout, fingerprint ", "ok    tokenizer: 5 texts",
                     "ok    text tower: 5 embeddings", "ok    texts once more: the same bits",
                     "ok    texts together: the same bits", "ok    images once more: the same bits",
                     "ok    engine: ", "skip  stored references: there is no reference_embeddings.json"):
            self.assertIn(line, out)
        self.assertRegex(out.splitlines()[-1], r"^\d+ passed, 0 failed$")

    def test_holds_it_to_stored_references(self):
        texts = ["a cat", "a dog"]
        text, image = self.embedded(*texts), self.embedded(self.model / "photo.png")
        reference = {"texts": texts, "text_embeddings": [[7 * x for x in row] for row in text],
                     "images": ["photo.png"], "image_embeddings": image}
        status, out = self.check(reference)
        self.assertEqual(status, 0, out)
        self.assertIn("ok    stored references, texts: 2 embeddings, cosine ", out)
        self.assertIn("ok    stored references, images: 1 embeddings, cosine ", out)
        status, out = self.check({**reference, "text_embeddings": text[::-1]})
        self.assertEqual(status, 1, out)
        self.assertIn("FAIL  stored references, texts", out)
        self.assertIn("ok    stored references, images", out)

    def test_a_reference_that_makes_no_sense_is_named(self):
        for reference, mention in (("{", "reference_embeddings.json: "), ({"texts": [1]}, "reference_embeddings.json"),
                                   ({"texts": ["a"]}, 'an embedding for each of "texts", found 1 and 0'),
                                   ({"images": ["none.png"], "image_embeddings": [[1]]}, "none.png: cannot be read")):
            status, out = self.check(reference)
            self.assertEqual(status, 1, out)
            self.assertIn(mention, out)

    def test_a_damaged_model_fails_to_load(self):
        damaged = cli.scratch() / "damaged"
        shutil.copytree(cli.demo_model(), damaged)
        file = damaged / "text_encoder_weights.safetensors"
        file.write_bytes(file.read_bytes()[:-1000])
        result = cli.run("test-model", damaged)
        shutil.rmtree(damaged)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stdout, rb"^FAIL  loading: .*text_encoder_weights.*\n0 passed, 1 failed\n$")


if __name__ == "__main__":
    unittest.main()
