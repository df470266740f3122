"""Runs what ``navarch events`` was asked: one list of every cluster and what was kept, or a live one."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from backend.fleet.cluster import Cluster
from backend.fleet.filter import RowFilter
from backend.fleet.listing import Listed
from backend.fleet.query import Query
from backend.fleet.row import Row, TableColumn
from backend.fleet.view import find_column
from backend.observe.events.asking import list_events
from backend.observe.events.document import event_document, group_document
from backend.observe.events.group import COLUMNS, WORST_FIRST, Group
from backend.observe.events.grouping import Grouping
from backend.observe.events.history import EventHistory
from backend.observe.events.live import LiveEvents
from backend.observe.events.seen import Seen, seen
from backend.observe.events.selection import Selection
from backend.resources.kinds.event import Event
from backend.text import safe_text
from console.cli.exits import Exit
from console.cli.failures import say
from console.cli.listing import Follower, Outcome, writer_for
from console.cli.listing import Request as ListRequest
from console.cli.output import Format, RowWriter, object_writer
from console.cli.session import open_fleet
from console.cli.waiting import impatiently

if TYPE_CHECKING:
    from backend.fleet.fleet import Fleet
    from backend.observe.events.store import EventStore
    from backend.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    selection: Selection
    query: Query
    """Filters and order."""
    form: Format
    problems: bool = False
    timeout: float = 30.0
    kubeconfig: Path | None = None

    def shown(self) -> ListRequest:
        query = replace(self.query, sort=self.query.sort or WORST_FIRST)
        return ListRequest(query=query, form=self.form, problems=self.problems)


@asynccontextmanager
async def opened(kubeconfig: Path | None) -> AsyncIterator[tuple[Fleet, EventHistory]]:
    """The fleet, and what is known of its events; with a vault that is what was kept, too."""
    kept: list[EventHistory] = []

    def keep(vault: Vault) -> None:
        kept.append(EventHistory(_store_of(vault)))

    async with open_fleet(kubeconfig, besides=keep) as fleet:
        history = kept[0] if kept else EventHistory(None)
        await history.tidy([cluster.id for cluster in fleet.clusters])
        try:
            yield fleet, history
        finally:
            await history.aclose()
            if history.problem:
                say(history.problem)


def _store_of(vault: Vault) -> EventStore | None:
    from backend.observe.events.keeping import store_of
    from console.settings.store import users_settings

    values = users_settings(thorough=False).values.events
    store, problem = store_of(vault, days=values.days, megabytes=values.megabytes)
    if problem:
        say(problem)
    return store


async def once(request: Request) -> int:
    """Print the events of all clusters that answer, and what was kept of the others; the exit code."""
    async with opened(request.kubeconfig) as (fleet, history):
        clusters = fleet.select(request.selection.clusters)
        find_column(COLUMNS, request.query.sort or WORST_FIRST)
        outcome, printer = Outcome(), _Printer(clusters, request)
        pieces = list_events(clusters, request.selection.query, timeout=request.timeout)
        patient = bool(request.query.sort) or request.form in (Format.JSON, Format.YAML)
        async with aclosing(impatiently(pieces, printer.flush, wait_for_all=patient)) as found:
            async for piece in found:
                outcome.note(piece)
                await _take(piece, history, printer)
        printer.close()
        return outcome.code(matched=printer.written)


async def _take(piece: Listed, history: EventHistory, printer: _Printer) -> None:
    cluster = piece.cluster
    events = [seen(row.item, skew=row.skew) for row in piece.rows if isinstance(row.item, Event)]
    history.take(cluster.id, events)
    printer.take(cluster, events)
    if piece.done:
        await history.load(cluster)
        printer.take(cluster, history.known(cluster.id))


class _Printer:
    """Groups events as they come and prints the clusters that are complete, problems first."""

    def __init__(self, clusters: Sequence[Cluster], request: Request) -> None:
        self._request = request
        self._grouping = Grouping(request.selection)
        query = request.query
        self._filter = RowFilter(match=query.match, not_match=query.not_match, problems_only=request.problems)
        whole = request.form in (Format.JSON, Format.YAML)
        self._objects = object_writer(request.form, single=False) if whole else None
        self._rows = _rows_out(request)
        self._written = 0

    @property
    def written(self) -> int:
        return self._written

    def take(self, cluster: Cluster, events: Sequence[Seen]) -> None:
        self._grouping.take(cluster.id, cluster.name, events, now=time.time())

    def flush(self) -> None:
        """Print what has come since the last flush."""
        rows = self._filter.keep(self._grouping.changes()[0])
        query = self._request.query
        rows.sort(key=lambda row: row.place)
        usual = WORST_FIRST if self._request.selection.grouped else "LAST SEEN"
        oldest_first = not query.sort and not self._request.selection.grouped
        rows.sort(key=find_column(COLUMNS, query.sort or usual).key, reverse=query.descending != oldest_first)
        self._written += len(rows)
        if self._objects is not None:
            for row in rows:
                self._write_object(row)
        else:
            self._rows.write(rows, COLUMNS)
        sys.stdout.flush()  # a reader at the other end of a pipe waits for no dead cluster either

    def _write_object(self, row: Row) -> None:
        assert self._objects is not None
        if self._request.selection.grouped:
            assert isinstance(row.item, Group)
            self._objects.write(group_document(row.item, cluster=str(row.cluster)))
            return
        for event in self._grouping.members(row.key):
            self._objects.write(event_document(event, cluster=str(row.cluster)))

    def close(self) -> None:
        self.flush()
        if self._objects is not None:
            self._objects.close()


class _Names:
    """``cluster namespace kind/name`` of the objects that the events are about, each once."""

    def __init__(self) -> None:
        self._said: set[str] = set()
        self.written = 0

    def write(self, rows: Sequence[Row], columns: Iterable[TableColumn] = ()) -> None:
        for row in rows:
            assert isinstance(row.item, Group)
            line = f"{row.cluster} {row.namespace or '-'} {safe_text(row.item.object)}"
            if line not in self._said:
                self._said.add(line)
                sys.stdout.write(f"{line}\n")
        self.written += len(rows)


def _rows_out(request: Request) -> RowWriter:
    """Without a column of reasons: reason and message say it."""
    return _Names() if request.form is Format.NAME else writer_for(request.form)


async def follow(request: Request) -> int:
    """Print what is known, then every change as it happens, until interrupted."""
    async with opened(request.kubeconfig) as (fleet, history):
        find_column(COLUMNS, request.query.sort or WORST_FIRST)
        live = LiveEvents(fleet, history, request.selection)
        async with live, aclosing(live.batches()) as batches:
            follower = Follower(live, request.shown(), writer=_rows_out(request))
            async for batch in batches:
                follower.take(batch)
    return Exit.OK
