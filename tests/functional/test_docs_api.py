"""docs/api.md: each command runs, and no route is missing."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import cli
import harness
from harness import json_of, photo

PAGE = (cli.ROOT / "docs" / "api.md").read_text()
COMMANDS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


class ApiPage(harness.ServerTest):
    @unittest.skipUnless(shutil.which("curl") and shutil.which("bash"), "needs curl and bash")
    def test_every_command_runs(self):
        self.assertGreater(len(COMMANDS), 30)
        with tempfile.TemporaryDirectory() as directory:
            with open(os.path.join(directory, "photo.jpg"), "wb") as file:
                file.write(photo(1))
            for command in COMMANDS:
                here = command.replace("127.0.0.1:8080", f"127.0.0.1:{self.server.port}")
                here = here.replace("curl -s ", "curl -s --fail-with-body --noproxy '*' ")
                with self.subTest(command=command):
                    result = subprocess.run(["bash", "-euo", "pipefail", "-c", here], cwd=directory,
                                            capture_output=True, timeout=120)
                    self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_every_route_has_its_command(self):
        asked = [re.sub(r"\?.*", "", path) for path in re.findall(r"http://127\.0\.0\.1:8080(/[^\s']*)", PAGE)]
        for route in json_of(self.server.get("/"))["routes"]:
            pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(route["path"]))
            with self.subTest(route=route["path"]):
                self.assertTrue(any(re.fullmatch(pattern, path) for path in asked))
