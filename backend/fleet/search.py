"""Search over many clusters and all their kinds, by name, label or image: lists of little, no watches.

What is asked of a server is the least that can answer: names alone (a Table without objects) to see whether
anything matches, then the metadata of what does; whole objects only where images are looked for. Values of
secrets are never asked for. No cluster waits for another; a silent one gives its place to the next.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field

from backend.fleet.cluster import Cluster
from backend.fleet.row import Row
from backend.fleet.search_kinds import chosen
from backend.fleet.search_lists import KindSearch
from backend.fleet.search_terms import Search
from backend.fleet.states import state_of
from backend.kube.admission import Lease, Patience, PriorityGate
from backend.kube.errors import (
    ApiError,
    BadResponse,
    DeadlineExceeded,
    Forbidden,
    ImpersonationForbidden,
    Invalid,
    KubeError,
    NotFound,
    TooLarge,
    Unauthorized,
)
from backend.kube.objects import ApiResource
from backend.kube.status import State, Status
from backend.text import SafeStr, safe_text

CLUSTERS_AT_ONCE = 32
"""Clusters that make progress at the same time; handshakes are paced by the fleet's admission besides."""
LISTS_AT_ONCE = 3
"""Of one cluster; its client's request rate (R3) holds besides."""
PATIENCE = 1.0
"""Seconds without any answer after which a cluster's place goes to the next."""
HITS = 5000
"""Of one search, over all clusters: whoever finds more has to narrow it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one cluster gave since its last piece, and how far it is. ``done`` comes once per cluster."""

    cluster: Cluster
    status: Status
    """SYNCING with its progress; in the end LIVE (it answered), or why it could not answer."""
    rows: tuple[Row, ...] = ()
    done: bool = False
    error: KubeError | None = None
    """Why nothing, or nothing more, could be asked."""
    refused: tuple[SafeStr, ...] = ()
    """Kinds that may not be listed."""
    failed: tuple[SafeStr, ...] = ()
    """Kinds that could not be searched, each with the reason."""
    cut: tuple[SafeStr, ...] = ()
    """Kinds of which only the first hits are given."""


async def search(
    clusters: Sequence[Cluster], wanted: Search, *, timeout: float = 30.0, hits: int = HITS
) -> AsyncGenerator[Found, None]:
    """Every cluster's hits, as they are found; the last piece of each cluster is ``done``.

    ``timeout``: seconds for one cluster, from its turn on. ``hits``: after so many the search ends. Closing
    the generator ends all requests.
    """
    pieces: asyncio.Queue[Found | BaseException] = asyncio.Queue(maxsize=CLUSTERS_AT_ONCE)
    places = PriorityGate(CLUSTERS_AT_ONCE)
    tasks = [
        asyncio.create_task(_run(cluster, wanted, places, pieces, timeout), name=f"search {cluster.name}")
        for cluster in clusters
    ]
    running, found = len(tasks), 0
    try:
        while running and found < hits:
            piece = await pieces.get()
            if isinstance(piece, BaseException):
                raise piece
            running -= piece.done
            found += len(piece.rows)
            yield piece
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _run(
    cluster: Cluster,
    wanted: Search,
    places: PriorityGate,
    pieces: asyncio.Queue[Found | BaseException],
    timeout: float,
) -> None:
    try:
        await places.enter((0, 0))
        lease = Lease(places.leave, patience=Patience(PATIENCE))
        try:
            searcher = _Searcher(cluster, wanted, lease, pieces)
            await pieces.put(await searcher.run(timeout))
        finally:
            lease.give_back()
            with suppress(KubeError):
                await cluster.client.release()  # 300 clusters searched keep no 900 connections
    except Exception as error:
        await pieces.put(error)


@dataclass(slots=True)
class _Searcher:
    """One cluster's search: its kinds one after the other, a few at a time."""

    cluster: Cluster
    wanted: Search
    lease: Lease
    pieces: asyncio.Queue[Found | BaseException]
    _since: float = field(default_factory=time.time)
    _kinds: int = 0
    _finished: int = 0
    _seen: set[str] = field(default_factory=set)
    """Uids: some objects are served by two groups."""
    _refused: list[SafeStr] = field(default_factory=list)
    _failed: list[SafeStr] = field(default_factory=list)
    _cut: list[SafeStr] = field(default_factory=list)
    _refusal: Forbidden | None = None
    _answered: bool = False
    """Whether it said anything yet: then a kind that is late is only a kind that is late."""

    async def run(self, timeout: float) -> Found:
        """Send pieces while searching; the last one is returned."""
        try:
            async with asyncio.timeout(timeout):
                await self._all()
        except TimeoutError:
            late = DeadlineExceeded(
                self.cluster.name,
                f"its search was not complete after {timeout:g} s",
                advice="Give it more time with --timeout SECONDS, or name kinds with --kind.",
            )
            return self._ended(late)
        except KubeError as error:
            if isinstance(error, Invalid) and self.wanted.labels:
                error.advice = safe_text(f"Check the label selector: {self.wanted.labels}", limit=200)
            return self._ended(error)
        if self._refusal is not None and len(self._refused) == self._kinds:
            return self._ended(self._refusal)
        return self._ended(None)

    async def _all(self) -> None:
        kinds = await chosen(self.cluster, self.wanted)
        self._answered = not self.wanted.kinds
        self.lease.progress()
        self._kinds = len(kinds)
        waiting = iter(kinds)
        workers = [asyncio.create_task(self._work(waiting)) for _ in range(LISTS_AT_ONCE)]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _work(self, waiting: Iterator[ApiResource]) -> None:
        for resource in waiting:
            await self._one(resource)
            self._finished += 1
            await self.pieces.put(Found(cluster=self.cluster, status=self._progress()))

    async def _one(self, resource: ApiResource) -> None:
        name = safe_text(resource.full_name, limit=253)
        try:
            of_kind = KindSearch(self.cluster, resource, self.wanted)
            async with aclosing(of_kind.rows()) as pages:
                async for rows in pages:
                    self._answered = True
                    self.lease.progress()
                    fresh = tuple(row for row in rows if row.key[1] not in self._seen)
                    self._seen.update(row.key[1] for row in fresh)
                    if fresh:
                        await self.pieces.put(
                            Found(cluster=self.cluster, status=self._progress(), rows=fresh)
                        )
            self._answered = True
            if of_kind.cut:
                self._cut.append(name)
        except ImpersonationForbidden:
            raise  # refused is who acts, not what is asked
        except Forbidden as error:
            self._answered = True
            self._refused.append(name)
            self._refusal = error
        except NotFound:
            self._answered = True  # its definition went away since discovery
        except (Unauthorized, Invalid):
            raise
        except (ApiError, BadResponse, TooLarge, DeadlineExceeded) as error:
            if isinstance(error, DeadlineExceeded) and not self._answered:
                raise  # the cluster is silent, not this kind
            self._failed.append(safe_text(f"{name}: {error.sentence}", limit=300))

    def _progress(self) -> Status:
        share = self._finished / self._kinds if self._kinds else None
        return Status(state=State.SYNCING, since=self._since, progress=share)

    def _ended(self, error: KubeError | None) -> Found:
        answered = Status(
            state=State.LIVE, since=time.time(), detail=self._detail(), last_success=time.time()
        )
        status = answered if error is None else state_of(error)
        return Found(
            cluster=self.cluster,
            status=status,
            done=True,
            error=error,
            refused=tuple(self._refused),
            failed=tuple(self._failed),
            cut=tuple(self._cut),
        )

    def _detail(self) -> SafeStr:
        said = []
        if self._refused:
            said.append(f"forbidden: {', '.join(self._refused)}")
        if self._failed:
            said.append(f"not searched: {'; '.join(self._failed)}")
        if self._cut:
            said.append(f"only the first hits of: {', '.join(self._cut)}")
        return safe_text("; ".join(said), limit=2000)
