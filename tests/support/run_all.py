"""Runs every test program (build/…/tests/test_*) and every tests/functional/test_*.py, each in a process of its own.

    run_all.py --build DIR [NAME ...]      only those whose file name contains one of the names

Prints a line a program, the output of those that fail, the reasons of skipped tests, and last, alone,
"N passed, N failed, N skipped" in test cases. A program that crashes, hangs or reports nothing counts as failed, and so
does each report of a sanitizer that the build has, whichever process it is from.
"""
import argparse
import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree

import sanitizers

ROOT = pathlib.Path(__file__).resolve().parents[2]
TIMEOUT_S = 20 * 60  # a program; the longest takes a few minutes on two cores


class Outcome:
    def __init__(self, passed=0, failed=(), skipped=()):
        self.passed = passed
        self.failed = list(failed)    # names
        self.skipped = list(skipped)  # (name, reason)


def read_gtest_report(path: pathlib.Path) -> Outcome:
    outcome = Outcome()
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        skipped = case.find("skipped")
        if case.find("failure") is not None:
            outcome.failed.append(name)
        elif skipped is not None:
            # "file.cpp:12\nreason"
            outcome.skipped.append((name, (skipped.get("message") or "").split("\n", 1)[-1].strip()))
        elif case.get("status") == "run":
            outcome.passed += 1
    return outcome


def read_unittest_report(path: pathlib.Path) -> Outcome:
    report = json.loads(path.read_text())
    return Outcome(report["passed"], report["failed"], report["skipped"])


def run(command, report: pathlib.Path, read_report, env, timeout) -> tuple:
    """(Outcome, output) of one test program."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               errors="replace", env=env, start_new_session=True)
    try:
        output, _ = process.communicate(timeout=timeout)
        status = process.returncode
        problem = f"ended by signal {-status}" if status < 0 else f"exit status {status}"
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)  # it, and servers it started
        output, _ = process.communicate()
        problem = f"not done after {timeout} s"
    try:
        outcome = read_report(report)
    except (OSError, ValueError, ElementTree.ParseError):
        outcome = Outcome()
    if process.returncode != 0 and not outcome.failed:
        outcome.failed.append(f"the program itself: {problem}")
    if not outcome.passed and not outcome.failed and not outcome.skipped:
        outcome.failed.append("the program itself: it ran no test")
    return outcome, output


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    wanted = lambda path: not args.names or any(name in path.name for name in args.names)

    env = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")
    for name in list(env):  # settings of the user's for the server would change what is tested
        if name.startswith("MOBILECLIP_") and name != "MOBILECLIP_SHARED":
            del env[name]
    env["MOBILECLIP_BINARY"] = str((args.build / "mobileclip-server").resolve())
    total = Outcome()
    with tempfile.TemporaryDirectory() as scratch, tempfile.TemporaryDirectory() as reports:
        checked = sanitizers.Sanitizers(args.build, pathlib.Path(reports))
        env.update(checked.environment, TEST_PATIENCE=str(checked.patience))
        jobs = []
        for program in sorted((args.build / "tests").glob("test_*")):
            if wanted(program) and os.access(program, os.X_OK):
                report = pathlib.Path(scratch) / (program.name + ".xml")
                jobs.append((program.name, [str(program), f"--gtest_output=xml:{report}"], report, read_gtest_report))
        for file in sorted((ROOT / "tests" / "functional").glob("test_*.py")):
            if wanted(file):
                report = pathlib.Path(scratch) / (file.name + ".json")
                runner = str(ROOT / "tests" / "support" / "run_unittest.py")
                jobs.append((file.name, [sys.executable, runner, str(file), str(report)], report, read_unittest_report))

        for name, command, report, read_report in jobs:
            start = time.monotonic()
            outcome, output = run(command, report, read_report, env, TIMEOUT_S * checked.patience)
            for text in checked.take_reports():
                outcome.failed.append(f"a sanitizer: {sanitizers.headline(text)}")
                output += "\n" + text
            verdict = "FAIL" if outcome.failed else "ok"
            print(f"{verdict:4} {name}: {outcome.passed} passed, {len(outcome.failed)} failed, "
                  f"{len(outcome.skipped)} skipped ({time.monotonic() - start:.1f} s)", flush=True)
            if outcome.failed:
                print(output)
            total.passed += outcome.passed
            total.failed += [f"{name}: {test}" for test in outcome.failed]
            total.skipped += outcome.skipped

    reasons = collections.Counter(reason for _, reason in total.skipped)
    for reason, count in sorted(reasons.items()):
        print(f"skipped {count}: {reason}")
    for test in total.failed:
        print(f"failed: {test}")
    if not jobs:
        print("no test has such a name" if args.names else "no tests found")
    print(f"{total.passed} passed, {len(total.failed)} failed, {len(total.skipped)} skipped")
    return 1 if total.failed or not jobs else 0


if __name__ == "__main__":
    sys.exit(main())
