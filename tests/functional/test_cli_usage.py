"""What the command line says of itself, and how it fails."""
import subprocess
import unittest

import cli

COMMANDS = ["serve", "embed", "tokenize", "preprocess", "inspect", "convert", "quantize", "synthesize", "test-model",
            "selftest"]


class Usage(unittest.TestCase):
    def assert_error(self, result, status, text):
        self.assertEqual(result.returncode, status, result)
        error = result.stderr.decode()
        self.assertTrue(error.startswith("mobileclip-server: error: "), error)
        self.assertEqual(error.count("\n"), 1, error)
        self.assertIn(text, error)
        self.assertEqual(result.stdout, b"")

    def test_every_command_explains_itself(self):
        overview = cli.run("--help").stdout.decode()
        for command in COMMANDS:
            with self.subTest(command=command):
                self.assertIn(f"  {command} ", overview)
                result = cli.run(command, "--help")
                self.assertEqual(result.returncode, 0)
                self.assertIn(f"Usage: mobileclip-server {command}", result.stdout.decode())

    def test_version(self):
        self.assertRegex(cli.run("--version").stdout.decode(), r"^mobileclip-server \d+\.\d+\.\d+ \(([0-9a-f]{40}(-dirty)?|unknown)\)\n$")

    def test_unknown_names_suggest_the_nearest(self):
        self.assert_error(cli.run("tokenise", "x"), 2, "did you mean 'tokenize'?")
        self.assert_error(cli.run("serve", "--treads", "2"), 2, "did you mean '--threads'?")

    def test_a_bad_model_is_one_line(self):
        serve = cli.run("serve", "--model", "/no/such/model")  # a log line, for a server's errors go to its log
        self.assertEqual((serve.returncode, serve.stderr.count(b"\n")), (1, 1), serve.stderr)
        self.assertIn(b"/no/such/model", serve.stderr)
        self.assert_error(cli.run("embed", "--model", "/no/such/model", "text"), 1, "/no/such/model")
        self.assert_error(cli.run("tokenize", "--vocab", "/no/such/file", "text"), 1, "/no/such/file")
        self.assert_error(cli.run("convert", "/no/such/model", "/tmp/never"), 1, "/no/such/model")
        for check in (cli.run("selftest", "--model", "/no/such/model"), cli.run("test-model", "/no/such/model")):
            self.assertEqual((check.returncode, check.stderr), (1, b""))
            self.assertRegex(check.stdout, rb"^FAIL  loading: /no/such/model[^\n]*\n0 passed, 1 failed\n$")

    def test_output_that_cannot_be_written_is_an_error(self):
        with open("/dev/full", "wb") as full:
            result = subprocess.run([cli.BINARY, "serve", "--print-config"], stdout=full, stderr=subprocess.PIPE,
                                    timeout=20)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"standard output", result.stderr)


class Configuration(unittest.TestCase):
    def configure(self, yaml=None, env=None, flags=()):
        arguments = ["serve", "--print-config", *flags]
        if yaml is not None:
            file = cli.scratch() / "server.yaml"
            file.write_text(yaml)
            arguments += ["--config", file]
        return cli.run(*arguments, env=env)

    def assert_has(self, result, *lines):
        self.assertEqual(result.returncode, 0, result.stderr)
        for line in lines:
            self.assertIn(f"\n{line}\n", result.stdout.decode())

    def test_reference_configuration_is_what_there_is_without_any(self):
        self.assertEqual(self.configure().stdout, (cli.ROOT / "config" / "server.yaml").read_bytes())

    def test_each_source_overrides_the_one_before(self):
        yaml = "server: {port: 1, io_threads: 2}\nengine: {max_batch: 3}\n"
        env = {"MOBILECLIP_IO_THREADS": "4", "MOBILECLIP_MAX_BATCH": "5"}
        self.assert_has(self.configure(yaml), "  port: 1", "  io_threads: 2", "  max_batch: 3")
        self.assert_has(self.configure(yaml, env), "  port: 1", "  io_threads: 4", "  max_batch: 5")
        self.assert_has(self.configure(yaml, env, ["--max-batch", "6"]),
                        "  port: 1", "  io_threads: 4", "  max_batch: 6")

    def test_variable_names_the_file(self):
        file = cli.scratch() / "other.yaml"
        file.write_text("server: {port: 77}\n")
        self.assert_has(self.configure(env={"MOBILECLIP_CONFIG": str(file)}), "  port: 77")

    def test_what_is_printed_is_read_back(self):
        printed = self.configure(flags=["--model", "/a b/c", "--max-wait", "250us", "--exif", "apply"]).stdout
        self.assertEqual(self.configure(printed.decode()).stdout, printed)

    def test_errors_name_the_place(self):
        for result, text in [
            (self.configure("server:\n  prot: 1\n"),
             "server.yaml:2: unknown option 'server.prot'; did you mean 'port'?"),
            (self.configure("server:\n  port: many\n"), "server.yaml:2: server.port: expected an integer"),
            (self.configure(env={"MOBILECLIP_PRT": "1"}), "did you mean 'MOBILECLIP_PORT'?"),
            (self.configure(env={"MOBILECLIP_PORT": "1e3"}), "MOBILECLIP_PORT: expected an integer"),
            (self.configure(flags=["--request-timeout", "30"]), "--request-timeout: expected a duration"),
            (self.configure(flags=["--config", "/no/such/file"]), "/no/such/file: cannot be read"),
        ]:
            with self.subTest(text=text):
                self.assertEqual(result.returncode, 2)
                self.assertIn(text, result.stderr.decode())


if __name__ == "__main__":
    unittest.main()
