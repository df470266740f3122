"""Timers that end with their screen."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from textual.message_pump import MessagePump
from textual.timer import Timer


class Timed(MessagePump):
    """What falls due while a screen is being taken away does nothing: its widgets are gone already.

    Textual stops a screen's timers last of all, and ends the program over a callback that fails.
    """

    display: bool
    """False from the moment it is taken away."""

    def set_timer(
        self,
        delay: float,
        callback: Callable[..., Any] | None = None,
        *,
        name: str | None = None,
        pause: bool = False,
    ) -> Timer:
        return super().set_timer(delay, self._while_there(callback), name=name, pause=pause)

    def set_interval(
        self,
        interval: float,
        callback: Callable[..., Any] | None = None,
        *,
        name: str | None = None,
        repeat: int = 0,
        pause: bool = False,
    ) -> Timer:
        return super().set_interval(
            interval, self._while_there(callback), name=name, repeat=repeat, pause=pause
        )

    def _while_there(self, callback: Callable[..., Any] | None) -> Callable[..., Any] | None:
        if callback is None:
            return None

        @wraps(callback)
        def guarded() -> Any:
            return callback() if self.display else None

        return guarded
