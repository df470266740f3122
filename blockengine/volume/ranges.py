"""Locks on blocks: one change at a time per 4 KiB block, and no read beside a change.

First come, first served: whoever waits also keeps those behind it out of its blocks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from blockengine.replica.layer import BLOCK


class Range(NamedTuple):
    """Whole blocks, first and last included; `shared` among readers, else alone."""

    first: int
    last: int
    shared: bool


NOTHING = Range(0, -1, True)
# As `Range._make`, which is written in Python.
_made = partial(tuple.__new__, Range)


# What a block is held by whose holder is the only one.
_ALONE = (1, -1)


class _Waiting(NamedTuple):
    wanted: Range
    granted: Callable[..., None]
    arguments: tuple[Any, ...]


def blocks(offset: int, length: int, *, shared: bool = False) -> Range:
    """The blocks that a range of bytes touches."""
    return _made((offset // BLOCK, (offset + length - 1) // BLOCK, shared))


class BlockLocks:
    """`_held` has, per block, the number of readers, or -1 for a change."""

    def __init__(self) -> None:
        self._held: dict[int, int] = {}
        self._waiting: deque[_Waiting] = deque()

    @property
    def awaited(self) -> bool:
        """Whether somebody waits for blocks."""
        return bool(self._waiting)

    def take(self, wanted: Range, granted: Callable[..., None], *arguments: Any) -> None:
        """Call `granted(*arguments)` once the range is ours: now, if it is free."""
        waiting = self._waiting
        if not (waiting and any(_clash(wanted, other.wanted) for other in waiting)) and self._hold(wanted):
            granted(*arguments)
        else:
            waiting.append(_Waiting(wanted, granted, arguments))

    def give(self, taken: Range) -> None:
        """Give a range back; those who waited for it are granted in order."""
        held, (first, last, shared) = self._held, taken
        if first == last and held[first] in _ALONE:
            del held[first]
        elif not shared:
            for block in range(first, last + 1):
                del held[block]
        else:
            for block in range(first, last + 1):
                left = held[block] - 1
                if left:
                    held[block] = left
                else:
                    del held[block]
        if self._waiting:
            self._grant_waiting()

    def _grant_waiting(self) -> None:
        still: deque[_Waiting] = deque()
        ready: list[_Waiting] = []
        for one in self._waiting:
            if not any(_clash(one.wanted, other.wanted) for other in still) and self._hold(one.wanted):
                ready.append(one)
            else:
                still.append(one)
        self._waiting = still
        for one in ready:
            one.granted(*one.arguments)

    def _hold(self, wanted: Range) -> bool:
        """Take a range if it is free; whether it was."""
        held, (first, last, shared) = self._held, wanted
        if first == last:
            state = held.get(first, 0)
            if state and not (shared and state > 0):
                return False
            held[first] = state + 1 if shared else -1
            return True
        taken = range(first, last + 1)
        if held.keys().isdisjoint(taken):
            held.update(dict.fromkeys(taken, 1 if shared else -1))
            return True
        if not shared or any(held.get(block, 0) < 0 for block in taken):
            return False
        for block in taken:
            held[block] = held.get(block, 0) + 1
        return True


def _clash(one: Range, other: Range) -> bool:
    meet = one.first <= other.last and other.first <= one.last
    return meet and not (one.shared and other.shared)
