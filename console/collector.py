"""When Python's garbage collector may look at everything.

A full round visits every row of every table: with 100,000 of them it holds the loop for 50 to 100 ms, and by
Python's own rule one comes every second or two while a fleet is busy. Nearly everything here is freed by
reference counting; what is not (screens, whose widgets know each other) appears when a view is left. So full
rounds are made then, and otherwise seldom, while nobody types.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

LOOK = 0.5
"""Seconds between two looks at whether a round is due."""
_AFTER_VIEW = 1.0
_SELDOM = 300.0
_QUIET = 0.7
"""Seconds without a key: the person reads."""
_PATIENCE = 20.0
"""Seconds a round that is due may be put off by somebody who types."""
_YOUNG, _MIDDLE = 2_000, 10
"""Allocations per round of the young, and how many of those per round of the middle-aged."""
_NEVER = 1_000_000


class Collector:
    """One per process; ``look`` is called every ``LOOK`` seconds."""

    def __init__(
        self, *, collect: Callable[[], object] = gc.collect, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._collect = collect
        self._clock = clock
        self._due = clock() + _SELDOM
        self._key_at = float("-inf")

    def take_over(self) -> None:
        """From now on full rounds are ours. What is imported by now stays to the end and is not visited."""
        gc.freeze()
        gc.set_threshold(_YOUNG, _MIDDLE, _NEVER)

    def key(self) -> None:
        """A key was pressed."""
        self._key_at = self._clock()

    def view_left(self) -> None:
        """A screen was taken down."""
        self._due = min(self._due, self._clock() + _AFTER_VIEW)

    def look(self) -> None:
        """Make a full round if one is due and nobody types."""
        now = self._clock()
        if now < self._due or (now - self._key_at < _QUIET and now - self._due < _PATIENCE):
            return
        self._collect()
        self._due = now + _SELDOM
