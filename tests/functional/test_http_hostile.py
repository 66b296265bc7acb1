"""Damaged images and decompression bombs, as clients would send them: an answer each, never the server's fault."""
import concurrent.futures
import socket
import unittest

import cli
import harness


class HostileImagesTest(harness.ServerTest):
    def post_all(self, folder):
        path = cli.SHARED / "data" / "hostile" / folder
        if not path.is_dir():
            self.skipTest(f"needs data/hostile/{folder} of the shared folder (../shared)")
        files = [file for file in sorted(path.iterdir()) if file.is_file() and file.suffix != ".tsv"]

        def status_of(file):
            return self.server.post("/embed/image", "application/octet-stream", file.read_bytes()).status

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = dict(zip((file.name for file in files), pool.map(status_of, files)))
        self.assertTrue(answers)
        self.assertEqual({name: status for name, status in answers.items()
                          if status != 200 and not 400 <= status < 500}, {})
        self.assertEqual(self.server.get("/health").status, 200)
        self.assertIsNone(self.server.process.poll())

    def test_damaged_images(self):
        self.post_all("images")

    def test_bombs(self):
        self.post_all("bombs")


class AddressesTest(harness.ServerTest):
    """An address in a request is text: nobody is called there."""

    def test_no_address_in_a_request_is_ever_called(self):
        with socket.create_server(("127.0.0.1", 0)) as callee:
            callee.setblocking(False)
            address = f"http://127.0.0.1:{callee.getsockname()[1]}/a.png"
            for path, body in (("/embed/image", {"images": [address]}), ("/embed/image", {"image": address}),
                               ("/similarity", {"images": [address], "texts": ["a"]}),
                               ("/classify", {"images": [address], "labels": ["a", "b"]}),
                               ("/v1/embeddings", {"input": [{"image": address}]}),
                               ("/v1/embeddings", {"input": [{"type": "image_url", "image_url": {"url": address}}]}),
                               ("/vectorize", {"images": [address]}), ("/embed", {"inputs": address})):
                self.server.post_json(path, body)
            self.server.post("/embed/batch", "application/x-ndjson", '{"image": "%s"}' % address)
            self.server.post("/embed/image", "image/png", address)
            for name in ("Referer", "Origin", "X-Forwarded-For", "Forwarded"):
                self.server.request("GET", "/health", headers={name: address})
            with self.assertRaises(BlockingIOError, msg="somebody called"):
                callee.accept()
        self.assert_error(self.server.post_json("/embed/image", {"images": [address]}), 400, "invalid_argument", "URL")


if __name__ == "__main__":
    unittest.main()
