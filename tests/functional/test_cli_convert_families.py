"""convert --config on a model of each family and layout: in every form the result is whole, serves, and embeds as its
source does."""
import functools
import json
import pathlib
import shutil
import unittest

import cli
import png
import small_models
from test_cli_quantize import quantized_row

TEXTS = ("a cat", "a dog sat.")


def synthesized(form):
    directory = cli.scratch() / form
    result = cli.run("synthesize", "MobileCLIP2-S0", directory, "--form", form)
    assert result.returncode == 0, result.stderr
    return directory


@functools.cache
def source(kind) -> pathlib.Path:
    directory = cli.scratch() / kind
    if kind == "split":
        return cli.demo_model()
    if kind == "openclip":
        return synthesized("openclip")
    maker = getattr(small_models, kind)
    arguments = [cli.demo_model()] if "clip" in kind else []
    maker(directory, *arguments, *([quantized_row] if kind == "mlx_clip" else []))
    return directory


def photo():
    path = cli.scratch() / "photo.png"
    path.write_bytes(png.encode(40, 30, bytes((x * 5 + y * 3 + c * 90) & 255 for y in range(30) for x in range(40)
                                              for c in range(3))))
    return path


def embeddings(model, inputs):
    result = cli.run("embed", "--model", model, *inputs)
    assert result.returncode == 0, result.stderr
    return [json.loads(line)["embedding"] for line in result.stdout.splitlines()]


class ConvertFamilies(unittest.TestCase):
    FORMS = {"full": {}, "half": {"dtype": "f16"}, "bytes": {"bits": 8, "group_size": 32},
             "nibbles": {"bits": 4, "group_size": 64, "dtype": "bf16"}}
    # of 2 layers of random weights
    LEAST_COSINE = {"full": 1 - 1e-6, "half": 0.9999, "bytes": 0.999, "nibbles": 0.9}

    def convert(self, kind, *forms, task):
        """The directories made, by form; checked against the lines that --dry-run and the conversion print."""
        output = cli.scratch() / (kind + "-converted")
        self.addCleanup(shutil.rmtree, output, ignore_errors=True)
        models = [{"name": form, "source": str(source(kind)), "task": task, "quantization": self.FORMS[form]}
                  for form in forms]
        file = cli.scratch() / f"{kind}.yaml"
        file.write_text(json.dumps({"output": str(output), "models": models}))
        planned = cli.run("convert", "--config", file, "--dry-run")
        self.assertEqual(planned.returncode, 0, planned.stdout)
        self.assertFalse(output.exists())
        done = cli.run("convert", "--config", file)
        self.assertEqual(done.returncode, 0, done.stdout)
        for plan, line, form in zip(planned.stdout.decode().splitlines(), done.stdout.decode().splitlines(), forms):
            self.assertEqual(line.removeprefix("done   ").split(", fingerprint")[0], plan.removeprefix("would  make "))
            weights = sum(path.stat().st_size for path in (output / form).rglob("*.safetensors"))
            self.assertIn(f"weights of {weights:,} bytes", plan, "exactly what is written")
        self.assertEqual(sorted(path.name for path in output.iterdir()), sorted(forms), "and nothing beside them")
        again = cli.run("convert", "--config", file)
        self.assertEqual(again.returncode, 0)
        self.assertIn(f"0 made, {len(forms)} skipped, 0 failed", again.stdout.decode())
        return {form: output / form for form in forms}

    def check(self, kind, *forms, task):
        made = self.convert(kind, *forms, task=task)
        inputs = [*TEXTS, photo()] if task == "image-text" else TEXTS
        expected = embeddings(source(kind), inputs)
        for form, directory in made.items():
            with self.subTest(kind=kind, form=form):
                for name, found, wanted in zip(inputs, embeddings(directory, inputs), expected):
                    self.assertGreater(sum(a * b for a, b in zip(found, wanted)), self.LEAST_COSINE[form], name)
                tested = cli.run("test-model", directory)
                self.assertEqual(tested.returncode, 0, tested.stdout)
        if "full" in made and kind != "mlx_clip":  # whose matrices are restored once, not in each product
            self.assertEqual(embeddings(made["full"], inputs), expected, "the same bits")
        return made

    def check_encoder(self, kind):
        made = self.check(kind, *self.FORMS, task="text")

        def files(directory):
            return sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())
        for directory in made.values():
            self.assertEqual(files(directory), files(source(kind)))
        config = next(made["nibbles"].rglob("model.safetensors")).parent / "config.json"
        self.assertEqual(json.loads(config.read_text())["quantization"]["group_size"], 64)

    def test_split_mobileclip(self):
        self.check("split", "bytes", task="image-text")

    def test_open_clip_mobileclip(self):
        self.check("openclip", "half", "nibbles", task="image-text")

    def test_open_clip_vit(self):
        self.check("open_clip_vit", *self.FORMS, task="image-text")

    def test_hugging_face_clip(self):
        made = self.check("hugging_face_clip", *self.FORMS, task="image-text")
        inputs = [*TEXTS, photo()]
        self.assertEqual(embeddings(made["full"], inputs), embeddings(source("open_clip_vit"), inputs),
                         "mean, standard deviation and resampling came along")

    def test_hugging_face_clip_that_mlx_quantised(self):
        self.check("mlx_clip", "full", "half", task="image-text")
        inputs = [*TEXTS, photo()]
        for name, found, wanted in zip(inputs, embeddings(source("mlx_clip"), inputs),
                                       embeddings(source("hugging_face_clip"), inputs)):
            self.assertGreater(sum(a * b for a, b in zip(found, wanted)), 0.999, name)
            self.assertNotEqual(found, wanted)
        inspected = cli.run("inspect", "--summary", source("mlx_clip"))
        self.assertEqual(inspected.returncode, 0, inspected.stdout)

    def test_bert(self):
        self.check_encoder("bert")

    def test_xlm_roberta(self):
        self.check_encoder("xlm_roberta")

    def test_roberta(self):
        self.check_encoder("roberta")

    def test_a_task_that_the_source_has_not(self):
        file = cli.scratch() / "tasks.yaml"
        file.write_text(f"models:\n- {{name: a, source: {source('bert')}, task: image-text}}\n"
                        f"- {{name: b, source: {source('open_clip_vit')}, task: text}}\n")
        for flags in (["--dry-run"], []):
            result = cli.run("convert", "--config", file, *flags)
            self.assertEqual(result.returncode, 1)
            lines = result.stdout.decode().splitlines()
            self.assertRegex(lines[0], r"^FAIL   a \(.*tasks.yaml:2\): task: expected text, .* is bert, found image-text$")
            self.assertRegex(lines[1], r"^FAIL   b \(.*tasks.yaml:3\): task: expected image-text, .*, found text$")
        self.assertFalse((cli.scratch() / "a").exists() or (cli.scratch() / "b").exists())

    def test_one_at_a_time_is_the_same(self):
        one, many = cli.scratch() / "one", self.convert("bert", "half", "bytes", task="text")
        for form, arguments in (("half", ["convert", source("bert"), one, "--dtype", "f16"]),
                                ("bytes", ["quantize", source("bert"), one, "--bits", "8", "--group-size", "32"])):
            result = cli.run(*arguments)
            self.assertEqual(result.returncode, 0, result.stderr)
            for path in (path for path in one.rglob("*") if path.is_file()):
                self.assertEqual(path.read_bytes(), (many[form] / path.relative_to(one)).read_bytes(), path)
            shutil.rmtree(one)


if __name__ == "__main__":
    unittest.main()
