"""What `cmake --install` and the Debian package lay where, and the bill of materials."""
import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import unittest

import cli
import node_packages

CYCLONEDX = node_packages.NodePackages(pathlib.Path(__file__).resolve().parent / "sbom")
BUILD = pathlib.Path(cli.BINARY).parent
FILES = {
    "usr/bin/mobileclip-server",
    "usr/share/man/man1/mobileclip-server.1",
    "usr/share/bash-completion/completions/mobileclip-server",
    "usr/share/zsh/vendor-completions/_mobileclip-server",
    "usr/lib/systemd/system/mobileclip-server.service",
    "usr/lib/systemd/system/mobileclip-server.socket",
    "usr/share/doc/mobileclip-server/copyright",
    "usr/share/doc/mobileclip-server/CHANGELOG.md",
    "usr/share/doc/mobileclip-server/every-option.yaml",
    "etc/mobileclip-server/server.yaml",
}


def output_of(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=300, **options).stdout


def cached(variable):
    """From the build's CMakeCache.txt."""
    found = re.search(rf"^{variable}:\w+=(.*)$", (BUILD / "CMakeCache.txt").read_text(), re.MULTILINE)
    return found[1] if found else ""


def files_below(directory):
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if not path.is_dir()}


@functools.cache
def installed():
    """The tree that an installation makes."""
    tree = cli.scratch() / "tree"
    subprocess.run(["cmake", "--install", BUILD], check=True, capture_output=True, timeout=300,
                   env={**os.environ, "DESTDIR": str(tree)})
    return tree


@functools.cache
def package():
    directory = cli.scratch() / "package"
    output_of("cpack", "-B", directory, "-D", "CPACK_STRIP_FILES=OFF", cwd=BUILD, env={**os.environ, "SOURCE_DATE_EPOCH": "1"})
    [file] = directory.glob("*.deb")
    return file


PACKABLE = cached("CMAKE_INSTALL_PREFIX") == "/usr" and cached("MOBILECLIP_SBOM") != "ON"


@unittest.skipUnless(PACKABLE, "needs a build as tests/run.sh configures it, for /usr")
class Installation(unittest.TestCase):

    def test_lays_everything_in_its_place(self):
        self.assertEqual(files_below(installed()), FILES)
        self.assertTrue((installed() / "var/lib/mobileclip-server").is_dir())

    def test_the_service_starts_what_is_installed(self):
        unit = (installed() / "usr/lib/systemd/system/mobileclip-server.service").read_text()
        binary, command, _, config = re.search(r"^ExecStart=(.*)$", unit, re.MULTILINE)[1].split()
        self.assertTrue(os.access(installed() / binary[1:], os.X_OK), binary)
        effective = cli.run(command, "--config", installed() / config[1:], "--print-config")
        self.assertEqual(effective.returncode, 0, effective.stderr)
        self.assertIn(b"\nmodel: /var/lib/mobileclip-server/model\n", effective.stdout)
        self.assertNotIn("@", unit.replace("~@", "").replace("=@", "").replace(" @", ""), "a variable was not filled in")

    @unittest.skipUnless(shutil.which("systemd-analyze"), "needs systemd")
    def test_the_service_is_confined(self):
        unit = installed() / "usr/lib/systemd/system/mobileclip-server.service"
        result = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=11", unit],
                                capture_output=True, text=True, timeout=60)  # the threshold is in tenths
        self.assertEqual(result.returncode, 0, result.stdout)


@unittest.skipUnless(PACKABLE, "needs a build as tests/run.sh configures it, for /usr")
@unittest.skipUnless(shutil.which("dpkg-shlibdeps"), "needs dpkg-dev")
class DebianPackage(unittest.TestCase):

    def test_holds_what_an_installation_lays(self):
        listed = output_of("dpkg-deb", "--contents", package()).splitlines()
        entries = {line.split()[5][2:]: line.split() for line in listed}
        self.assertEqual({name for name in entries if not name.endswith("/")}, FILES)
        for name, entry in entries.items():
            self.assertEqual(entry[1], "root/root", name)
            executable = name.endswith("/") or name == "usr/bin/mobileclip-server"
            self.assertEqual(entry[0][1:], "rwxr-xr-x" if executable else "rw-r--r--", name)

    def test_depends_on_libraries_and_not_on_what_it_was_built_with(self):
        depends = output_of("dpkg-deb", "--field", package(), "Depends")
        for library in ("libc6", "libopencv-imgcodecs406", "libicu72", "libssl3"):
            self.assertRegex(depends, rf"(^|, ){library} ")
        self.assertNotIn("-dev", depends)
        self.assertNotIn("systemd", depends)

    def test_its_scripts_and_configuration(self):
        control = cli.scratch() / "control"
        output_of("dpkg-deb", "--control", package(), control)
        self.assertEqual((control / "conffiles").read_text(), "/etc/mobileclip-server/server.yaml\n")
        for script in ("postinst", "prerm", "postrm"):
            output_of("sh", "-n", control / script)
            self.assertTrue(os.access(control / script, os.X_OK))


@unittest.skipUnless(shutil.which("dpkg-query") and shutil.which("ninja"), "needs Debian and Ninja")
class BillOfMaterials(unittest.TestCase):

    @staticmethod
    def write(name):
        file = cli.scratch() / name
        output_of("python3", cli.ROOT / "deploy" / "sbom.py", "--build", BUILD, "--binary", cli.BINARY, "--output", file)
        return file.read_bytes()

    def test_says_what_the_binary_is_made_of(self):
        bill = json.loads(self.write("bill"))
        itself = bill["metadata"]["component"]
        self.assertEqual([f"mobileclip-server {itself['version']} ({itself['properties'][0]['value']})"],
                         cli.run("--version").stdout.decode().splitlines())
        uses = {part["name"]: part["properties"][0]["value"] for part in bill["components"]}
        self.assertEqual(uses["libopencv-imgcodecs406"], "linked")
        self.assertEqual(uses["libc6"], "linked")
        self.assertEqual(uses["libeigen3-dev"], "compiled in")
        self.assertEqual(uses["nlohmann-json3-dev"], "compiled in")
        for part in bill["components"]:
            self.assertEqual(part["version"], output_of("dpkg-query", "-Wf", "${Version}", part["name"].split(":")[0])
                             [:len(part["version"])], part["name"])
        references = {itself["bom-ref"], *(part["bom-ref"] for part in bill["components"])}
        self.assertEqual(references, {entry["ref"] for entry in bill["dependencies"]})
        for entry in bill["dependencies"]:
            self.assertLessEqual(set(entry["dependsOn"]), references)

    def test_fits_the_published_schema(self):
        if reason := CYCLONEDX.why_missing():
            self.skipTest(reason)
        bill = json.loads(self.write("to-validate"))
        for unknown, problem in ({}, ""), ({"of": "our own"}, "must NOT have additional properties"):
            checked = CYCLONEDX.run("validate.mjs", stdin=json.dumps({**bill, **unknown}))
            self.assertEqual(checked.returncode, 0, checked.stderr)
            self.assertRegex(checked.stdout, problem or "^$")

    def test_is_the_same_each_time(self):
        self.assertEqual(self.write("once"), self.write("twice"))


if __name__ == "__main__":
    unittest.main()
