"""What a table shows, apart from how: rows by position and key, columns, health."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from backend.resources.kind import Health
from console.theme import Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class GridColumn:
    """A column as the table needs it; ``text`` may be hostile, the table sanitises it."""

    name: str
    text: Callable[[Any, float], object]
    align: Literal["left", "right"] = "left"
    wide: bool = False
    priority: int = 1
    """Narrow tables drop the highest first; 0 stays."""
    min_width: int = 4
    tail: int = 0
    """Cells at the text's end, a blank and a sparkline, of which a narrow column shows the newest."""
    timed: bool = False
    """Changes as time passes; such a change does not glow."""
    tone: Callable[[Any], Tone] | None = None
    middle: bool = False
    """Cut in the middle: the end of a pod's name tells more than its middle."""
    optional: bool = False
    """Left out while no row on the screen has anything in it."""
    pinned: bool = False
    """Stays when columns are scrolled sideways."""


class TableSource(Protocol):
    """Rows in their present order. Keys are stable, positions are not."""

    @property
    def columns(self) -> Sequence[GridColumn]: ...

    @property
    def sort(self) -> str:
        """The title of the column that orders the rows."""
        ...

    @property
    def descending(self) -> bool: ...

    @property
    def marks(self) -> set[Any]:
        """Keys of the marked rows; the table adds and removes."""
        ...

    def order(self, column: str, *, descending: bool) -> None:
        """Order the rows by this column."""
        ...

    def __len__(self) -> int: ...

    def window(self, top: int, height: int) -> Sequence[Any]: ...

    def key(self, row: Any) -> Hashable: ...

    def index_of(self, key: Hashable) -> int | None: ...

    def health(self, row: Any) -> Health | None:
        """What the glyph at the row's start says; None: nothing."""
        ...


class ListSource:
    """A source over a plain list of rows, sorted in place: fleets and journals, not pods."""

    def __init__(
        self,
        columns: Sequence[GridColumn],
        *,
        key: Callable[[Any], Hashable],
        health: Callable[[Any], Health | None] = lambda row: None,
        sort: str,
        sort_keys: dict[str, Callable[[Any], Any]] | None = None,
        descending: bool = False,
    ) -> None:
        self.columns = tuple(columns)
        self.sort = sort
        self.descending = descending
        self.marks: set[Any] = set()
        self._key = key
        self._health = health
        self._sort_keys = sort_keys or {}
        self._rows: list[Any] = []
        self._places: dict[Hashable, int] = {}

    def replace(self, rows: Sequence[Any]) -> None:
        """Show these rows instead."""
        self._rows = list(rows)
        self._arrange()

    def order(self, column: str, *, descending: bool) -> None:
        self.sort, self.descending = column, descending
        self._arrange()

    def _arrange(self) -> None:
        column = next((c for c in self.columns if c.name == self.sort), self.columns[0])
        by = self._sort_keys.get(column.name) or (lambda row: str(column.text(row, 0.0)))
        self._rows.sort(key=by, reverse=self.descending)
        self._places = {self._key(row): place for place, row in enumerate(self._rows)}

    def __len__(self) -> int:
        return len(self._rows)

    def window(self, top: int, height: int) -> Sequence[Any]:
        return self._rows[top : top + height]

    def key(self, row: Any) -> Hashable:
        return self._key(row)

    def index_of(self, key: Hashable) -> int | None:
        return self._places.get(key)

    def health(self, row: Any) -> Health | None:
        return self._health(row)
