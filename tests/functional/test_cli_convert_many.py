"""`convert --config`: many models from one file."""
import json
import unittest

import cli


class ConvertMany(unittest.TestCase):
    def setUp(self):
        self.output = cli.scratch() / self.id().rsplit(".", 1)[1]

    def convert(self, models, *flags):
        file = cli.scratch() / "models.yaml"
        config = models if isinstance(models, str) else json.dumps({"output": str(self.output), "models": models})
        file.write_text(config)
        return cli.run("convert", "--config", file, *flags)

    def entry(self, name="small", **quantization):
        return {"name": name, "source": str(cli.demo_model()), "task": "image-text", "quantization": quantization}

    def lines(self, result, status=0):
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        return result.stdout.decode().splitlines()

    def made(self):
        return sorted(path.name for path in self.output.iterdir()) if self.output.exists() else []

    def test_says_what_it_would_do(self):
        # 11,368,512 and 63,428,096 parameters, in 4 bytes each and in 2
        lines = self.lines(self.convert([self.entry("full"), self.entry("half", target_size_mb=200)], "--dry-run"))
        self.assertRegex(lines[0], r"^would  make .*/full: .*/demo as F32, weights of (29\d|30\d) MB$")
        self.assertRegex(lines[1], r"^would  make .*/half: .*/demo as F16, weights of (14\d|15\d) MB$")
        self.assertEqual(self.made(), [])

    def test_makes_skips_and_replaces(self):
        self.assertTrue(self.lines(self.convert([self.entry(dtype="bf16")]))[0].startswith("done   "))
        self.assertEqual(self.made(), ["small"])
        weights = self.output / "small" / "image_encoder_weights.safetensors"
        first = weights.stat()
        self.assertIn(": is there (--force replaces it)", self.lines(self.convert([self.entry(dtype="f16")]))[0])
        self.assertEqual(weights.stat().st_ino, first.st_ino)
        self.assertIn("would  replace ", self.lines(self.convert([self.entry(dtype="f16")], "--dry-run", "--force"))[0])
        self.assertIn(" as F16,", self.lines(self.convert([self.entry(dtype="f16")], "--force"))[0])
        self.assertNotEqual(weights.stat().st_ino, first.st_ino)
        self.assertEqual(self.made(), ["small"], "nothing half-written, nothing of the old one")
        self.assertEqual(cli.run("test-model", self.output / "small").returncode, 0)

    def test_goes_on_after_what_cannot_be_made(self):
        broken = {"name": "broken", "source": "/no/such/model"}
        tiny = self.entry("tiny", target_size_mb=1)
        texts = {**self.entry("texts", dtype="f16"), "task": "text"}
        lines = self.lines(self.convert([broken, tiny, texts, self.entry(dtype="f16")]), status=1)
        self.assertRegex(lines[0], r"^FAIL   broken \(.*models.yaml:1\): .*/no/such/model")
        self.assertRegex(lines[1], r"^FAIL   tiny .*target_size_mb: expected at least \d+ MB, .*, found 1 MB$")
        self.assertRegex(lines[2], r"^FAIL   texts .*expected a model of texts only, found an image tower$")
        self.assertRegex(lines[3], r"^done   ")
        self.assertEqual(self.made(), ["small"])

    def test_files_that_make_no_sense(self):
        for text, mention in (("models: []", "expected 'models'"), ("models:\n  - name: a\n", ":2: expected a model to"),
                              ("models:\n  - name: a\n    sorce: b\n", ":3: unknown key 'sorce' in a model"),
                              ("models:\n  - {name: ../a, source: b}\n", "expected the name of a directory"),
                              ("models:\n  - {name: a, source: b}\n  - {name: a, source: c}\n", "is taken by"),
                              ("models:\n  - {name: a, source: b, quantization: {dtype: f8}}\n", "bf16, f16, f32"),
                              ("models:\n  - {name: a, source: b, quantization: {dtype: f16, target_size_mb: 5}}\n",
                               "not both"),
                              ("models:\n  - {name: a, source: b, task: images}\n", "image-text, text"), ("{", "not YAML")):
            result = self.convert(text)
            self.assertEqual(result.returncode, 2, result.stdout)
            self.assertIn(mention, result.stderr.decode())
        self.assertIn(b"/no/such.yaml: cannot be read", cli.run("convert", "--config", "/no/such.yaml").stderr)
        self.assertEqual(cli.run("convert", "a", "b", "--force").returncode, 2)
        self.assertEqual(cli.run("convert", "a", "b", "--config", "c").returncode, 2)


if __name__ == "__main__":
    unittest.main()
