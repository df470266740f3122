"""A real terminal for the real program: keys go in through a pty, a screen comes out, bytes are counted."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence

import pyte

DEADLINE = 30.0
"""Seconds until what was awaited counts as not coming: the machine may be busy."""
_READ = 65536
_SLICE = 0.05
_LAST_WORDS = 0.2
"""Seconds without a byte after which an ended program has said all."""
_HANG_UP = 5.0
"""Seconds a program has to end when its terminal goes away."""
KEYS = {
    "enter": "\r",
    "esc": "\x1b",
    "tab": "\t",
    "shift+tab": "\x1b[Z",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "pageup": "\x1b[5~",
    "pagedown": "\x1b[6~",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "backspace": "\x7f",
    "space": " ",
}
"""What a terminal sends for keys that have a name; ``ctrl+x`` is worked out, a single character is itself."""


def inherited(**more: str) -> dict[str, str]:
    """This process' own environment, without what tells in which terminal it runs."""
    left_out = {"TERM", "LANG", "COLUMNS", "LINES", "NO_COLOR", "SSH_CONNECTION", "TMUX"}
    return {name: value for name, value in os.environ.items() if name not in left_out} | more


class _Screen(pyte.Screen):
    """Sends what a terminal answers to questions (cursor position, device attributes) back as if typed."""

    answer: Callable[[str], object] | None = None

    def write_process_input(self, data: str) -> None:
        if self.answer is not None:
            self.answer(data)


class Terminal:
    """A program in a pseudo-terminal of `size` (columns, rows), as xterm shows it. A context manager."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], *, size: tuple[int, int] = (120, 40)
    ) -> None:
        columns, rows = size
        self.screen = _Screen(columns, rows)
        self.screen.answer = self.type
        self.raw = bytearray()
        """All the bytes the program has written up to now."""
        self.read_at = 0.0
        """When the last of them were read (monotonic); working them out takes longer than reading."""
        self.status: int | None = None
        """Its exit code once it has ended; negative: the signal that ended it."""
        self._stream = pyte.ByteStream(self.screen)
        environment = {"TERM": "xterm-256color", "LANG": "C.UTF-8", **environment}
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                _set_size(0, columns, rows)
                # Not execvp: it passes on COLUMNS and LINES, which readline puts into C's own environment.
                os.execvpe(command[0], list(command), environment)
            finally:
                os._exit(127)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Hang up; a program that does not end then is killed."""
        if not self.hang_up(_HANG_UP):
            self.signal(signal.SIGKILL)
            os.waitpid(self.pid, 0)

    @property
    def text(self) -> str:
        """The screen, one line per row, without blanks at the ends."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    @property
    def running(self) -> bool:
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status is None

    # --- what a person does

    def press(self, *keys: str) -> None:
        """Press named keys (``enter``, ``ctrl+d``) or type text, one after the other.

        Wait for what ``esc`` does before the next key: esc and a character at once mean alt-character.
        """
        for key in keys:
            self.type(chr(ord(key[-1].upper()) - 64) if key.startswith("ctrl+") else KEYS.get(key, key))

    def type(self, text: str) -> None:
        data = text.encode()
        while data:
            data = data[os.write(self.fd, data) :]

    def resize(self, columns: int, rows: int) -> None:
        """As dragging a window's corner does."""
        self.screen.resize(rows, columns)
        _set_size(self.fd, columns, rows)

    def hang_up(self, deadline: float = DEADLINE) -> bool:
        """Take the terminal away: the kernel sends SIGHUP. Whether the program ended of it in time."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
        end = time.monotonic() + deadline
        while self.running and time.monotonic() < end:
            time.sleep(0.01)
        return not self.running

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    # --- what comes

    def pump(self, seconds: float = _SLICE) -> bool:
        """Take in what the program writes next, if it does within `seconds`; False when it has hung up."""
        if not select.select([self.fd], [], [], max(0.0, seconds))[0]:
            return True
        try:
            data = os.read(self.fd, _READ)
        except OSError:  # Linux: nobody has the other end any more
            return False
        if not data:
            return False
        self.take(data, time.monotonic())
        return True

    def take(self, data: bytes, read_at: float) -> None:
        """The program wrote this; it was read then (monotonic)."""
        self.read_at = read_at
        self.raw += data
        self._stream.feed(data)

    def watch(self, seconds: float) -> None:
        """Take in what comes for so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and self.pump(left):
            pass

    def settle(self, quiet: float = 0.4) -> None:
        """Read until nothing came for this long."""
        count = -1
        while count != len(self.raw):
            count = len(self.raw)
            self.pump(quiet)

    def cost(self, act: Callable[[], None], *, quiet: float = 0.4) -> int:
        """How many bytes the program writes for this."""
        self.settle(quiet)
        before = len(self.raw)
        act()
        self.settle(quiet)
        return len(self.raw) - before

    # --- waiting

    def wait(self, condition: Callable[[], object], deadline: float = DEADLINE) -> bool:
        """Take in output until `condition` holds (True); False after `deadline` seconds or when it ended."""
        end = time.monotonic() + deadline
        while not condition():
            if time.monotonic() > end or not self.pump():
                return bool(condition())
        return True

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait until `condition` holds.

        :raises AssertionError: with the screen as it is instead.
        """
        if not self.wait(condition):
            raise AssertionError(f"{what} not reached:\n{self.text}")

    def expect(self, *texts: str, deadline: float = DEADLINE) -> None:
        """Wait until all `texts` are on the screen.

        :raises AssertionError: with the screen as it is instead.
        """
        if not self.wait(lambda: all(text in self.text for text in texts), deadline):
            missing = [text for text in texts if text not in self.text]
            raise AssertionError(f"{missing} did not appear in {deadline:.0f} s:\n{self.text}")

    def expect_line(self, *words: str, deadline: float = DEADLINE) -> None:
        """Wait until one line of the screen holds all `words` in this order.

        :raises AssertionError: with the screen as it is instead.
        """
        pattern = re.compile(".*".join(re.escape(word) for word in words))
        if not self.wait(lambda: pattern.search(self.text), deadline):
            raise AssertionError(f"no line with {words} in {deadline:.0f} s:\n{self.text}")

    def expect_gone(self, text: str, deadline: float = DEADLINE) -> None:
        """Wait until `text` is not on the screen any more."""
        if not self.wait(lambda: text not in self.text, deadline):
            raise AssertionError(f"{text!r} was still there after {deadline:.0f} s:\n{self.text}")

    def wait_for_end(self, deadline: float = DEADLINE) -> int:
        """The exit code of the program (negative: the signal that ended it).

        :raises AssertionError: it runs on.
        """
        end = time.monotonic() + deadline
        while self.running:
            if time.monotonic() > end:
                raise AssertionError(f"it still ran after {deadline:.0f} s:\n{self.text}")
            if not self.pump():
                time.sleep(_SLICE)  # it hung up, and ends
        count = -1
        while count != len(self.raw):  # its last words may still be under way
            count = len(self.raw)
            self.pump(_LAST_WORDS)
        assert self.status is not None
        return self.status

    # --- what is below it

    def is_stopped(self) -> bool:
        """Whether the program has just been stopped; tells it once."""
        pid, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED)
        if pid and not os.WIFSTOPPED(status):
            self.status = os.waitstatus_to_exitcode(status)
        return bool(pid) and os.WIFSTOPPED(status)

    def modes(self) -> list[object]:
        """What the terminal is set to (see ``termios``)."""
        return termios.tcgetattr(self.fd)


def _set_size(fd: int, columns: int, rows: int) -> None:
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
