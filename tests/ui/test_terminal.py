"""The real program in a real terminal: its crash, its ends, what it costs on a slow line."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from textual.drivers._writer_thread import WriterThread

from console.terminal.driver import NavarchDriver
from tests.terminal import Terminal, inherited

SSH = {"SSH_CONNECTION": "192.0.2.9 50000 192.0.2.1 22", "COLORTERM": ""}
CANARY = b"canary-in-a-local-variable"


def stage(*arguments: str, columns: int = 120, rows: int = 40, **env: str) -> Terminal:
    command = [sys.executable, "-m", "tests.ui.stage", *arguments]
    environment = inherited(COLORTERM="truecolor", TZ="UTC") | env
    return Terminal(command, environment, size=(columns, rows))


def left_on(terminal: Terminal) -> list[str]:
    """What the program left on: the alternate screen, a hidden cursor, mouse reports, bracketed paste."""
    seen = bytes(terminal.raw)
    pairs = [("?1049h", "?1049l"), ("?25l", "?25h"), ("?1000h", "?1000l"), ("?2004h", "?2004l")]
    return [on for on, off in pairs if seen.rfind(f"\x1b[{on}".encode()) > seen.rfind(f"\x1b[{off}".encode())]


def test_a_crash_prints_where_but_never_what_the_program_held() -> None:
    with stage("crash") as terminal:
        terminal.expect("1 cluster")
        terminal.press("J")
        assert terminal.wait_for_end() == 1
    assert b"A mistake in Navarch itself" in terminal.raw
    assert b"RuntimeError" in terminal.raw
    assert CANARY not in terminal.raw
    assert left_on(terminal) == []


def test_standard_error_that_goes_to_a_file_is_said_and_not_drawn_into(tmp_path: Path) -> None:
    program = f"exec {sys.executable} -m console 2>{tmp_path / 'errors'}"
    with Terminal(["sh", "-c", program], inherited(NAVARCH_HOME=str(tmp_path))) as terminal:
        assert terminal.wait_for_end() == 2
    assert "draws through standard error" in terminal.text
    assert (tmp_path / "errors").read_bytes() == b""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_restores_the_terminal_and_ends_the_children(
    number: signal.Signals, code: int, tmp_path: Path
) -> None:
    note = tmp_path / "child"
    with stage("child", str(note)) as terminal:
        terminal.expect("1 cluster")
        child = int(note.read_text().split()[1])
        os.kill(child, 0)
        terminal.signal(number)
        assert terminal.wait_for_end() == code
    assert left_on(terminal) == []
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def go_on(terminal: Terminal) -> None:
    """Continue it, and wait until it has entered the terminal again and painted all anew.

    A frame that was due when it was stopped may come before: keys typed at that moment are dropped, as at any
    program that sets its terminal up.
    """
    terminal.settle()
    terminal.screen.reset()  # the shell and other programs wrote here meanwhile
    before = len(terminal.raw)
    terminal.signal(signal.SIGCONT)
    terminal.until(
        lambda: before <= terminal.raw.rfind(b"\x1b[?1049h") < terminal.raw.rfind(b"1 cluster"),
        "a whole new picture",
    )
    terminal.expect("1 cluster")


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGTSTP])
def test_stopped_and_continued_it_paints_again_ends_and_restores(number: signal.Signals) -> None:
    with stage() as terminal:
        before = terminal.modes()
        terminal.expect("1 cluster")
        for _ in range(2):
            terminal.signal(number)
            terminal.until(terminal.is_stopped, "a stop")
            go_on(terminal)
        terminal.press("ctrl+q")
        assert terminal.wait_for_end() == 0
        assert terminal.modes() == before
    assert left_on(terminal) == []


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGTSTP])
def test_stops_and_continuations_in_a_hurry_do_no_harm(number: signal.Signals) -> None:
    """As fast as they can be told apart, whatever the program is doing at that moment."""
    with stage() as terminal:
        before = terminal.modes()
        terminal.expect("1 cluster")
        for _ in range(20):
            terminal.signal(number)
            terminal.until(terminal.is_stopped, "a stop")
            terminal.signal(signal.SIGCONT)
        terminal.signal(number)
        terminal.until(terminal.is_stopped, "the last stop")
        go_on(terminal)
        terminal.press("ctrl+q")
        assert terminal.wait_for_end() == 0
        assert terminal.modes() == before
    assert left_on(terminal) == []


def test_a_lost_terminal_ends_the_program_and_its_children(tmp_path: Path) -> None:
    note = tmp_path / "child"
    with stage("child", str(note)) as terminal:
        terminal.expect("1 cluster")
        child = int(note.read_text().split()[1])
        assert terminal.hang_up()
        assert terminal.status in (129, 1, -signal.SIGHUP)
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def bare_console(slave: int) -> subprocess.Popen[bytes]:
    """On a terminal that is not its controlling one: the kernel will not hang up on it."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.ui.stage"],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"},
    )


def drain_until(master: int, text: bytes) -> None:
    seen = b""
    while text not in seen:
        assert select.select([master], [], [], 40)[0], "nothing was drawn"
        seen += os.read(master, 65536)


def test_a_terminal_that_goes_away_unsaid_ends_the_program() -> None:
    master, slave = pty.openpty()
    process = bare_console(slave)
    try:
        os.close(slave)
        drain_until(master, b"1 cluster")
        os.close(master)
        assert process.wait(30) == 129
    finally:
        process.kill()
        process.wait()


class Frozen:
    """A terminal that takes nothing until it is let go: the writer thread hangs in its first write."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.taken: list[str] = []

    def write(self, text: str) -> None:
        self.go.wait()
        self.taken.append(text)

    def flush(self) -> None:
        pass


async def test_a_terminal_that_takes_nothing_never_blocks_the_loop() -> None:
    frozen, asked = Frozen(), list[object]()
    app = SimpleNamespace(
        call_later=lambda *call, **how: asked.append(call), screen=SimpleNamespace(refresh=1)
    )
    driver = NavarchDriver(app)  # type: ignore[arg-type]
    driver._writer_thread = WriterThread(frozen)  # type: ignore[arg-type]
    driver._writer_thread.start()
    driver.write("frame 0")
    while not driver._writer_thread._queue.empty():  # it hangs in this one now, and takes no other
        os.sched_yield()
    for number in range(1, 100):  # more than Textual's queue holds; it would wait here for ever
        driver.write(f"frame {number}")
    assert not asked
    frozen.go.set()
    while driver._writer_thread._queue.full():
        os.sched_yield()
    driver.write("the next frame")
    driver._writer_thread.stop()
    assert asked, "what was missed is not painted anew"
    assert len(frozen.taken) < 100


def test_ctrl_q_leaves_with_success() -> None:
    with stage() as terminal:
        terminal.expect("1 cluster")
        terminal.press("ctrl+q")
        assert terminal.wait_for_end() == 0
    assert left_on(terminal) == []


def test_textual_s_own_switches_are_gone() -> None:
    with stage(
        TEXTUAL_SCREENSHOT="1", TEXTUAL="devtools,debug", TEXTUAL_LOG="/nonexistent/keys.log"
    ) as terminal:
        terminal.expect("1 cluster")
        terminal.press("ctrl+q")
        assert terminal.wait_for_end() == 0


def test_over_ssh_no_mouse_moves_and_256_colours() -> None:
    with stage(**SSH) as terminal:
        terminal.expect("1 cluster")
        assert b"\x1b[?1003h" not in terminal.raw
        assert b"\x1b[?1002h" in terminal.raw
        assert b"38;2;" not in terminal.raw
        assert b"38;5;" in terminal.raw


def test_no_color_writes_no_colour() -> None:
    with stage(NO_COLOR="1") as terminal:
        terminal.expect("1 cluster")
        terminal.press(":", "p", "o", "d", "s", "enter")
        terminal.expect("200 rows")
        terminal.settle()
    codes = {code for sgr in re.findall(rb"\x1b\[([0-9;]*)m", terminal.raw) for code in sgr.split(b";")}
    attributes = {b"", b"0", b"1", b"2", b"4", b"7", b"9", b"22", b"24", b"27", b"29"}
    # 30;47 is the reversed block of the input line's cursor, as Textual writes it.
    assert codes <= attributes | {b"30", b"39", b"47", b"49"}


def test_without_utf8_only_ascii() -> None:
    with stage(
        LANG="C", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", PYTHONIOENCODING="ascii"
    ) as terminal:
        terminal.expect("1 cluster")
        terminal.settle()
    assert bytes(terminal.raw).isascii()


def test_bytes_on_a_slow_line(capsys: pytest.CaptureFixture[str]) -> None:
    """UX.md: first paint ≤ 60 kB, a page ≤ 12 kB, a changed row ≤ 1 kB, at 200×50."""
    costs: dict[str, float] = {}

    def measured(name: str, terminal: Terminal, key: str, *, share: int = 1) -> None:
        terminal.settle(1.3)
        before = terminal.text

        def act() -> None:
            terminal.press(key)
            terminal.until(lambda: terminal.text != before, f"what {key} does")

        # Glowing cells are repainted once more a second later: that belongs to the change.
        costs[name] = terminal.cost(act, quiet=1.3) / share

    for place, env in (("local", {}), ("ssh", SSH)):
        with stage("changes", columns=200, rows=50, **env) as terminal:
            terminal.expect("1 cluster")
            terminal.settle()
            costs[f"first paint, {place}"] = len(terminal.raw)
            measured(f"pods opened, {place}", terminal, "enter")
            terminal.expect("200 rows")
            # Its rows say CrashLoopBackOff, which no row before them did.
            measured(f"wider page, {place}", terminal, "pagedown")
            measured(f"page, {place}", terminal, "pagedown")
            terminal.press("home")
            measured(f"20 rows, each, {place}", terminal, "down", share=20)
            costs[f"idle second, {place}"] = terminal.cost(lambda: None, quiet=1.3)
    with capsys.disabled():
        print()
        for name, cost in costs.items():
            print(f"  {name:28} {cost:9,.0f} bytes")
    for place in ("local", "ssh"):
        assert costs[f"first paint, {place}"] <= 60_000
        assert costs[f"20 rows, each, {place}"] <= 1000
        assert 0 < costs[f"page, {place}"] <= 12_000
        assert 0 < costs[f"wider page, {place}"] <= 12_000
