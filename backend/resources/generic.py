"""Every kind without an entry, CRDs included: columns and cells as the server prints them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backend.kube.objects import ApiResource, Event, Page
from backend.kube.table import ColumnDefinition, TableDecoder, TableItem, cell_text
from backend.resources.kind import (
    NO_CELL,
    OK,
    Column,
    Health,
    Kind,
    Verdict,
    age_column,
    name_column,
)
from backend.resources.quantity import parse_quantity
from backend.text import safe_text

_NUMERIC = ("integer", "number")


class GenericDecoder:
    """Decodes Tables, and makes a :class:`Kind` of the columns that the server announced."""

    def __init__(self, resource: ApiResource) -> None:
        self.resource = resource
        self._table = TableDecoder()
        self._columns: tuple[ColumnDefinition, ...] | None = None
        self._kind = _kind(resource, ())

    @property
    def accept(self) -> str:
        return self._table.accept

    @property
    def kind(self) -> Kind:
        """The kind so far; NAME and AGE alone before the first page. The same object until columns change."""
        if self._columns != self._table.columns:
            self._columns = self._table.columns
            self._kind = _kind(self.resource, self._columns)
        return self._kind

    def page(self, body: bytes) -> Page:
        return self._table.page(body)

    def event(self, line: bytes) -> Event:
        return self._table.event(line)


def _kind(resource: ApiResource, definitions: tuple[ColumnDefinition, ...]) -> Kind:
    columns: list[Column] = []
    ready: Callable[[TableItem], str] | None = None
    for index, definition in enumerate(definitions):
        title = str(safe_text(definition.name, limit=64)).upper()
        if title == "NAME":
            columns.append(name_column())
        elif title == "AGE":
            columns.append(age_column())  # the server's text would stand still
        else:
            columns.append(_column(index, title, definition))
            if title == "READY":
                ready = _text_of(index)
    if not any(column.name == "NAME" for column in columns):
        columns.insert(0, name_column())
    if not definitions:
        columns.append(age_column())
    return Kind(resource=resource, columns=tuple(columns), assess=_assessor(ready))


def _column(index: int, title: str, definition: ColumnDefinition) -> Column:
    text = _text_of(index)

    def show(item: Any, now: float) -> str:
        return text(item)

    def key(item: Any) -> tuple[int, float, str]:
        cell = item.cells[index] if index < len(item.cells) else None
        return _sort_key(cell)

    return Column(
        title,
        show,
        key,
        align="right" if definition.type in _NUMERIC else "left",
        wide=definition.priority > 0,
        priority=1 if definition.priority == 0 else 4,
        generic=True,
    )


def _text_of(index: int) -> Callable[[TableItem], str]:
    def text(item: TableItem) -> str:
        return cell_text(item.cells[index] if index < len(item.cells) else None)

    return text


def _sort_key(cell: object) -> tuple[int, float, str]:
    """Numbers (and quantities) before texts, in their own order."""
    if cell is None or cell == "":
        return NO_CELL
    if isinstance(cell, (int, float)):
        return (1, float(cell), "")
    text = str(cell)
    try:
        return (1, float(parse_quantity(text)), "")
    except ValueError:
        return (2, 0.0, text)


def _assessor(ready: Callable[[TableItem], str] | None) -> Callable[[TableItem], Verdict]:
    """What most custom kinds tell in a table: whether they are being deleted, and whether they are ready."""

    def assess(item: TableItem) -> Verdict:
        if item.metadata.deletion_timestamp is not None:
            return Verdict(Health.PROGRESSING, "being deleted")
        match ready(item) if ready is not None else "":
            case "False":
                return Verdict(Health.WARNING, "not ready")
            case "Unknown":
                return Verdict(Health.UNKNOWN, "readiness unknown")
            case _:
                return OK

    return assess
