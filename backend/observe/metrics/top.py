"""Loads of a fleet: asked for once, or kept true as long as somebody looks. The metrics screen and ``navarch
top``."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, cast

from backend.fleet.cluster import Cluster
from backend.fleet.fleet import Fleet
from backend.fleet.listing import list_once
from backend.fleet.query import Query
from backend.fleet.row import Row
from backend.kube.errors import KubeError
from backend.kube.status import State, Status
from backend.observe.metrics.known import POD_SAMPLES, Known, sums
from backend.observe.metrics.loads import Level, Load, Objects, loads, place_of
from backend.observe.metrics.rings import Point
from backend.observe.metrics.sampling import Interest, Metrics, What
from backend.resources.duration import epoch
from backend.resources.kinds.node import Node
from backend.resources.kinds.pod import Pod
from backend.text import SafeStr, safe_text

SHORTEST = 1.0
"""Seconds between two sums of what is kept true."""
SHORTEST_STEP = 10.0
"""Seconds between two points of a sum's history, at least."""
_SLICE = 2_000
_AT_A_TIME = 50
"""Histories that are summed before the loop gets its turn: some 5 ms."""
MANY = 2_000
"""Pods from which sums are further apart: each costs some 15 µs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Top:
    """Rows of a level, and what kept them from being complete."""

    level: Level
    rows: list[Load]
    statuses: dict[str, Status] = field(default_factory=dict)
    errors: list[KubeError] = field(default_factory=list)
    notes: dict[str, SafeStr] = field(default_factory=dict)
    """By cluster id: why use is not known there, or only in part."""


def needs_nodes(level: Level) -> bool:
    return level in (Level.NODES, Level.CLUSTERS)


def interests(level: Level, clusters: Sequence[Cluster], namespaces: tuple[str, ...]) -> list[Interest]:
    """What has to be measured for a level: of clusters their nodes, else pods; of nodes both."""
    found = []
    for cluster in clusters:
        if needs_nodes(level):
            found.append(Interest(cluster.id, What.NODES))
        if level is not Level.CLUSTERS:
            found.append(Interest(cluster.id, What.PODS, namespaces))
    return found


async def top_once(
    fleet: Fleet, metrics: Metrics, level: Level, query: Query, *, now: float, timeout: float = 30.0
) -> Top:
    """Ask every cluster once. ``query``: which pods (its kind says nothing); ``now``: by our clock."""
    clusters = fleet.select(query.clusters)
    asking = asyncio.ensure_future(metrics.once(interests(level, clusters, query.namespaces)))
    held: dict[str, dict[str, list[Any]]] = {one.id: defaultdict(list) for one in clusters}
    errors: dict[str, KubeError] = {}
    try:
        for kind in ("pods", "nodes") if needs_nodes(level) else ("pods",):
            wanted = _listed(query, kind)
            async with aclosing(list_once(clusters, wanted, timeout=timeout)) as pieces:
                async for piece in pieces:
                    if piece.restarted:
                        held[piece.cluster.id][kind].clear()
                    held[piece.cluster.id][kind] += [row.item for row in piece.rows]
                    if piece.error is not None:
                        errors.setdefault(piece.cluster.id, piece.error)
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await asyncio.shield(asking)
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    objects = [
        Objects(
            cluster_id=one.id,
            cluster=one.name,
            pods=cast("list[Pod]", held[one.id]["pods"]),
            nodes=cast("list[Node]", held[one.id]["nodes"]),
            skew=one.clock_skew,
        )
        for one in clusters
        if one.id not in errors or held[one.id]["pods"] or held[one.id]["nodes"]
    ]
    rows = await loads(level, [(one, metrics.of(one.cluster_id)) for one in objects], now=now)
    return Top(
        level=level,
        rows=rows,
        errors=list(errors.values()),
        notes=_notes(level, [one for one in clusters if one.id not in errors], metrics),
    )


class LiveTop:
    """Loads kept true. Use as an async context manager; read ``updates`` in one place."""

    def __init__(self, fleet: Fleet, metrics: Metrics, query: Query) -> None:
        """``query``: which pods; its kind says nothing."""
        self._fleet, self._metrics, self._query = fleet, metrics, query
        self._clusters = fleet.select(query.clusters)
        self._changed = asyncio.Event()
        self._tables: dict[str, Any] = {}
        self._level = Level.PODS
        self.statuses: dict[str, Status] = {}

    def show(self, level: Level) -> None:
        """This level from now on."""
        self._level = level
        self._changed.set()

    @asynccontextmanager
    async def following(self) -> AsyncIterator[LiveTop]:
        """Watch pods and nodes, and sample them, inside."""
        wanted = interests(Level.NODES, self._clusters, self._query.namespaces)
        async with AsyncExitStack() as stack:
            fresh = stack.enter_context(self._metrics.looking(wanted))
            group = await stack.enter_async_context(_Tasks())
            for kind in ("pods", "nodes"):
                live = await stack.enter_async_context(self._fleet.views.show(_listed(self._query, kind)))
                self._tables[kind] = live.table
                group.start(self._drain(kind, live))
            group.start(self._listen(fresh))
            yield self

    async def updates(self) -> AsyncGenerator[Top, None]:
        """The rows now, and again when something is another."""
        self._changed.set()
        while True:
            await self._changed.wait()
            self._changed.clear()
            yield await self.top()
            pods = len(self._tables["pods"].rows)
            await asyncio.sleep(max(SHORTEST, SHORTEST * pods / MANY))

    async def top(self) -> Top:
        level, now = self._level, self._metrics.now()
        by_cluster = {one.id: ([], []) for one in self._clusters}  # type: ignore[var-annotated]
        for place, kind in enumerate(("pods", "nodes")):
            rows: dict[Any, Row] = self._tables[kind].rows
            for row in rows.values():
                if row.cluster_id in by_cluster:
                    by_cluster[row.cluster_id][place].append(row.item)
        objects = [
            Objects(
                cluster_id=one.id,
                cluster=one.name,
                pods=by_cluster[one.id][0],
                nodes=by_cluster[one.id][1],
                why=self._why_no_list(one.id),
                skew=one.clock_skew,
            )
            for one in self._clusters
        ]
        rows_now = await loads(level, [(one, self._metrics.of(one.cluster_id)) for one in objects], now=now)
        statuses = dict(self._tables["pods"].statuses)
        return Top(
            level=level, rows=rows_now, statuses=statuses, notes=_notes(level, self._clusters, self._metrics)
        )

    async def history(self, load: Load) -> list[Point]:
        """What a row used as long as it is known, the oldest first: (cores, bytes) at each moment."""
        known = self._metrics.of(load.key.cluster_id)
        if load.level is Level.PODS:
            return known.pod_points(load.namespace, load.name, born=load.born)
        if load.level is Level.NODES:
            return known.nodes.recent(load.name)
        told = known.told_nodes if load.level is Level.CLUSTERS else known.told_pods
        if load.level is Level.CLUSTERS:
            histories = [known.nodes.recent(key) for key in known.nodes]
        else:
            histories = await self._histories(load, known)
        step = min(60.0, max(SHORTEST_STEP, told.window))
        return await _summed(histories, step=step, until=told.newest)

    async def _histories(self, load: Load, known: Known) -> list[list[Point]]:
        """Of the pods that a row is the sum of."""
        found = []
        wanted = (load.namespace, load.key.kind, load.name)
        for place, row in enumerate(list(self._tables["pods"].rows.values())):
            pod = cast("Pod", row.item)
            if row.cluster_id == load.key.cluster_id and place_of(pod, load.level) == wanted:
                meta = pod.metadata
                born = epoch(meta.creation_timestamp)
                found.append(known.pod_points(meta.namespace, meta.name, born=born))
            if place % _SLICE == _SLICE - 1:
                await asyncio.sleep(0)
        return found

    def _why_no_list(self, cluster_id: str) -> SafeStr:
        status = self._tables["pods"].statuses.get(cluster_id)
        if status is None or status.state in (State.LIVE, State.SYNCING):
            return SafeStr("")
        return safe_text(f"{status.state.value}: {status.detail}")

    async def _drain(self, kind: str, live: Any) -> None:
        async for batch in live.batches():
            if kind == "pods":
                self.statuses = dict(batch.statuses)
            self._changed.set()

    async def _listen(self, fresh: asyncio.Event) -> None:
        while True:
            await fresh.wait()
            fresh.clear()
            self._changed.set()


async def _summed(histories: Sequence[Sequence[Point]], *, step: float, until: float) -> list[Point]:
    """Many histories as one, some at a time."""
    parts = []
    for start in range(0, len(histories), _AT_A_TIME):
        some = histories[start : start + _AT_A_TIME]
        parts.append(list(sums(some, step=step, until=until, bins=POD_SAMPLES)))
        await asyncio.sleep(0)
    totals: dict[float, list[float]] = {}
    for point in (point for part in parts for point in part):
        total = totals.setdefault(point.at, [0.0, 0.0])
        total[0] += point.values[0]
        total[1] += point.values[1]
    return [Point(at, (cpu, memory)) for at, (cpu, memory) in sorted(totals.items())]


class _Tasks:
    """Tasks that end with the block."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, work: Any) -> None:
        self._tasks.append(asyncio.create_task(work))

    async def __aenter__(self) -> _Tasks:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _listed(query: Query, kind: str) -> Query:
    """The pods or nodes that are meant; names and labels choose pods."""
    if kind == "nodes":
        return Query(kind=kind, clusters=query.clusters)
    return Query(kind=kind, clusters=query.clusters, namespaces=query.namespaces, labels=query.labels)


def _notes(level: Level, clusters: Sequence[Cluster], metrics: Metrics) -> dict[str, SafeStr]:
    notes = {}
    for cluster in clusters:
        known: Known = metrics.of(cluster.id)
        told = known.told_nodes if needs_nodes(level) else known.told_pods
        if told.why:
            notes[cluster.id] = told.why
        elif told.odd:
            notes[cluster.id] = safe_text(f"{told.odd} measurements make no sense and are left out")
    return notes
