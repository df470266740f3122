"""Rows as files for other programs: CSV (RFC 4180) and JSON, with where and when they come from.

A spreadsheet runs what begins with ``=``, ``+``, ``-``, ``@``; cluster text that does so gets an apostrophe
before it (OWASP, CSV injection), plain numbers excepted. What is masked in a row stays masked.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from backend.fleet.row import Row, TableColumn
from backend.kube.status import State, Status
from backend.resources.document import to_json
from backend.text import safe_text

_FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?%?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What rows are: the question, the moment, and how much of the fleet answered it."""

    query: str
    when: float
    """Seconds since the epoch."""
    shown: int
    total: int
    """Rows before the filter."""
    states: Sequence[tuple[str, Status]]

    @property
    def moment(self) -> str:
        return datetime.fromtimestamp(self.when, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

    @property
    def missing(self) -> list[tuple[str, Status]]:
        """Clusters whose rows are not there, or not fresh."""
        return [(name, status) for name, status in self.states if status.state is not State.LIVE]

    def lines(self) -> list[str]:
        """For people: one fact a line."""
        live = len(self.states) - len(self.missing)
        found = [
            f"navarch export of: {self.query}",
            f"at {self.moment}; {self.shown} of {self.total} rows; "
            f"{live} of {len(self.states)} clusters live",
        ]
        found += [f"{name}: {status.state.value} {status.detail}".rstrip() for name, status in self.missing]
        return [str(safe_text(line)) for line in found]


def cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def csv_text(
    rows: Iterable[Row],
    columns: Sequence[TableColumn],
    *,
    now: float,
    provenance: Provenance | None = None,
    titles: bool = True,
) -> str:
    """RFC 4180: CRLF, quotes doubled. ``provenance`` goes before it in lines that begin with ``#``."""
    out = io.StringIO()
    for line in provenance.lines() if provenance is not None else ():
        out.write(f"# {line}\r\n")
    writer = csv.writer(out)
    if titles:
        writer.writerow([column.name for column in columns])
    for row in rows:
        writer.writerow([cell(safe_text(column.text(row, now))) for column in columns])
    return out.getvalue()


def json_text(
    rows: Iterable[Row], columns: Sequence[TableColumn], *, now: float, provenance: Provenance
) -> str:
    """An object with the rows as text by title, each with its health, and where they come from."""
    states = [
        {"cluster": str(safe_text(name)), "state": status.state.value, "detail": str(status.detail)}
        for name, status in provenance.states
    ]
    items: list[dict[str, Any]] = [
        {
            "cells": {column.name: str(safe_text(column.text(row, now))) for column in columns},
            "health": row.health.value,
            "why": str(row.why),
        }
        for row in rows
    ]
    document = {
        "query": str(safe_text(provenance.query)),
        "time": provenance.moment,
        "shown": provenance.shown,
        "total": provenance.total,
        "clusters": states,
        "rows": items,
    }
    return f"{to_json(document, indent=2)}\n"
