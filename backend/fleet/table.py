"""Live tables: the rows of many clusters merged, kept true by watches, handed out in coalesced batches."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from backend import log
from backend.fleet.batch import Batch
from backend.fleet.cluster import AmbiguousKind, Cluster, KindNotFound, Target
from backend.fleet.feed import Feed, feed_of
from backend.fleet.query import Query
from backend.fleet.row import Row, RowKey, TableColumn, table_columns
from backend.fleet.states import FeedState, merged, state_of
from backend.kube.backoff import Backoff
from backend.kube.errors import KubeError
from backend.kube.reflector import Reflector
from backend.kube.status import State, Status
from backend.resources import registry
from backend.resources.kind import Kind
from backend.text import safe_text

if TYPE_CHECKING:
    from backend.kube.admission import Admission


class LiveTable:
    """The rows that a query means, on every cluster it names, for as long as the table is open.

    Use as an async context manager; read :meth:`batches` in one place. Each cluster has one state in
    :attr:`statuses`; none waits for another. What is not read yet is coalesced per object, so memory is
    bounded by the number of rows, not by the traffic.
    """

    def __init__(
        self,
        clusters: Sequence[Cluster],
        query: Query,
        *,
        admission: Admission,
        interval: float = 0.1,
        known_namespaces: Iterable[str] = (),
    ) -> None:
        """``interval``: least seconds between batches (0.1; over SSH 0.2). ``known_namespaces``: asked one by
        one where listing all is forbidden, besides those that the member itself knows."""
        self.query = query
        self.rows: dict[RowKey, Row] = {}
        """All rows as of now; what batches add up to."""
        now = time.time()
        self.statuses: dict[str, Status] = {c.id: Status(state=State.SYNCING, since=now) for c in clusters}
        kind = registry.builtin(query.kind)
        self.kinds: list[Kind] = [kind] if kind else []
        self.columns: tuple[TableColumn, ...] = table_columns(self.kinds)
        """CLUSTER alone until a cluster has said what a kind without an entry looks like."""
        self.clusters = list(clusters)
        self._admission = admission
        self._interval = interval
        self._known_namespaces = tuple(known_namespaces)
        self._changed: dict[RowKey, Row] = {}
        self._removed: set[RowKey] = set()
        self._columns_changed = False
        self._something = asyncio.Event()
        self._feeds: dict[str, dict[str, list[Feed]]] = {}
        """Of each cluster, by the full name of the resource."""
        self._reflectors: set[Reflector] = set()
        self._mixed = False
        self._narrowed: dict[str, set[str]] = {}
        """Of each cluster, the kinds whose namespaces are asked one by one: all at once is forbidden."""
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> LiveTable:
        self._admission.show(cluster.id for cluster in self.clusters)
        self._tasks = [
            asyncio.create_task(self._follow(cluster), name=f"table {self.query.kind} {cluster.name}")
            for cluster in self.clusters
        ]
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._admission.hide(cluster.id for cluster in self.clusters)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        # Tracebacks of the cancelled tasks still know us: without this, rows would stay until the garbage
        # collector's next round, beside those of the next view. Freeing 100,000 takes a while: feed by feed.
        feeds = list(self._all_feeds())
        for held in (self._tasks, self._feeds, self._changed, self.rows):
            held.clear()
        for feed in feeds:
            feed.forget()
            await asyncio.sleep(0)

    @property
    def watches(self) -> int:
        """How many collections of how many clusters are followed."""
        return sum(1 for _ in self._all_feeds())

    @property
    def weight(self) -> int:
        """What its objects weigh in memory, by estimate."""
        return sum(reflector.weight for reflector in self._reflectors)

    def _all_feeds(self) -> Iterator[Feed]:
        for of_kinds in self._feeds.values():
            for feeds in of_kinds.values():
                yield from feeds

    async def batches(self) -> AsyncGenerator[Batch, None]:
        """What changed since the last batch; the first comes at once, with every cluster's state."""
        self._something.set()
        while True:
            await self._something.wait()
            yield self.take()
            await asyncio.sleep(self._interval)

    def take(self) -> Batch:
        """What changed since the last time; what :meth:`batches` hands out."""
        self._something.clear()
        batch = Batch(
            changed=tuple(self._changed.values()),
            removed=tuple(self._removed),
            statuses=dict(self.statuses),
            columns_changed=self._columns_changed,
        )
        self._changed, self._removed, self._columns_changed = {}, set(), False
        return batch

    # --- Changes: what feeds call

    def put(self, row: Row) -> None:
        self.rows[row.key] = row
        self._changed[row.key] = row
        self._removed.discard(row.key)
        self._something.set()

    def drop(self, key: RowKey) -> None:
        if self.rows.pop(key, None) is not None:
            self._changed.pop(key, None)
            self._removed.add(key)
            self._something.set()

    def report(self, cluster_id: str) -> None:
        narrowed = self._narrowed.get(cluster_id, set())
        said = [
            FeedState(
                kind=resource,
                namespace=feed.namespace,
                status=feed.current,
                fallback=resource in narrowed,
            )
            for resource, feeds in self._feeds.get(cluster_id, {}).items()
            for feed in feeds
            if feed.current is not None
        ]
        if said:
            self._set_status(cluster_id, merged(said))

    def kind_known(self, kind: Kind) -> None:
        if not any(known is kind for known in self.kinds):
            self.kinds.append(kind)
            self._renew_columns()

    def _renew_columns(self) -> None:
        columns = table_columns(self.kinds, mixed=self._mixed)
        if columns != self.columns:
            self.columns = columns
            self._columns_changed = True
            self._something.set()

    def _set_status(self, cluster_id: str, status: Status) -> None:
        before = self.statuses.get(cluster_id)
        if before != status:
            if before is None or before.state is not status.state:
                log.note("cluster", cluster=cluster_id, state=status.state.value, text=status.detail)
            self.statuses[cluster_id] = status
            self._something.set()

    # --- one cluster

    async def _follow(self, cluster: Cluster) -> None:
        """Keep this cluster's share true until cancelled. Nothing that goes wrong here concerns another."""
        targets = await self._resolved(cluster)
        if len(targets) == 1:
            await self._follow_kind(cluster, targets[0])
            return
        self._mixed = self._mixed or len({target.resource.full_name for target in targets}) > 1
        async with asyncio.TaskGroup() as group:
            for target in targets:
                group.create_task(self._follow_kind(cluster, target))

    async def _follow_kind(self, cluster: Cluster, target: Target) -> None:
        if target.kind is not None:
            self.kind_known(target.kind)
        namespaces: list[str | None] = list(self.query.namespaces) or [None]
        if not target.resource.namespaced:
            namespaces = [None]
        if namespaces != [None]:
            await self._watch(cluster, target, namespaces)
            return
        forbidden = await self._watch(cluster, target, [None], until_forbidden=True)
        known = self._known(cluster) if target.resource.namespaced else []
        if forbidden and known:
            self._narrowed.setdefault(cluster.id, set()).add(target.resource.full_name)
            await self._watch(cluster, target, list(known))
        elif forbidden:
            await self._watch(cluster, target, [None])

    def _known(self, cluster: Cluster) -> list[str]:
        return list(dict.fromkeys([*cluster.known_namespaces, *self._known_namespaces]))

    async def _resolved(self, cluster: Cluster) -> list[Target]:
        """What the query's word means there (nothing: it has no such kind); asks again, with growing pauses,
        while it can't be reached."""
        backoff = Backoff(random.Random())  # noqa: S311 - jitter, no secret
        while True:
            try:
                return await cluster.resolve_all(self.query.kind)
            except (KindNotFound, AmbiguousKind) as error:
                detail = safe_text(f"{error.sentence}. {error.advice}")
                self._set_status(cluster.id, Status(state=State.NOT_FOUND, since=time.time(), detail=detail))
                return []
            except KubeError as error:
                self._set_status(cluster.id, state_of(error))
                pause = backoff.next(time.monotonic(), at_least=getattr(error, "retry_after", None))
            await cluster.pause(pause)

    async def _watch(
        self,
        cluster: Cluster,
        target: Target,
        namespaces: Sequence[str | None],
        *,
        until_forbidden: bool = False,
    ) -> bool:
        """Run a reflector per namespace until cancelled, or until the server forbids; then True."""
        forbidden = asyncio.Event()
        feeds = [
            feed_of(cluster, target, self, namespace=namespace, names=self.query.names)
            for namespace in namespaces
        ]
        self._feeds.setdefault(cluster.id, {})[target.listed.full_name] = feeds
        for feed in feeds:
            feed.on_status = partial(_note_forbidden, forbidden) if until_forbidden else _note_namespace
        try:
            reflectors = [self._reflector(cluster, target, feed) for feed in feeds]
        except KubeError as error:  # the access itself is unusable: no request can help
            self._set_status(cluster.id, state_of(error))
            return False
        self._reflectors.update(reflectors)
        tasks = [asyncio.create_task(reflector.run()) for reflector in reflectors]
        waiting = asyncio.create_task(forbidden.wait())
        awake = ExitStack()
        for reflector in reflectors:
            awake.enter_context(cluster.woken_by(reflector.wake))
        try:
            done, _ = await asyncio.wait([*tasks, waiting], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            return waiting in done
        finally:
            awake.close()
            for task in (*tasks, waiting):
                task.cancel()
            for feed in feeds:
                feed.close()
            await asyncio.gather(*tasks, waiting, return_exceptions=True)
            self._reflectors.difference_update(reflectors)

    def _reflector(self, cluster: Cluster, target: Target, feed: Feed) -> Reflector:
        return Reflector(
            cluster.client,
            target.listed,
            target.decoder,
            feed,
            scope=feed.scope(self.query),
            admission=self._admission,
        )


def _note_forbidden(forbidden: asyncio.Event, feed: Feed) -> None:
    if feed.current is not None and feed.current.state is State.FORBIDDEN:
        forbidden.set()


def _note_namespace(feed: Feed) -> None:
    """A namespace that was named and may be listed is known from now on."""
    if feed.namespace and feed.current is not None and feed.current.state is State.LIVE:
        feed.cluster.hear_of([feed.namespace])
