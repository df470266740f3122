"""When the screen and the vault lock themselves: after so long without a key, and in any case after so long.

Time goes on while the machine sleeps (CLOCK_BOOTTIME where there is one): a laptop that was closed for the
night is locked when it is opened.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LockLimits:
    """Seconds; 0: never."""

    screen: float = 600.0
    """Without a key, until the screen is covered; the fleet stays connected behind it."""
    idle: float = 1800.0
    """Without a key, until the vault is locked: keys leave memory, connections close."""
    total: float = 8 * 3600.0
    """After unlocking, until the vault is locked, however busy somebody is."""


def awake_or_asleep() -> float:
    """Seconds on a clock that nobody sets and that does not stop in sleep."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class LockTimers:
    def __init__(self, *, clock: Callable[[], float] = awake_or_asleep) -> None:
        self.limits = LockLimits()
        self._clock = clock
        self._touched = self._opened = clock()

    def opened(self) -> None:
        """The vault was unlocked."""
        self._touched = self._opened = self._clock()

    def touch(self) -> None:
        """The person is there."""
        self._touched = self._clock()

    def screen_left(self) -> float | None:
        """Seconds until the screen locks; None: it never does by itself."""
        return self._touched + self.limits.screen - self._clock() if self.limits.screen else None

    def vault_left(self) -> float | None:
        """Seconds until the vault locks; None: it never does by itself."""
        ends = [
            begun + limit
            for begun, limit in ((self._touched, self.limits.idle), (self._opened, self.limits.total))
            if limit
        ]
        return min(ends) - self._clock() if ends else None
