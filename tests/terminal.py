"""A real terminal for the real program: keys go in through a pty, a screen comes out, bytes are counted."""

from __future__ import annotations

import contextlib
import re
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType

import pexpect
import pyte

_READ = 65536
_SLICE = 0.05
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
        self.raw = bytearray()
        """All the bytes the program has written up to now."""
        self.read_at = 0.0
        """When the last of them were read (monotonic); working them out takes longer than reading."""
        self._stream = pyte.ByteStream(self.screen)
        self._child = pexpect.spawn(
            command[0],
            list(command[1:]),
            env={"TERM": "xterm-256color", "LANG": "C.UTF-8", **environment},
            dimensions=(rows, columns),
            timeout=None,
        )
        self._child.delaybeforesend = None  # pexpect would wait 50 ms before each key
        self.screen.answer = self._child.send

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.close(force=True)

    @property
    def text(self) -> str:
        """The screen, one line per row, without blanks at the ends."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    @property
    def running(self) -> bool:
        return bool(self._child.isalive())

    @property
    def pid(self) -> int:
        return int(self._child.pid)

    def press(self, *keys: str) -> None:
        """Press named keys (``enter``, ``ctrl+d``) or single characters, one after the other.

        Wait for what ``esc`` does before the next key: esc and a character at once mean alt-character.
        """
        for key in keys:
            if key.startswith("ctrl+"):
                self._child.send(chr(ord(key[-1].upper()) - 64))
            else:
                self._child.send(KEYS.get(key, key))

    def type(self, text: str) -> None:
        self._child.send(text)

    def resize(self, columns: int, rows: int) -> None:
        """As dragging a window's corner does."""
        self.screen.resize(rows, columns)
        self._child.setwinsize(rows, columns)

    def signal(self, number: signal.Signals) -> None:
        self._child.kill(number)

    def pump(self, seconds: float = _SLICE) -> bool:
        """Take in what the program writes within `seconds`; False when it has ended."""
        try:
            data = self._child.read_nonblocking(_READ, timeout=seconds)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.read_at = time.monotonic()
        self.raw += data
        self._stream.feed(data)
        return True

    def wait(self, condition: Callable[[], bool], deadline: float = 20.0) -> bool:
        """Take in output until `condition` holds (True); False after `deadline` seconds or when it ended."""
        end = time.monotonic() + deadline
        while not condition():
            if time.monotonic() > end or not self.pump():
                return condition()
        return True

    def expect(self, *texts: str, deadline: float = 20.0) -> None:
        """Wait until all `texts` are on the screen.

        :raises AssertionError: with the screen as it is instead.
        """
        if not self.wait(lambda: all(text in self.text for text in texts), deadline):
            missing = [text for text in texts if text not in self.text]
            raise AssertionError(f"{missing} did not appear in {deadline:.0f} s:\n{self.text}")

    def expect_line(self, *words: str, deadline: float = 20.0) -> None:
        """Wait until one line of the screen holds all `words` in this order.

        :raises AssertionError: with the screen as it is instead.
        """
        pattern = re.compile(".*".join(re.escape(word) for word in words))
        if not self.wait(lambda: pattern.search(self.text) is not None, deadline):
            raise AssertionError(f"no line with {words} in {deadline:.0f} s:\n{self.text}")

    def expect_gone(self, text: str, deadline: float = 20.0) -> None:
        """Wait until `text` is not on the screen any more."""
        if not self.wait(lambda: text not in self.text, deadline):
            raise AssertionError(f"{text!r} was still there after {deadline:.0f} s:\n{self.text}")

    def wait_for_end(self, deadline: float = 20.0) -> int:
        """The exit code of the program (negative: the signal that ended it).

        :raises AssertionError: it runs on.
        """
        end = time.monotonic() + deadline
        while self.pump():
            if time.monotonic() > end:
                raise AssertionError(f"it still ran after {deadline:.0f} s:\n{self.text}")
        with contextlib.suppress(pexpect.ExceptionPexpect):
            self._child.wait()
        if self._child.signalstatus is not None:
            return -int(self._child.signalstatus)
        return int(self._child.exitstatus)
