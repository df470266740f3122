"""Events of many clusters as they happen, grouped: a view over the fleet's live table and what is kept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Protocol

from backend.courtesy import give_way
from backend.fleet.batch import SLICE, Batch
from backend.fleet.cluster import Cluster
from backend.fleet.query import Query
from backend.fleet.row import Row, RowKey, TableColumn
from backend.fleet.warm import Table
from backend.kube.status import State, Status
from backend.observe.events.asking import CORE, EVENTS
from backend.observe.events.group import COLUMNS
from backend.observe.events.grouping import Grouping
from backend.observe.events.history import EventHistory
from backend.observe.events.seen import Seen, seen
from backend.observe.events.selection import Selection
from backend.resources.kinds.event import Event
from backend.text import SafeStr

_WARNINGS = "type!=Normal"
WARNINGS_ONLY = SafeStr("warnings only")
_NOTHING = SafeStr("")
_AGE_OUT = 15.0
"""Seconds between two looks at what the range has left behind."""


class Source(Protocol):
    """The part of ``Fleet`` that is needed."""

    def select(self, patterns: Sequence[str] = ()) -> list[Cluster]: ...

    def table(self, query: Query, *, interval: float = 0.1) -> Table: ...


class LiveEvents:
    """The groups that a selection means, for as long as it is open: an async context manager.

    What is kept is there at once; every cluster adds what its server has, none waits for another. Events that
    servers forget stay. Of a cluster that has more than can be listed (``State.TOO_LARGE``: a storm of them,
    when they matter most) those that are not Normal are asked for instead, and its status says so. One that
    forbids core events is asked by events.k8s.io (``asking``).

    Read :meth:`batches` in one place; batches hold rows of groups (``group.GROUP``).
    """

    def __init__(
        self,
        fleet: Source,
        history: EventHistory,
        selection: Selection,
        *,
        interval: float = 0.1,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """``interval``: least seconds between batches. Raises NoSuchCluster."""
        self.clusters = fleet.select(selection.clusters)
        self.selection = selection
        self.grouping = Grouping(selection)
        self._gone: set[RowKey] = set()
        """Rows of the range before this one."""
        self._fleet = fleet
        self._tables = [fleet.table(selection.query(), interval=interval)]
        """Of all clusters; then those of one, which was asked otherwise."""
        self._otherwise: dict[str, tuple[Table, str, Status]] = {}
        """By cluster id: the table that counts for it, the API it asks by, and how that fares."""
        self._refused: dict[str, Status] = {}
        """What those said that forbid core events."""
        syncing = Status(state=State.SYNCING, since=wall())
        self.statuses: Mapping[str, Status] = dict.fromkeys((one.id for one in self.clusters), syncing)
        """What the table said with the last rows that are in."""
        self._history = history
        self._interval = interval
        self._wall = wall
        self._names: dict[str, SafeStr] = {cluster.id: cluster.name for cluster in self.clusters}
        self._something = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._failed: BaseException | None = None

    async def __aenter__(self) -> LiveEvents:
        await self.table.__aenter__()
        self._tasks = [
            asyncio.create_task(self._follow(self.table), name="events"),
            asyncio.create_task(self._load(), name="kept events"),
            asyncio.create_task(self._age(), name="events grow old"),
        ]
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for table in self._tables:
            await table.__aexit__(None, None, None)

    @property
    def table(self) -> Table:
        return self._tables[0]

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        return COLUMNS

    @property
    def rows(self) -> dict[RowKey, Row]:
        return self.grouping.rows

    @property
    def problem(self) -> SafeStr:
        """Why not all that is seen is kept; empty: it is."""
        return self._history.problem

    def members(self, key: RowKey) -> tuple[Seen, ...]:
        """The single events of a group, the latest first."""
        return self.grouping.members(key)

    async def batches(self) -> AsyncGenerator[Batch, None]:
        """What changed since the last batch; the first comes at once, with what is kept."""
        self._something.set()
        while True:
            await self._something.wait()
            self._something.clear()
            if self._failed is not None:
                raise self._failed
            changed, removed = self.grouping.changes(SLICE)  # more at a time would hold up the loop
            more = self.grouping.pending
            if not more:
                removed += [key for key in self._gone if key not in self.grouping.rows]
                self._gone.clear()
            yield Batch(changed=tuple(changed), removed=tuple(removed), statuses=dict(self.statuses))
            if more:
                self._something.set()
            await asyncio.sleep(0 if more else self._interval)

    def _show(self, cluster_id: str, events: Sequence[Seen]) -> None:
        self.grouping.take(cluster_id, self._names[cluster_id], events, now=self._wall())
        self._something.set()

    async def reach(self, since: float) -> None:
        """Another range (seconds; 0: ever), worked out from what is known; no cluster is asked again."""
        self.selection = replace(self.selection, since=since)
        self._gone |= set(self.grouping.rows)
        self.grouping = Grouping(self.selection)
        self._something.set()
        await asyncio.gather(*(self._show_known(cluster) for cluster in self.clusters))

    async def _show_known(self, cluster: Cluster) -> None:
        """In pieces: many events must not hold up the keys."""
        known = self._history.known(cluster.id)
        for start in range(0, len(known), SLICE):
            self._show(cluster.id, known[start : start + SLICE])
            await asyncio.sleep(0)

    async def _load(self) -> None:
        """What the store has, cluster by cluster: a large one must not hold up the others."""
        give_way()

        async def one(cluster: Cluster) -> None:
            await self._history.load(cluster)
            await self._show_known(cluster)

        await asyncio.gather(*(one(cluster) for cluster in self.clusters))

    async def _follow(self, table: Table) -> None:
        give_way()
        try:
            async with aclosing(table.batches()) as batches:
                async for batch in batches:
                    for piece in batch.slices():
                        self._take(piece)
                        await asyncio.sleep(0)
                    await self._tell(table, batch.statuses)  # only now: LIVE must not come before the rows
                    self._something.set()
        except Exception as error:
            self._failed = error
            self._something.set()

    async def _tell(self, table: Table, statuses: Mapping[str, Status]) -> None:
        for cluster_id, status in statuses.items():
            counts, api, now = self._otherwise.get(cluster_id, (self.table, CORE, None))
            if counts is not table:
                continue  # it was asked otherwise meanwhile
            whole = now is None or now.covers != WARNINGS_ONLY
            if status.state is State.TOO_LARGE and whole:
                await self._ask_otherwise(cluster_id, api, covers=WARNINGS_ONLY)
            elif status.state is State.FORBIDDEN and api == CORE:
                self._refused[cluster_id] = status
                await self._ask_otherwise(cluster_id, EVENTS, covers=now.covers if now else _NOTHING)
            elif now is not None:
                self._otherwise[cluster_id] = (table, api, self._as_told(cluster_id, status, now))
        base = statuses if table is self.table else self.statuses
        self.statuses = {**base, **{one: status for one, (_, _, status) in self._otherwise.items()}}

    def _as_told(self, cluster_id: str, status: Status, before: Status) -> Status:
        """How a cluster fares that was asked otherwise, for people."""
        refused = self._refused.get(cluster_id)
        if refused is not None and status.state in (State.FORBIDDEN, State.NOT_FOUND):
            return refused
        lacks = status.state is State.TOO_LARGE
        return status if lacks or not before.covers else replace(status, covers=before.covers)

    async def _ask_otherwise(self, cluster_id: str, api: str, *, covers: SafeStr) -> None:
        """``covers``: WARNINGS_ONLY, or nothing: all of them."""
        query = self.selection.query(api)
        fields = (query.fields, _WARNINGS if covers else "")
        query = replace(query, clusters=(cluster_id,), fields=",".join(filter(None, fields)))
        table = self._fleet.table(query, interval=self._interval)
        status = Status(state=State.SYNCING, since=self._wall(), covers=covers)
        self._otherwise[cluster_id] = (table, api, status)
        await table.__aenter__()
        self._tables.append(table)
        self._tasks.append(asyncio.create_task(self._follow(table), name="events, asked otherwise"))

    def _take(self, batch: Batch) -> None:
        """What servers forget is no news: only what came or changed counts."""
        found: dict[str, list[Seen]] = {}
        for row in batch.changed:
            if isinstance(row.item, Event):
                found.setdefault(row.cluster_id, []).append(seen(row.item, skew=row.skew))
        for cluster_id, events in found.items():
            self._history.take(cluster_id, events)
            self._show(cluster_id, events)  # what is no news to the history may be to this view

    async def _age(self) -> None:
        while True:
            await asyncio.sleep(_AGE_OUT)
            self.grouping.expire(self._wall())
            if self.grouping.pending:
                self._something.set()
