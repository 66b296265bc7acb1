"""Runs one file of unittest cases and writes what became of each:  run_unittest.py FILE REPORT.json"""
import importlib.util
import json
import pathlib
import sys
import unittest


class Recorder(unittest.TextTestResult):
    """Knows of each test case whether it passed; a case with subtests is one case."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.status = {}  # id → "passed", "failed" or ("skipped", reason); the worst wins

    def addSuccess(self, test):
        super().addSuccess(test)
        self.status.setdefault(test.id(), "passed")

    def addError(self, test, err):
        super().addError(test, err)
        self.status[test.id()] = "failed"  # also of "setUpClass (…)", whose tests then do not run

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.status[test.id()] = "failed"

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.status[test.id()] = "failed"

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.status.setdefault(test.id(), ("skipped", reason))

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.status[test.id()] = "failed"

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.status.setdefault(test.id(), "passed")


def main() -> int:
    file, report = map(pathlib.Path, sys.argv[1:])
    sys.path[:0] = [str(file.parent), str(file.parents[2])]
    spec = importlib.util.spec_from_file_location(file.stem, file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    suite = unittest.defaultTestLoader.loadTestsFromModule(module)
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, resultclass=Recorder).run(suite)
    statuses = result.status.items()
    report.write_text(json.dumps({
        "passed": sum(status == "passed" for _, status in statuses),
        "failed": [name for name, status in statuses if status == "failed"],
        "skipped": [(name, status[1]) for name, status in statuses if isinstance(status, tuple)],
    }))
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
