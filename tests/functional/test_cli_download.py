"""deploy/download_model.sh against a small imitation of Hugging Face."""
import hashlib
import http.server
import os
import pathlib
import subprocess
import tempfile
import threading
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "deploy" / "download_model.sh"
WEIGHTS = bytes(range(256)) * 12_000  # 3 MB
SUM = hashlib.sha256(WEIGHTS).hexdigest()


class Hub(http.server.ThreadingHTTPServer):
    """Serves `files`, honours ranges unless told otherwise and closes after `cut` bytes of weights."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {"open_clip_config.json": b"{}", "tokenizer.json": b'{"t": 1}',
                      "open_clip_model.safetensors": WEIGHTS}
        self.ranges = True
        self.cut = None
        self.requests = []  # (file name, first byte asked for)
        self.thread = threading.Thread(target=self.serve_forever, args=(0.02,))
        self.thread.start()

    def close(self):
        self.shutdown()
        self.thread.join()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.answer(with_body=False)

    def do_GET(self):
        self.answer(with_body=True)

    def answer(self, with_body):
        name = self.path.rsplit("/", 1)[-1]
        body = self.server.files.get(name)
        if body is None:
            self.send_error(404)
            return
        begin = 0
        if "Range" in self.headers and self.server.ranges:
            begin = int(self.headers["Range"].removeprefix("bytes=").split("-")[0])
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {begin}-{len(body) - 1}/{len(body)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(body) - begin))
        self.end_headers()
        if with_body:
            self.server.requests.append((name, begin))
            cut = self.server.cut if name.endswith(".safetensors") else None
            self.wfile.write(body[begin:][:cut])

    def log_message(self, *args):
        pass


class DownloadModel(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.directory = pathlib.Path(scratch.name) / "models" / "m"
        self.partial = self.directory.parent / ".m.partial"
        self.hub = Hub()
        self.addCleanup(lambda: self.hub.close())

    def download(self, sum=SUM):
        env = dict(os.environ, HF_ENDPOINT=f"http://127.0.0.1:{self.hub.server_port}", no_proxy="127.0.0.1")
        arguments = [str(SCRIPT), str(self.directory), "timm/Model", "main"] + ([sum] if sum else [])
        return subprocess.run(arguments, env=env, capture_output=True, text=True, timeout=120)

    def weights_requests(self):
        return [begin for name, begin in self.hub.requests if name.endswith(".safetensors")]

    def assert_complete(self):
        for name, body in self.hub.files.items():
            self.assertEqual((self.directory / name).read_bytes(), body, name)
        self.assertFalse(self.partial.exists())

    def test_downloads_a_model_and_names_its_licence(self):
        result = self.download()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assert_complete()
        self.assertIn("apple-amlr", result.stderr)

    def test_resumes_within_a_run(self):
        self.hub.cut = 1_300_000
        result = self.download()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.weights_requests(), [0, 1_300_000, 2_600_000])
        self.assert_complete()

    def test_resumes_what_an_earlier_run_left(self):
        self.partial.mkdir(parents=True)
        (self.partial / "open_clip_model.safetensors.part").write_bytes(WEIGHTS[:1_000_000])
        self.assertEqual(self.download().returncode, 0)
        self.assertEqual(self.weights_requests(), [1_000_000])
        self.assert_complete()

    def test_takes_what_is_complete_but_not_renamed(self):
        self.partial.mkdir(parents=True)
        (self.partial / "open_clip_model.safetensors.part").write_bytes(WEIGHTS)
        self.assertEqual(self.download().returncode, 0)
        self.assertEqual(self.weights_requests(), [])
        self.assert_complete()

    def test_begins_again_where_the_server_cannot_resume(self):
        self.hub.ranges = False
        self.partial.mkdir(parents=True)
        (self.partial / "open_clip_model.safetensors.part").write_bytes(WEIGHTS[:1000])
        result = self.download()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assert_complete()

    def test_refuses_weights_of_another_checksum(self):
        result = self.download(sum="0" * 64)
        self.assertEqual(result.returncode, 1)
        self.assertIn("SHA-256", result.stderr)
        self.assertFalse(self.directory.exists())
        # else the next run would go on from it
        self.assertFalse((self.partial / "open_clip_model.safetensors.part").exists())

    def test_takes_the_older_tokeniser_files(self):
        del self.hub.files["tokenizer.json"]
        self.hub.files.update({"vocab.json": b"{}", "merges.txt": b"#version: 0.2\n"})
        result = self.download()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assert_complete()

    def test_fails_where_a_file_is_missing(self):
        del self.hub.files["open_clip_model.safetensors"]
        result = self.download()
        self.assertEqual(result.returncode, 1)
        self.assertFalse(self.directory.exists())

    def test_says_when_there_is_no_network(self):
        self.hub.close()
        result = self.download()
        self.hub = Hub()  # for the cleanup
        self.assertEqual(result.returncode, 3)
        self.assertIn("does not answer", result.stderr)
        self.assertFalse(self.partial.exists())

    def test_leaves_an_existing_model_alone(self):
        self.directory.mkdir(parents=True)
        self.assertEqual(self.download().returncode, 1)
        self.assertEqual(self.hub.requests, [])

    def test_without_a_directory_explains_itself(self):
        result = subprocess.run([str(SCRIPT)], capture_output=True, text=True, timeout=20)
        self.assertEqual(result.returncode, 2)
        self.assertIn("Usage:", result.stderr)


if __name__ == "__main__":
    unittest.main()
