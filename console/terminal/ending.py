"""How the console ends when it is told to: SIGTERM, SIGHUP, a lost terminal."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from typing import TYPE_CHECKING

from console.terminal.driver import NavarchDriver

if TYPE_CHECKING:
    from console.application import NavarchApp

_PATIENCE = 4.0
"""Seconds for connections and children to end before the process goes without them."""


class Ending:
    """Restores the terminal at once, then drops keys and children, then leaves, come what may.

    A terminal that is gone blocks or fails every write, so nothing here relies on Textual's way out: a
    watchdog thread ends the process when the orderly way takes too long.
    """

    def __init__(self, app: NavarchApp) -> None:
        self._app = app
        self._told: signal.Signals | None = None

    def install(self) -> None:
        """From now on SIGTERM and SIGHUP end the console in order."""
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGHUP):
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(name, self.begin, name)

    def watch(self) -> None:
        """Notice a terminal that goes away without a word."""
        driver = self._app._driver
        if isinstance(driver, NavarchDriver):
            # The kernel hangs up on the controlling terminal only; any other one just goes away.
            driver.on_lost = lambda: self.begin(signal.SIGHUP)
            self._app.set_interval(1.0, driver.watch)

    def begin(self, name: signal.Signals) -> None:
        if self._told is not None:
            return
        self._told = name
        threading.Thread(target=self._insist, name="ending", daemon=True).start()
        self._task = asyncio.get_running_loop().create_task(self._leave(name))

    async def _leave(self, name: signal.Signals) -> None:
        try:
            async with asyncio.timeout(_PATIENCE / 2):
                await self._app.end()
        except Exception:  # noqa: S110 - whatever fails, the process ends
            pass
        if name is signal.SIGHUP:
            self._restore()
            os._exit(128 + name)
        self._app.exit(return_code=128 + name)

    def _insist(self) -> None:
        finished = threading.Event()
        finished.wait(_PATIENCE)
        self._restore()
        os._exit(128 + (self._told or signal.SIGTERM))

    def _restore(self) -> None:
        restore = getattr(self._app._driver, "restore_terminal", None)
        if restore is not None:
            restore()
