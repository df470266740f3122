"""Rows filtered and sorted in steps, so that 100,000 of them hold no key and no frame up (R24)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from backend.fleet.batch import SLICE
from backend.fleet.filter import RowFilter
from backend.fleet.ordered import OrderedRows, Step
from backend.fleet.row import Row, RowKey

STEP = 8192
"""Rows that are filtered or sorted at a time: some 8 ms."""

Key = Callable[[Row], Any]


class Arranging:
    """The rows that pass a filter, in the order of a key, worked out step by step.

    What happens to the rows meanwhile is noted (``miss``) and taken in at the end. Rows of equal keys stay in
    the order they came in.
    """

    def __init__(self, rows: Sequence[Row], *, filter: RowFilter, by: Key | None, key: Key) -> None:
        """``by``: what to sort by, None when the rows stand in order already. ``key``: the whole order,
        of rows whose keys are equal too."""
        self.filter = filter
        self.rows = OrderedRows(key)
        """What came out, at the end."""
        self._missed: dict[RowKey, Step] = {}
        self._given = list(rows)
        self._by = by

    def at_once(self) -> None:
        """All of it now: less work, and nobody else gets a turn."""
        kept = self.filter.keep(self._given)
        if self._by is not None:
            kept.sort(key=self._by)
        self.rows.fill(kept)

    def steps(self) -> Iterator[None]:
        """Do a little at each turn."""
        runs: list[_Run] = []
        result: list[Row] = []
        for start in range(0, len(self._given), STEP):
            kept = self.filter.keep(self._given[start : start + STEP])
            yield
            if self._by is None:
                result += kept
            elif kept:
                runs.append(_Run(list(map(self._by, kept)), kept))
                yield
        for run in runs:
            run.sort()
            yield
        for part in _merged(runs):
            result += part
            yield
        self.rows.fill(result)
        while self._missed:
            some = [self._missed.pop(key) for key in list(self._missed)[:SLICE]]
            self.rows.take([self.filter.step(old, new) for old, new in some])
            yield

    def miss(self, steps: Iterable[Step]) -> None:
        """These changes came too late for what is being worked out; each object's are made one."""
        for old, new in steps:
            row = new or old
            assert row is not None
            before = self._missed.get(row.key)
            self._missed[row.key] = (old if before is None else before[0], new)


@dataclass(slots=True)
class _Run:
    """Some rows and what they are sorted by: working a key out costs more than comparing a few."""

    keys: list[Any] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    def sort(self) -> None:
        order = sorted(range(len(self.keys)), key=self.keys.__getitem__)
        self.keys = [self.keys[place] for place in order]
        self.rows = [self.rows[place] for place in order]

    def cuts(self, splitters: Sequence[Any]) -> list[int]:
        """Where it is cut: in turns after what lies below a splitter, and after what equals it."""
        cuts = [0]
        for splitter in splitters:
            cuts.append(bisect_left(self.keys, splitter, lo=cuts[-1]))
            cuts.append(bisect_right(self.keys, splitter, lo=cuts[-1]))
        return [*cuts, len(self.keys)]


def _merged(runs: Sequence[_Run]) -> Iterator[list[Row]]:
    """Sorted runs as one order, in parts of about one run's size each (sorting by regular samples).

    Keys drawn from all runs cut each run in the same places: what lies between two of them is sorted by
    itself, what equals one needs no sorting, however much it is.
    """
    if len(runs) < 2:
        yield from (run.rows for run in runs)
        return
    count = len(runs)
    samples = sorted(run.keys[len(run.keys) * place // count] for run in runs for place in range(count))
    splitters = [samples[place * count] for place in range(1, count)]
    cuts = [run.cuts(splitters) for run in runs]
    for number, places in enumerate(zip(*map(pairwise, cuts), strict=True)):
        part = _Run()
        for run, (start, end) in zip(runs, places, strict=True):
            part.keys += run.keys[start:end]
            part.rows += run.rows[start:end]
        if number % 2 == 0:
            part.sort()
        yield part.rows
