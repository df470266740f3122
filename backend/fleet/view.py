"""What of a table is shown, and in which order: sorted, filtered, marked; kept up to date by small steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any

from backend.fleet.arranging import STEP, Arranging
from backend.fleet.batch import Batch
from backend.fleet.filter import RowFilter
from backend.fleet.ordered import OrderedRows, Step
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


class _Held:
    """A column's sort key whose values hold still until the next sort: a row's place is found by its key."""

    def __init__(self, key: Callable[[Row], Any], values: dict[RowKey, Any]) -> None:
        self._key = key
        self._values = values

    def __call__(self, row: Row) -> Any:
        try:
            return self._values[row.key]
        except KeyError:
            value = self._values[row.key] = self._key(row)
            return value


class TableView:
    """A sorted and filtered window on the rows of a :class:`~backend.fleet.table.LiveTable`.

    Without a terminal: the console draws from it, the command line prints from it.

    A new order or filter of many rows takes a while. Who may not be held up sets ``spread``, and meanwhile
    sees the rows as they were, kept true.
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
        self.problems_only = False
        self.spread: Callable[[], object] | None = None
        """Called when many rows are to be arranged anew: who is called then calls :meth:`arrange` until that
        says False. None: they are arranged at once."""
        self._filter = RowFilter()
        """Of what is shown; while rows are arranged, another than what was asked for last."""
        self._reversed = False
        self._placed = OrderedRows(_by_place)
        self._shown = OrderedRows(_by_place)
        self._coming: tuple[Arranging, Iterator[None]] | None = None

    # --- what is shown

    def __len__(self) -> int:
        """How many rows are shown."""
        return len(self._shown)

    def window(self, top: int, height: int) -> list[Row]:
        """The shown rows from index ``top``, at most ``height``."""
        rows = self._shown.rows
        if not self._reversed:
            return rows[top : top + height]
        end = len(rows) - top
        return rows[max(0, end - height) : max(0, end)][::-1]

    def all(self) -> list[Row]:
        """Every row that is to be shown, in order."""
        self._finish()
        return self.window(0, len(self._shown))

    def index_of(self, key: RowKey) -> int | None:
        """Where the object is shown now; None when it is filtered out or gone. What keeps a cursor stable."""
        row = self.rows.get(key)
        if row is None or not self._filter.passes(row):
            return None
        at = self._shown.position(row)
        return len(self._shown) - 1 - at if self._reversed else at

    def row_at(self, index: int) -> Row | None:
        found = self.window(index, 1) if index >= 0 else []
        return found[0] if found else None

    # --- how it is shown

    def column(self, name: str) -> TableColumn:
        """The column of this title (any case). Raises UnknownColumn."""
        return find_column(self.columns, name)

    def set_columns(self, columns: Sequence[TableColumn]) -> None:
        """Columns became known or changed; what was sorted by stays if it still exists."""
        if tuple(columns) == self.columns:
            return
        self.columns = tuple(columns)
        name = self.sort.name if self.sort else ""
        self.sort = next((column for column in self.columns if column.name == name), None)
        self._rebuild()

    def sort_by(self, name: str, *, descending: bool = False) -> None:
        """Order by a column; the empty name: by cluster, namespace, name. Raises UnknownColumn."""
        before, self.sort = self.sort, self.column(name) if name else None
        self.descending = descending
        if self.sort is not before:
            self._rebuild()
        elif self._coming is None:
            self._reversed = descending

    def resort(self, values: dict[RowKey, Any]) -> None:
        """Order anew by a column whose values moved; ``values``: what its ``key`` gives for the rows now."""
        if self.sort is not None and self.sort.moves:
            self._rebuild(held=_Held(self.sort.key, values))

    def filter(self, match: str = "", not_match: str = "") -> None:
        """Show only rows in whose text ``match`` is found and ``not_match`` is not. Raises PatternError."""
        if (match, not_match) == (self.match, self.not_match):
            return
        wanted = RowFilter(match=match, not_match=not_match, problems_only=self.problems_only)
        self.match, self.not_match = match, not_match
        self._rebuild(wanted)

    def show_problems(self, only: bool) -> None:
        if only != self.problems_only:
            self.problems_only = only
            self._rebuild()

    def toggle_mark(self, key: RowKey) -> None:
        self.marks ^= {key}

    def mark_shown(self) -> None:
        """Mark what passes the filter that was asked for last, even if it is not on the screen yet."""
        self._finish()
        self.marks.update(row.key for row in self._shown.rows)

    # --- keeping it true

    def apply(self, batch: Batch) -> None:
        """Take in a batch; rows that are no more lose their marks."""
        rows = self.rows
        steps: list[Step] = []
        for key in batch.removed:
            old = rows.pop(key, None)
            if old is not None:
                steps.append((old, None))
                self.marks.discard(key)
        for row in batch.changed:
            steps.append((rows.get(row.key), row))
            rows[row.key] = row
            row.hay  # noqa: B018 - worked out now, in small portions, not when a filter is typed
        self.counts.subtract(old.health for old, _ in steps if old is not None)
        self.counts.update(row.health for row in batch.changed)
        if len(steps) > len(rows) * _MANY:
            self._placed.fill(sorted(rows.values(), key=_by_place))
            self._rebuild(at_once=True)
            return
        self._placed.take(steps)
        self._shown.take(
            [self._filter.step(old, new) for old, new in steps] if not self._filter.idle else steps
        )
        if self._coming is not None:
            self._coming[0].miss(steps)

    # --- arranging

    @property
    def arranging(self) -> bool:
        """Whether what is shown is not yet what was asked for last."""
        return self._coming is not None

    def arrange(self) -> bool:
        """One step of arranging, some 10 ms; False: what was asked for is shown."""
        if self._coming is None:
            return False
        new, steps = self._coming
        for _ in steps:
            return True
        self._show(new)
        return False

    def _rebuild(
        self, filter: RowFilter | None = None, *, at_once: bool = False, held: _Held | None = None
    ) -> None:
        """Filter (None: as asked for before) and sort anew; rows of equal keys stay in order of place."""
        filter = filter or RowFilter(
            match=self.match, not_match=self.not_match, problems_only=self.problems_only
        )
        by = held or (self.sort.key if self.sort is not None else None)
        if held is None and self.sort is not None and self.sort.moves:
            by = _Held(self.sort.key, {})
        key = _by_place if by is None else lambda row: (by(row), row.place)
        new = Arranging(self._placed.rows, filter=filter, by=by, key=key)
        if at_once or self.spread is None or len(self._placed) <= STEP:
            new.at_once()
            self._show(new)
        else:
            self._coming = (new, new.steps())
            self.spread()

    def _finish(self) -> None:
        while self.arrange():
            pass

    def _show(self, new: Arranging) -> None:
        self._coming = None
        self._filter, self._reversed = new.filter, self.descending
        self._shown.fill(new.rows.rows, key=new.rows.key)


def find_column(columns: Sequence[TableColumn], name: str) -> TableColumn:
    """The column of this title (any case). Raises UnknownColumn."""
    wanted = name.casefold()
    for column in columns:
        if column.name.casefold() == wanted:
            return column
    raise UnknownColumn(name, columns)
