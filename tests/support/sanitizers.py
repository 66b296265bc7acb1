"""What a build with sanitizers needs of those who run its tests: options, patience, and that no report is missed."""
import pathlib
import re

SUPPORT = pathlib.Path(__file__).resolve().parent
# How much longer than an optimised build's a time limit of a test has to be.
PATIENCE = {"address,undefined": 5, "thread": 10}
# Not detect_stack_use_after_return: GCC 12 then misaligns 64-byte variables on the stack (GCC bug 110027), and every
# AVX-512 kernel faults.
# What is freed is kept for a while, 256 MiB by default: more than tests allow a server to grow.
# A server in the middle of its work is ended by its first race, and every test behind it fails: so go on.
OPTIONS = {
    "address,undefined": {"ASAN_OPTIONS": ":strict_string_checks=1:quarantine_size_mb=16", "UBSAN_OPTIONS": ""},
    "thread": {"TSAN_OPTIONS": f":halt_on_error=0:second_deadlock_stack=1:suppressions={SUPPORT}/tsan.supp"},
}


class Sanitizers:
    """Of the build in a directory; of one without any, all of this is empty."""

    def __init__(self, build: pathlib.Path, reports: pathlib.Path):
        """`reports` is an empty directory, for what any process that was started with `environment` has to report,
        whatever becomes of its exit status and its stderr."""
        cache = (build / "CMakeCache.txt").read_text()
        kinds = re.search(r"^MOBILECLIP_SANITIZE:\w+=(.*)$", cache, re.MULTILINE)[1]
        self.patience = PATIENCE[kinds] if kinds else 1
        self._reports = reports
        self.environment = {}
        if not kinds:
            return
        common = f"log_path={reports}/report:print_stacktrace=1"
        # Only those of this build: tests look which there are.
        self.environment = {name: common + own for name, own in OPTIONS[kinds].items()}

    def take_reports(self) -> list:
        """The text of each report since the last call."""
        texts = []
        for file in sorted(self._reports.iterdir()):
            texts.append(file.read_text(errors="replace"))
            file.unlink()
        return texts


def headline(report: str) -> str:
    """The line of a report that says what it found."""
    lines = report.splitlines()
    return next((line for line in lines if re.match("SUMMARY:|.*runtime error:", line)), lines[0] if lines else "empty")
