"""CPU and MEM in ``navarch get``: asked for beside the lists, and waited for no longer than it is worth."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from backend.fleet.query import Query
from backend.observe.metrics.columns import PODS, MetricColumns
from backend.observe.metrics.sampling import Interest, Metrics, What
from backend.resources import registry
from backend.resources.use import use_titles
from console.cli.failures import say

if TYPE_CHECKING:
    from backend.fleet.cluster import Cluster
    from backend.fleet.fleet import Fleet
    from backend.fleet.row import Row, TableColumn

PATIENCE = 1.0
"""Seconds that complete lists wait for measurements, where they are not ordered by them."""
_SAID = 3
"""Clusters whose reason is told by name."""


class Measured:
    """What the objects of one list use. Use as an async context manager around the list's reading."""

    def __init__(self, fleet: Fleet, clusters: Sequence[Cluster], query: Query, *, timeout: float) -> None:
        """Kubelets are asked only for a list that is ordered by what they say: each is a request."""
        kind = registry.builtin(query.kind)
        assert kind is not None
        self._kind = kind
        self._clusters = clusters
        self._ordered = query.sort.upper() in use_titles(kind)
        self._timeout = timeout if self._ordered else PATIENCE
        self._metrics = Metrics(fleet, kubelets=self._ordered)
        self._columns = MetricColumns(self._metrics, sparks=False)
        self._what = What.PODS if kind.resource.full_name == PODS else What.NODES
        self._namespaces = query.namespaces if self._what is What.PODS else ()
        self._asking: asyncio.Future[None] | None = None
        self._shown = False

    async def __aenter__(self) -> Measured:
        interests = [Interest(one.id, self._what, self._namespaces) for one in self._clusters]
        self._asking = asyncio.ensure_future(self._metrics.once(interests))
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        assert self._asking is not None
        self._asking.cancel()
        await asyncio.gather(self._asking, return_exceptions=True)

    async def settle(self) -> None:
        """The lists are complete: wait for what is measured, but not for long."""
        assert self._asking is not None
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timeout):
                await asyncio.shield(self._asking)

    def over(self, columns: Sequence[TableColumn], rows: Sequence[Row]) -> tuple[TableColumn, ...]:
        """The columns, with those of use where any of the rows has a value; once shown, they stay."""
        self._shown = (
            self._shown or self._ordered or any(self._columns.reading(row).use is not None for row in rows)
        )
        return self._columns.over(columns, self._kind) if self._shown else tuple(columns)

    def explain(self) -> None:
        """Say for which clusters nothing is known, and why."""
        reasons = []
        for cluster in self._clusters:
            known = self._metrics.of(cluster.id)
            told = known.told_pods if self._what is What.PODS else known.told_nodes
            if told.why or not told.asked:
                reasons.append(f"{cluster.name}: use is not known: {told.why or 'no answer yet'}")
        for reason in reasons[:_SAID]:
            say(reason)
        if len(reasons) > _SAID:
            say(f"and of {len(reasons) - _SAID} more clusters")
