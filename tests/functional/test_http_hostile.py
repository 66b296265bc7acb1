"""Damaged images and decompression bombs, as clients would send them: an answer each, never the server's fault."""
import concurrent.futures
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


if __name__ == "__main__":
    unittest.main()
