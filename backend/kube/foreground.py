"""The terminal's foreground: which programs its keys and signals go to."""

from __future__ import annotations

import contextlib
import os
import signal
import termios
import threading
from collections.abc import Iterator
from typing import Any

_KEYS = (signal.SIGINT, signal.SIGQUIT)
"""What ctrl-c and ctrl-\\ send."""


class Job:
    """A program that gets the terminal as a shell's job does: ctrl-c means it alone."""

    def __init__(self, terminal: int | None) -> None:
        self._terminal = terminal
        self._group = 0
        self._pressed: set[int] = set()

    def begin(self, group: int) -> None:
        """Hand the terminal to this process group, and with it the keys that were pressed meanwhile."""
        self._group = group
        if self._terminal is not None:
            _hand_over(self._terminal, group)
            self._send(signal.SIGCONT)  # it may have read before the terminal was its own
        for number in self._pressed:
            self._send(number)

    def pressed(self, number: int, _frame: Any) -> None:
        """A key reached us, while the program was being started."""
        if self._group:
            self._send(number)
        else:
            self._pressed.add(number)

    def _send(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._group, number)


@contextlib.contextmanager
def job() -> Iterator[Job]:
    """Start a program inside, then :meth:`Job.begin` it. Afterwards the terminal is ours again.

    So are its modes: a program that was killed may have left it without echo. Where there is no controlling
    terminal, or it is not ours to give, only the keys that reach us are passed on.
    """
    terminal = _ours()
    started = Job(terminal)
    modes = termios.tcgetattr(terminal) if terminal is not None else None
    try:
        with _keys_to(started):
            yield started
    finally:
        if terminal is not None:
            _hand_over(terminal, os.getpgrp())
            with contextlib.suppress(termios.error), _never_stopped():
                termios.tcsetattr(terminal, termios.TCSADRAIN, modes or [])
            os.close(terminal)


def stopped(pid: int) -> bool:
    """Whether a child was stopped (ctrl-z) and waits to be continued; its end is left for others to see."""
    try:
        return os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return False


def _ours() -> int | None:
    """The controlling terminal, if we are in its foreground."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if os.tcgetpgrp(terminal) == os.getpgrp():
            return terminal
    except OSError:
        pass
    os.close(terminal)
    return None


@contextlib.contextmanager
def _keys_to(started: Job) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # others can't be told of signals
        yield
        return
    before = {number: signal.signal(number, started.pressed) for number in _KEYS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _hand_over(terminal: int, group: int) -> None:
    with contextlib.suppress(OSError), _never_stopped():
        os.tcsetpgrp(terminal, group)


@contextlib.contextmanager
def _never_stopped() -> Iterator[None]:
    """Who changes the terminal from the background is stopped, unless it blocks SIGTTOU (POSIX)."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
