"""A row of the merged table: one object of one cluster, and the columns over such rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from sys import intern
from typing import Any

import msgspec

from backend.kube.objects import Item
from backend.resources.kind import NO_CELL, Align, Column, Health, Kind
from backend.text import SafeStr, safe_text

_HAY_LIMIT = 16384
RowKey = tuple[str, str]
"""(cluster id, uid of the object, or namespace/name where the server gives no uid)."""


class Row(msgspec.Struct, eq=False, gc=False):
    """One object of one cluster. A changed object is a new Row under the same key; rows never change.

    There may be 100,000: nothing in here may be of a kind that the garbage collector follows (lists, SafeStr
    of a row's own), or each of its full rounds holds the loop for a quarter of a second.
    """

    key: RowKey
    cluster: SafeStr
    cluster_id: str
    item: Item
    kind: Kind
    place: tuple[str, str, str]
    """(cluster, namespace, name): the order of rows when nothing else decides."""
    health: Health
    skew: float = 0.0
    """Seconds that the cluster's clock is ahead of ours (R28): ages add it."""
    _hay: bytes = b""

    @property
    def hay(self) -> bytes:
        """What filters look at: the text of all columns but those that change with time, as UTF-8."""
        if not self._hay:
            metadata, item = self.item.metadata, self.item
            words = [column.text(item, 0.0) for column in self.kind.columns if not column.timed]
            self._hay = safe_text(
                " ".join((self.cluster, metadata.namespace, *words)), limit=_HAY_LIMIT
            ).encode()
        return self._hay

    @property
    def namespace(self) -> SafeStr:
        return safe_text(self.item.metadata.namespace)

    @property
    def name(self) -> SafeStr:
        return safe_text(self.item.metadata.name)

    @property
    def why(self) -> SafeStr:
        """Why it is not well, for people; empty when it is."""
        return safe_text(self.kind.assess(self.item).why, limit=512)


def make_row(item: Item, *, cluster_id: str, cluster: SafeStr, kind: Kind, skew: float = 0.0) -> Row:
    metadata = item.metadata
    return Row(
        row_key(cluster_id, item),
        cluster,
        cluster_id,
        item,
        kind,
        (intern(str(cluster)), metadata.namespace, metadata.name),  # plain text: see Row
        kind.assess(item).health,
        skew,
    )


def row_key(cluster_id: str, item: Item) -> RowKey:
    metadata = item.metadata
    return (cluster_id, metadata.uid or f"{metadata.namespace}/{metadata.name}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableColumn:
    """A column over rows of many clusters; what ``Column`` is to the items of one kind."""

    name: str
    text: Callable[[Row, float], SafeStr]
    """What is shown, of the row and the present time (seconds since the epoch)."""
    key: Callable[[Row], Any]
    """What sorting compares."""
    align: Align = "left"
    wide: bool = False
    priority: int = 1
    """0 is never dropped on a narrow screen; the highest number goes first."""
    min_width: int = 4
    tail: int = 0
    """Cells at the text's end, a blank and a sparkline, of which a narrow column shows the newest."""
    timed: bool = False
    moves: bool = False
    """``key`` gives other values as time passes, of rows that stay the same."""
    fares: Callable[[Row], Health] | None = None
    """How what the cell says fares; UNKNOWN: it is missing or old."""


CLUSTER = TableColumn(
    name="CLUSTER", text=lambda row, now: row.cluster, key=lambda row: row.cluster, priority=1, min_width=7
)
NAMESPACE = TableColumn(
    name="NAMESPACE",
    text=lambda row, now: row.namespace,
    key=lambda row: row.item.metadata.namespace,
    priority=2,
    min_width=9,
)


def table_columns(kinds: Iterable[Kind], *, mixed: bool = False) -> tuple[TableColumn, ...]:
    """CLUSTER, NAMESPACE (if any kind has them) and the kinds' columns; those of one title are one column.

    Several kinds happen when clusters serve one resource with different columns (versions of a CRD).
    ``mixed``: the rows are of a category's kinds, and have the columns that all kinds have.
    """
    if mixed:
        from backend.fleet.mixed import COLUMNS

        return COLUMNS
    found = list(kinds)
    named: dict[str, tuple[Column, Kind]] = {}
    for kind in found:
        for column in kind.columns:
            named.setdefault(column.name, (column, kind))
    first = [CLUSTER, NAMESPACE] if any(kind.resource.namespaced for kind in found) else [CLUSTER]
    return (*first, *(_over_rows(column, kind) for column, kind in named.values()))


def _over_rows(column: Column, kind: Kind) -> TableColumn:
    show, order, name = column.text, column.key, column.name

    def text(row: Row, now: float) -> SafeStr:
        if row.kind is kind:
            return safe_text(show(row.item, now + row.skew))
        own = row.kind.column(name)
        return safe_text(own.text(row.item, now + row.skew)) if own is not None else _EMPTY

    def key(row: Row) -> Any:
        return order(row.item)

    def mixed_key(row: Row) -> Any:
        own = column if row.kind is kind else row.kind.column(name)
        return own.key(row.item) if own is not None else NO_CELL

    return TableColumn(
        name=name,
        text=text,
        key=mixed_key if column.generic else key,
        align=column.align,
        wide=column.wide,
        priority=column.priority,
        min_width=column.min_width,
        timed=column.timed,
    )


_EMPTY = SafeStr("")
