"""Rows in the order of a key, kept so by small steps, in place."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from backend.fleet.row import Row

_FEW = 64
"""Rows that are moved one by one; more are spliced in with one copy of the list."""

Step = tuple[Row | None, Row | None]
"""(what stood there, what stands there now); None on the left: it is new, on the right: it is gone."""


class OrderedRows:
    """A list of rows that is never sorted twice.

    Rows are immutable, so a row's old position is found again by bisection with its own old key. The list
    stays the same object for good: the garbage collector would visit each new one of 100,000.
    """

    def __init__(self, key: Callable[[Row], Any]) -> None:
        self.key = key
        self.rows: list[Row] = []

    def __len__(self) -> int:
        return len(self.rows)

    def fill(self, rows: Iterable[Row], *, key: Callable[[Row], Any] | None = None) -> None:
        """Hold these rows, which stand in the order of ``key`` already, if one is given."""
        self.key = key or self.key
        self.rows[:] = rows

    def position(self, row: Row) -> int:
        """Where the very row stands; it must be there.

        Two objects can share a place for a moment (deleted and made again under one name).
        """
        at = bisect.bisect_left(self.rows, self.key(row), key=self.key)
        while self.rows[at] is not row:
            at += 1
        return at

    def take(self, steps: Sequence[Step]) -> None:
        """Carry changes out. A row that keeps its key is replaced where it stands: most changes are such."""
        key, rows = self.key, self.rows
        out: list[Row] = []
        into: list[Row] = []
        for old, new in steps:
            if old is not None and new is not None and key(old) == key(new):
                rows[self.position(old)] = new
                continue
            if old is not None:
                out.append(old)
            if new is not None:
                into.append(new)
        if len(out) + len(into) > _FEW:
            self._splice(out, into)
            return
        for row in out:
            del rows[self.position(row)]
        for row in into:
            rows.insert(bisect.bisect_right(rows, key(row), key=key), row)

    def _splice(self, out: Sequence[Row], into: Sequence[Row]) -> None:
        """Take many out and put many in: positions by bisection, then one copy of the list, in pieces.

        A page of 500 costs a list of 100,000 a few milliseconds, sorting it anew a hundred.
        """
        rows = self.rows
        leaving = sorted(map(self.position, out))
        arriving = sorted(into, key=self.key)
        places = self._places(arriving)
        result: list[Row] = []
        done = skip = 0
        for place, row in zip(places, arriving, strict=True):
            while skip < len(leaving) and leaving[skip] < place:
                result += rows[done : leaving[skip]]
                done = leaving[skip] + 1
                skip += 1
            result += rows[done:place]
            done = place
            result.append(row)
        for at in leaving[skip:]:
            result += rows[done:at]
            done = at + 1
        result += rows[done:]
        rows[:] = result

    def _places(self, arriving: Sequence[Row]) -> list[int]:
        """Before what each would stand; sorted. A page of one cluster mostly falls between two rows whole."""

        def place(row: Row) -> int:
            return bisect.bisect_right(self.rows, self.key(row), key=self.key)

        if arriving and (first := place(arriving[0])) == place(arriving[-1]):
            return [first] * len(arriving)
        return [place(row) for row in arriving]
