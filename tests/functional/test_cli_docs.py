"""The manual page and the completions, which the build writes from the parser's own options."""
import pathlib
import re
import shutil
import subprocess
import unittest

import cli
from test_cli_usage import COMMANDS

DOCS = pathlib.Path(cli.BINARY).parent / "cli_docs"
MAN, BASH, ZSH = DOCS / "mobileclip-server.1", DOCS / "mobileclip-server", DOCS / "_mobileclip-server"

# Prints what bash would offer for the last of its arguments.
COMPLETE = """
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_mobileclip_server 2>/dev/null
printf '%s\\n' "${COMPREPLY[@]}"
"""


def flags_of(command):
    """As its --help has them."""
    return set(re.findall(r"^  (?:-\w,)?(--[\w-]+)", cli.run(command, "--help").stdout.decode(), re.MULTILINE))


def complete(*words):
    result = subprocess.run(["bash", "-c", COMPLETE, "bash", BASH, "mobileclip-server", *words], text=True,
                            capture_output=True, timeout=60, cwd=cli.ROOT)
    assert result.stderr == "", result.stderr
    return set(result.stdout.split())


class ManualPage(unittest.TestCase):

    def test_has_every_option_of_every_command(self):
        page = MAN.read_text().replace("\\-", "-")
        sections = dict(section.split("\n", 1) for section in page.split('.SS "')[1:])
        self.assertEqual([name.rstrip('"') for name in sections], COMMANDS)
        for command in COMMANDS:
            described = set(re.findall(r"\\fB(--[\w-]+)\\fR", sections[f'{command}"']))
            self.assertEqual(described, flags_of(command), command)

    def test_states_defaults(self):
        self.assertIn("\nPort to listen on; 0 takes any free one and prints it. Default: 8080.\n", MAN.read_text())

    @unittest.skipUnless(shutil.which("mandoc"), "needs mandoc")
    def test_is_well_formed(self):
        lint = subprocess.run(["mandoc", "-Tlint", "-Wwarning", MAN], capture_output=True, text=True, timeout=60)
        complaints = [line for line in lint.stdout.splitlines() if "missing date" not in line]  # would differ by build
        self.assertEqual(complaints, [])


class BashCompletion(unittest.TestCase):

    def test_commands_and_options(self):
        self.assertEqual(complete(""), {*COMMANDS, "-h", "--help", "--version"})
        self.assertEqual(complete("sy"), {"synthesize"})
        for command in COMMANDS:
            offered = {flag for flag in complete(command, "-") if flag.startswith("--")}
            self.assertEqual(offered, flags_of(command), command)

    def test_values(self):
        self.assertEqual(complete("serve", "--precision", ""), {"fp32", "bf16", "int8"})
        self.assertEqual(complete("convert", "--dtype", "b"), {"bf16"})
        self.assertEqual(complete("serve", "--model", "README"), {"README.md"})
        self.assertEqual(complete("inspect", "READ"), {"README.md"})
        self.assertEqual(complete("serve", "--port", ""), set(), "a number is the user's to know")


class ZshCompletion(unittest.TestCase):

    def test_has_every_option_of_every_command(self):
        script = ZSH.read_text()
        for command in COMMANDS:
            specs = re.search(rf"^      {command}\)\n((?:        .*\n)+)", script, re.MULTILINE)[1]
            self.assertEqual(set(re.findall(r"'(--[\w-]+)[=\[]", specs)), flags_of(command), command)

    @unittest.skipUnless(shutil.which("zsh"), "needs zsh")
    def test_is_well_formed(self):
        self.assertEqual(subprocess.run(["zsh", "-n", ZSH], capture_output=True, timeout=60).stderr, b"")


if __name__ == "__main__":
    unittest.main()
