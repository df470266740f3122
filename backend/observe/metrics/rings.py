"""Histories of many objects in a few flat arrays.

A sample costs four bytes for its time and four for each value, and nothing that the garbage collector
follows: 10,000 pods with 60 samples of CPU and memory are 7 MB. Single precision is a ten-millionth of a
value: enough for a chart, while the latest values are kept whole.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Hashable, Iterator
from typing import NamedTuple

OUT_OF_ORDER = 600.0
"""Seconds by which a sample may be older than the last and is dropped: two metrics servers that answer in
turn are seconds apart. One that is older still means that a clock was set, and begins a new history."""


class Point(NamedTuple):
    """One sample: seconds since the epoch, and a value of each series (NaN: that one is not known)."""

    at: float
    values: tuple[float, ...]


class Rings:
    """At most ``most`` objects, each with the last ``length`` samples of ``series`` values."""

    def __init__(self, *, series: int, length: int, most: int) -> None:
        self.series, self.length, self.most = series, length, most
        self._slots: dict[Hashable, int] = {}
        self._free: list[int] = []
        self._times = array("I")
        self._values = tuple(array("f") for _ in range(series))
        self._latest_at = array("d")
        self._latest = tuple(array("d") for _ in range(series))
        self._peak = tuple(array("d") for _ in range(series))
        """The largest since the object is known: longer than its samples are kept."""
        self._first = array("d")
        """When its first sample was taken."""
        self._count = array("H")
        self._head = array("H")
        """Where the next sample goes."""

    def __len__(self) -> int:
        return len(self._slots)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._slots

    @property
    def octets(self) -> int:
        """Bytes held in arrays."""
        times = (self._times, self._latest_at, self._first, self._count, self._head)
        values = (*self._values, *self._latest, *self._peak)
        return sum(len(one) * one.itemsize for one in times) + sum(len(one) * one.itemsize for one in values)

    def push(self, key: Hashable, at: float, values: tuple[float, ...]) -> bool:
        """Take in a sample; False: it was there already, is older than the last, or there is no room."""
        slot = self._slots.get(key)
        if slot is None:
            slot = self._take_slot(key)
            if slot is None:
                return False
        elif at <= (last := self._latest_at[slot]):
            if last - at < OUT_OF_ORDER:
                return False
            self._clear(slot)
        head = self._head[slot]
        place = slot * self.length + head
        self._times[place] = int(at)
        if not self._count[slot]:
            self._first[slot] = at
        for own, latest, peak, value in zip(self._values, self._latest, self._peak, values, strict=True):
            own[place] = value
            latest[slot] = value
            if not (math.isnan(value) or peak[slot] >= value):  # the first peak is NaN itself
                peak[slot] = value
        self._latest_at[slot] = at
        self._head[slot] = (head + 1) % self.length
        self._count[slot] = min(self._count[slot] + 1, self.length)
        return True

    def latest(self, key: Hashable) -> Point | None:
        slot = self._slots.get(key)
        if slot is None or not self._count[slot]:
            return None
        return Point(self._latest_at[slot], tuple([one[slot] for one in self._latest]))

    def peak(self, key: Hashable) -> Point | None:
        """When the object was measured first, and the largest values since."""
        slot = self._slots.get(key)
        if slot is None or not self._count[slot]:
            return None
        return Point(self._first[slot], tuple([one[slot] for one in self._peak]))

    def recent(self, key: Hashable, *, since: float = 0.0, count: int | None = None) -> list[Point]:
        """Up to ``count`` samples not older than ``since``, the oldest first."""
        slot = self._slots.get(key)
        if slot is None:
            return []
        held = self._count[slot] if count is None else min(count, self._count[slot])
        base, head = slot * self.length, self._head[slot]
        places = [base + (head - back) % self.length for back in range(held, 0, -1)]
        times, values = self._times, self._values
        return [
            Point(times[at], tuple([own[at] for own in values])) for at in places if times[at] >= int(since)
        ]

    def last_values(self, key: Hashable, series: int, count: int) -> list[float]:
        """The last ``count`` values of one series, the oldest first; what a sparkline needs."""
        slot = self._slots.get(key)
        if slot is None:
            return []
        own, base, head = self._values[series], slot * self.length, self._head[slot]
        held = min(count, self._count[slot])
        return [own[base + (head - back) % self.length] for back in range(held, 0, -1)]

    def drop(self, key: Hashable) -> None:
        slot = self._slots.pop(key, None)
        if slot is not None:
            self._clear(slot)
            self._free.append(slot)

    def keep_newer(self, than: float) -> int:
        """Drop every object whose last sample is older; how many were."""
        gone = [key for key, slot in self._slots.items() if self._latest_at[slot] < than]
        for key in gone:
            self.drop(key)
        return len(gone)

    def __iter__(self) -> Iterator[Hashable]:
        return iter(list(self._slots))

    def _take_slot(self, key: Hashable) -> int | None:
        if self._free:
            slot = self._free.pop()
        elif len(self._slots) >= self.most:
            return None
        else:
            slot = len(self._count)
            self._times.extend([0] * self.length)
            for own in self._values:
                own.extend([math.nan] * self.length)
            for one in (*self._latest, *self._peak):
                one.append(math.nan)
            self._first.append(0.0)
            self._latest_at.append(0.0)
            self._count.append(0)
            self._head.append(0)
        self._slots[key] = slot
        return slot

    def _clear(self, slot: int) -> None:
        self._count[slot] = self._head[slot] = 0
        self._latest_at[slot] = self._first[slot] = 0.0
        for peak in self._peak:
            peak[slot] = math.nan
