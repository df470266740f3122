"""Notes every cluster's events often enough that none is missed, whatever is on the screen, at little cost.

Servers keep an event for an hour after its last change. So a list every twenty-five minutes sees each of
them; only the states between two lists are not seen, and counts tell of those. A watch on every cluster would
keep a connection to each.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import aclosing

from backend.courtesy import give_way
from backend.fleet.cluster import Cluster
from backend.observe.events.asking import everything, list_events
from backend.observe.events.history import EventHistory
from backend.observe.events.seen import seen
from backend.resources.kinds.event import Event

AGAIN = 1500.0
SPREAD = 0.2
LONGEST = 3000.0
"""Seconds; the hour that servers keep events, less the spread of pauses."""
MORE_FOR = 10_000
"""Events that make a pause as long again: large lists are asked for less often."""
_BEGIN = 60.0
"""Seconds over which the first looks are spread."""
_AT_ONCE = 2
_DEADLINE = 60.0


class Recorder:
    """One per fleet; it goes on until it is ended. Clusters that do not answer now are left for later."""

    def __init__(
        self, clusters: Sequence[Cluster], history: EventHistory, *, answers: Callable[[str], bool]
    ) -> None:
        """``answers``: whether the cluster of this id answers now: nobody is asked to log in for this."""
        self._clusters = tuple(clusters)
        self._history = history
        self._answers = answers
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self) -> None:
        if not self._tasks:
            self._tasks = [
                asyncio.create_task(self._follow(cluster), name=f"events of {cluster.name}")
                for cluster in self._clusters
            ]

    async def aclose(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def _follow(self, cluster: Cluster) -> None:
        give_way()
        dice = random.Random()  # noqa: S311 - jitter, no secret
        await asyncio.sleep(dice.uniform(0, _BEGIN))
        while True:
            pause = _BEGIN
            if self._answers(cluster.id):
                async with self._gate:
                    count = await self.look(cluster)
                pause = min(LONGEST, AGAIN * (1 + count / MORE_FOR))
            await asyncio.sleep(pause * dice.uniform(1 - SPREAD, 1 + SPREAD))

    async def look(self, cluster: Cluster) -> int:
        """Note all that the cluster has now; how many events that were."""
        count = 0
        async with aclosing(list_events([cluster], everything, timeout=_DEADLINE)) as pieces:
            async for piece in pieces:
                events = [seen(row.item, skew=row.skew) for row in piece.rows if isinstance(row.item, Event)]
                self._history.take(cluster.id, events)
                count += len(events)
        return count
