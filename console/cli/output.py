"""How lists are written to stdout: an aligned table, names, or whole objects as JSON or YAML."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any, Protocol, TextIO

from backend.fleet.row import Row, TableColumn
from backend.resources.document import to_json, to_yaml
from backend.resources.kind import Health
from backend.text import SafeStr, cells

GAP = "   "
"""Between columns; as wide as kubectl's, so that scripts splitting on two or more blanks keep working."""
COLOURS = {
    Health.FAILING: "\x1b[31m",
    Health.WARNING: "\x1b[33m",
    Health.PROGRESSING: "\x1b[36m",
    Health.UNKNOWN: "\x1b[35m",
    Health.DONE: "\x1b[2m",
}
PLAIN = "\x1b[0m"


class Format(StrEnum):
    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"
    CSV = "csv"


def coloured(stream: TextIO) -> bool:
    """Whether colours are wanted there: a terminal, and nobody said no (no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


class RowWriter(Protocol):
    """Writes rows, block after block."""

    written: int

    def write(self, rows: Sequence[Row], columns: Iterable[TableColumn]) -> None: ...


class TableWriter:
    """Writes rows in aligned columns. Blocks may follow each other: columns only ever get wider."""

    def __init__(self, *, wide: bool, why: bool = False, stream: TextIO | None = None) -> None:
        """``why``: a last column with the reason of each row's health."""
        self._wide = wide
        self._why = why
        self._stream = stream or sys.stdout
        self._colour = coloured(self._stream)
        self._titles: list[str] = []
        self._widths: list[int] = []
        self.written = 0

    def write(self, rows: Sequence[Row], columns: Iterable[TableColumn], *, now: float | None = None) -> None:
        """Write a block of rows; the header comes with the first, and again if the columns changed."""
        if not rows:
            return
        shown = [column for column in columns if self._wide or not column.wide]
        moment = time.time() if now is None else now
        lines = [self._cells(row, shown, moment) for row in rows]
        titles = [column.name for column in shown] + ["WHY"] * self._why
        if titles != self._titles:
            self._titles, self._widths = titles, [len(title) for title in titles]
            header = True
        else:
            header = False
        for at in range(len(titles)):
            self._widths[at] = max([self._widths[at], *[cells(line[at]) for line in lines]])
        out = []
        if header:
            out.append(self._line([SafeStr(title) for title in titles]))
        tinted = self._tinted(shown) if self._colour else frozenset()
        for row, line in zip(rows, lines, strict=True):
            out.append(
                self._line(line, colour=COLOURS.get(row.health, ""), at=tinted)
                if tinted
                else self._line(line)
            )
        out.append("")
        self._stream.write("\n".join(out))
        self.written += len(rows)

    def _cells(self, row: Row, columns: Sequence[TableColumn], now: float) -> list[SafeStr]:
        found = [column.text(row, now) for column in columns]
        return [*found, row.why] if self._why else found

    @staticmethod
    def _tinted(columns: Sequence[TableColumn]) -> frozenset[int]:
        """Where the state is told: what a kind never drops, but the name."""
        return frozenset(
            at for at, column in enumerate(columns) if column.priority == 0 and column.name != "NAME"
        )

    def _line(self, line: Sequence[SafeStr], *, colour: str = "", at: frozenset[int] = frozenset()) -> str:
        parts = []
        for index, (text, width) in enumerate(zip(line, self._widths, strict=True)):
            padding = " " * (width - cells(text))
            parts.append(f"{colour}{text}{PLAIN}{padding}" if colour and index in at else text + padding)
        return GAP.join(parts).rstrip()


class CsvWriter:
    """RFC 4180, with all columns; what a spreadsheet would take for a formula is disarmed."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._titles: list[str] = []
        self.written = 0

    def write(self, rows: Sequence[Row], columns: Iterable[TableColumn] = ()) -> None:
        from backend.fleet.export import csv_text

        shown = list(columns)
        titles = [column.name for column in shown]
        if rows:
            self._stream.write(csv_text(rows, shown, now=time.time(), titles=titles != self._titles))
            self._titles = titles
        self.written += len(rows)


class NameWriter:
    """``cluster pod/name`` lines: what a loop in a shell reads."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self.written = 0

    def write(self, rows: Sequence[Row], columns: Iterable[TableColumn] = ()) -> None:
        lines = [name_line(row) for row in rows]
        if lines:
            self._stream.write("\n".join(lines) + "\n")
        self.written += len(lines)


def name_line(row: Row) -> str:
    """``prod-eu pay pod/api-1``; the namespace is ``-`` where the kind has none."""
    resource = row.kind.resource
    kind = resource.singular or resource.kind.lower()
    full = f"{kind}.{resource.group}" if resource.group else kind
    return f"{row.cluster} {row.namespace or '-'} {full}/{row.name}"


class ObjectWriter(Protocol):
    """Writes whole objects one after the other; ``close`` completes the document."""

    def write(self, obj: dict[str, Any]) -> None: ...

    def close(self) -> None: ...


class JsonWriter:
    """A ``List``, written object by object; or the one object alone, as kubectl does for one name."""

    def __init__(self, *, single: bool, stream: TextIO | None = None) -> None:
        self._single = single
        self._stream = stream or sys.stdout
        self._first = True

    def write(self, obj: dict[str, Any]) -> None:
        text = to_json(obj)
        if self._single:
            self._stream.write(text + "\n")
            return
        head = '{\n    "apiVersion": "v1",\n    "items": [\n' if self._first else ",\n"
        self._first = False
        self._stream.write(head + "        " + text.replace("\n", "\n        "))

    def close(self) -> None:
        if self._single:
            return
        if self._first:
            self._stream.write('{\n    "apiVersion": "v1",\n    "items": [')
        self._stream.write("\n    " * (not self._first) + _JSON_TAIL)


_JSON_TAIL = '],\n    "kind": "List",\n    "metadata": {\n        "resourceVersion": ""\n    }\n}\n'


class YamlWriter:
    """As :class:`JsonWriter`, in YAML."""

    def __init__(self, *, single: bool, stream: TextIO | None = None) -> None:
        self._single = single
        self._stream = stream or sys.stdout
        self._first = True

    def write(self, obj: dict[str, Any]) -> None:
        if self._single:
            self._stream.write(to_yaml(obj))
            return
        if self._first:
            self._stream.write("apiVersion: v1\nitems:\n")
        self._first = False
        self._stream.write(to_yaml([obj]))

    def close(self) -> None:
        if self._single:
            return
        if self._first:
            self._stream.write("apiVersion: v1\nitems: []\n")
        self._stream.write('kind: List\nmetadata:\n  resourceVersion: ""\n')


def object_writer(form: Format, *, single: bool) -> ObjectWriter:
    return JsonWriter(single=single) if form is Format.JSON else YamlWriter(single=single)
