"""Terminals of every kind: the program works there, leaves them as they were, and leaves no child."""

from __future__ import annotations

import os
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.terminal import DEADLINE, Terminal, inherited
from tests.ui.test_terminal import SSH, left_on, stage

pytestmark = pytest.mark.timeout(180)
PLAIN = {"COLORTERM": ""}
KINDS = {
    "the Linux console": {"TERM": "linux", **PLAIN},
    "a bare xterm": {"TERM": "xterm", **PLAIN},
    "vt100": {"TERM": "vt100", **PLAIN},
    "screen": {"TERM": "screen", **PLAIN},
    "screen, 256 colours": {"TERM": "screen-256color", **PLAIN},
    "tmux": {"TERM": "tmux-256color", "TMUX": "/nonexistent,1,0", **PLAIN},
    "kitty": {"TERM": "xterm-kitty"},
    "unknown": {"TERM": "no-such-terminal", **PLAIN},
    "dumb": {"TERM": "dumb", **PLAIN},
    "no TERM at all": {"TERM": "", **PLAIN},
    "NO_COLOR": {"NO_COLOR": "1"},
    "no UTF-8": {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "over SSH": SSH,
    "an old Latin-1 locale": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "latin-1"},
}
SIXTEEN = ("the Linux console", "a bare xterm", "vt100", "screen", "unknown", "no TERM at all")
PYTHON = shlex.quote(sys.executable)
SGR = re.compile(rb"\x1b\[([0-9;]*)m")


@pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=["80x24", "200x50"])
@pytest.mark.parametrize("kind", KINDS)
def test_it_works_there_and_leaves_the_terminal_as_it_was(kind: str, size: tuple[int, int]) -> None:
    with stage(columns=size[0], rows=size[1], **KINDS[kind]) as terminal:
        before = terminal.modes()
        terminal.expect("1 cluster")
        terminal.press(":", "p", "o", "d", "s", "enter")
        terminal.expect("200 rows")
        terminal.press("?")
        terminal.expect("Keys that work")
        terminal.press("esc")
        terminal.expect_gone("Keys that work")
        terminal.press("ctrl+q")
        assert terminal.wait_for_end() == 0
        assert terminal.modes() == before
    assert left_on(terminal) == []
    if kind in SIXTEEN:
        told = b";".join(SGR.findall(bytes(terminal.raw)))
        assert b"38;2;" not in told
        assert b"38;5;" not in told


def test_a_storm_of_sizes_ends_in_a_whole_picture() -> None:
    dice = random.Random(7)
    with stage() as terminal:
        terminal.expect("1 cluster")
        terminal.press(":", "p", "o", "d", "s", "enter")
        terminal.expect("200 rows")
        for _ in range(120):
            terminal.resize(dice.randint(1, 260), dice.randint(1, 90))
            terminal.pump(0.002)
        terminal.resize(80, 24)

        def whole() -> bool:
            first, *_, last = terminal.text.splitlines()
            return "NAVARCH" in first and "200 rows" in terminal.text and ": command" in last

        terminal.until(whole, "a whole picture")
        terminal.press("ctrl+q")
        assert terminal.wait_for_end() == 0
    assert left_on(terminal) == []


@pytest.mark.parametrize("size", [(1, 1), (20, 3), (40, 8)])
def test_a_tiny_terminal_is_no_reason_to_end(size: tuple[int, int]) -> None:
    with stage(columns=size[0], rows=size[1]) as terminal:
        terminal.until(lambda: b"?1049h" in terminal.raw, "the alternate screen")
        terminal.settle()
        terminal.press(":", "p", "o", "d", "s", "enter", "?", "D")
        terminal.settle()
        terminal.resize(100, 30)
        terminal.press("esc", "esc")
        terminal.expect("NAVARCH")
        terminal.press("ctrl+q")
        assert terminal.wait_for_end() == 0
    assert left_on(terminal) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("moment", ["start", "dialog", "storm", "stopped"])
def test_told_to_go_at_a_bad_moment(number: signal.Signals, moment: str, tmp_path: Path) -> None:
    note = tmp_path / "child"
    with stage("child", str(note)) as terminal:
        before = terminal.modes()
        if moment == "start":
            terminal.until(lambda: b"?1049h" in terminal.raw, "the alternate screen")
        else:
            terminal.expect("1 cluster")
        if moment == "dialog":
            terminal.press(":", "p", "o", "d", "s", "enter")
            terminal.expect("200 rows")
            terminal.press("D")
            terminal.expect("Keep everything")
        if moment == "storm":
            for width in range(60, 120):
                terminal.resize(width, 30)
        if moment == "stopped":
            terminal.signal(signal.SIGTSTP)
            terminal.until(terminal.is_stopped, "a stop")
        terminal.signal(number)
        if moment == "stopped":
            terminal.signal(signal.SIGCONT)
        assert terminal.wait_for_end() == 128 + number
        assert terminal.modes() == before
    assert left_on(terminal) == []
    child = int(note.read_text().split()[1])
    assert gone(child)


def test_keys_of_a_hurry_and_a_paste_do_no_harm() -> None:
    """A page of text pasted by mistake is no series of commands; keys held down are worked off."""
    paste = "\x1b[200~D\rD\r:delete\r" + "x" * 20_000 + "\x1b[201~"
    with stage() as terminal:
        terminal.expect("1 cluster")
        terminal.press(":", "p", "o", "d", "s", "enter")
        terminal.expect("200 rows")
        terminal.press(paste)
        terminal.settle()
        assert "Keep everything" not in terminal.text
        terminal.press(*"j" * 400)
        terminal.press("g")
        terminal.press("ctrl+q")
        assert terminal.wait_for_end() == 0


# --- real multiplexers


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def waited(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


class Tmux:
    """A tmux server of its own with one pane."""

    def __init__(self, socket: Path) -> None:
        self._base = ["tmux", "-S", str(socket), "-f", "/dev/null"]

    def run(self, *words: str) -> str:
        done = subprocess.run([*self._base, *words], capture_output=True, text=True, timeout=20, check=False)
        return done.stdout

    def see(self, text: str) -> bool:
        return waited(lambda: text in self.run("capture-pane", "-p"))


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    if shutil.which("tmux") is None:
        pytest.skip("no tmux on this machine")
    server = Tmux(tmp_path / "tmux")
    yield server
    server.run("kill-server")


def test_in_tmux_through_detach_and_attach(tmux: Tmux) -> None:
    program = f"{PYTHON} -m tests.ui.stage; echo ended with $?; stty -a | head -1; exec sh"
    tmux.run("new-session", "-d", "-x", "100", "-y", "30", program)
    assert tmux.see("1 cluster")
    with Terminal(["tmux", *tmux._base[1:], "attach"], inherited()) as person:
        person.expect("1 cluster")
        person.press(":", "p", "o", "d", "s", "enter")
        person.expect("200 rows")
        tmux.run("detach-client")
        assert person.wait_for_end() == 0
    assert tmux.see("200 rows")
    with Terminal(["tmux", *tmux._base[1:], "attach"], inherited(), size=(80, 24)) as person:
        person.expect("200 rows")
        person.press("ctrl+q")
        person.expect("ended with 0")
        tmux.run("detach-client")


def test_when_tmux_is_killed_the_console_ends(tmux: Tmux, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    program = f"echo $$ > {note}; exec {PYTHON} -m tests.ui.stage"
    tmux.run("new-session", "-d", "-x", "100", "-y", "30", program)
    assert tmux.see("1 cluster")
    tmux.run("kill-server")
    assert waited(lambda: gone(int(note.read_text())))


def test_in_gnu_screen() -> None:
    if shutil.which("screen") is None:
        pytest.skip("no GNU screen on this machine")
    command = ["screen", "-c", "/dev/null", "-m", sys.executable, "-m", "tests.ui.stage"]
    with Terminal(command, inherited(COLORTERM=""), size=(100, 30)) as person:
        person.expect("1 cluster")
        person.press(":", "p", "o", "d", "s", "enter")
        person.expect("200 rows")
        person.press("ctrl+q")
        person.until(lambda: "screen is terminating" in person.text, "the end of screen")
