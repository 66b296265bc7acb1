"""mobileclip-server embed --recursive: a folder of images into one file, whatever happens on the way."""
import fcntl
import json
import os
import pathlib
import signal
import struct
import subprocess
import tempfile
import time
import unittest

import cli
from harness import photo


def npy(path):
    """Rows of a float32 array in C order, as tuples."""
    data = path.read_bytes()
    assert data[:8] == b"\x93NUMPY\x01\x00"
    length = struct.unpack("<H", data[8:10])[0]
    header = eval(data[10:10 + length], {"__builtins__": {}})  # a dict literal, as numpy reads it
    assert header["descr"] == "<f4" and not header["fortran_order"]
    rows, columns = header["shape"]
    values = struct.unpack(f"<{rows * columns}f", data[10 + length:])
    return [values[i * columns:(i + 1) * columns] for i in range(rows)]


def float32(values):
    return struct.unpack(f"<{len(values)}f", struct.pack(f"<{len(values)}f", *values))


def paths_of(output):
    lines = output.with_name(output.name + ".paths.jsonl").read_text().splitlines()
    return [os.fsencode(json.loads(line)) for line in lines]


class EmbedFolder(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)
        self.folder = self.root / "photos"
        self.folder.mkdir()
        self.output = self.root / "out.npy"
        self.journal = self.root / "out.npy.journal"

    def write_photos(self, count):
        for i in range(count):
            (self.folder / f"{i:03}.png").write_bytes(photo(i))

    def arguments(self, *options, output=None):
        return ["embed", "--model", cli.demo_model(), "--recursive", self.folder, "-o", output or self.output, *options]

    def embed(self, *options, output=None, status=0):
        result = cli.run(*self.arguments(*options, output=output))
        self.assertEqual(result.returncode, status, result.stderr)
        return result.stderr.decode(errors="replace")

    def start(self, *options):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MOBILECLIP_")}
        return subprocess.Popen([cli.BINARY, *map(os.fspath, self.arguments("--threads=1", *options))],
                                stderr=subprocess.PIPE, env=clean)

    def interrupt(self, number=signal.SIGINT, status=130):
        """Starts it and stops it by a signal once it has recorded a few images; what it said."""
        for _ in range(5):  # on a busy machine the signal may come after the end: then once more
            self.journal.unlink(missing_ok=True)
            process = self.start()
            while process.poll() is None and not (self.journal.exists() and self.journal.stat().st_size > 3 * 2048):
                time.sleep(0.01)
            process.send_signal(number)
            said = process.communicate(timeout=120)[1].decode()
            if process.returncode == status:
                return said
            self.assertEqual(process.returncode, 0, said)
        self.fail("it always ended before the signal came")

    def one_by_one(self, paths):
        """What plain `embed` says of these files."""
        result = cli.run("embed", "--model", cli.demo_model(), "--image", *paths)
        self.assertEqual(result.returncode, 0, result.stderr)
        return [float32(json.loads(line)["embedding"]) for line in result.stdout.splitlines()]

    def test_rows_are_the_images_in_the_order_of_their_paths(self):
        names = [b"b.png", b"B.PNG", b"with space.png", b"new\nline.png", b"-dash.png", b"caf\xc3\xa9.png",
                 b"not utf-8 \xff.png", b'quo"te\\.png', b"sub/z.png", b"sub/deep/a.png", b"sub-1.png"]
        (self.folder / "sub" / "deep").mkdir(parents=True)
        for i, name in enumerate(names):
            with open(os.fsencode(self.folder) + b"/" + name, "wb") as file:
                file.write(photo(i))
        (self.folder / "notes.txt").write_text("no image")
        (self.folder / ".hidden.png").write_bytes(photo(99))
        (self.folder / "sub" / "loop").symlink_to("..")
        (self.folder / "link.png").symlink_to("b.png")
        said = self.embed()
        self.assertIn("12 images in", said)
        self.assertIn("2 other files left out", said)
        self.assertIn("1 link to folders not followed", said)
        expected = sorted([*names, b"link.png"])
        self.assertEqual(paths_of(self.output), expected)
        self.assertEqual(npy(self.output), self.one_by_one([os.fsencode(self.folder) + b"/" + n for n in expected]))
        self.assertFalse(self.journal.exists())

    def test_formats_and_options(self):
        self.write_photos(3)
        self.embed("--dimensions=16", "--no-normalize")
        rows = npy(self.output)
        self.assertEqual({len(row) for row in rows}, {16})
        lines = self.root / "out.ndjson"
        self.embed("--dimensions=16", "--no-normalize", output=lines)
        read = [json.loads(line) for line in lines.read_text().splitlines()]
        self.assertEqual([line["input"] for line in read], ["000.png", "001.png", "002.png"])
        self.assertEqual([float32(line["embedding"]) for line in read], rows)
        tensors = self.root / "out.safetensors"
        self.embed("--dimensions=16", "--no-normalize", output=tensors)
        data = tensors.read_bytes()
        length = struct.unpack("<Q", data[:8])[0]
        header = json.loads(data[8:8 + length])
        self.assertEqual(header["embeddings"], {"dtype": "F32", "shape": [3, 16], "data_offsets": [0, 192]})
        self.assertIn("fingerprint", header["__metadata__"])
        self.assertEqual(data[8 + length:], struct.pack("<48f", *(v for row in rows for v in row)))
        self.assertEqual(paths_of(tensors), paths_of(self.output))

    def test_bad_files_are_listed_and_the_others_kept(self):
        self.write_photos(3)
        (self.folder / "001a.png").write_bytes(photo(1)[:70])
        (self.folder / "empty.jpg").write_bytes(b"")
        (self.folder / "broken link.jpg").symlink_to("nowhere")
        said = self.embed(status=1)
        for name in ("001a.png", "empty.jpg", "broken link.jpg"):
            self.assertRegex(said, f"error: .*{name}.*: .")
        self.assertIn("3 images in", said)
        self.assertIn("3 failed", said)
        self.assertEqual(paths_of(self.output), [b"000.png", b"001.png", b"002.png"])
        self.assertEqual(len(npy(self.output)), 3)

    def test_interrupted_it_goes_on(self):
        self.write_photos(60)
        self.embed()
        expected = self.output.read_bytes()
        paths = paths_of(self.output)
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            said = self.interrupt(number, status)
            self.assertRegex(said, r"stopped with \d+ of 60 images done; the same command goes on")
            self.assertEqual(self.output.read_bytes(), expected)
            self.output.write_bytes(b"the last run's")
            self.assertRegex(self.embed(), r"60 images in .*, [1-9]\d* of them from an interrupted run")
            self.assertEqual(self.output.read_bytes(), expected)
            self.assertEqual(paths_of(self.output), paths)
            self.assertFalse(self.journal.exists())

    def test_killed_it_goes_on(self):
        self.write_photos(60)
        self.embed()
        expected = self.output.read_bytes()
        self.interrupt(signal.SIGKILL, -signal.SIGKILL)
        with open(self.journal, "ab") as journal:
            journal.write(b"half a record")
        self.assertIn("of them from an interrupted run", self.embed())
        self.assertEqual(self.output.read_bytes(), expected)

    def test_files_changed_meanwhile_are_embedded_anew(self):
        self.write_photos(60)
        self.interrupt()
        (self.folder / "000.png").write_bytes(photo(200))
        (self.folder / "001.png").unlink()
        (self.folder / "new.png").write_bytes(photo(201))
        self.embed()
        resumed = self.output.read_bytes(), paths_of(self.output)
        self.embed()
        self.assertEqual((self.output.read_bytes(), paths_of(self.output)), resumed)
        self.assertEqual(len(resumed[1]), 60)

    def test_other_work_does_not_go_on_with_it(self):
        self.write_photos(60)
        self.interrupt()
        before = self.journal.read_bytes()
        for other in ("--no-normalize", "--precision=int8"):
            said = self.embed(other, status=1)
            self.assertIn("out.npy.journal", said)
            self.assertIn("remove it to start anew", said)
            self.assertEqual(self.journal.read_bytes(), before)
        with open(self.journal) as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            self.assertIn("another process", self.embed(status=1))

    def test_says_what_is_wrong(self):
        self.assertIn("found none among 0 files", self.embed(status=1))
        self.write_photos(1)
        for ending in ("csv", "npy.gz"):
            self.assertIn(".npy, .ndjson, .jsonl or .safetensors", self.embed(output=self.root / f"o.{ending}", status=2))
        for arguments in (["--recursive", self.folder], ["--recursive", self.folder, "-o", self.output, "a cat"],
                          ["--recursive", self.folder, "-o", self.output, "--text"]):
            result = cli.run("embed", "--model", cli.demo_model(), *arguments)
            self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn("at most 512", self.embed("--dimensions=513", status=2))
        self.assertIn("cannot be", self.embed(output=self.root / "none" / "o.npy", status=1))
        self.folder = self.root / "nowhere"
        self.assertIn("nowhere: cannot be read", self.embed(status=1))


if __name__ == "__main__":
    unittest.main()
