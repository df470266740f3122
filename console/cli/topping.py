"""Runs what ``navarch top`` was asked: one look at every cluster, or a table that is printed anew."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import typer

from backend.fleet.query import Query
from backend.observe.metrics.findings import Concern
from backend.observe.metrics.load_columns import (
    Aspect,
    LoadColumn,
    columns_of,
    concerns,
    sort_word,
    usual_order,
)
from backend.observe.metrics.loads import Level, Load, total
from backend.observe.metrics.sampling import Metrics
from backend.observe.metrics.top import LiveTop, Top, top_once
from backend.resources.document import to_json, to_yaml
from console.cli.exits import Exit
from console.cli.failures import say
from console.cli.output import GAP, Format
from console.cli.session import open_fleet
from console.cli.tables import moment, print_table

_CLEAR = "\x1b[H\x1b[2J"
_SAID = 3
"""Clusters whose reason is told by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    query: Query
    """Its kind is the level."""
    aspect: str
    reverse: bool
    limit: int
    total: bool
    form: Format
    timeout: float
    kubeconfig: Path | None

    @property
    def level(self) -> Level:
        return Level(self.query.kind)

    def columns(self) -> list[LoadColumn]:
        return columns_of(self.level, Aspect(self.aspect))

    def order(self) -> LoadColumn:
        """Raises typer.BadParameter for a column that this table has not."""
        columns = self.columns()
        found = sort_word(columns, self.query.sort or usual_order(Aspect(self.aspect)))
        if found is None:
            known = ", ".join(column.word for column in columns)
            raise typer.BadParameter(f"there is no column {self.query.sort!r}; there are: {known}")
        return found


async def once(request: Request) -> int:
    """Print the table once; the exit code."""
    request.order()
    async with open_fleet(request.kubeconfig) as fleet:
        metrics = Metrics(fleet)
        top = await top_once(
            fleet,
            metrics,
            request.level,
            request.query,
            now=time.time(),
            timeout=request.timeout,
        )
        names = {cluster.id: str(cluster.name) for cluster in fleet.clusters}
    shown = chosen(top.rows, request)
    _write(shown, top, request, names)
    _explain(top, names)
    if top.errors:
        return Exit.FAILED
    if not shown:
        say(_nothing(request))
        return Exit.NOTHING
    return Exit.OK


async def follow(request: Request) -> int:
    """Print the table, and again whenever its numbers are others, until interrupted."""
    request.order()
    async with open_fleet(request.kubeconfig) as fleet:
        live = LiveTop(fleet, Metrics(fleet), request.query)
        live.show(request.level)
        before = ""
        async with live.following(), aclosing(live.updates()) as updates:
            async for top in updates:
                text = "\n".join(_lines(chosen(top.rows, request), request))
                if text == before or not top.rows:
                    continue
                sys.stdout.write(
                    f"{_CLEAR if sys.stdout.isatty() else '' if not before else chr(10)}{text}\n"
                )
                sys.stdout.flush()
                before = text
    return Exit.OK


def chosen(rows: Sequence[Load], request: Request) -> list[Load]:
    """The rows that are meant, in order."""
    aspect, order, names = Aspect(request.aspect), request.order(), request.query.names
    kept = [
        row
        for row in rows
        if concerns(row, aspect) and (not names or any(fnmatchcase(_named(row), name) for name in names))
    ]
    kept.sort(key=lambda row: (row.cluster, row.namespace, row.key.kind, row.name))
    kept.sort(key=order.key, reverse=order.largest_first is not request.reverse)
    return kept[: request.limit] if request.limit else kept


def _named(row: Load) -> str:
    return row.key.kind if row.level is Level.CONTAINERS else row.name


def _nothing(request: Request) -> str:
    match Aspect(request.aspect):
        case Aspect.PRESSURE:
            return "nothing is under pressure, as far as it is known"
        case Aspect.WASTE:
            return "nothing is wasted, as far as it is known"
    return "nothing matched"


# --- writing


def _write(rows: Sequence[Load], top: Top, request: Request, names: dict[str, str]) -> None:
    match request.form:
        case Format.JSON | Format.YAML:
            document = _document(rows, top, names)
            sys.stdout.write(to_json(document) + "\n" if request.form is Format.JSON else to_yaml(document))
        case Format.NAME:
            sys.stdout.writelines(f"{_name_line(row)}\n" for row in rows)
        case Format.CSV:
            _write_csv(rows, request)
        case _:
            if rows:
                print_table(*_table(rows, request))


def _name_line(row: Load) -> str:
    from backend.text import safe_text

    return safe_text(f"{row.cluster} {row.namespace or '-'} {row.key.kind}/{row.name}")


def _table(rows: Sequence[Load], request: Request) -> tuple[list[str], list[list[str]]]:
    now = time.time()
    columns = [one for one in request.columns() if request.form is not Format.TABLE or not one.wide]
    lines = [[column.text(row, now) for column in columns] for row in rows]
    if request.total and rows:
        whole = total(rows)
        cells = [column.text(whole, now) if column.largest_first else "" for column in columns]
        lines.append(["SUM", *cells[1:]])
    return [column.name for column in columns], lines


def _lines(rows: Sequence[Load], request: Request) -> list[str]:
    """The table as text."""
    from backend.text import cells, safe_text

    titles, lines = _table(rows, request)
    safe = [[safe_text(cell) for cell in line] for line in (titles, *lines)]
    widths = [max(cells(line[at]) for line in safe) for at in range(len(titles))]
    return [
        GAP.join(
            text + " " * (width - cells(text)) for text, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in safe
    ]


def _write_csv(rows: Sequence[Load], request: Request) -> None:
    import csv

    from backend.fleet.export import cell
    from backend.text import safe_text

    titles, lines = _table(rows, request)
    writer = csv.writer(sys.stdout)
    writer.writerow(titles)
    writer.writerows([cell(safe_text(text)) for text in line] for line in lines)


def _document(rows: Sequence[Load], top: Top, names: dict[str, str]) -> dict[str, Any]:
    """Everything that is known; what is not known is null. CPU in cores, memory in bytes, times RFC 3339."""
    document = {
        "level": top.level.value,
        "notes": [{"cluster": names[one], "why": str(why)} for one, why in top.notes.items()],
        "items": [_described(row) for row in rows],
    }
    plain: dict[str, Any] = json.loads(json.dumps(document))  # YAML takes no kind of str but str
    return plain


def _described(row: Load) -> dict[str, Any]:
    return {
        "cluster": row.cluster,
        "namespace": row.namespace or None,
        "kind": "container" if row.level is Level.CONTAINERS else row.key.kind,
        **({"pod": row.key.kind} if row.level is Level.CONTAINERS else {}),
        "name": row.name,
        "pods": {"total": row.pods, "running": row.running, "measured": row.measured, "pressed": row.pressed},
        "cpuCores": _amounts(row, "cpu", 6),
        "memoryBytes": _amounts(row, "memory", 0),
        "atLeast": row.partial,
        "measured": moment(row.at) if row.known else None,
        "pressure": row.reasons(Concern.PRESSURE),
        "waste": row.reasons(Concern.WASTE),
        "why": row.why or None,
    }


def _amounts(row: Load, what: str, digits: int) -> dict[str, float | None]:
    def rounded(value: float | None) -> float | None:
        return None if value is None else round(value, digits) if digits else round(value)

    unused: float = getattr(row, f"{what}_unused")
    return {
        "used": rounded(getattr(row, f"{what}_used")),
        "requested": rounded(getattr(row, f"{what}_request")),
        "limit": rounded(getattr(row, f"{what}_bounded")),
        "allocatable": rounded(getattr(row, f"{what}_room")),
        "unused": rounded(unused) if row.known else None,
    }


def _explain(top: Top, names: dict[str, str]) -> None:
    for error in top.errors:
        say(f"{error.cluster}: {error.sentence}", error.advice)
    for cluster_id, why in list(top.notes.items())[:_SAID]:
        say(f"{names[cluster_id]}: use is not known: {why}")
    if len(top.notes) > _SAID:
        say(f"and of {len(top.notes) - _SAID} more clusters")
