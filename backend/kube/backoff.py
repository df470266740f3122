"""How long to wait before the next try: exponential, with jitter, forgotten after a healthy while (R12)."""

from __future__ import annotations

import random

FIRST = 0.8
CAP = 30.0
HEALTHY_AFTER = 120.0
RETRY_AFTER_CAP = 120.0


class Backoff:
    """Delays of 0.8, 1.6, 3.2 … 30 s, each drawn from the upper half of its step.

    Equal jitter rather than full: full jitter can draw nearly nothing several times in a row, and a law that
    can't be broken can't be tested. Starts again at 0.8 s when nothing failed for 120 s (client-go's
    ReflectorBackoff: 0.8 s, factor 2, cap 30 s, reset after 2 minutes).
    """

    def __init__(self, random_source: random.Random, *, first: float = FIRST, cap: float = CAP) -> None:
        self._random = random_source
        self._first = first
        self._cap = cap
        self._failures = 0
        self._last_failure = float("-inf")

    def next(self, now: float, *, at_least: float | None = None) -> float:
        """Seconds to wait after a failure at ``now``.

        ``at_least``: the server's Retry-After. It is honoured up to 120 s, with up to a quarter added,
        so that many clients told the same number do not come back together.
        """
        self.forget_if_healthy(now)
        step = min(self._cap, self._first * 2 ** min(self._failures, 16))
        self._failures += 1
        delay = self._random.uniform(step / 2, step)
        if at_least is not None:
            asked = min(at_least, RETRY_AFTER_CAP)
            delay = max(delay, asked * self._random.uniform(1.0, 1.25))
        self._last_failure = now + delay
        return delay

    def forget_if_healthy(self, now: float) -> None:
        if now - self._last_failure >= HEALTHY_AFTER:
            self._failures = 0

    @property
    def failures(self) -> int:
        return self._failures
