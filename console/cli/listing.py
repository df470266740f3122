"""Runs what ``navarch get`` was asked: one list of every cluster, or a live one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from backend.fleet.cluster import Cluster
from backend.fleet.listing import Listed, list_once
from backend.fleet.query import Query
from backend.fleet.row import Row
from backend.kube.errors import KubeError
from console.cli.exits import Exit
from console.cli.failures import say
from console.cli.output import Format
from console.cli.session import open_fleet

GRACE = 0.5
"""Seconds that rows of answered clusters wait for silent ones before they are printed without them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    query: Query
    form: Format
    problems: bool = False
    reveal: bool = False
    timeout: float = 30.0
    kubeconfig: Path | None = None


async def once(request: Request) -> int:
    """Print the lists of all clusters that answer; the exit code."""
    async with open_fleet(request.kubeconfig) as fleet:
        clusters = fleet.select(request.query.clusters)
        if request.form in (Format.JSON, Format.YAML):
            from console.cli.objects import print_objects

            return await print_objects(clusters, request)
        return await _print_rows(clusters, request)


class Outcome:
    """What to say at the end: which clusters failed, and whether anything matched."""

    def __init__(self) -> None:
        self.failed = 0
        self.skipped = 0
        self._said: set[str] = set()

    def note(self, piece: Listed) -> None:
        self.skipped += piece.skipped
        if piece.limited:
            say(f"{piece.cluster.name}: {piece.limited}")
        if piece.error is not None:
            self.failed += 1
            self.explain(piece.error)

    def explain(self, error: KubeError) -> None:
        say(f"{error.cluster}: {error.sentence}", error.advice)

    def code(self, *, matched: int) -> int:
        if self.skipped:
            say(f"{self.skipped} objects could not be understood and are not shown")
        if self.failed:
            return Exit.FAILED
        if not matched:
            say("nothing matched")
            return Exit.NOTHING
        return Exit.OK


async def _print_rows(clusters: Sequence[Cluster], request: Request) -> int:
    outcome = Outcome()
    printer = _Printer(clusters, request)
    answered: set[str] = set()
    finished: set[str] = set()
    pieces = list_once(clusters, request.query, timeout=request.timeout)
    async with aclosing(pieces):
        waiting = asyncio.ensure_future(anext(pieces, None))
        while True:
            # Rows never wait long for a cluster that has not said a word; a sorted list needs them all.
            silent_only = bool(finished) and answered == finished and not request.query.sort
            done, _ = await asyncio.wait([waiting], timeout=GRACE if silent_only else None)
            if not done:
                printer.flush()
                await asyncio.wait([waiting])
            piece = waiting.result()
            if piece is None:
                break
            waiting = asyncio.ensure_future(anext(pieces, None))
            outcome.note(piece)
            printer.take(piece)
            if piece.error is None:
                answered.add(piece.cluster.id)
                if piece.done:
                    finished.add(piece.cluster.id)
    printer.flush()
    return outcome.code(matched=printer.written)


class _Printer:
    """Collects rows per cluster and prints what is complete, in the fleet's order."""

    def __init__(self, clusters: Sequence[Cluster], request: Request) -> None:
        from backend.fleet.filter import RowFilter
        from console.cli.output import NameWriter, TableWriter

        wide = request.form is Format.WIDE
        self._names = request.form is Format.NAME
        self._writer = NameWriter() if self._names else TableWriter(wide=wide, why=request.problems)
        self._request = request
        self._filter = RowFilter(
            match=request.query.match, not_match=request.query.not_match, problems_only=request.problems
        )
        self._rows: dict[str, list[Row]] = {cluster.id: [] for cluster in clusters}

    @property
    def written(self) -> int:
        return self._writer.written

    def take(self, piece: Listed) -> None:
        rows = self._rows[piece.cluster.id]
        if piece.restarted:
            rows[:] = [r for r in rows if piece.namespace and r.item.metadata.namespace != piece.namespace]
        rows += piece.rows

    def flush(self) -> None:
        """Print what has come since the last flush."""
        from backend.fleet.row import table_columns

        kinds = list({id(r.kind): r.kind for rows in self._rows.values() for r in rows}.values())
        rows = [row for found in self._rows.values() for row in found]
        self._rows = {cluster_id: [] for cluster_id in self._rows}
        if not rows:
            return
        columns = table_columns(kinds)
        rows = self._filter.keep(rows, columns)
        query = self._request.query
        if query.sort:
            from backend.fleet.view import find_column

            rows.sort(key=find_column(columns, query.sort).key, reverse=query.descending)
        elif query.descending:
            rows.reverse()
        self._writer.write(rows, columns)
