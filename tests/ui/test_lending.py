"""The terminal lent to a program of one's own, in a real pseudo-terminal: it comes back whatever happens."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.alive import alive
from tests.terminal import DEADLINE, Terminal
from tests.ui.test_terminal import left_on, stage

pytestmark = pytest.mark.xdist_group("terminal")

_PID = re.compile(r"IN CHARGE of checkout-0000\S* (\d+) now")
PROGRAM = """\
import sys, os
print("IN CHARGE of", sys.argv[1], os.getpid(), "now", flush=True)
print("read:", sys.stdin.readline().strip(), flush=True)
sys.exit(int(sys.argv[2]))
"""


def console(tmp_path: Path, *, code: int = 0) -> Terminal:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    folder = tmp_path / "config"
    folder.mkdir(mode=0o700)
    run = [sys.executable, str(program), "{name}", str(code)]
    words = ", ".join(f'"{word}"' for word in run)
    (folder / "settings.toml").write_text(
        f'[commands.take]\nrun = [{words}]\nwhere = "terminal"\nkey = "f6"\n'
    )
    (folder / "settings.toml").chmod(0o600)
    return stage(NAVARCH_HOME=str(tmp_path))


def take(terminal: Terminal) -> int:
    """Until the program has the terminal; its process id."""
    terminal.expect("1 cluster")
    terminal.press(":pods", "enter")
    terminal.expect("200 rows")
    terminal.press("\x1b[17~")
    terminal.expect("not run before in this form")
    terminal.press("down", "enter")
    assert terminal.wait(lambda: _PID.search(terminal.text)), terminal.text
    found = _PID.search(terminal.text)
    assert found
    return int(found[1])


def test_a_program_gets_the_terminal_and_the_console_comes_back(tmp_path: Path) -> None:
    with console(tmp_path) as terminal:
        take(terminal)
        assert left_on(terminal) == [], "the program has an ordinary terminal"
        terminal.press("hello", "enter")
        terminal.expect("200 rows")
        terminal.press("down", "d")
        terminal.expect("(describe)")
        terminal.press("ctrl+q")
        assert terminal.wait_for_end() == 0
        assert left_on(terminal) == []


def test_a_failure_can_be_read_before_the_console_comes_back(tmp_path: Path) -> None:
    with console(tmp_path, code=3) as terminal:
        take(terminal)
        terminal.press("hello", "enter")
        terminal.expect("exit code 3. Press enter to go back to Navarch.")
        terminal.press("enter")
        terminal.expect("200 rows")
        terminal.expect("exit code 3")


def test_ctrl_c_ends_the_program_alone(tmp_path: Path) -> None:
    with console(tmp_path) as terminal:
        take(terminal)
        terminal.press("ctrl+c")
        terminal.expect("ended by SIGINT")
        terminal.press("enter")
        terminal.expect("200 rows")


def test_a_program_that_is_killed_gives_the_terminal_back(tmp_path: Path) -> None:
    with console(tmp_path) as terminal:
        pid = take(terminal)
        os.kill(pid, signal.SIGKILL)
        terminal.expect("ended by SIGKILL")
        terminal.press("enter")
        terminal.expect("200 rows")


def test_a_lost_terminal_ends_both(tmp_path: Path) -> None:
    with console(tmp_path) as terminal:
        pid = take(terminal)
        assert terminal.hang_up()
        end = time.monotonic() + DEADLINE
        while alive(pid):
            assert time.monotonic() < end, "the program outlives its terminal"
            time.sleep(0.02)
