"""The fleet's background: every cluster is known a little, whatever is on the screen, at little cost.

Three tiers (R1–R5, R21; docs/architecture.md):

FAR      everything else: a look (``survey``) about once a minute, its connection closed behind it;
NEAR     rows on the screen: a look about every fifteen seconds, the connection kept;
WATCHED  the first dozen of those, unless they are huge: pods and nodes are watched, so their counts are live.

Pauses are drawn from ±30 %, grow with the number of pods, and after a failure follow the cluster's backoff,
but no two looks at one cluster are ever closer than the law: ``NEAR_AGAIN`` less its 30 %.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from enum import Enum
from functools import partial
from typing import Protocol

from backend.courtesy import give_way
from backend.fleet.member import Member
from backend.fleet.query import Query
from backend.fleet.survey import Client, Survey, Surveyor
from backend.fleet.watched import Table, Watched
from backend.kube.admission import HANDSHAKE_BURST, HANDSHAKES_PER_SECOND, Admission
from backend.kube.errors import CredentialError, KubeError, Unauthorized
from backend.kube.status import State

FAR_AGAIN = 60.0
NEAR_AGAIN = 15.0
SPREAD = 0.3
SHORTEST = NEAR_AGAIN * (1 - SPREAD)
LONGEST = 300.0
MORE_FOR = 5000
"""Pods that make a pause as long again: who is large is looked at less often."""
LOGIN_AGAIN = 600.0
"""Seconds until a cluster that wants a person's login is asked again by itself (R16)."""
LINGER = 5.0
"""Seconds that a far cluster's connection is kept after a look: the identity check uses it too."""
WATCHED_MOST = 12
WATCHED_PODS = 5000
"""Above so many pods a cluster's counts are polled even on the screen: its rows would cost too much (R21)."""
UNSEEN = 60.0
"""Seconds off the screen after which a watch ends."""


class Tier(Enum):
    FAR = "far"
    NEAR = "near"
    WATCHED = "watched"


class OneClient(Client, Protocol):
    async def release(self) -> None: ...


class OneCluster(Protocol):
    """The part of ``cluster.Cluster`` that is needed."""

    @property
    def id(self) -> str: ...

    @property
    def member(self) -> Member: ...

    @property
    def client(self) -> OneClient: ...


OpenTable = Callable[[Query], Table]


class Background:
    """One per fleet. ``begin`` starts it; it then goes on, whatever screens come and go, until ``aclose``."""

    def __init__(
        self,
        clusters: Sequence[OneCluster],
        *,
        open_table: OpenTable,
        admission: Admission,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """``open_table``: the fleet's live tables, for what is watched. ``wall``: seconds since the epoch."""
        self._clusters = {cluster.id: cluster for cluster in clusters}
        self._open_table = open_table
        self._admission = admission
        self._wall = wall
        self._surveyors = {
            cluster.id: Surveyor(
                lambda cluster=cluster: cluster.client,  # type: ignore[misc]
                cluster.member,
                admission=admission,
                wall=wall,
                usage_heard=partial(self._hear_usage, cluster.id),
            )
            for cluster in clusters
        }
        self.usage_heard: Callable[[str, bytes], None] | None = None
        """Called with a cluster's id and each of its answers about what its nodes use."""
        self.watched: dict[str, Watched] = {}
        self._seen: tuple[str, ...] = ()
        self._unseen_since: dict[str, float] = {}
        self._moved = {cluster.id: asyncio.Event() for cluster in clusters}
        """Set when the cluster's tier is another one."""
        self._due: set[str] = set()
        """Clusters to be looked at now, whatever their pause."""
        self._listeners: set[asyncio.Event] = set()
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self) -> None:
        """Look at all clusters, from now on; nothing if that is so already."""
        if not self._tasks:
            self._tasks = [
                asyncio.create_task(
                    self._follow(
                        cluster, begin_after=max(0.0, place - HANDSHAKE_BURST) / HANDSHAKES_PER_SECOND
                    ),
                    name=f"background {cluster.member.name}",
                )
                for place, cluster in enumerate(self._clusters.values())
            ]
            self._tasks.append(asyncio.create_task(self._tidy(), name="background tiers"))

    async def aclose(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        watched, self.watched = self.watched, {}
        await asyncio.gather(*(one.aclose() for one in watched.values()))

    @property
    def surveys(self) -> dict[str, Survey]:
        """What is known of each cluster, by id."""
        return {cluster_id: surveyor.survey for cluster_id, surveyor in self._surveyors.items()}

    @contextlib.contextmanager
    def listening(self) -> Iterator[asyncio.Event]:
        """An event that is set whenever anything is known anew; clear it before you look."""
        event = asyncio.Event()
        self._listeners.add(event)
        try:
            yield event
        finally:
            self._listeners.discard(event)

    # --- tiers

    def see(self, clusters: Collection[str]) -> None:
        """These rows are on the screen now, the first ones first; none: no screen shows the fleet."""
        seen = tuple(cluster_id for cluster_id in clusters if cluster_id in self._clusters)
        if seen == self._seen:
            return
        self._admission.hide(self._seen)
        self._admission.show(seen)
        before, self._seen = set(self._seen), seen
        for cluster_id in before ^ set(seen):
            self._moved[cluster_id].set()
        self._arrange()

    def look_now(self, cluster_id: str) -> None:
        """The cluster may answer again: somebody logged in."""
        self._due.add(cluster_id)
        self._moved[cluster_id].set()

    def tier(self, cluster_id: str) -> Tier:
        if cluster_id in self.watched:
            return Tier.WATCHED
        return Tier.NEAR if cluster_id in self._seen else Tier.FAR

    async def _tidy(self) -> None:
        """End watches that nobody saw for a while, begin those whose cluster answered meanwhile."""
        give_way()
        while True:
            await asyncio.sleep(1.0)
            self._arrange()

    def _arrange(self) -> None:
        """Watch the first rows on the screen; a watch off the screen makes room when another needs it."""
        if not self._tasks:
            return
        now, seen = asyncio.get_running_loop().time(), set(self._seen)
        for cluster_id in self.watched:
            if cluster_id in seen:
                self._unseen_since.pop(cluster_id, None)
            else:
                self._unseen_since.setdefault(cluster_id, now)
        wanted = [one for one in self._seen if one not in self.watched and self._watchable(one)]
        oldest = sorted(self._unseen_since, key=self._unseen_since.__getitem__)
        crowd = len(self.watched) + len(wanted) - WATCHED_MOST
        for place, cluster_id in enumerate(oldest):
            if place < crowd or now - self._unseen_since[cluster_id] > UNSEEN:
                self._forget(cluster_id)
        for cluster_id in wanted[: max(0, WATCHED_MOST - len(self.watched))]:
            self.watched[cluster_id] = Watched(cluster_id, self._open_table, changed=self.tell)
            self._moved[cluster_id].set()

    def _watchable(self, cluster_id: str) -> bool:
        """It answered, and is not too large to be watched beside others."""
        survey = self._surveyors[cluster_id].survey
        pods = survey.pods.value
        return survey.status.state is State.LIVE and pods is not None and pods.total <= WATCHED_PODS

    def _forget(self, cluster_id: str) -> None:
        self._unseen_since.pop(cluster_id, None)
        self.watched.pop(cluster_id).cancel()
        self._moved[cluster_id].set()

    # --- looking

    async def _follow(self, cluster: OneCluster, *, begin_after: float) -> None:
        """Look at one cluster again and again. Nothing that goes wrong here concerns another.

        ``begin_after``: seconds; preparing hundreds of connections at once would hold up the first frames.
        Who is on the screen does not wait.
        """
        give_way()
        dice = random.Random()  # noqa: S311 - jitter, no secret
        surveyor = self._surveyors[cluster.id]
        if cluster.id not in self._seen:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(begin_after):
                    await self._moved[cluster.id].wait()
        while True:
            error = await surveyor.look(self._publish, counts=cluster.id not in self.watched)
            spread = dice.uniform(1 - SPREAD, 1 + SPREAD)
            await self._pause(cluster, spread=spread, at_least=self._at_least(cluster, error))

    def _at_least(self, cluster: OneCluster, error: KubeError | None) -> float:
        """Seconds before which this failure is not tried again."""
        match error:
            case None:
                return 0.0
            case CredentialError():
                return LOGIN_AGAIN
            case Unauthorized() if cluster.member.access.exec is not None:
                return LOGIN_AGAIN
            case _:
                waits = getattr(error, "retry_after", None) or 0.0
                place = self._admission.reachability(cluster.id)
                return float(max(SHORTEST, waits, place.failed(asyncio.get_running_loop().time())))

    async def _pause(self, cluster: OneCluster, *, spread: float, at_least: float) -> None:
        """Wait until the next look is due; who comes onto the screen meanwhile waits less."""
        loop = asyncio.get_running_loop()
        ended, released, moved = loop.time(), False, self._moved[cluster.id]
        while True:
            moved.clear()
            if cluster.id in self._due:
                self._due.discard(cluster.id)
                return
            far = self.tier(cluster.id) is Tier.FAR
            due = ended + max(at_least, self._again(cluster.id) * spread)
            wake = due if released or not far else min(due, ended + LINGER)
            if (left := wake - loop.time()) > 0:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await moved.wait()
                continue
            if wake >= due:
                return
            released = True
            with contextlib.suppress(KubeError):
                await cluster.client.release()

    def _again(self, cluster_id: str) -> float:
        pods = self._surveyors[cluster_id].survey.pods.value
        base = FAR_AGAIN if self.tier(cluster_id) is Tier.FAR else NEAR_AGAIN
        counted = pods is not None and cluster_id not in self.watched
        return min(LONGEST, base * (1 + (pods.total / MORE_FOR if pods is not None and counted else 0.0)))

    def _publish(self, survey: Survey) -> None:
        self.tell()

    def _hear_usage(self, cluster_id: str, body: bytes) -> None:
        if self.usage_heard is not None:
            self.usage_heard(cluster_id, body)

    def tell(self) -> None:
        """Something is known anew: whoever listens looks again."""
        for event in self._listeners:
            event.set()
