"""``navarch journal``: what was done through Navarch, by whom, to what."""

from __future__ import annotations

import csv
import io
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backend.text import safe_text
from console.cli.completing import clusters
from console.cli.exits import Exit
from console.cli.failures import say
from console.cli.root import new_app
from console.cli.tables import print_json, print_table

if TYPE_CHECKING:
    from backend.journal import Journal
    from backend.journal.journal import Entry
    from backend.journal.selection import Selection

app = new_app("What was done through Navarch, by whom, to what.")
_TITLES = ("TIME", "WHO", "ACT", "OUTCOME", "CLUSTER", "OBJECT", "DETAIL")
_LOOK_AGAIN = 1.0
"""Seconds between two looks with ``--follow``."""


class Form(StrEnum):
    TABLE = "table"
    JSON = "json"
    CSV = "csv"


Many = list[str] | None


@app.command(epilog="Exit codes: 0 done, 1 the journal was changed, 3 locked, 5 nothing matched.")
def journal(  # noqa: PLR0917 - the options of a command line
    last: Annotated[int, typer.Option("-n", "--last", min=0, help="How many lines; 0: all.")] = 50,
    cluster: Annotated[
        Many, typer.Option("-c", "--cluster", help="Only these; globs.", autocompletion=clusters)
    ] = None,
    who: Annotated[Many, typer.Option("--who", metavar="USER", help="Only theirs: dana, or dana@*.")] = None,
    act: Annotated[Many, typer.Option("--act", metavar="ACT", help="delete, scale…; globs.")] = None,
    outcome: Annotated[Many, typer.Option("--outcome", help="Only started, done, refused or failed.")] = None,
    since: Annotated[str, typer.Option("--since", metavar="TIME", help="2h, 3d, 2026-11-21, …T14:30Z.")] = "",
    until: Annotated[str, typer.Option("--until", metavar="TIME", help="Before that time.")] = "",
    follow: Annotated[bool, typer.Option("-f", "--follow", help="New lines too, until ctrl-c.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check that no line was changed or removed.")
    ] = False,
    output: Annotated[Form, typer.Option("-o", "--output", help="table, json or csv.")] = Form.TABLE,
) -> None:
    """Print the newest lines of the journal, oldest first, or verify its chain."""
    from backend.journal import Journal
    from backend.journal.journal import Outcome
    from backend.journal.selection import Selection, moment_of
    from console.cli.session import open_vault

    try:
        outcomes = tuple(Outcome(word) for word in outcome or ())
    except ValueError:
        raise typer.BadParameter("say started, done, refused or failed", param_hint="--outcome") from None
    selection = Selection(
        clusters=tuple(cluster or ()),
        who=tuple(who or ()),
        acts=tuple(act or ()),
        outcomes=outcomes,
        since=moment_of(since) if since else None,
        until=moment_of(until) if until else None,
    )
    book = Journal(open_vault())
    if verify:
        raise typer.Exit(_verify(book, output))
    entries = list(selection.keep(book.read()))
    entries = entries[-last:] if last else entries
    if follow:
        _follow(book, selection, entries, output)
    _print(entries, output)
    if not entries:
        raise typer.Exit(Exit.NOTHING)


def _verify(book: Journal, output: Form) -> int:
    verdict = book.verify()
    if output is Form.JSON:
        print_json({"intact": verdict.intact, "lines": verdict.lines, "finding": verdict.sentence})
    else:
        say(verdict.sentence)
    return Exit.OK if verdict.intact else Exit.FAILED


def _print(entries: Sequence[Entry], output: Form) -> None:
    if output is Form.JSON:
        print_json([_fields(entry) for entry in entries])
    elif output is Form.CSV:
        sys.stdout.write(_csv([_TITLES, *(_cells(entry) for entry in entries)]))
    else:
        print_table(_TITLES, [_cells(entry) for entry in entries])


def _follow(book: Journal, selection: Selection, entries: Sequence[Entry], output: Form) -> None:
    """Print what there is, then each new line as it is written; until ctrl-c."""
    import json

    lines: dict[Form, Callable[[Entry], str]] = {
        Form.JSON: lambda entry: json.dumps(_fields(entry)) + "\n",
        Form.CSV: lambda entry: _csv([_cells(entry)]),
        Form.TABLE: lambda entry: "   ".join(cell for cell in _cells(entry) if cell) + "\n",
    }
    seen = max((entry.seq for entry in book.read()), default=0)
    try:
        while True:
            for entry in entries:
                sys.stdout.write(lines[output](entry))
            sys.stdout.flush()
            time.sleep(_LOOK_AGAIN)
            fresh = list(book.read(after=seen))
            seen = max((entry.seq for entry in fresh), default=seen)
            entries = list(selection.keep(fresh))
    except KeyboardInterrupt:
        raise typer.Exit(Exit.OK) from None


def _cells(entry: Entry) -> tuple[str, ...]:
    detail = safe_text(entry.detail.split("\n")[0])
    return (entry.time, entry.who, entry.act, entry.outcome.value, entry.cluster, entry.object, detail)


def _csv(rows: Iterable[Sequence[str]]) -> str:
    from backend.fleet.export import cell

    out = io.StringIO()
    csv.writer(out).writerows([cell(text) for text in row] for row in rows)
    return out.getvalue()


def _fields(entry: Entry) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "time": entry.time,
        "who": entry.who,
        "act": entry.act,
        "outcome": entry.outcome.value,
        "cluster": entry.cluster,
        "clusterUser": entry.cluster_user,
        "object": entry.object,
        "detail": entry.detail,
    }
