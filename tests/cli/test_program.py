"""How the process ends: quickly, but with all that was written and registered."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def ended(code: str, **arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", f"from console.cli.program import leave\n{code}"],
        text=True,
        timeout=60,
        check=False,
        stderr=subprocess.PIPE,
        **({"stdout": subprocess.PIPE} | arguments),  # type: ignore[call-overload]
    )


def test_what_was_written_arrives_and_the_code_is_told() -> None:
    done = ended("print('x' * 100_000); leave(5)")
    assert (len(done.stdout), done.returncode, done.stderr) == (100_001, 5, "")


def test_what_was_registered_for_the_end_is_done() -> None:
    assert ended("import atexit; atexit.register(print, 'the end'); leave(0)").stdout == "the end\n"


def test_a_thread_that_works_is_waited_for() -> None:
    code = (
        "import threading, time\n"
        "threading.Thread(target=lambda: (time.sleep(0.3), print('done', flush=True))).start()\n"
        "leave(0)"
    )
    assert ended(code).stdout == "done\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_words_that_can_not_be_written_are_a_failure() -> None:
    with open("/dev/full", "w") as full:
        done = ended("print('x'); leave(0)", stdout=full)
    assert done.returncode != 0
    assert "No space left" in done.stderr
