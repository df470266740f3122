"""Samples what somebody looks at, as often as it is measured and no more; nodes besides, at no cost.

One ``Metrics`` a fleet. Who looks says at what (``looking``); each cluster is then asked by a task of its
own, which waits for the next measurement to be there: a metrics server measures every 15 to 60 seconds, and
asking between two measurements gives the same numbers again. Nodes are known without asking: the fleet's
background asks for their metrics anyway and passes the answers on.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextvars import Context
from dataclasses import dataclass
from enum import Enum

from backend.courtesy import give_way
from backend.fleet.cluster import Cluster
from backend.fleet.fleet import Fleet
from backend.observe.metrics.asking import Asking
from backend.observe.metrics.known import Known, Source, Told
from backend.text import SafeStr

SHORTEST, LONGEST = 10.0, 120.0
"""Seconds between two questions, whatever a server says of its window."""
KUBELETS_AGAIN = 30.0
"""Where kubelets are asked one by one: they measure about every ten seconds, but each is a request."""
FAILED_AGAIN, FAILED_LONGEST = 30.0, 300.0
LATE = 1.5
"""Seconds after a measurement is due when it is asked for: it has to be served first."""
AT_ONCE = 6
"""Clusters that are asked at a time."""
PODS_A_ROUND = 10_000
"""Pods that may be sampled in one window; with more, the pauses grow: a measurement costs 15 µs to take
in."""
LINGER = 60.0
"""Seconds that sampling goes on when nobody looks any more: who comes back finds no gap."""
_FINE = SafeStr("")


class What(Enum):
    PODS = "pods"
    NODES = "nodes"


@dataclass(frozen=True, slots=True)
class Interest:
    """What somebody looks at in one cluster; no namespaces: all of them."""

    cluster_id: str
    what: What
    namespaces: tuple[str, ...] = ()
    kubelet: str = ""
    """One node's summary instead: its disks and its traffic."""


class Metrics:
    """The measurements of a fleet. They outlive the fleet object: one that replaces it takes them over."""

    def __init__(
        self,
        fleet: Fleet,
        *,
        after: Metrics | None = None,
        kubelets: bool = True,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """``kubelets``: ask them where there is no metrics server. ``wall``: seconds since the epoch."""
        self._fleet = fleet
        self._wall = wall
        self._known: dict[str, Known] = dict(after._known) if after is not None else {}
        self._askings: dict[str, Asking] = {}
        self._kubelets = kubelets
        self._wanted: Counter[Interest] = Counter()
        self._tasks: dict[Interest, asyncio.Task[None]] = {}
        self._ending: dict[Interest, asyncio.TimerHandle] = {}
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._listeners: set[asyncio.Event] = set()
        self._passing: set[asyncio.Task[None]] = set()
        self._ended: list[asyncio.Task[None]] = []

    def listen(self) -> None:
        """Take in what the fleet's background hears of nodes."""
        self._fleet.background.usage_heard = self._heard

    def now(self) -> float:
        """Seconds since the epoch, by our clock."""
        return self._wall()

    def of(self, cluster_id: str) -> Known:
        """What is known of a cluster's use."""
        known = self._known.get(cluster_id)
        if known is None:
            known = self._known[cluster_id] = Known()
        return known

    def _asking(self, cluster_id: str) -> Asking:
        asking = self._askings.get(cluster_id)
        if asking is None:
            asking = self._askings[cluster_id] = Asking(
                self._fleet.cluster(cluster_id),
                self.of(cluster_id),
                wall=self._wall,
                kubelets=self._kubelets,
            )
        return asking

    @contextlib.contextmanager
    def looking(self, interests: Sequence[Interest]) -> Iterator[asyncio.Event]:
        """Sample these as long as somebody looks. The event is set when anything is known anew; clear it
        before you look."""
        event = asyncio.Event()
        self._listeners.add(event)
        wanted = list(dict.fromkeys(interests))
        for interest in wanted:
            self._begin(interest)
        try:
            yield event
        finally:
            self._listeners.discard(event)
            for interest in wanted:
                self._leave(interest)

    async def once(self, interests: Sequence[Interest]) -> None:
        """Ask for these one time; what can't be had is in ``of(…)`` with its reason. Raises nothing."""
        await asyncio.gather(*(self._ask(interest) for interest in interests))

    def cancel(self) -> None:
        """End all sampling, without waiting until it has ended; what is known stays known."""
        for timer in self._ending.values():
            timer.cancel()
        self._ending.clear()
        self._ended += [*self._tasks.values(), *self._passing]
        self._tasks.clear()
        for task in self._ended:
            task.cancel()

    async def aclose(self) -> None:
        self.cancel()
        ended, self._ended = self._ended, []
        await asyncio.gather(*ended, return_exceptions=True)

    # --- who looks

    def _begin(self, interest: Interest) -> None:
        self._wanted[interest] += 1
        if (timer := self._ending.pop(interest, None)) is not None:
            timer.cancel()
        if interest not in self._tasks:
            self._tasks[interest] = asyncio.create_task(
                self._follow(interest),
                name=f"metrics {interest.what.value}",
                context=Context(),  # it outlives who asked, and its context would keep them
            )

    def _leave(self, interest: Interest) -> None:
        self._wanted[interest] -= 1
        if self._wanted[interest] > 0:
            return
        del self._wanted[interest]
        if interest not in self._tasks:
            return  # all was ended: a timer would keep a fleet that is closed
        loop = asyncio.get_running_loop()
        self._ending[interest] = loop.call_later(LINGER, self._end, interest, context=Context())

    def _end(self, interest: Interest) -> None:
        self._ending.pop(interest, None)
        task = self._tasks.pop(interest, None)
        if task is not None:
            task.cancel()

    # --- asking

    async def _follow(self, interest: Interest) -> None:
        give_way()
        dice = random.Random()  # noqa: S311 - jitter, no secret
        failures = 0
        while True:
            await self._ask(interest)
            self._tell()
            told = self._told(interest)
            failures = failures + 1 if told.why else 0
            if failures:
                pause = min(FAILED_LONGEST, FAILED_AGAIN * 2 ** (failures - 1)) * dice.uniform(0.8, 1.2)
            else:
                pause = self.pause(interest)
            await self._cluster(interest).pause(pause)

    async def _ask(self, interest: Interest) -> None:
        asking = self._asking(interest.cluster_id)
        async with self._gate:
            if interest.kubelet:
                await asking.kubelets([interest.kubelet])
            elif interest.what is What.PODS:
                await asking.pods(interest.namespaces)
            else:
                await asking.nodes()

    def pause(self, interest: Interest) -> float:
        """Seconds until the next measurement can be there."""
        told = self._told(interest)
        if interest.kubelet or told.source is Source.KUBELET:
            return KUBELETS_AGAIN
        now = self._wall() + self._cluster(interest).clock_skew
        window = min(LONGEST, max(SHORTEST, told.window))
        crowd = sum(len(self.of(one.cluster_id).pods) for one in self._tasks if one.what is What.PODS)
        due = told.newest + window - now + LATE if told.newest else window
        # Where clocks differ, or a server is late, what is due makes no sense: never ask again at once.
        due = due if SHORTEST / 2 <= due <= 2 * window else window / 2
        return max(due, window * (crowd / PODS_A_ROUND) if crowd > PODS_A_ROUND else 0.0)

    def _told(self, interest: Interest) -> Told:
        known = self.of(interest.cluster_id)
        if interest.kubelet:
            return (
                Told(why=known.no_summary[interest.kubelet])
                if interest.kubelet in known.no_summary
                else Told()
            )
        return known.told_pods if interest.what is What.PODS else known.told_nodes

    def _cluster(self, interest: Interest) -> Cluster:
        return self._fleet.cluster(interest.cluster_id)

    def _heard(self, cluster_id: str, body: bytes) -> None:
        """The background asked for the nodes' metrics of a cluster: its answer is ours too."""
        task = asyncio.ensure_future(self._pass_on(cluster_id, body))
        self._passing.add(task)
        task.add_done_callback(self._passing.discard)

    async def _pass_on(self, cluster_id: str, body: bytes) -> None:
        give_way()
        await self._asking(cluster_id).take_nodes(body)
        self._tell()

    def _tell(self) -> None:
        for event in self._listeners:
            event.set()
