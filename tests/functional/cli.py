"""Starts the mobileclip-server under test: $MOBILECLIP_BINARY, else what tests/run.sh builds."""
import atexit
import functools
import os
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("MOBILECLIP_BINARY", str(ROOT / "build" / "test" / "mobileclip-server"))
PATIENCE = float(os.environ.get("TEST_PATIENCE", "1"))  # of those who wait for a slow build or on a slow machine
SHARED = pathlib.Path(os.environ.get("MOBILECLIP_SHARED", ROOT.parent / "shared"))


def patience(seconds):
    """How long to wait at most for what takes an optimised build less than `seconds`."""
    return seconds * PATIENCE


def run(*arguments, stdin=b"", env=None, timeout=300):
    """The finished process, its output as bytes. Variables of the user's that would change its answers are left out."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MOBILECLIP_")}
    return subprocess.run([BINARY, *map(os.fspath, arguments)], input=stdin, env={**clean, **(env or {})},
                          capture_output=True, timeout=patience(timeout))


@functools.cache
def scratch() -> pathlib.Path:
    """A directory for this process's files."""
    directory = tempfile.TemporaryDirectory()
    atexit.register(directory.cleanup)
    return pathlib.Path(directory.name)


@functools.cache
def demo_model() -> pathlib.Path:
    """A synthetic MobileCLIP2-S0 of seed 1 in the split layout, made once a test file."""
    directory = scratch() / "demo"
    result = run("synthesize", "MobileCLIP2-S0", directory)
    assert result.returncode == 0, result.stderr.decode()
    return directory
