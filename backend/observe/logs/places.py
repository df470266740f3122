"""Who may hold a stream open: so many at once in each cluster; who waits is known, nobody waits for ever."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

PER_CLUSTER = 100
"""Streams of one cluster: each holds a connection to its API server, and one from there to a node."""
ALTOGETHER = 300
QUIET = 10.0
"""Seconds without a line after which a stream gives its place to one that waits. Nothing is lost: it is
resumed from its latest line."""


class StreamPlaces:
    """One for all that is followed. First come, first served."""

    def __init__(self, *, per_cluster: int = PER_CLUSTER, altogether: int = ALTOGETHER) -> None:
        self._per_cluster = per_cluster
        self._altogether = altogether
        self._open: dict[str, int] = {}
        self._waiting: deque[tuple[str, asyncio.Future[None]]] = deque()

    @property
    def open(self) -> int:
        return sum(self._open.values())

    def wanted(self, cluster_id: str) -> bool:
        """Whether somebody waits for a place that this cluster's streams take up."""
        full = self.open >= self._altogether
        return any(full or waits == cluster_id for waits, turn in self._waiting if not turn.done())

    def free(self, cluster_id: str) -> bool:
        """Whether a place could be had at once."""
        return self._room(cluster_id) and not self.wanted(cluster_id)

    def _room(self, cluster_id: str) -> bool:
        return self.open < self._altogether and self._open.get(cluster_id, 0) < self._per_cluster

    @asynccontextmanager
    async def place(self, cluster_id: str) -> AsyncIterator[None]:
        """Hold one place; waits until there is one."""
        if self.free(cluster_id):
            self._open[cluster_id] = self._open.get(cluster_id, 0) + 1
        else:
            await self._turn(cluster_id)
        try:
            yield
        finally:
            self._open[cluster_id] -= 1
            self._admit()

    async def _turn(self, cluster_id: str) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((cluster_id, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it was given to us in the moment we left
                self._open[cluster_id] -= 1
                self._admit()
            raise

    def _admit(self) -> None:
        left: deque[tuple[str, asyncio.Future[None]]] = deque()
        while self._waiting:
            cluster_id, turn = self._waiting.popleft()
            if turn.done():
                continue
            if self._room(cluster_id):
                self._open[cluster_id] = self._open.get(cluster_id, 0) + 1
                turn.set_result(None)
            else:
                left.append((cluster_id, turn))
        self._waiting = left
