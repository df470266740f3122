"""Runs what ``navarch get`` was asked: one list of every cluster, or a live one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from backend.fleet.cluster import Cluster, KindNotFound
from backend.fleet.filter import RowFilter
from backend.fleet.listing import Listed, list_once
from backend.fleet.query import Query
from backend.fleet.row import Row, TableColumn, table_columns
from backend.fleet.view import UnknownColumn, find_column
from backend.kube.errors import KubeError
from backend.kube.status import State
from backend.resources import registry
from backend.resources.use import use_titles
from console.cli.exits import Exit
from console.cli.failures import say
from console.cli.output import CsvWriter, Format, NameWriter, RowWriter, TableWriter
from console.cli.session import open_fleet
from console.cli.waiting import impatiently

if TYPE_CHECKING:
    from backend.fleet.batch import Batch
    from console.cli.measured import Measured


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
        _check_sort(request.query)
        if request.form in (Format.JSON, Format.YAML):
            from console.cli.objects import print_objects

            return await print_objects(clusters, request)
        if _shows_use(request):
            from console.cli.measured import Measured

            async with Measured(fleet, clusters, request.query, timeout=request.timeout) as use:
                return await _print_rows(clusters, request, use)
        return await _print_rows(clusters, request)


def _check_sort(query: Query, *, watching: bool = False) -> None:
    """Refuse an unknown column before anything is asked, where columns are known. Raises UnknownColumn."""
    kind = registry.builtin(query.kind)
    use = use_titles(kind)
    if not query.sort or kind is None or (query.sort.upper() in use and not watching):
        return
    try:
        find_column(table_columns([kind]), query.sort)
    except UnknownColumn as error:
        if query.sort.upper() in use:
            error.advice = f"What changes is printed as it comes. Try: navarch top {query.kind} --watch"
        elif use:
            error.advice += f", {', '.join(use)}"
        raise


def _shows_use(request: Request) -> bool:
    """Whether this list tells what its objects use: wide ones and spreadsheets, and those ordered by it."""
    found = use_titles(registry.builtin(request.query.kind))
    wide = request.form in (Format.WIDE, Format.CSV)
    return bool(found) and (wide or request.query.sort.upper() in found)


def named_exactly(query: Query) -> bool:
    """Whether one object of each cluster is meant: a single name without wildcards."""
    return len(query.names) == 1 and not set(query.names[0]) & set("*?[")


class Outcome:
    """What to say at the end: which clusters failed, and whether anything matched."""

    def __init__(self) -> None:
        self.failed = 0
        self.without = 0
        """Clusters that do not serve the kind: no failure as long as another one does."""
        self.answered = 0
        self.skipped = 0

    def note(self, piece: Listed) -> None:
        self.skipped += piece.skipped
        if piece.limited:
            say(f"{piece.cluster.name}: {piece.limited}")
            self.failed += piece.short
        if piece.error is not None:
            self.failed += not isinstance(piece.error, KindNotFound)
            self.without += isinstance(piece.error, KindNotFound)
            self.explain(piece.error)
        elif piece.done:
            self.answered += 1

    def explain(self, error: KubeError) -> None:
        say(f"{error.cluster}: {error.sentence}", error.advice)

    def code(self, *, matched: int) -> int:
        if self.skipped:
            say(f"{self.skipped} objects could not be understood and are not shown")
        if self.failed or (self.without and not self.answered):
            return Exit.FAILED
        if not matched:
            say("nothing matched")
            return Exit.NOTHING
        return Exit.OK


async def _print_rows(clusters: Sequence[Cluster], request: Request, use: Measured | None = None) -> int:
    outcome = Outcome()
    printer = _Printer(clusters, request, use)
    pieces = list_once(clusters, request.query, timeout=request.timeout)
    sorted_list = bool(request.query.sort)
    async with aclosing(impatiently(pieces, printer.flush, wait_for_all=sorted_list)) as found:
        async for piece in found:
            outcome.note(piece)
            printer.take(piece)
    if use is not None:
        await use.settle()
    printer.flush()
    if use is not None:
        use.explain()
    return outcome.code(matched=printer.written)


def writer_for(form: Format, *, why: bool = False) -> RowWriter:
    """``why``: tables get a last column with the reason of each row's health."""
    match form:
        case Format.NAME:
            return NameWriter()
        case Format.CSV:
            return CsvWriter()
    return TableWriter(wide=form is Format.WIDE, why=why)


class _Printer:
    """Collects rows per cluster and prints what is complete, in the fleet's order."""

    def __init__(self, clusters: Sequence[Cluster], request: Request, use: Measured | None = None) -> None:
        self._writer = writer_for(request.form, why=request.problems)
        self._use = use
        self._request = request
        self._filter = RowFilter(
            match=request.query.match, not_match=request.query.not_match, problems_only=request.problems
        )
        self._rows: dict[str, list[Row]] = {cluster.id: [] for cluster in clusters}
        self._mixed = False

    @property
    def written(self) -> int:
        return self._writer.written

    def take(self, piece: Listed) -> None:
        rows = self._rows[piece.cluster.id]
        if piece.restarted:
            rows[:] = [r for r in rows if not piece.voids(r.kind.resource, r.item.metadata.namespace)]
        rows += piece.rows
        self._mixed = self._mixed or piece.mixed

    def flush(self) -> None:
        """Print what has come since the last flush."""
        kinds = list({id(r.kind): r.kind for rows in self._rows.values() for r in rows}.values())
        rows = [row for found in self._rows.values() for row in found]
        self._rows = {cluster_id: [] for cluster_id in self._rows}
        if not rows:
            return
        columns = table_columns(kinds, mixed=self._mixed)
        if self._use is not None:
            columns = self._use.over(columns, rows)
        rows = self._filter.keep(rows)
        query = self._request.query
        if query.sort:
            rows.sort(key=find_column(columns, query.sort).key, reverse=query.descending)
        elif query.descending:
            rows.reverse()
        self._writer.write(rows, columns)
        sys.stdout.flush()  # a reader at the other end of a pipe waits for no dead cluster either


async def follow(request: Request) -> int:
    """Print the rows, then every change as it happens, until interrupted."""
    async with open_fleet(request.kubeconfig) as fleet:
        _check_sort(request.query, watching=True)
        async with fleet.table(request.query) as table, aclosing(table.batches()) as batches:
            follower = Follower(table, request)
            async for batch in batches:
                follower.take(batch)
    return Exit.OK


class Followed(Protocol):
    """The part of a live table that is needed here."""

    @property
    def clusters(self) -> Sequence[Cluster]: ...

    @property
    def columns(self) -> tuple[TableColumn, ...]: ...


class Follower:
    """Prints the first rows as a table, then changed rows as lines below it; states of clusters on stderr."""

    def __init__(self, table: Followed, request: Request, *, writer: RowWriter | None = None) -> None:
        """``writer``: other than what the request's form says."""
        query = request.query
        self._table = table
        self._names = {cluster.id: cluster.name for cluster in table.clusters}
        self._filter = RowFilter(match=query.match, not_match=query.not_match, problems_only=request.problems)
        self._sort = query.sort
        self._descending = query.descending
        self._writer = writer or writer_for(request.form, why=request.problems)
        self._states: dict[str, State] = {}

    def take(self, batch: Batch) -> None:
        for cluster_id, status in batch.statuses.items():
            before = self._states.get(cluster_id)
            if status.state is not before and status.state not in (State.SYNCING, State.LIVE):
                say(f"{self._names[cluster_id]}: {status.state.value}: {status.detail}")
            elif status.state is State.LIVE and before not in (None, State.SYNCING, State.LIVE):
                say(f"{self._names[cluster_id]}: live again")
            self._states[cluster_id] = status.state
        columns = self._table.columns
        rows = self._filter.keep(batch.changed)
        if self._sort and rows:
            rows.sort(key=find_column(columns, self._sort).key, reverse=self._descending)
        self._writer.write(rows, columns)
        sys.stdout.flush()
