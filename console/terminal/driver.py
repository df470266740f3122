"""Textual's Linux driver, quieter: it writes differences and survives a lost terminal."""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import select
import signal
import termios
from collections.abc import Callable

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

from console.terminal.shadow import ShadowScreen
from console.terminal.traits import Traits, detect

_LAST_WORDS = 0.5
"""Seconds for the writer thread to write what it holds when the process is being ended."""


class NavarchDriver(LinuxDriver):
    """What is written passes the shadow screen; over SSH the mouse reports clicks and drags only."""

    traits: Traits = detect()

    def __init__(
        self, app: App[None], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._shadow = ShadowScreen(unicode=self.traits.unicode)
        self._stalled = False
        self.lent = False
        """Another program has the terminal: nothing is written."""
        self._away = False
        """Suspended: so does the shell, though the loop may turn a few times more."""
        self.on_lost: Callable[[], None] | None = None
        """Called, perhaps often, when the terminal is found to be gone."""

    def write(self, data: str) -> None:
        """Hand it to the writer thread, unless that would block the loop, for ever perhaps.

        Textual waits when its queue is full: behind a terminal that takes nothing (ctrl-s, a frozen line) no
        key, no signal and no other cluster would be served any more. What such a terminal misses is painted
        anew, whole, as soon as it takes text again.
        """
        if self.lent or self._away:
            return
        writer = self._writer_thread
        if writer is not None and not writer.is_alive():
            self._lose()
            return
        if writer is not None and writer._queue.full():
            self._stalled = True
            return
        if self._stalled:
            self._stalled = False
            self.repaint()
            self._app.call_later(self._app.screen.refresh, layout=True)
        super().write(self._shadow.reduce(data))

    def watch(self) -> None:
        """Look whether the terminal is still there: one that is not our controlling one sends no SIGHUP."""
        watched = select.poll()
        watched.register(self.fileno, 0)
        if any(happened & (select.POLLHUP | select.POLLNVAL) for _, happened in watched.poll(0)):
            self._lose()

    def _lose(self) -> None:
        if self.on_lost is not None:
            self.on_lost()

    def repaint(self) -> None:
        """The next frame is written whole: the terminal may show something else than we think."""
        self._shadow.forget()

    def start_application_mode(self) -> None:
        """Enter the terminal. From now on stops and continuations are served between the loop's other work.

        Textual serves them wherever the program happens to be: one that came amid another (ctrl-z, fg and
        ctrl-z again within milliseconds) found threads half made, and ended the program.
        """
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTSTP, self._sigtstp_application)
        loop.add_signal_handler(signal.SIGCONT, self._sigcont_application)
        self._away = False
        self._shadow.forget()
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def suspend_application_mode(self) -> None:
        super().suspend_application_mode()
        self._away = True

    def _sigtstp_application(self, *arguments: object) -> None:
        if self._must_signal_resume:
            # It left the terminal, went on, and is stopped again: the kernel drops a continuation that nobody
            # has seen when another stop comes.
            os.kill(os.getpid(), signal.SIGSTOP)
        else:
            super()._sigtstp_application(*arguments)

    def _sigcont_application(self, *arguments: object) -> None:
        """Continued. Whoever stopped us without asking (SIGSTOP) did not make us leave the terminal first.

        Textual would enter it a second time: its first input thread would keep the ended program alive, and
        raw mode would be remembered as what the terminal was like before.
        """
        if self._key_thread is None:
            return
        if self._auto_restart and not self._must_signal_resume:
            self.suspend_application_mode()
            self._must_signal_resume = True
        super()._sigcont_application(*arguments)

    def _enable_mouse_support(self) -> None:
        if not self._mouse:
            return
        if not self.traits.remote:
            super()._enable_mouse_support()
            return
        # 1002, not 1003: each movement of an idle mouse would cross the line.
        self.write("\x1b[?1000h\x1b[?1002h\x1b[?1015h\x1b[?1006h")
        self.flush()

    def _disable_mouse_support(self) -> None:
        if self._mouse and self.traits.remote:
            self.write("\x1b[?1002l")
        super()._disable_mouse_support()

    def restore_terminal(self) -> None:
        """Give the terminal back at once; used when the process is being ended.

        What the writer thread still holds goes first, if the terminal takes it: a frame that came after this
        would undo it.
        """
        self.lent = True
        writer = self._writer_thread
        if writer is not None and writer.is_alive():
            with contextlib.suppress(queue.Full):
                writer._queue.put_nowait(None)
            writer.join(_LAST_WORDS)
        if self.attrs_before is not None:
            with contextlib.suppress(termios.error, OSError):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)
        modes = "".join(f"\x1b[?{mode}l" for mode in (2004, 1000, 1002, 1003, 1015, 1006, 1004, 2048))
        leave = f"{modes}\x1b[?7h\x1b[<u\x1b[?1049l\x1b[?25h"
        with contextlib.suppress(OSError):
            os.set_blocking(2, False)
            os.write(2, leave.encode())
