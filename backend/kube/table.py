"""Kinds without an entry of ours, through the server's Table: its columns and cells (meta.k8s.io/v1)."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from backend.kube.decoder import UNREADABLE, odd_event, page_of
from backend.kube.errors import Malformed
from backend.kube.objects import Change, Event, Item, ListMeta, ObjectMeta, Page
from backend.text import SafeStr, safe_text

_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
ACCEPT = f"{_TABLE},application/json"
"""With plain JSON as the way out for aggregated servers that know no Tables."""
MAX_COLUMNS = 64
CELL_LIMIT = 1024


class ColumnDefinition(msgspec.Struct, frozen=True):
    """metav1.TableColumnDefinition. ``priority`` 0 is always shown; higher ones only in wide views."""

    name: str = ""
    type: str = "string"
    """string, integer, number, boolean, date"""
    format: str = ""
    description: str = ""
    priority: int = 0


class PartialObject(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta = ObjectMeta()


class TableRow(msgspec.Struct):
    cells: list[Any] = []
    object: PartialObject = PartialObject()


class TableItem(msgspec.Struct, frozen=True):
    """One object as the server prints it. ``cells`` stand in the order of the decoder's columns."""

    metadata: ObjectMeta
    cells: tuple[object, ...] = ()

    def text(self, index: int) -> SafeStr:
        """A cell as shown; made safe here, because a printer column can hold anything its author wrote."""
        return cell_text(self.cells[index] if index < len(self.cells) else None)


class _Table(msgspec.Struct, rename="camel"):
    kind: str = ""
    metadata: ListMeta = ListMeta()
    column_definitions: list[ColumnDefinition] | None = None
    rows: list[TableRow] | None = None


class _RawTable(msgspec.Struct, rename="camel"):
    kind: str = ""
    metadata: ListMeta = ListMeta()
    column_definitions: list[ColumnDefinition] | None = None
    rows: list[msgspec.Raw] | None = None


class _PlainList(msgspec.Struct):
    metadata: ListMeta = ListMeta()
    items: list[PartialObject] | None = None
    kind: str = ""


class _TableEvent(msgspec.Struct):
    type: str
    object: _Table


_CHANGES: dict[str, Change] = {"ADDED": "ADDED", "MODIFIED": "MODIFIED", "DELETED": "DELETED"}
_table = msgspec.json.Decoder(_Table)
_raw_table = msgspec.json.Decoder(_RawTable)
_row = msgspec.json.Decoder(TableRow)
_plain_list = msgspec.json.Decoder(_PlainList)
_event = msgspec.json.Decoder(_TableEvent)
_NAME_ONLY = (ColumnDefinition(name="Name", format="name"),)


class TableDecoder:
    """Decodes Tables of one kind. ``columns`` is known after the first page (a watch sends it only once).

    A server without Tables answers with a plain list: then the one column is Name.
    """

    accept = ACCEPT

    def __init__(self) -> None:
        self.columns: tuple[ColumnDefinition, ...] = ()

    def page(self, body: bytes) -> Page:
        """Decode a Table; rows of an unexpected shape are left out and counted. Raises Malformed."""
        try:
            table = _table.decode(body)
        except UNREADABLE:
            return self._row_by_row(body)
        if table.kind != "Table":
            return self._plain(body)
        self._learn(table.column_definitions)
        return page_of(table.metadata, [self._item(row) for row in table.rows or []])

    def _row_by_row(self, body: bytes) -> Page:
        try:
            table = _raw_table.decode(body)
        except UNREADABLE as error:
            raise Malformed(f"the body is no Table: {error}") from None
        if table.kind != "Table":
            return self._plain(body)
        self._learn(table.column_definitions)
        items: list[Item] = []
        raws = table.rows or []
        for raw in raws:
            try:
                items.append(self._item(_row.decode(raw)))
            except UNREADABLE:
                continue
        return page_of(table.metadata, items, skipped=len(raws) - len(items))

    def _plain(self, body: bytes) -> Page:
        try:
            found = _plain_list.decode(body)
        except UNREADABLE as error:
            raise Malformed(f"the body is neither a Table nor a list: {error}") from None
        if not found.kind.endswith("List"):
            raise Malformed(f"the body is a {found.kind[:40]!r}, neither a Table nor a list")
        self.columns = _NAME_ONLY
        items: list[Item] = [TableItem(item.metadata, (item.metadata.name,)) for item in found.items or []]
        return page_of(found.metadata, items)

    def event(self, line: bytes) -> Event:
        """Decode a watch event: a Table of one row, which for a BOOKMARK is a dummy with the version."""
        try:
            found = _event.decode(line)
        except UNREADABLE:
            return odd_event(line)
        rows = found.object.rows or []
        if found.type == "BOOKMARK":
            version = rows[0].object.metadata.resource_version if rows else ""
            return Event("BOOKMARK", resource_version=version or found.object.metadata.resource_version)
        change = _CHANGES.get(found.type)
        if change is None or found.object.kind != "Table" or not rows:
            return self._plain_event(line, change)
        self._learn(found.object.column_definitions)
        item = self._item(rows[0])
        return Event(change, item, item.metadata.resource_version or found.object.metadata.resource_version)

    def _plain_event(self, line: bytes, change: Change | None) -> Event:
        """The change of a server without Tables, or something odd."""
        if change is None or self.columns is not _NAME_ONLY:
            return odd_event(line)
        try:
            meta = _plain_event.decode(line).object.metadata
        except UNREADABLE:
            return odd_event(line)
        return Event(change, TableItem(meta, (meta.name,)), meta.resource_version)

    def _learn(self, columns: list[ColumnDefinition] | None) -> None:
        if columns and not self.columns:
            self.columns = tuple(columns[:MAX_COLUMNS])

    def _item(self, row: TableRow) -> TableItem:
        return TableItem(row.object.metadata, tuple(map(_scalar, row.cells[:MAX_COLUMNS])))


class _PlainEvent(msgspec.Struct):
    type: str
    object: PartialObject


_plain_event = msgspec.json.Decoder(_PlainEvent)


def _scalar(cell: object) -> object:
    """A cell as a plain value; lists and maps become the JSON they came as."""
    if isinstance(cell, (list, dict)):
        return msgspec.json.encode(cell).decode()[:CELL_LIMIT]
    return cell


def cell_text(cell: object) -> SafeStr:
    """A cell as kubectl prints it: nothing for null, ``true``, ``false``, whole numbers without ``.0``."""
    if cell is None:
        return SafeStr("")
    if isinstance(cell, bool):
        return SafeStr("true" if cell else "false")
    if isinstance(cell, float) and math.isfinite(cell) and cell.is_integer():
        return SafeStr(str(int(cell)))
    return safe_text(cell, limit=CELL_LIMIT)
