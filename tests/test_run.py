from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.run import NOTHING_RAN, TREE

PASSES = "def test_passes(): pass\n"
FAILS = "def test_fails(): raise AssertionError\n"
BROKEN_FIXTURE = """
import pytest

@pytest.fixture
def broken(): raise RuntimeError("no")

def test_uses_it(broken): pass
"""
SKIPS = """
import pytest

@pytest.mark.parametrize("number", range(3))
def test_skips(number): pytest.skip("no tmux")
"""
MODULE_SKIPS = "import pytest\npytest.skip('not root', allow_module_level=True)\n"


def run(folder: Path, *arguments: str, **files: str) -> tuple[int, str]:
    for name, text in files.items():
        (folder / f"test_{name}.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "tests.run", *arguments, str(folder)],
        cwd=TREE,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("workers", ["0", "2"])
def test_reasons_of_skips_and_the_counts_close_the_output(tmp_path: Path, workers: str) -> None:
    status, output = run(tmp_path, "-n", workers, passes=PASSES, skips=SKIPS, module=MODULE_SKIPS)
    assert status == 0
    lines = output.splitlines()
    assert lines[-1] == "1 passed, 0 failed, 4 skipped"
    closing = lines[lines.index("Could not run here:") :]
    assert closing[1] == "  3 × no tmux"
    assert closing[2].strip().endswith("test_skips.py")
    assert closing[3] == "  1 × not root"


@pytest.mark.parametrize("text", [FAILS, BROKEN_FIXTURE, "import no_such_module_anywhere"])
def test_any_kind_of_failure_is_counted_and_fails_the_run(tmp_path: Path, text: str) -> None:
    status, output = run(tmp_path, "-n", "0", broken=text)
    assert status != 0
    assert output.splitlines()[-1] == "0 passed, 1 failed, 0 skipped"


@pytest.mark.parametrize("files", [{}, {"skips": SKIPS}])
def test_a_run_in_which_nothing_ran_fails(tmp_path: Path, files: dict[str, str]) -> None:
    status, output = run(tmp_path, "-n", "0", **files)
    assert status == NOTHING_RAN
    assert output.splitlines()[-1].startswith("0 passed, 0 failed,")
