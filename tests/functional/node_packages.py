"""Packages of npm's registry for tests that run scripts with node, installed once into a folder below build/."""
import functools
import os
import pathlib
import shutil
import subprocess

import cli

INSTALL_TIMEOUT = 300  # seconds
NPM_INSTALL = ("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--fetch-retries=1",
               "--fetch-retry-mintimeout=1000", "--fetch-timeout=60000")


class NodePackages:
    """The package.json and the scripts of a folder, and where they run."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.cache = cli.ROOT / "build" / folder.name

    @functools.cache
    def why_missing(self) -> str:
        """Empty where the packages are installed, else the reason why they are not."""
        missing = [program for program in ("node", "npm") if not shutil.which(program)]
        if missing:
            return f"needs {' and '.join(missing)}"
        wanted = (self.folder / "package.json").read_text()
        done = self.cache / "installed.json"
        if done.exists() and done.read_text() == wanted:
            return ""
        self.cache.mkdir(parents=True, exist_ok=True)
        (self.cache / "package.json").write_text(wanted)
        try:
            install = subprocess.run(NPM_INSTALL, cwd=self.cache, capture_output=True, text=True,
                                     timeout=INSTALL_TIMEOUT)
        except subprocess.TimeoutExpired:
            return "needs the npm registry, which did not answer in time"
        if install.returncode != 0:
            errors = [line for line in install.stderr.splitlines() if line.startswith("npm error")]
            return "needs the npm registry: " + (errors or ["npm install failed"])[0]
        done.write_text(wanted)
        return ""

    def run(self, script, *arguments, stdin="", timeout=120):
        """The finished process of one of the folder's scripts, which find their packages from where they lie."""
        path = shutil.copy(self.folder / script, self.cache)
        clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        return subprocess.run(["node", path, *arguments], input=stdin, capture_output=True, text=True,
                              timeout=timeout, env=clean)
