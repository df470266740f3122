"""Gives the terminal to another program for a while; the console lives on behind it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import termios
from collections.abc import AsyncIterator, Iterator

from textual.app import App

from backend.text import safe_text
from console.terminal.driver import NavarchDriver


@contextlib.asynccontextmanager
async def lend_terminal(app: App[None]) -> AsyncIterator[None]:
    """Inside, the terminal is as it was before the console and belongs to whatever is started there.

    Connections, timers and locks go on; what the console would paint meanwhile is painted when the terminal
    comes back, which it does whatever happens. Raises SuspendNotSupported where there is no terminal.
    """
    driver = app._driver
    failure: BaseException | None = None
    with app.suspend():  # it would not take the terminal back after an exception
        try:
            with _kept_modes(), _deaf_to_keys():
                if isinstance(driver, NavarchDriver):
                    driver.lent = True
                yield
        except BaseException as error:
            failure = error
        finally:
            if isinstance(driver, NavarchDriver):
                driver.lent = False
    app.screen.refresh(layout=True)
    if failure is not None:
        raise failure


async def read_on(sentence: str) -> None:
    """Say this below what the program said, and wait until a person has read it and goes back."""

    def wait() -> None:
        sys.__stderr__.write(f"\n{safe_text(sentence)}. Press enter to go back to Navarch. ")  # type: ignore[union-attr]
        sys.__stderr__.flush()  # type: ignore[union-attr]
        sys.__stdin__.readline()  # type: ignore[union-attr]

    await asyncio.to_thread(wait)


@contextlib.contextmanager
def _kept_modes() -> Iterator[None]:
    """A program that was killed may leave the terminal without echo: what was before counts again."""
    try:
        modes = termios.tcgetattr(sys.__stdin__ or 0)
    except termios.error:
        modes = None
    try:
        yield
    finally:
        if modes is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(sys.__stdin__ or 0, termios.TCSANOW, modes)


@contextlib.contextmanager
def _deaf_to_keys() -> Iterator[None]:
    """ctrl-c and ctrl-\\ mean the other program. Handlers, not ``SIG_IGN``: that one would be inherited."""
    kept = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGQUIT)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
