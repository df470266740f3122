"""What of a table is shown, and in which order: sorted, filtered, marked; kept up to date by small steps."""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any

from backend.fleet.batch import Batch
from backend.fleet.filter import RowFilter
from backend.fleet.row import Row, RowKey, TableColumn
from backend.resources.kind import Health

_MANY = 0.25
"""Share of all rows above which a batch is sorted in with everything else instead of piece by piece."""
_by_place: Callable[[Row], Any] = attrgetter("place")


class UnknownColumn(ValueError):
    """There is no column of this title; ``advice`` lists those there are."""

    exit_code = 2

    def __init__(self, name: str, columns: Iterable[TableColumn]) -> None:
        self.sentence = f"there is no column {name!r}"
        self.advice = "Columns: " + ", ".join(column.name for column in columns)
        super().__init__(self.sentence)


class TableView:
    """A sorted and filtered window on the rows of a :class:`~backend.fleet.table.LiveTable`.

    Without a terminal: the console draws from it, the command line prints from it. Rows are immutable, so a
    row's old position is found again by bisection with its own old key; nothing is sorted twice.
    """

    def __init__(self, columns: Sequence[TableColumn]) -> None:
        self.columns: tuple[TableColumn, ...] = tuple(columns)
        self.rows: dict[RowKey, Row] = {}
        """All rows, shown or not."""
        self.counts: Counter[Health] = Counter()
        """How many of all rows fare how."""
        self.marks: set[RowKey] = set()
        self.sort: TableColumn | None = None
        self.descending = False
        self.match = ""
        self.not_match = ""
        self._filter = RowFilter()
        self._placed: list[Row] = []
        self._shown: list[Row] = []

    # --- what is shown

    def __len__(self) -> int:
        """How many rows are shown."""
        return len(self._shown)

    def window(self, top: int, height: int) -> list[Row]:
        """The shown rows from index ``top``, at most ``height``."""
        if not self.descending:
            return self._shown[top : top + height]
        end = len(self._shown) - top
        return self._shown[max(0, end - height) : max(0, end)][::-1]

    def all(self) -> list[Row]:
        """Every shown row in order."""
        return self.window(0, len(self._shown))

    def index_of(self, key: RowKey) -> int | None:
        """Where the object is shown now; None when it is filtered out or gone. What keeps a cursor stable."""
        row = self.rows.get(key)
        if row is None or not self._filter.passes(row):
            return None
        at = position(self._shown, row, key=self._sort_key)
        return len(self._shown) - 1 - at if self.descending else at

    def row_at(self, index: int) -> Row | None:
        found = self.window(index, 1) if index >= 0 else []
        return found[0] if found else None

    # --- how it is shown

    def column(self, name: str) -> TableColumn:
        """The column of this title (any case). Raises UnknownColumn."""
        return find_column(self.columns, name)

    def set_columns(self, columns: Sequence[TableColumn]) -> None:
        """Columns became known or changed; what was sorted by stays if it still exists."""
        self.columns = tuple(columns)
        name = self.sort.name if self.sort else ""
        self.sort = next((column for column in self.columns if column.name == name), None)
        self._rebuild()

    def sort_by(self, name: str, *, descending: bool = False) -> None:
        """Order by a column; the empty name: by cluster, namespace, name. Raises UnknownColumn."""
        self.sort = self.column(name) if name else None
        self.descending = descending
        self._rebuild()

    def filter(self, match: str = "", not_match: str = "") -> None:
        """Show only rows in whose text ``match`` is found and ``not_match`` is not. Raises PatternError."""
        self._filter = RowFilter(match=match, not_match=not_match, problems_only=self.problems_only)
        self.match, self.not_match = match, not_match
        self._rebuild()

    @property
    def problems_only(self) -> bool:
        return self._filter.problems_only

    def show_problems(self, only: bool) -> None:
        self._filter.problems_only = only
        self._rebuild()

    def toggle_mark(self, key: RowKey) -> None:
        self.marks ^= {key}

    def mark_shown(self) -> None:
        self.marks.update(row.key for row in self._shown)

    # --- keeping it true

    def apply(self, batch: Batch) -> None:
        """Take in a batch; rows that are no more lose their marks."""
        rows = self.rows
        gone = [rows[key] for key in batch.removed if key in rows]
        out = gone + [rows[row.key] for row in batch.changed if row.key in rows]
        for row in gone:
            del rows[row.key]
            self.marks.discard(row.key)
        for row in batch.changed:
            rows[row.key] = row
            row.hay  # noqa: B018 - worked out now, in small portions, not when a filter is typed
        self.counts.subtract(row.health for row in out)
        self.counts.update(row.health for row in batch.changed)
        if len(out) + len(batch.changed) > len(rows) * _MANY:
            self._placed = sorted(rows.values(), key=_by_place)
            self._rebuild()
            return
        self._placed = spliced(self._placed, out, batch.changed, key=_by_place)
        self._shown = spliced(
            self._shown, self._filter.keep(out), self._filter.keep(batch.changed), key=self._sort_key
        )

    def _rebuild(self) -> None:
        """Filter, then sort; rows of equal keys stay in the order of their places (the sort is stable)."""
        self._shown = self._filter.keep(self._placed)
        if self.sort is not None:
            self._shown.sort(key=self.sort.key)

    def _sort_key(self, row: Row) -> Any:
        return row.place if self.sort is None else (self.sort.key(row), row.place)


def position(rows: Sequence[Row], row: Row, *, key: Callable[[Row], Any]) -> int:
    """Where the very row stands in rows ordered by ``key``; it must be there.

    Two objects can share a place for a moment (deleted and made again under one name).
    """
    at = bisect.bisect_left(rows, key(row), key=key)
    while rows[at] is not row:
        at += 1
    return at


def spliced(
    rows: list[Row], out: Sequence[Row], into: Sequence[Row], *, key: Callable[[Row], Any]
) -> list[Row]:
    """``rows`` (ordered by ``key``) without ``out`` and with ``into``, in order.

    Positions are found by bisection and the list is copied once, in pieces: a page of 500 costs a
    list of 100,000 a few milliseconds, sorting it anew a hundred.
    """
    leaving = sorted(position(rows, row, key=key) for row in out)
    arriving = sorted(into, key=key)
    places = [bisect.bisect_right(rows, key(row), key=key) for row in arriving]
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
    return result


def find_column(columns: Sequence[TableColumn], name: str) -> TableColumn:
    """The column of this title (any case). Raises UnknownColumn."""
    wanted = name.casefold()
    for column in columns:
        if column.name.casefold() == wanted:
            return column
    raise UnknownColumn(name, columns)
