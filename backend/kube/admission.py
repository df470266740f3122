"""Who may begin now: one gate for a whole fleet, so that its start melts neither us nor a server (R1–R5)."""

from __future__ import annotations

import asyncio
import heapq
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from backend.kube.backoff import Backoff
from backend.kube.clock import SYSTEM_CLOCK, Clock
from backend.kube.memory import Memory
from backend.kube.ratelimit import TokenBucket

HANDSHAKES_AT_ONCE = 5
HANDSHAKES_PER_SECOND = 50.0
"""Of different clusters. R1 says ten: 300 clusters would then be shown after half a minute. Fifty cost half a
core (some 9 ms each, most of it cryptography) while the fleet starts, and each server sees one of them."""
HANDSHAKE_BURST = 20.0
"""A fleet of this size starts without waiting."""
HANDSHAKE_PATIENCE = 0.1
"""Seconds after which a handshake's place goes to the next: it waits for the network and costs us nothing,
and a dead cluster must not keep the living ones waiting."""
LISTS_AT_ONCE = 3
LIST_PATIENCE = 2.0
"""Seconds without a page after which a list's place goes to the next: its server or the way to it is slow."""
LIST_PATIENCE_MOST = 10.0
_SLOWER = 4.0
"""So many times longer than the others' pages take here is slow: on a busy machine all are, and to begin more
lists there would make all of them slower."""
_LESSON = 0.2
"""Weight of the newest page in what pages usually take."""
_TURN = 0.1
"""Patience is counted in turns of our own loop of this many seconds: a moment in which we could not have read
a page, however long, is one turn."""
SAME_START = 10.0
"""Seconds within which a cluster's further connections belong to the same start: only the first is paced."""
REOPENING_SPREAD = 0.2
"""Seconds over which the feeds of one place come back."""
RESUME_PER_CLUSTER = 0.3
RESUME_CAP = 60.0

Priority = tuple[int, int]
"""Small first: (0 on screen, 1 in the background, 2 did not answer; how many objects are expected)."""


class PriorityGate:
    """A semaphore whose waiters come in by priority, then in their order."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._order = 0
        self._waiting: list[tuple[Priority, int, asyncio.Future[None]]] = []

    async def enter(self, priority: Priority) -> None:
        if self._free > 0 and not self._waiting:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._order += 1
        heapq.heappush(self._waiting, (priority, self._order, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()  # the place was given to us in the moment we stopped waiting
            raise

    def leave(self) -> None:
        while self._waiting:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


class Patience:
    """How long something may show no progress: longer where all of its kind takes long, up to ``most``."""

    def __init__(self, least: float, most: float | None = None) -> None:
        self._least, self._most = least, least if most is None else most
        self._usual = 0.0

    def took(self, seconds: float) -> None:
        """A piece of it took this long."""
        self._usual += _LESSON * (seconds - self._usual)

    @property
    def seconds(self) -> float:
        return min(self._most, max(self._least, _SLOWER * self._usual))


class Lease:
    """A place in a gate that is given back after a while without progress, or at the end."""

    def __init__(self, leave: Callable[[], None], *, patience: Patience) -> None:
        self._leave: Callable[[], None] | None = leave
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._patience = patience
        self._since = self._loop.time()
        self._wait(patience.seconds)

    def progress(self) -> None:
        """Keep the place: something arrived."""
        now = self._loop.time()
        self._patience.took(now - self._since)
        self._since = now
        self._wait(self._patience.seconds)

    def _wait(self, left: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._leave is None:
            return
        turn = min(_TURN, left)
        rest = left - turn
        wait = (self.give_back,) if rest < _TURN / 10 else (self._wait, rest)
        self._timer = self._loop.call_later(turn, *wait)

    def give_back(self) -> None:
        leave, self._leave = self._leave, None
        if self._timer is not None:
            self._timer.cancel()
        if leave is not None:
            leave()


class Reachability:
    """The backoff of a place many feeds go through (a cluster, a jump host): its failure counts once (R5)."""

    def __init__(self, random_source: random.Random) -> None:
        self._random = random_source
        self._backoff = Backoff(random_source)
        self._closed_until = float("-inf")

    def failed(self, now: float) -> float:
        """Seconds until the next try. Failures of others, noticed while it is already closed, add nothing."""
        if now >= self._closed_until:
            self._closed_until = now + self._backoff.next(now)
        return self._closed_until - now + self._random.uniform(0.0, REOPENING_SPREAD)


class Admission:
    """One per Fleet, shared by all its clients and reflectors."""

    def __init__(self, *, clock: Clock = SYSTEM_CLOCK, random_source: random.Random | None = None) -> None:
        self._clock = clock
        self._random = random_source or random.Random()  # noqa: S311 - jitter, no secret
        self._handshakes = PriorityGate(HANDSHAKES_AT_ONCE)
        self._pace = TokenBucket(rate=HANDSHAKES_PER_SECOND, burst=HANDSHAKE_BURST, clock=clock)
        self._lists = PriorityGate(LISTS_AT_ONCE)
        self._patience = Patience(LIST_PATIENCE, LIST_PATIENCE_MOST)
        self._cluster_lists: dict[str, PriorityGate] = {}
        self.shown: Counter[str] = Counter()
        """How many screens show each cluster now."""
        self.memory = Memory()
        """What all that is kept may weigh (R21)."""
        self._places: dict[str, Reachability] = {}

    def show(self, clusters: Iterable[str]) -> None:
        """These are on a screen now: their connections come first. Each is hidden as often as shown."""
        self.shown.update(clusters)

    def hide(self, clusters: Iterable[str]) -> None:
        self.shown.subtract(clusters)
        self.shown += Counter()  # drops what is at nought

    def handshakes(self, cluster_id: str) -> Callable[[], AbstractAsyncContextManager[object]]:
        """What the transport of *one* cluster enters around each opening of a connection (R1).

        The pace is of clusters: what one opens beside its first (discovery, watches) only takes places. One
        that did not answer the last time comes after all others, so that dead ones never delay a live one.
        """
        last = float("-inf")
        lost = False

        @asynccontextmanager
        async def admitted() -> AsyncIterator[None]:
            nonlocal last, lost
            now = self._clock.now()
            starts, last = now - last > SAME_START, now
            await self._handshakes.enter((2 if lost else 0 if cluster_id in self.shown else 1, 0))
            try:
                if starts:
                    await self._pace.take()
            except BaseException:
                self._handshakes.leave()
                raise
            lease = Lease(self._handshakes.leave, patience=Patience(HANDSHAKE_PATIENCE))
            try:
                yield
            except Exception:
                lost = True
                raise
            else:
                lost = False
            finally:
                lease.give_back()

        return admitted

    @asynccontextmanager
    async def listing(
        self, cluster_id: str, *, priority: Priority = (0, 0), ready: Callable[[], Awaitable[None]]
    ) -> AsyncIterator[Lease]:
        """Hold a whole list: at most three in the fleet and one per cluster make progress at once (R2).

        ``ready`` connects to the cluster. It is awaited before a place is taken, so that a cluster that can't
        be reached never takes one; what it raises is raised.
        """
        own = self._cluster_lists.setdefault(cluster_id, PriorityGate(1))
        await own.enter(priority)
        try:
            await ready()
            await self._lists.enter(priority)
        except BaseException:
            own.leave()
            raise

        def leave() -> None:
            self._lists.leave()
            own.leave()

        lease = Lease(leave, patience=self._patience)
        try:
            yield lease
        finally:
            lease.give_back()

    def reachability(self, place: str) -> Reachability:
        """The shared backoff of a cluster (its id) or of a jump host (its address)."""
        return self._places.setdefault(place, Reachability(self._random))

    def resume_delay(self, clusters: int) -> float:
        """Seconds one cluster waits before it reconnects after sleep or a lost link, to spread them (R4)."""
        return self._random.uniform(0.0, min(RESUME_CAP, RESUME_PER_CLUSTER * clusters))
