"""The terminal's foreground: which programs its keys and signals go to."""

from __future__ import annotations

import contextlib
import os
import signal
import termios
from collections.abc import Iterator

_NO_STOP = {signal.SIGTTOU}


@contextlib.contextmanager
def in_foreground(group: int) -> Iterator[None]:
    """Inside, the process group has the terminal, as a shell gives it to a job: ctrl-c means it alone.

    Does nothing where there is no controlling terminal, or it is not ours to give. Afterwards the terminal is
    ours again, in the modes it had: a program that was killed may have left it without echo.
    """
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        yield
        return
    try:
        if os.tcgetpgrp(terminal) != os.getpgrp():
            yield
            return
        modes = termios.tcgetattr(terminal)
        _hand_over(terminal, group)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGCONT)  # it may have read before the terminal was its own
        try:
            yield
        finally:
            _hand_over(terminal, os.getpgrp())
            with contextlib.suppress(termios.error), _never_stopped():
                termios.tcsetattr(terminal, termios.TCSADRAIN, modes)
    finally:
        os.close(terminal)


def stopped(pid: int) -> bool:
    """Whether a child was stopped (ctrl-z) and waits to be continued; its end is left for others to see."""
    try:
        return os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return False


def _hand_over(terminal: int, group: int) -> None:
    with contextlib.suppress(OSError), _never_stopped():
        os.tcsetpgrp(terminal, group)


@contextlib.contextmanager
def _never_stopped() -> Iterator[None]:
    """Who changes the terminal from the background is stopped, unless it blocks that signal (POSIX job control)."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _NO_STOP)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
