"""Finds the pods whose logs are meant: the one that is named directly, all others by a watch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from backend.fleet.cluster import Cluster
from backend.fleet.fleet import Fleet
from backend.fleet.query import Query
from backend.fleet.row import Row, RowKey
from backend.kube.errors import Forbidden, Invalid, KubeError, NotFound, Unreachable
from backend.kube.status import State, Status
from backend.observe.logs.early import EarlyLog
from backend.observe.logs.named import NamedPod, containers_in, named_pod
from backend.observe.logs.pods import LogPod
from backend.observe.logs.selection import PODS, LogSelection
from backend.resources import registry

if TYPE_CHECKING:  # not needed for a pod that is named, and its first line must not wait for them
    from backend.observe.logs.workloads import PodsMeant

_INTERVAL = 0.025
"""Seconds between two batches of pods: they change seldom, and the first lines wait for the first of them."""
_ASK_AGAIN = 5.0
_LOOK_AGAIN = 15.0
"""Seconds after which it is looked for workloads that were made, or got another selector, meanwhile."""
_FIRST_LINES = 0.5
"""Seconds after which a named pod is watched, though its log has not said anything."""
_DRAWN = 0.1
"""Seconds in which the first lines are shown before a list takes processor time from them."""


class Follower(Protocol):
    """Who is told of pods."""

    def pod_is(self, row: Row, *, early: EarlyLog | None = None) -> None:
        """A pod is there or is another one now; ``early``: its log, if it was asked for already."""

    def pod_gone(self, key: RowKey) -> None:
        """It is deleted."""

    def found_more(self) -> None:
        """Statuses or problems are other ones, or something is no longer looked for."""


class PodFinder:
    """Looks for the pods of a selection until cancelled; not following, until all are known."""

    def __init__(
        self,
        fleet: Fleet,
        selection: LogSelection,
        *,
        follow: bool,
        follower: Follower,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
        ask: Callable[[NamedPod, str], EarlyLog],
    ) -> None:
        """``spawn`` runs a coroutine as a task; ``ask`` opens the log of a pod's container ('': its only)."""
        self.statuses: dict[str, Status] = {}
        """How finding pods fares, by cluster id."""
        self.problems: list[KubeError] = []
        """What kept objects from being found."""
        self._fleet = fleet
        self._selection = selection
        self._follow = follow
        self._follower = follower
        self._spawn = spawn
        self._ask = ask
        self._open = 0
        """Questions whose pods are not all known yet."""
        self.complete = False
        """All pods that there were at the start are known; those that are found now are new."""
        self._read: set[str] = set()
        """Clusters that told of a named pod: there it is no failure if pods may not be listed."""
        self._unlisted: set[str] = set()
        """Clusters whose pods may not be listed."""

    @property
    def busy(self) -> bool:
        """Whether pods are still being looked for."""
        return bool(self._open)

    def start(self) -> None:
        for query in joined(self._selection.queries):
            known = registry.builtin(query.kind)
            if query.kind == PODS or (known is not None and known.resource.full_name == PODS):
                self._look_for_pods(replace(query, kind=PODS))
                continue
            for cluster in self._fleet.select(query.clusters):
                self._begin(self._find(cluster, query))

    def _look_for_pods(self, query: Query) -> None:
        clusters = self._fleet.select(query.clusters)
        pod = named_pod(clusters[0], query) if len(clusters) == 1 else None
        if pod is not None:
            self._begin(self._find_named(pod, query))
            return
        self._watch_pods(query)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Run what looks for pods; until it is done they are not all known."""
        self._open += 1

        async def looking() -> None:
            try:
                await work
            finally:
                self._done()
                self._follower.found_more()

        self._spawn(looking())

    def _done(self) -> None:
        self._open -= 1
        self.complete = self.complete or not self._open

    # --- a pod that is named

    async def _find_named(self, pod: NamedPod, query: Query) -> None:
        literal = [name for name in self._selection.containers if not set(name) & set("*?[")]
        only = literal[0] if len(literal) == len(self._selection.containers) == 1 else ""
        early: EarlyLog | None = None
        try:
            if only or not self._selection.containers:
                early = self._ask(pod, only)
            try:
                row = await pod.read()
            except Forbidden:
                self._follower.pod_is(await self._unseen(pod, early, literal), early=early)
                return  # what may not be read may not be watched
            self._read.add(pod.cluster.id)
            self._follower.pod_is(row, early=early)
        except NotFound:
            await _close(early)
            if not self._follow:
                return  # there is none, and none is waited for
        except KubeError:  # the watch meets it too, says so and tries again
            await _close(early)
        else:
            if not self._follow:
                return
            self._spawn(self._reread(pod, row.key))
            if early is not None:
                await early.first_bytes(_FIRST_LINES)
                await asyncio.sleep(_DRAWN)
        self._watch_pods(query)

    async def _unseen(self, pod: NamedPod, early: EarlyLog | None, literal: list[str]) -> Row:
        """The pod of somebody who may read its log only. Raises KubeError: not even that."""
        if early is None:
            return pod.unseen(dict.fromkeys(literal, "container"))
        try:
            await early.answered()
        except Invalid as refusal:
            offered = containers_in(refusal)
            if not offered:
                raise
            return pod.unseen(offered)
        return pod.unseen({early.container: "container"})

    async def _reread(self, pod: NamedPod, key: RowKey) -> None:
        """Where the pod may not be watched, look at it now and then."""
        while True:
            await pod.cluster.pause(_ASK_AGAIN)
            if pod.cluster.id not in self._unlisted:
                continue
            try:
                self._follower.pod_is(await pod.read())
            except NotFound:
                self._follower.pod_gone(key)
            except KubeError:
                continue  # its log says what is wrong

    # --- objects that run pods

    async def _find(self, cluster: Cluster, query: Query) -> None:
        """The pods of the objects that are meant; those of objects that come later join."""
        known: set[str] = set()
        while await self._find_once(cluster, query, known):
            await cluster.pause(_ASK_AGAIN)
        if self._follow:
            self._spawn(self._find_later(cluster, query, known))

    async def _find_later(self, cluster: Cluster, query: Query, known: set[str]) -> None:
        while True:
            await cluster.pause(_LOOK_AGAIN)
            await self._find_once(cluster, query, known)

    async def _find_once(self, cluster: Cluster, query: Query, known: set[str]) -> bool:
        """Watch the pods of the objects that are not ``known``. True: the cluster could not be reached."""
        from backend.fleet.objects import find
        from backend.observe.logs.workloads import NoPods, pods_of

        found, errors = await find([cluster], query)
        self.problems[:] = [one for one in self.problems if one.cluster != cluster.name]
        for one in found:
            mark = f"{one.uid} {msgspec.json.encode((one.obj.get('spec') or {}).get('selector'))!r}"
            if mark in known:
                continue
            try:
                self._watch(pods_of(one))
            except NoPods as error:
                self.problems.append(error)
            else:
                known.add(mark)
        self.problems += errors
        self._follower.found_more()
        return self._follow and any(isinstance(error, Unreachable) for error in errors)

    # --- watching

    def _watch_pods(self, query: Query) -> None:
        from backend.observe.logs.workloads import PodsMeant

        self._watch(PodsMeant(query))

    def _watch(self, meant: PodsMeant) -> None:
        self._open += 1
        self._spawn(self._follow_pods(meant))

    async def _follow_pods(self, meant: PodsMeant) -> None:
        from backend.observe.logs.pod_table import PodTable

        finding, follower = True, self._follower
        clusters, admission = self._fleet.select(meant.query.clusters), self._fleet.admission
        table = PodTable(clusters, meant.query, admission=admission, interval=_INTERVAL)
        try:
            async with table:
                async for batch in table.batches():
                    self._note(batch.statuses)
                    for key in batch.removed:
                        follower.pod_gone(key)
                    for row in batch.changed:
                        if _meant(row, meant):
                            follower.pod_is(row)
                    if finding and _settled(batch.statuses):
                        finding = False
                        self._done()
                    follower.found_more()
                    if not finding and not self._follow:
                        return
        finally:
            if finding:
                self._done()

    def _note(self, statuses: Mapping[str, Status]) -> None:
        for cluster_id, status in statuses.items():
            forbidden = status.state is State.FORBIDDEN
            (self._unlisted.add if forbidden else self._unlisted.discard)(cluster_id)
            if not (forbidden and cluster_id in self._read):
                self.statuses[cluster_id] = status


def _meant(row: Row, meant: PodsMeant) -> bool:
    assert isinstance(row.item, LogPod)
    return meant.wanted is None or meant.wanted(row.item)


def _settled(statuses: Mapping[str, Status]) -> bool:
    return all(status.state is not State.SYNCING or status.detail for status in statuses.values())


async def _close(early: EarlyLog | None) -> None:
    if early is not None:
        await early.close()


def joined(queries: tuple[Query, ...]) -> list[Query]:
    """Queries for single pods of one place become one: fifty marked rows need one watch."""
    names: dict[Query, list[str]] = {}
    for query in queries:
        names.setdefault(replace(query, names=()), []).extend(query.names)
    found: list[Query] = []
    for query in queries:
        rest = replace(query, names=())
        if rest in names:
            of_all = () if not query.names else tuple(dict.fromkeys(names[rest]))
            found.append(replace(query, names=of_all))
            del names[rest]
    return found
