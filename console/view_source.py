"""The fleet's TableView as the table widget's source."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, cast

from backend.fleet.row import Row, RowKey, TableColumn
from backend.fleet.view import TableView
from backend.resources.kind import Health
from console.states import HEALTH
from console.theme import Tone
from console.widgets.table_source import GridColumn

_STATE_COLUMNS = frozenset({"STATUS", "READY"})
_PINNED = frozenset({"CLUSTER", "NAME"})
_MIDDLE = frozenset({"NAME", "NODE", "OBJECT"})


def _tone(row: Any) -> Tone:
    health: Health = row.health
    return Tone.TEXT if health is Health.OK else HEALTH[health][1]


def _faring(column: TableColumn) -> Callable[[Any], Tone] | None:
    """A value's own tone: dim where it is missing or old."""
    fares = column.fares
    if fares is None:
        return None

    def tone(row: Any) -> Tone:
        match fares(row):
            case Health.OK:
                return Tone.TEXT
            case Health.UNKNOWN:
                return Tone.DIM
            case worse:
                return HEALTH[worse][1]

    return tone


def grid_column(column: TableColumn) -> GridColumn:
    """How a column of the fleet is drawn: state in colour, names cut in the middle."""
    return GridColumn(
        name=column.name,
        text=column.text,
        align=column.align,
        wide=column.wide,
        priority=column.priority,
        min_width=column.min_width,
        tail=column.tail,
        timed=column.timed,
        tone=_tone if column.name in _STATE_COLUMNS else _faring(column),
        middle=column.name in _MIDDLE,
        pinned=column.name in _PINNED,
    )


class ViewSource:
    def __init__(self, view: TableView) -> None:
        self.view = view
        self._made: dict[TableColumn, GridColumn] = {}

    @property
    def columns(self) -> Sequence[GridColumn]:
        return [self._made.setdefault(column, grid_column(column)) for column in self.view.columns]

    @property
    def sort(self) -> str:
        return self.view.sort.name if self.view.sort else ""

    @property
    def descending(self) -> bool:
        return self.view.descending

    @property
    def marks(self) -> set[Any]:
        return cast("set[Any]", self.view.marks)

    def order(self, column: str, *, descending: bool) -> None:
        self.view.sort_by(column, descending=descending)

    def __len__(self) -> int:
        return len(self.view)

    def window(self, top: int, height: int) -> Sequence[Row]:
        return self.view.window(top, height)

    def key(self, row: Row) -> Hashable:
        return row.key

    def index_of(self, key: Hashable) -> int | None:
        return self.view.index_of(cast("RowKey", key))

    def health(self, row: Row) -> Health | None:
        return row.health
