"""deploy/Dockerfile, as far as it can be tried without Docker."""
import json
import re
import subprocess
import unittest

import cli
from harness import Server

DOCKERFILE = (cli.ROOT / "deploy" / "Dockerfile").read_text()


class HealthCheck(unittest.TestCase):

    def test_follows_readiness(self):
        command = json.loads(re.search(r"^HEALTHCHECK .*? CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)[1])

        def healthy(port):
            at_port = [word.replace("/8080", f"/{port}") for word in command]
            return subprocess.run(at_port, capture_output=True, timeout=60).returncode == 0

        with Server() as server:
            self.assertTrue(healthy(server.port))
            port = server.port
        self.assertFalse(healthy(port))


if __name__ == "__main__":
    unittest.main()
