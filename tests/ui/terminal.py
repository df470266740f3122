"""A real program in a real pseudo-terminal: keys in, a screen out, every byte counted."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence

import pyte

DEADLINE = 30.0

KEYS = {
    "enter": "\r", "esc": "\x1b", "tab": "\t", "space": " ", "backspace": "\x7f",
    "up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C", "left": "\x1b[D",
    "pgup": "\x1b[5~", "pgdn": "\x1b[6~", "home": "\x1b[H", "end": "\x1b[F",
}  # fmt: skip


class NotSeen(AssertionError):
    """The awaited text did not come; the message holds the last screen."""


class Terminal:
    """Runs a command on a terminal of its own. Use as a context manager: the program is ended at the end."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        columns: int = 120,
        rows: int = 40,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.written = bytearray()
        """Everything the program wrote."""
        left_out = {"COLUMNS", "LINES", "NO_COLOR", "SSH_CONNECTION", "TMUX"}
        inherited = {name: value for name, value in os.environ.items() if name not in left_out}
        environment = {**inherited, "TERM": "xterm-256color", "LANG": "C.UTF-8", **(env or {})}
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            # Not execvp: it would pass on COLUMNS and LINES, which readline puts into C's own environment.
            os.execvpe(command[0], list(command), environment)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.status: int | None = None

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        with contextlib.suppress(OSError):
            os.close(self.fd)

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.screen.display)

    def pump(self, seconds: float) -> bool:
        """Read what comes for so long; False when the program closed its terminal."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not select.select([self.fd], [], [], min(left, 0.05))[0]:
                continue
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                return False
            if not data:
                return False
            self.written += data
            self._stream.feed(data)
        return True

    def until(self, condition: Callable[[], bool], what: str = "") -> None:
        end = time.monotonic() + DEADLINE
        while not condition():
            alive = self.pump(0.05)
            if condition():
                return
            if not alive or time.monotonic() > end:
                raise NotSeen(f"{what or condition} not reached; the screen:\n{self.text}")

    def see(self, text: str) -> None:
        self.until(lambda: text in self.text, repr(text))

    def gone(self, text: str) -> None:
        self.until(lambda: text not in self.text, f"no {text!r}")

    def settle(self, quiet: float = 0.4) -> None:
        """Read until nothing came for this long."""
        count = -1
        while count != len(self.written):
            count = len(self.written)
            self.pump(quiet)

    def press(self, *keys: str) -> None:
        """Names of ``KEYS``, ``ctrl-x``, or text."""
        for key in keys:
            data = chr(ord(key[5]) & 31) if key.startswith("ctrl-") else KEYS.get(key, key)
            os.write(self.fd, data.encode())

    def cost(self, act: Callable[[], None], *, quiet: float = 0.4) -> int:
        """How many bytes the program writes for this."""
        self.settle(quiet)
        before = len(self.written)
        act()
        self.settle(quiet)
        return len(self.written) - before

    def resize(self, columns: int, rows: int) -> None:
        """As dragging a window's corner does."""
        self.screen.resize(rows, columns)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def is_stopped(self) -> bool:
        """Whether the program has just been stopped; tells it once."""
        pid, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED)
        return bool(pid) and os.WIFSTOPPED(status)

    def modes(self) -> list[object]:
        """What the terminal is set to (see ``termios``)."""
        return termios.tcgetattr(self.fd)

    def exit_status(self) -> int:
        """Wait for the program's end; its exit code, or minus the signal that ended it."""
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            self.pump(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                while self.pump(0.2) and time.monotonic() < end:  # its last words may still be under way
                    pass
                self.status = os.waitstatus_to_exitcode(status)
                return self.status
        raise NotSeen(f"the program did not end; the screen:\n{self.text}")
