"""The fleet at a glance: one summary per cluster, kept true; for the fleet screen and its headless twin.

Counts come from live tables of nodes and pods, so they are as honest as those: each summary carries the
state of its cluster's feed.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backend.fleet.batch import Batch
from backend.fleet.member import Member
from backend.fleet.query import Query
from backend.fleet.row import RowKey
from backend.kube.backoff import Backoff
from backend.kube.errors import KubeError
from backend.kube.status import State, Status
from backend.resources.kind import Health
from backend.text import SafeStr, safe_text

if TYPE_CHECKING:
    from backend.fleet.fleet import Fleet
    from backend.fleet.table import LiveTable

_VERSION_AGAIN = 300.0
"""Seconds after which a server that answered is asked for its version again (it may have been upgraded)."""


_NOTHING = SafeStr("")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSummary:
    """What one row of the fleet says. Counts are None until their first list is there."""

    id: str
    name: SafeStr
    status: Status
    """Of the pods' feed."""
    version: SafeStr = _NOTHING
    nodes: int | None = None
    nodes_ready: int | None = None
    pods: int | None = None
    pods_failing: int | None = None
    certificate_ends: float | None = None
    """When the client certificate expires, seconds since the epoch; None: it has none."""
    tags: tuple[SafeStr, ...] = ()
    protected: bool = False
    read_only: bool = False

    def health(self, now: float) -> Health:
        """How the cluster fares as a whole: its connection first, then its nodes, then its pods."""
        if self.status.state in (State.AUTH, State.UNREACHABLE):
            return Health.FAILING
        if self.certificate_ends is not None and self.certificate_ends <= now:
            return Health.FAILING
        if self.status.state is State.SYNCING:
            return Health.PROGRESSING
        if self.nodes is not None and self.nodes_ready is not None and self.nodes_ready < self.nodes:
            return Health.WARNING
        if self.status.state is not State.LIVE or self.pods_failing:
            return Health.WARNING
        return Health.OK


class _Tally:
    """How many objects per cluster fare how, from one live table's batches."""

    def __init__(self) -> None:
        self._rows: dict[RowKey, Health] = {}
        self._counts: dict[str, Counter[Health]] = {}
        self.statuses: dict[str, Status] = {}

    def take(self, batch: Batch) -> None:
        for key in batch.removed:
            self._forget(key)
        for row in batch.changed:
            self._forget(row.key)
            self._rows[row.key] = health = row.health
            self._counts.setdefault(row.cluster_id, Counter())[health] += 1
        self.statuses = dict(batch.statuses)

    def _forget(self, key: RowKey) -> None:
        health = self._rows.pop(key, None)
        if health is not None:
            self._counts[key[0]][health] -= 1

    def count(self, cluster_id: str, *healths: Health) -> int | None:
        """Of these healths, or all; None while nothing is known."""
        counts = self._counts.get(cluster_id)
        if counts is None:
            status = self.statuses.get(cluster_id)
            return 0 if status is not None and status.state is State.LIVE else None
        return sum(counts[health] for health in healths) if healths else counts.total()


class FleetOverview:
    """Use as an async context manager; :meth:`updates` yields all summaries whenever any changed."""

    def __init__(self, fleet: Fleet, *, interval: float = 0.2) -> None:
        """``interval``: least seconds between updates."""
        self._fleet = fleet
        self._interval = interval
        self._nodes, self._pods = _Tally(), _Tally()
        self._versions: dict[str, SafeStr] = {}
        self._ends: dict[str, float | None] = {}
        self._something = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> FleetOverview:
        everywhere: list[tuple[str, _Tally]] = [("nodes", self._nodes), ("pods", self._pods)]
        for word, tally in everywhere:
            table = self._fleet.table(Query(kind=word), interval=self._interval)
            self._tasks.append(asyncio.create_task(self._count(table, tally)))
        self._tasks += [asyncio.create_task(self._ask_version(member)) for member in self._fleet.members]
        self._tasks.append(asyncio.create_task(self._read_certificates()))
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def updates(self) -> AsyncIterator[list[ClusterSummary]]:
        """All summaries in the fleet's order; the first at once, then whenever one changed."""
        before: list[ClusterSummary] | None = None
        self._something.set()
        while True:
            await self._something.wait()
            self._something.clear()
            summaries = [self._summary(member) for member in self._fleet.members]
            if summaries != before:
                yield summaries
                before = summaries
            await asyncio.sleep(self._interval)

    def _summary(self, member: Member) -> ClusterSummary:
        ready = self._nodes.count(member.id, Health.OK, Health.DONE, Health.PROGRESSING)
        waiting = Status(state=State.SYNCING, since=0.0)
        return ClusterSummary(
            id=member.id,
            name=safe_text(member.name),
            status=self._pods.statuses.get(member.id, waiting),
            version=self._versions.get(member.id, _NOTHING),
            nodes=self._nodes.count(member.id),
            nodes_ready=ready,
            pods=self._pods.count(member.id),
            pods_failing=self._pods.count(member.id, Health.FAILING),
            certificate_ends=self._ends.get(member.id),
            tags=tuple(safe_text(tag, limit=64) for tag in member.tags),
            protected=member.protected,
            read_only=member.read_only,
        )

    async def _count(self, table: LiveTable, tally: _Tally) -> None:
        async with table:
            async for batch in table.batches():
                tally.take(batch)
                self._something.set()

    async def _ask_version(self, member: Member) -> None:
        """Ask once it answers, then again from time to time; a dead cluster is asked ever less often."""
        backoff = Backoff(random.Random())  # noqa: S311 - jitter, no secret
        while True:
            try:
                version = await self._fleet.client(member.id).version()
            except KubeError:
                await asyncio.sleep(backoff.next(time.monotonic()))
                continue
            self._versions[member.id] = safe_text(version.git_version, limit=40)
            self._something.set()
            await asyncio.sleep(_VERSION_AGAIN)

    async def _read_certificates(self) -> None:
        self._ends = await asyncio.to_thread(_expiries, self._fleet.members)
        self._something.set()


def _expiries(members: Sequence[Member]) -> dict[str, float | None]:
    """When each member's client certificate expires; reading hundreds takes a moment."""
    from cryptography import x509

    ends: dict[str, float | None] = {}
    for member in members:
        pem = member.access.client_cert_pem
        if pem is None:
            continue
        with contextlib.suppress(ValueError):
            ends[member.id] = x509.load_pem_x509_certificate(pem).not_valid_after_utc.timestamp()
    return ends


def problems_first(summaries: Sequence[ClusterSummary], *, now: float) -> list[ClusterSummary]:
    """The clusters that need somebody, first; equals by name."""
    severity = {health: place for place, health in enumerate(Health)}
    return sorted(summaries, key=lambda summary: (severity[summary.health(now)], summary.name))
