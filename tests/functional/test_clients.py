"""Clients that others wrote, unchanged, against our server; each embedding is the native route's."""
import json
import pathlib
import shutil
import struct
import subprocess
import tempfile
import unittest

import harness
import node_packages
from harness import in_base64, json_of, photo

PACKAGES = node_packages.NodePackages(pathlib.Path(__file__).resolve().parent / "clients")


def float32(vectors):
    return [list(struct.unpack(f"{len(v)}f", struct.pack(f"{len(v)}f", *v))) for v in vectors]


class NodeClients(harness.ServerTest):
    @classmethod
    def setUpClass(cls):
        if reason := PACKAGES.why_missing():
            raise unittest.SkipTest(reason)
        super().setUpClass()

    def setUp(self):
        self.texts = self.server.embed_texts(["a cat", "a dog"])
        self.image, = json_of(self.server.post("/embed/image", "image/png", photo(1)))["embeddings"]

    def run_client(self, script, **given):
        result = PACKAGES.run(script, f"http://127.0.0.1:{self.server.port}", stdin=json.dumps(given))
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def test_openai(self):
        got = self.run_client("openai_client.mjs", image=in_base64(photo(1)), long="long " * 100)
        self.assertEqual((got["models"], got["retrieved"]), (["MobileCLIP2-S0"], "MobileCLIP2-S0"))
        self.assertEqual(got["floats"], self.texts)
        self.assertEqual(float32(got["texts"]), float32(self.texts))
        self.assertEqual(float32(got["cut"]), float32(self.server.embed_texts(["a cat"], dimensions=32)))
        self.assertEqual(float32(got["mixed"]), float32([self.texts[0], self.image]))
        self.assertGreater(got["usage"]["total_tokens"], 4)
        refused = got["refused"]
        self.assertEqual((refused["class"], refused["status"]), ("UnprocessableEntityError", 422))
        self.assertEqual((refused["code"], refused["param"], refused["type"]),
                         ("text_too_long", "input", "invalid_request_error"))
        self.assertIn("input[1]", refused["message"])

    def test_hugging_face(self):
        got = self.run_client("huggingface_client.mjs")
        self.assertEqual(got["list"], self.texts)
        self.assertEqual(got["one"], self.texts[:1])

    def test_immich(self):
        got = self.run_client("immich_client.mjs", image=in_base64(photo(1)))
        self.assertEqual(got["ping"], "pong")
        self.assertEqual(json.loads(got["image"]["clip"]), self.image)
        self.assertEqual((got["image"]["imageWidth"], got["image"]["imageHeight"]), (64, 48))
        self.assertEqual(json.loads(got["text"]["clip"]), self.texts[0])

    def test_pgvector(self):
        texts = [f"caption number {i}" for i in range(20)]
        image = in_base64(photo(1))
        got = self.run_client("pgvector_client.mjs", texts=texts, image=image)["nearest"]
        similarity, = json_of(self.server.post_json("/similarity", {"images": [image], "texts": texts}))["similarity"]
        best = sorted(range(len(texts)), key=lambda i: -similarity[i])[:3]
        self.assertEqual([row["caption"] for row in got], [texts[i] for i in best])
        for row, i in zip(got, best):
            self.assertAlmostEqual(row["similarity"], similarity[i], delta=1e-5)


@unittest.skipUnless(shutil.which("curl"), "needs curl")
class Curl(harness.ServerTest):
    def curl(self, path, *arguments):
        result = subprocess.run(["curl", "--silent", "--noproxy", "*", f"http://127.0.0.1:{self.server.port}{path}",
                                 *arguments], capture_output=True, timeout=120)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def test_the_same_text_and_image_by_every_protocol(self):
        text, = self.server.embed_texts(["a cat"])
        image, = json_of(self.server.post("/embed/image", "image/png", photo(1)))["embeddings"]
        with tempfile.TemporaryDirectory() as directory:
            file = pathlib.Path(directory) / "photo.png"
            file.write_bytes(photo(1))
            vectorize = pathlib.Path(directory) / "vectorize.json"
            vectorize.write_text(json.dumps({"texts": ["a cat"], "images": [in_base64(photo(1))]}))
            json_type = ("-H", "Content-Type: application/json")
            openai = json.loads(self.curl("/v1/embeddings", *json_type, "-d", '{"model": "m", "input": "a cat"}'))
            tei = json.loads(self.curl("/embed", *json_type, "-d", '{"inputs": "a cat"}'))
            weaviate = json.loads(self.curl("/vectorize", *json_type, "-d", f"@{vectorize}"))
            infer = json.loads(self.curl("/v2/models/text/infer", *json_type, "-d", json.dumps(
                {"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["a cat"]}]})))
            immich = json.loads(self.curl("/predict", "-F", f"image=@{file}",
                                          "-F", 'entries={"clip": {"visual": {"modelName": "m"}}}'))
        self.assertEqual(openai["data"][0]["embedding"], text)
        self.assertEqual(tei, [text])
        self.assertEqual(weaviate, {"textVectors": [text], "imageVectors": [image]})
        self.assertEqual(infer["outputs"][0]["data"], text)
        self.assertEqual(json.loads(immich["clip"]), image)
