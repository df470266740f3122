"""One cluster's pods and nodes, counted from watches: for the few rows that a person looks at."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol, Self, cast

from backend.fleet.batch import Batch
from backend.fleet.counts import NodeCounts, PodCounts, Resources, capacity, nodes_counted
from backend.fleet.query import Query
from backend.fleet.row import RowKey
from backend.kube.status import State, Status
from backend.resources.kind import Health
from backend.resources.kinds.node import Node


class Table(Protocol):
    """The part of a live table that is read."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *exc_info: object) -> None: ...

    def batches(self) -> AsyncIterator[Batch]: ...


class Watched:
    """Counts are None until the first list is whole."""

    def __init__(
        self, cluster_id: str, open_table: Callable[[Query], Any], *, changed: Callable[[], None]
    ) -> None:
        self.id = cluster_id
        self.status: Status | None = None
        """Of the pods' watch, once it has been live; until then what was known before is shown."""
        self._open_table = open_table
        self._changed = changed
        self._pods: dict[RowKey, Health] = {}
        self._healths: Counter[Health] = Counter()
        self._nodes: dict[RowKey, Node] = {}
        self._node_counts: NodeCounts | None = None
        self._room = Resources()
        self._tasks = [
            asyncio.create_task(self._follow("pods", self._take_pods)),
            asyncio.create_task(self._follow("nodes", self._take_nodes)),
        ]

    def cancel(self) -> None:
        """End the watches, without waiting until they have ended."""
        for task in self._tasks:
            task.cancel()

    async def aclose(self) -> None:
        self.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def pods(self) -> PodCounts | None:
        if self.status is None:
            return None
        return PodCounts(total=self._healths.total(), failing=self._healths[Health.FAILING])

    @property
    def nodes(self) -> NodeCounts | None:
        return self._node_counts

    @property
    def room(self) -> Resources | None:
        return self._room if self._node_counts is not None else None

    async def _follow(self, word: str, take: Callable[[Batch], None]) -> None:
        async with self._open_table(Query(kind=word, clusters=(self.id,))) as table:
            async for batch in table.batches():
                take(batch)
                self._changed()

    def _take_pods(self, batch: Batch) -> None:
        for key in (*batch.removed, *(row.key for row in batch.changed)):
            before = self._pods.pop(key, None)
            if before is not None:
                self._healths[before] -= 1
        for row in batch.changed:
            self._pods[row.key] = row.health
            self._healths[row.health] += 1
        status = batch.statuses[self.id]
        if self.status is not None or status.state is State.LIVE:
            self.status = status

    def _take_nodes(self, batch: Batch) -> None:
        for key in batch.removed:
            self._nodes.pop(key, None)
        for row in batch.changed:
            self._nodes[row.key] = cast("Node", row.item)
        if self._node_counts is not None or batch.statuses[self.id].state is State.LIVE:
            self._node_counts = nodes_counted(self._nodes.values())
            self._room = capacity(self._nodes.values())
