"""The playground and /docs in a real browser: what a person sees is what the server answers, nothing comes from
elsewhere, and nothing is in the way of those who use a keyboard, a screen reader, a dark screen or a narrow one."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import harness
import node_packages
from harness import form, in_base64, json_of, photo

PACKAGES = node_packages.NodePackages(pathlib.Path(__file__).resolve().parent / "browser")
SCREENSHOTS = PACKAGES.cache / "screenshots"  # for people to look at
CAPTIONS = ["a cat", "it's \"quoted\" & <b>bold</b>", "@photo.png"]
LAST_CAPTION = "a city at night; or $HOME"
FILES = {"one.png": photo(1), "two, or more.png": photo(2)}


def chromium():
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def percent(p):
    return "100 %" if p >= 0.9995 else "< 0.1 %" if p < 0.0005 else f"{p * 100:.1f} %"


class Pages(harness.ServerTest):
    @classmethod
    def setUpClass(cls):
        if not chromium():
            raise unittest.SkipTest("needs chromium")
        if reason := PACKAGES.why_missing():
            raise unittest.SkipTest(reason)
        SCREENSHOTS.mkdir(exist_ok=True)
        super().setUpClass()
        cls.url = f"http://127.0.0.1:{cls.server.port}"

    def open(self, scenario, scheme="light", width=1280, files=FILES, url=None, **given):
        """What the browser saw; and that it asked nobody else and complained of nothing."""
        url = url or self.url
        files = [{"name": name, "type": "image/png", "base64": in_base64(data)} for name, data in files.items()]
        given |= {"chromium": chromium(), "scheme": scheme, "width": width, "files": files,
                  "screenshot": str(SCREENSHOTS / f"{scenario}-{scheme}-{width}.png")}
        result = PACKAGES.run("pages.mjs", url, scenario, stdin=json.dumps(given), timeout=300)
        self.assertEqual(result.returncode, 0, result.stderr)
        seen = json.loads(result.stdout)
        elsewhere = [address for address in seen["requests"] if not address.startswith((url + "/", "blob:", "data:"))]
        self.assertEqual(elsewhere, [])
        return seen

    def similarity(self):
        texts = CAPTIONS + [LAST_CAPTION]
        return texts, json_of(self.server.post("/similarity", *form(
            *(("images", name, data) for name, data in FILES.items()), *(("text", text) for text in texts))))

    def check_playground(self, scheme, width):
        seen = self.open("playground", scheme, width, captions=CAPTIONS, last_caption=LAST_CAPTION)
        self.assertEqual(seen["console"], [])
        for when in ("before", "after"):
            self.assertEqual(seen[when]["accessibility"], [], when)
            self.assertLessEqual(seen[when]["overflow"], 0, when)
        self.assertTrue(seen["before"]["disabled"] and seen["before"]["nothing"])
        self.assertIn("synthetic", seen["before"]["notice"])

        texts, expected = self.similarity()
        got = seen["result"]
        self.assertEqual(got["status"], "Compared 2 images and 4 captions.")
        self.assertEqual(got["cells"], [[f"{c:.3f}" for c in row] for row in expected["similarity"]])
        self.assertEqual(got["probabilities"], [[percent(p) for p in row] for row in expected["probabilities"]])
        self.assertGreater(len(set(got["warm"])), 4)  # it is a heat map
        for card, name, cosines, probabilities in zip(got["cards"], FILES, expected["similarity"],
                                                      expected["probabilities"]):
            order = sorted(range(len(texts)), key=lambda i: -cosines[i])
            self.assertEqual((card["file"], card["title"]), (name, texts[order[0]]))
            self.assertEqual([bar["name"] for bar in card["bars"]], [texts[i] for i in order])
            for bar, i in zip(card["bars"], order):
                self.assertEqual((bar["probability"], bar["cosine"]), (percent(probabilities[i]), f"{cosines[i]:.3f}"))
                self.assertAlmostEqual(bar["part"], probabilities[i], delta=0.02)
        self.assertIn("model", got["stages"])
        self.assertRegex(got["total"], r"^[\d.]+ m?s in the server, [\d.]+ m?s in all$")
        self.assertEqual(got["copied"], got["curl"])
        if shutil.which("curl"):
            with tempfile.TemporaryDirectory() as directory:
                for name, data in FILES.items():
                    (pathlib.Path(directory) / name).write_bytes(data)
                command = got["curl"].replace("curl -s", "curl -s --noproxy '*'", 1)
                reply = subprocess.run(["bash", "-c", command], cwd=directory, capture_output=True, timeout=120)
            self.assertEqual(json.loads(reply.stdout), expected)
        return seen

    def test_playground_light_and_dark(self):
        light = self.check_playground("light", 1280)["before"]["background"]
        dark = self.check_playground("dark", 1280)["before"]["background"]
        self.assertNotEqual(light, dark)

    def test_playground_on_a_narrow_screen(self):
        self.check_playground("light", 360)

    def test_playground_with_one_side_only(self):
        seen = self.open("others")
        self.assertEqual(seen["console"], [])
        self.assertEqual(seen["images"], {"title": "Most alike, of each image", "cards": 2, "rows": 2, "columns": 2,
                                          "choice": False})
        self.assertEqual(seen["thumbs"], 0)
        self.assertEqual(seen["captions"], {"title": "Most alike, of each caption", "cards": 2, "rows": 2,
                                            "columns": 2, "choice": False})
        self.assertEqual(seen["example"], {"title": "Best match of each image", "cards": 3, "rows": 3, "columns": 4,
                                           "choice": True})

    def test_playground_says_what_went_wrong(self):
        seen = self.open("errors", files={"good.png": photo(1), "broken.png": b"no image"})
        self.assertIn("cannot read 1 image", seen["broken"])
        self.assertIn("broken.png: ", seen["broken"])
        self.assertEqual(seen["marked"], 1)
        self.assertEqual(seen["accessibility"], [])
        self.assertIn("notes.txt is text/plain", seen["noImage"])
        self.assertIn("No answer from the server", seen["gone"])
        self.assertEqual(seen["button"], "Compare")

    def test_docs(self):
        operations = [operation["operationId"] for item in json_of(self.server.get("/openapi.json"))["paths"].values()
                      for operation in item.values()]
        for scheme, width in (("light", 1280), ("dark", 360)):
            with self.subTest(scheme=scheme, width=width):
                seen = self.open("docs", scheme, width)
                self.assertEqual(seen["console"], [])
                self.assertEqual(seen["all"]["accessibility"], [])
                self.assertLessEqual(seen["all"]["overflow"], 0)
                self.assertLessEqual(set(operations), set(seen["found"]["articles"]))
                self.assertIn("putLabelSet", seen["found"]["searched"])
                self.assertNotIn("openaiModels", seen["found"]["searched"])
                self.assertEqual(seen["found"]["links"], len(seen["found"]["searched"]))
                self.assertIn("Nothing", seen["found"]["nothing"])
        if shutil.which("curl"):
            self.check_commands(seen["found"]["commands"], len(operations))

    def test_playground_of_a_server_that_asks_for_a_key(self):
        with tempfile.NamedTemporaryFile("w") as keys:
            keys.write("the-key\n")
            keys.flush()
            keyed = harness.Server(f"--api-keys-file={keys.name}")
            self.addCleanup(keyed.end)
            seen = self.open("keyed", url=f"http://127.0.0.1:{keyed.port}", key="the-key")
            self.assertEqual(seen["accessibility"], [])
            self.assertIn("asks for an API key", seen["without"])
            self.assertEqual(seen["after"], "")
            self.assertIn('-H "Authorization: Bearer $API_KEY"', seen["curl"])
            self.assertNotIn("the-key", seen["curl"])
            if shutil.which("curl"):
                command = seen["curl"].replace("curl -s", "curl -s --noproxy '*'", 1)
                reply = subprocess.run(["bash", "-c", command], env={**os.environ, "API_KEY": "the-key"},
                                       capture_output=True, timeout=120)
                self.assertEqual(len(json.loads(reply.stdout)["similarity"]), 2)

    def check_commands(self, commands, least):
        self.assertGreaterEqual(len(commands), least)
        with tempfile.TemporaryDirectory() as directory:
            (pathlib.Path(directory) / "photo.jpg").write_bytes(photo(1))
            for command in commands:
                with self.subTest(command=command):
                    run = command.replace("curl -s", "curl -s --fail-with-body --noproxy '*'", 1)
                    reply = subprocess.run(["bash", "-c", run], cwd=directory, capture_output=True, timeout=120)
                    self.assertEqual(reply.returncode, 0, reply.stdout + reply.stderr)


if __name__ == "__main__":
    unittest.main()
