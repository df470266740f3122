"""docs/engine-yardsticks.md names tests of ours: each must exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "engine-yardsticks.md"


def test_every_test_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE.read_text()))
    ours = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)\(", file.read_text())
    }
    assert len(named) > 60
    assert named - ours == set()


def test_every_pitfall_has_its_test_and_its_line() -> None:
    found = re.findall(r"\| P(\d+) \|.*`test_p(\d\d)_", PAGE.read_text())
    assert [(int(row), int(test)) for row, test in found] == [(number, number) for number in range(1, 17)]
