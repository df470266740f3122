"""What ``./dev test`` runs after lint: every test that can run here, then what could not and why.

``python -m tests.run [--real] [pytest's own arguments]``. The last line is ``N passed, N failed, N skipped``;
the exit status is pytest's, and not 0 either when nothing ran at all.
"""

from __future__ import annotations

import os
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

TREE = Path(__file__).parents[1]
_MOST_WORKERS = 4
_NAMED_FILES = 4
NOTHING_RAN = 5  # pytest's own status for "no tests collected"


class Tally:
    """A pytest plugin that counts outcomes and remembers the reasons of skips."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.skipped: dict[str, list[str]] = defaultdict(list)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:  # also set-ups and tear-downs: a broken fixture is a failure
            self.outcomes["failed"] += 1
        elif report.skipped and not hasattr(report, "wasxfail"):
            self._skip(report.longrepr, report.nodeid)
        elif report.when == "call":
            self.outcomes["passed"] += 1

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.outcomes["failed"] += 1
        elif report.skipped:
            self._skip(report.longrepr, report.nodeid)

    def _skip(self, longrepr: object, nodeid: str) -> None:
        reason = str(longrepr[2]) if isinstance(longrepr, tuple) else str(longrepr)
        self.outcomes["skipped"] += 1
        self.skipped[reason.removeprefix("Skipped: ")].append(nodeid)

    def closing_lines(self) -> list[str]:
        """What could not run here, by reason, and the counts alone on the last line."""
        lines = []
        if self.skipped:
            lines.append("Could not run here:")
            for reason, nodes in sorted(self.skipped.items(), key=lambda entry: -len(entry[1])):
                lines.append(f"  {len(nodes)} × {reason}")
                files = sorted({node.partition("::")[0] for node in nodes})
                more = f" and {len(files) - _NAMED_FILES} more files" if len(files) > _NAMED_FILES else ""
                lines.append(f"      {', '.join(files[:_NAMED_FILES])}{more}")
        counts = (f"{self.outcomes[outcome]} {outcome}" for outcome in ("passed", "failed", "skipped"))
        return [*lines, ", ".join(counts)]


def main(arguments: list[str]) -> int:
    """Run pytest on `arguments` (everything without any); returns the exit status."""
    tally = Tally()
    status = int(
        pytest.main(["-c", str(TREE / "pyproject.toml"), *_workers(arguments), *arguments], plugins=[tally])
    )
    if status == 0 and not tally.outcomes["passed"]:
        status = NOTHING_RAN
    print("\n" + "\n".join(tally.closing_lines()), flush=True)
    return status


def _workers(arguments: list[str]) -> list[str]:
    """xdist's arguments, unless the caller chose, or wants to talk to the tests."""
    own = (
        "-n",
        "--numprocesses",
        "--dist",
        "--pdb",
        "-s",
        "--capture",
        "--trace",
        "--collect-only",
        "--co",
        "-p",
    )
    if any(argument == name or argument.startswith(f"{name}=") for argument in arguments for name in own):
        return []
    return ["-n", str(min(_MOST_WORKERS, max(2, os.cpu_count() or 2))), "--dist", "loadgroup"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
