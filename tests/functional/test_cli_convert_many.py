"""`convert --config`: what the file may say, what is made, skipped and replaced, and what is left when it goes wrong."""
import json
import os
import resource
import shutil
import signal
import subprocess
import time
import unittest

import cli
import small_models

NOBODY = 65534


def small_bert():
    directory = cli.scratch() / "bert"
    if not directory.exists():
        small_models.bert(directory)
    return directory


def hashes(directory):
    """What is there, hidden files included: name -> contents."""
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


class ConvertMany(unittest.TestCase):
    def setUp(self):
        self.output = cli.scratch() / self.id().rsplit(".", 1)[1]
        self.addCleanup(shutil.rmtree, self.output, ignore_errors=True)
        self.file = cli.scratch() / "models.yaml"

    def write(self, models):
        self.file.write_text(models if isinstance(models, str) else
                             json.dumps({"output": str(self.output), "models": models}))
        return self.file

    def convert(self, models, *flags):
        return cli.run("convert", "--config", self.write(models), *flags)

    def entry(self, name="small", source=None, task="image-text", **quantization):
        return {"name": name, "source": str(source or cli.demo_model()), "task": task, "quantization": quantization}

    def bert(self, name="small", **quantization):
        return self.entry(name, small_bert(), "text", **quantization)

    def lines(self, result, status=0):
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        return result.stdout.decode().splitlines()

    def made(self):
        return sorted(path.name for path in self.output.iterdir()) if self.output.exists() else []


class WhatIsMade(ConvertMany):
    def test_says_what_it_would_do(self):
        # 11,368,512 and 63,428,096 parameters, in 4 bytes each and in 2, and the files' headers
        lines = self.lines(self.convert([self.entry("full"), self.entry("half", target_size_mb=200),
                                         self.entry("packed", bits=4)], "--dry-run"))
        self.assertRegex(lines[0], r"^would  make .*/full: .*/demo \(MobileCLIP2-S0, split\) as F32, "
                                   r"weights of 299,\d\d\d,\d\d\d bytes$")
        self.assertRegex(lines[1], r"^would  make .* as F16 to fit 200,000,000 bytes, weights of 149,\d\d\d,\d\d\d bytes$")
        self.assertRegex(lines[2], r"^would  make .* as 4 bits in groups of 64, the rest F32, weights of 8\d,")
        self.assertEqual(lines[3], "3 to make, 0 skipped, 0 failed")
        self.assertEqual(self.made(), [])

    def test_makes_skips_and_replaces(self):
        self.assertTrue(self.lines(self.convert([self.bert(dtype="bf16")]))[0].startswith("done   "))
        self.assertEqual(self.made(), ["small"])
        first = hashes(self.output)
        self.assertIn(": is there (--force replaces it)", self.lines(self.convert([self.bert(dtype="f16")]))[0])
        self.assertIn("would  replace ", self.lines(self.convert([self.bert(dtype="f16")], "--dry-run", "--force"))[0])
        self.assertEqual(hashes(self.output), first)
        (self.output / "small" / "notes.json").write_text("{}")
        self.assertIn(" as F16,", self.lines(self.convert([self.bert(dtype="f16")], "--force"))[0])
        self.assertNotEqual(hashes(self.output), first)
        self.assertEqual(set(hashes(self.output)), set(first), "nothing of the old one")
        self.assertEqual(self.made(), ["small"])
        self.assertEqual(cli.run("test-model", self.output / "small").returncode, 0)

    def test_fits_a_size_with_the_least_loss(self):
        sizes = {}
        forms = [{"dtype": "f32"}, {"dtype": "f16"}] + [{"bits": bits, "group_size": group, "dtype": "f16"}
                                                         for bits in (8, 4) for group in (32, 64)]
        for i, line in enumerate(self.lines(self.convert([self.bert(f"m{i}", **form) for i, form in enumerate(forms)],
                                                         "--dry-run"))[:-1]):
            sizes[i] = int(line.split("weights of ")[1].split()[0].replace(",", ""))
        self.assertEqual(sorted(sizes.values(), reverse=True), list(sizes.values()))
        names = ("F32", "F16", "8 bits in groups of 32, the rest F16", "8 bits in groups of 64, the rest F16",
                 "4 bits in groups of 32, the rest F16", "4 bits in groups of 64, the rest F16")
        for i, name in enumerate(names):
            line = self.lines(self.convert([self.bert(target_size_mb=sizes[i] / 1e6)], "--force"))[0]
            self.assertIn(f" as {name} to fit {sizes[i]:,} bytes, weights of {sizes[i]:,} bytes,", line)
            self.assertEqual((self.output / "small" / "model.safetensors").stat().st_size, sizes[i])
        line = self.lines(self.convert([self.bert(target_size_mb=(sizes[5] - 1) / 1e6)], "--force"), status=1)[0]
        self.assertIn(f"target_size_mb: expected at least {sizes[5]:,} bytes, {small_bert()} as {names[5]}, found", line)
        self.assertEqual((self.output / "small" / "model.safetensors").stat().st_size, sizes[5], "as it was")

    def test_a_quantised_source(self):
        packed = self.output / "packed"
        self.lines(self.convert([self.bert("packed", bits=8, group_size=32)]))
        other = cli.scratch() / "restored"
        self.addCleanup(shutil.rmtree, other, ignore_errors=True)
        for quantization, status, mention in (({"bits": 4}, 1, "expected a model in full precision, found '"),
                                              ({"target_size_mb": 0.05}, 1, f"{packed} as F16, found 50,000 bytes"),
                                              ({"dtype": "f16"}, 0, " as F16, ")):
            file = cli.scratch() / "restore.yaml"
            file.write_text(json.dumps({"output": str(other), "models": [self.entry("full", packed, "text",
                                                                                    **quantization)]}))
            self.assertIn(mention, self.lines(cli.run("convert", "--config", file), status)[0])
        self.assertNotIn("quantization", json.loads((other / "full" / "config.json").read_text()))


class WhatCannotBe(ConvertMany):
    def test_goes_on_after_what_cannot_be_made(self):
        broken = self.entry("broken", "/no/such/model")
        tiny = self.bert("tiny", target_size_mb=0.001)
        no_words = cli.scratch() / "no-words"
        shutil.copytree(small_bert(), no_words)
        (no_words / "vocab.txt").unlink()
        self.addCleanup(shutil.rmtree, no_words)
        cut = cli.scratch() / "cut"
        shutil.copytree(small_bert(), cut)
        weights = (cut / "model.safetensors").read_bytes()
        (cut / "model.safetensors").write_bytes(weights[:-100])
        self.addCleanup(shutil.rmtree, cut)
        nan = cli.scratch() / "nan"
        shutil.copytree(small_bert(), nan)
        (nan / "model.safetensors").write_bytes(weights[:-4] + b"\0\0\xc0\x7f")
        self.addCleanup(shutil.rmtree, nan)
        lines = self.lines(self.convert([self.bert("first"), broken, tiny, self.entry("mute", no_words, "text"),
                                         self.entry("cut", cut, "text"), self.entry("nan", nan, "text"),
                                         {**self.bert("texts"), "task": "image-text"}, self.bert("last", dtype="f16")]),
                           status=1)
        expected = (r"^FAIL   broken \(.*models.yaml:1\): .*/no/such/model", r"^FAIL   tiny .*target_size_mb: expected at",
                    r"^FAIL   cut .*model.safetensors", r"^FAIL   texts .*: task: expected text, .* is bert, found image-text$",
                    r"^done   .*/first: ", r"^FAIL   mute .*no-words.*expected.*vocab.txt", r"^FAIL   nan .*nan",
                    r"^done   .*/last: ", r"^2 made, 0 skipped, 6 failed$")
        self.assertEqual(len(lines), len(expected), lines)
        for line, pattern in zip(lines, expected):
            self.assertRegex(line, pattern)
        self.assertEqual(self.made(), ["first", "last"])

        narrow = cli.scratch() / "narrow"
        small_models.bert(narrow, width=48)
        self.addCleanup(shutil.rmtree, narrow)
        line = self.lines(self.convert([self.entry("narrow", narrow, "text", bits=8, group_size=64)], "--dry-run"), 1)[0]
        self.assertRegex(line, "narrow: expected a group size that divides the rows of some matrix, found 64$")

    def test_files_that_make_no_sense(self):
        model = "models:\n  - {name: a, source: b, quantization: {%s}}\n"
        for text, mention in (
                ("", "expected 'models'"), ("models: []", "models.yaml:1: expected 'models'"),
                ("models: 5\n", ":1: models: expected a list"), ("- a\n", ":1: expected the file to hold"),
                ("models:\n  - name: a\n", ":2: expected a model to"),
                ("models:\n  - 7\n", ":2: expected a model to hold 'name: value' lines"),
                ("models:\n  - name: a\n    sorce: b\n", ":3: unknown key 'sorce' in a model; did you mean 'source'?"),
                ("models:\n  - name: a\n    source: b\n    name: c\n", ":4: 'name' is given twice"),
                ("models:\n  - name: a\n    source: [b]\n", ":3: source: expected a text"),
                ("models:\n  - {name: ../a, source: b}\n", ":2: name: expected the name of a directory"),
                ("models:\n  - {name: .a, source: b}\n", "expected the name of a directory"),
                ("models:\n  - {name: \"a\\0b\", source: b}\n", r"found 'a\x00b'"),
                ("models:\n  - {name: a, source: b}\n  - {name: a, source: c}\n", ":3: the name 'a' is taken by"),
                (model % "dtype: f8", ":2: dtype: expected one of f32, f16, bf16, found 'f8'"),
                (model % "bits: 3", ":2: bits: expected one of 4, 8, found '3'"),
                (model % "bits: [8]", ":2: bits: expected a text"),
                (model % "bits: 8, group_size: 48", ":2: group_size: expected one of 32, 64, 128, found '48'"),
                (model % "group_size: 64", ":2: quantization: expected bits beside group_size"),
                (model % "dtype: f16, target_size_mb: 5", ":2: quantization: expected either target_size_mb"),
                (model % "bits: 8, target_size_mb: 5", ":2: quantization: expected either target_size_mb"),
                (model % "target_size_mb: -1", ":2: target_size_mb: expected a number of megabytes"),
                (model % "target_size_mb: .nan", "target_size_mb: expected a number of megabytes"),
                (model % "target_size_mb: big", "target_size_mb: expected a number of megabytes"),
                ("models:\n  - {name: a, source: b, quantization: f16}\n", ":2: expected quantization to hold"),
                ("models:\n  - {name: a, source: b, task: feature-extraction}\n",
                 ":2: task: expected one of image-text, text, found 'feature-extraction'"),
                ("models:\n  - {name: a, source: b}\n---\nmodels: []\n", "expected one YAML document, found 2"),
                ("models:\n  - {name: a, source: b\n", "not YAML"), ("models:\n\t- a\n", ":2: not YAML")):
            with self.subTest(text=text):
                result = self.convert(text)
                self.assertEqual((result.returncode, result.stdout), (2, b""))
                self.assertIn("models.yaml", result.stderr.decode())
                self.assertIn(mention, result.stderr.decode())
        self.assertIn(b"/no/such.yaml: cannot be read", cli.run("convert", "--config", "/no/such.yaml").stderr)
        self.assertIn(b": cannot be read", cli.run("convert", "--config", cli.scratch()).stderr)
        self.assertEqual(cli.run("convert", "a", "b", "--force").returncode, 2)
        self.assertEqual(cli.run("convert", "a", "b", "--config", "c").returncode, 2)
        self.assertEqual(cli.run("convert", "--config", self.file, "--dtype", "f16").returncode, 2)

    def test_sources_are_only_read(self):
        self.output = cli.scratch() / "sources"
        model = self.output / "model"
        shutil.copytree(small_bert(), model)
        before = hashes(self.output)
        link = cli.scratch() / "link"
        link.symlink_to(model)
        self.addCleanup(link.unlink)
        for source in (model, f"{model}/", self.output / "x" / ".." / "model", link, model / "inner"):
            result = self.convert([self.entry("model", source, "text")], "--force")
            self.assertEqual(result.returncode, 2, result.stdout)
            self.assertIn("models.yaml:1: source: expected a directory that is only read", result.stderr.decode())
        result = self.convert([self.entry("new", small_bert(), "text"), self.entry("newer", self.output / "new", "text")])
        self.assertIn("/new, where ", result.stderr.decode())
        result = self.convert([self.entry("inside", self.output, "text")], "--force")
        self.assertEqual(result.returncode, 2, result.stdout)
        self.assertIn("expected to write outside of every source", result.stderr.decode())
        self.assertEqual(hashes(self.output), before)

    def test_force_replaces_models_and_nothing_else(self):
        photos = self.output / "small"
        photos.mkdir(parents=True)
        (photos / "holiday.jpg").write_text("precious")
        file = self.output / "file"
        file.write_text("precious")
        lines = self.lines(self.convert([self.bert(), self.bert("file")], "--force"), status=1)
        self.assertRegex(lines[0], "^FAIL   small .*--force: expected a model to replace, found .*/small, which holds none$")
        self.assertRegex(lines[1], "^FAIL   file .*which holds none$")
        self.assertEqual(hashes(self.output), {"small/holiday.jpg": b"precious", "file": b"precious"})

    def test_what_may_not_be_read(self):
        if os.getuid() != 0:
            self.skipTest("changing to another user needs root")
        locked = cli.scratch() / "locked"
        shutil.copytree(small_bert(), locked)
        self.addCleanup(shutil.rmtree, locked)
        cli.scratch().chmod(0o755)
        small_bert()
        self.output.mkdir()
        os.chown(self.output, NOBODY, NOBODY)

        def run(*models):
            return subprocess.run([cli.BINARY, "convert", "--config", self.write(list(models))], capture_output=True,
                                  user=NOBODY, timeout=60)
        try:
            self.lines(run(self.bert("works")))
        except (PermissionError, AssertionError) as error:
            self.skipTest(f"another user cannot run the binary here: {error}")
        (locked / "model.safetensors").chmod(0)
        line = self.lines(run(self.entry("small", locked, "text")), status=1)[0]
        self.assertRegex(line, "^FAIL   small .*locked/model.safetensors.*(denied|opened|read)")
        locked.chmod(0)
        line = self.lines(run(self.entry("small", locked, "text")), status=1)[0]
        self.assertRegex(line, "^FAIL   small .*[Dd]enied.*locked")
        self.output.chmod(0o500)
        line = self.lines(run(self.bert()), status=1)[0]
        self.assertRegex(line, f"^FAIL   small .*[Dd]enied.*{self.output}")
        self.assertEqual(self.made(), ["works"])


class WhatIsLeft(ConvertMany):
    """Of models that are stopped half-way: nothing, and what was there before."""

    def replacing(self, models):
        """Makes the model, then replaces it in another form; gives what must still be there when that fails."""
        self.lines(self.convert([{**models[0], "quantization": {}}]))
        return hashes(self.output)

    def test_a_full_disk(self):
        before = self.replacing([self.bert()])
        # Files may not grow beyond so many bytes: writing fails as it does on a full disk.
        for limit in (0, 4096, 100_000):
            result = subprocess.run([cli.BINARY, "convert", "--config", self.write([self.bert(dtype="f16"),
                                                                                    self.bert("new")]), "--force"],
                                    capture_output=True, timeout=60, restore_signals=False,
                                    preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
            lines = self.lines(result, status=1)
            self.assertRegex(lines[0], "^FAIL   small .*(File too large|cannot be written)")
            self.assertEqual(hashes(self.output), before)
            self.assertEqual(self.made(), ["small"])

    def test_a_full_file_system(self):
        self.output.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", self.output],
                          capture_output=True).returncode != 0:
            self.skipTest("mounting a file system needs root")
        self.addCleanup(subprocess.run, ["umount", self.output], check=True)
        # A half takes about 150 kB, and loading what was made needs no room.
        lines = self.lines(self.convert([self.bert(name, dtype="f16") for name in "abcde"]), status=1)
        self.assertRegex(lines[-1], r"^[1-4] made, 0 skipped, [1-4] failed$")
        failed = [line for line in lines if line.startswith("FAIL")]
        for line in failed:
            self.assertIn("No space left on device", line)
        self.assertEqual(len(self.made()), 5 - len(failed))
        for name in self.made():
            self.assertEqual(cli.run("test-model", self.output / name).returncode, 0)
        before = hashes(self.output)
        lines = self.lines(self.convert([self.bert("a")], "--force"), status=1)
        self.assertIn("No space left on device", lines[0])
        self.assertEqual(hashes(self.output), before)

    def stop(self, arguments, sent, begun):
        """Sends a signal once `begun()`; gives the exit status."""
        process = subprocess.Popen([cli.BINARY, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        until = time.monotonic() + 60
        while not begun() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.002)
        process.send_signal(sent)
        out, err = process.communicate(timeout=60)
        return process.returncode, out.decode(), err.decode()

    def test_signals(self):
        models = [self.entry(dtype="f16"), self.entry("second")]
        before = self.replacing(models)

        def in_work():
            return any(path.name.startswith(".small.partial-") for path in self.output.iterdir())
        for sent in (signal.SIGINT, signal.SIGTERM):
            status, out, err = self.stop(["convert", "--config", self.write(models), "--force"], sent, in_work)
            self.assertEqual(status, 128 + sent, out + err)
            self.assertIn(f"stopped by signal {int(sent)}, nothing half-written is left", err)
            self.assertEqual(self.made(), ["small"])
            self.assertEqual(hashes(self.output), before)

        # What no process can clean up after itself, the next one does.
        status, out, err = self.stop(["convert", "--config", self.write(models), "--force"], signal.SIGKILL, in_work)
        self.assertEqual(status, -signal.SIGKILL, out + err)
        self.assertEqual([name.partition("-")[0] for name in self.made()], [".small.partial", "small"])
        self.assertEqual({name: data for name, data in hashes(self.output).items() if name.startswith("small/")}, before)
        self.lines(self.convert([self.entry(dtype="bf16")], "--force"))
        self.assertEqual(self.made(), ["small"])

    def test_signals_to_the_commands_for_one_model(self):
        target = cli.scratch() / "single" / "model"
        self.addCleanup(shutil.rmtree, target.parent, ignore_errors=True)
        for arguments in (["convert", cli.demo_model(), target], ["quantize", cli.demo_model(), target],
                          ["synthesize", "MobileCLIP2-S0", target]):
            status, out, err = self.stop(arguments, signal.SIGINT, lambda: any(target.parent.glob(".model.partial-*/*")))
            self.assertEqual(status, 128 + signal.SIGINT, (arguments, out, err))
            self.assertEqual(list(target.parent.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
