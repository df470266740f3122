"""A graph that stays true: one watch for each kind of each cluster that is looked at, for as long as it is.

The cost is bounded: at most :data:`CLUSTERS` clusters are watched; who wants to see more reads them once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial

from backend.fleet.cluster import Cluster
from backend.kube.admission import Admission
from backend.kube.errors import KubeError
from backend.kube.listing import Scope
from backend.kube.objects import ApiResource, Change, Decoder, Item
from backend.kube.reflector import Reflector
from backend.kube.status import State, Status
from backend.topology.facts import Facts, FactsDecoder, TableFacts
from backend.topology.graph import Covered, Graph, Reading
from backend.topology.scope import WHOLE, Extent, resource_named

CLUSTERS = 3
_STRANGERS_EVERY = 2.0
"""Seconds between two looks for custom kinds that own something."""
_TRUE = frozenset({State.LIVE, State.STALE})
_UNDER_WAY = frozenset({State.SYNCING})


class Following:
    """Use as an async context manager: inside, :attr:`graph` is true, and ``changed`` is set when it is not
    what it was."""

    def __init__(
        self,
        clusters: Sequence[Cluster],
        *,
        admission: Admission,
        extent: Extent = WHOLE,
        graph: Graph | None = None,
    ) -> None:
        self.graph = graph or Graph()
        self.changed = asyncio.Event()
        self.statuses: dict[str, Status] = {}
        """The worst state of each cluster's feeds."""
        self._clusters = list(clusters)[:CLUSTERS]
        self._admission = admission
        self._extent = extent
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Following:
        self._admission.show(cluster.id for cluster in self._clusters)
        self._tasks = [
            asyncio.create_task(self._follow(cluster), name=f"topology {cluster.name}")
            for cluster in self._clusters
        ]
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._admission.hide(cluster.id for cluster in self._clusters)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    @property
    def settled(self) -> bool:
        """Whether every kind was read, or it is known why not."""
        found = self.graph.covered.values()
        return bool(found) and all(one.reading is not Reading.PENDING for one in found)

    async def _follow(self, cluster: Cluster) -> None:
        async with asyncio.TaskGroup() as group:
            for kind in self._extent.kinds:
                resource = resource_named(kind)
                if resource is not None:
                    group.create_task(self._kind(cluster, kind, resource, FactsDecoder(kind)))
            group.create_task(self._served(cluster, group))

    async def _served(self, cluster: Cluster, group: asyncio.TaskGroup) -> None:
        """Kinds that not every cluster serves: those asked for now, custom owners as they turn up."""
        try:
            discovery = await cluster.client.discovery()
        except KubeError:
            return
        served = {r.full_name: r for r in discovery.resources if {"list", "watch"} <= set(r.verbs)}
        wanted = [kind for kind in self._extent.kinds if resource_named(kind) is None]
        begun: set[str] = set()
        while True:
            strangers = {
                node.kind
                for node in self.graph.spoken_of
                if node.cluster == cluster.id and resource_named(node.kind) is None
            }
            for kind in [*wanted, *strangers]:
                if kind in served and kind not in begun:
                    begun.add(kind)
                    own = FactsDecoder(kind) if kind in wanted else TableFacts(served[kind])
                    group.create_task(self._kind(cluster, kind, served[kind], own))
            await asyncio.sleep(_STRANGERS_EVERY)

    async def _kind(self, cluster: Cluster, kind: str, resource: ApiResource, decoder: Decoder) -> None:
        """Follow a kind everywhere, or namespace by namespace where that is all we may."""
        namespaces: list[str | None] = [None]
        if resource.namespaced and self._extent.namespaces:
            namespaces = list(self._extent.namespaces)
        self.graph.cover(cluster.id, kind, Covered(Reading.PENDING, "not known yet"))
        refused = asyncio.Event()
        feeds = [_Feed(self, cluster, kind, namespace) for namespace in namespaces]
        if namespaces == [None] and resource.namespaced and cluster.known_namespaces:
            feeds[0].on_refusal = refused.set
            await _until(refused, self._run(cluster, resource, decoder, feeds))
            namespaces = list(cluster.known_namespaces)
            feeds = [_Feed(self, cluster, kind, namespace) for namespace in namespaces]
        await self._run(cluster, resource, decoder, feeds)

    async def _run(
        self, cluster: Cluster, resource: ApiResource, decoder: Decoder, feeds: Sequence[_Feed]
    ) -> None:
        try:
            reflectors = [
                Reflector(
                    cluster.client,
                    resource,
                    decoder,
                    feed,
                    scope=Scope(namespace=feed.namespace),
                    admission=self._admission,
                )
                for feed in feeds
            ]
        except KubeError as error:  # the access itself is unusable
            self.graph.cover(cluster.id, feeds[0].kind, Covered(Reading.REFUSED, error.sentence))
            self.changed.set()
            return
        async with asyncio.TaskGroup() as group:
            for reflector in reflectors:
                group.create_task(self._woken(cluster, reflector))

    @staticmethod
    async def _woken(cluster: Cluster, reflector: Reflector) -> None:
        with cluster.woken_by(reflector.wake):
            await reflector.run()


class _Feed:
    """The sink of one reflector."""

    def __init__(self, following: Following, cluster: Cluster, kind: str, namespace: str | None) -> None:
        self.kind = kind
        self.namespace = namespace
        self.on_refusal: Callable[[], None] | None = None
        self._following = following
        self._cluster = cluster
        self._put = partial(following.graph.put, cluster.id, kind)

    def status(self, status: Status) -> None:
        following, cluster = self._following, self._cluster
        if status.state is State.FORBIDDEN and self.on_refusal is not None:
            self.on_refusal()
            return
        known = following.statuses.get(cluster.id)
        if known is None or self.kind == "pods" or known.state is State.SYNCING:
            following.statuses[cluster.id] = status
        graph, before = following.graph, following.graph.covered.get((cluster.id, self.kind))
        if status.state in _TRUE:
            inside = before.namespaces if before is not None and before.reading is Reading.WHOLE else None
            places = None if self.namespace is None else (inside or frozenset()) | {self.namespace}
            graph.cover(cluster.id, self.kind, Covered(Reading.WHOLE, namespaces=places))
        elif status.state not in _UNDER_WAY:
            why = str(status.detail) or status.state.value
            graph.cover(cluster.id, self.kind, Covered(Reading.REFUSED, why))
        following.changed.set()

    def page(self, items: Sequence[Item], *, done: int, total: int | None) -> None:
        for item in items:
            assert isinstance(item, Facts)
            self._put(item)
        self._following.changed.set()

    def replace(self, items: Sequence[Item], *, resource_version: str) -> None:
        graph, cluster = self._following.graph, self._cluster.id
        kept = {(item.metadata.namespace, item.metadata.name) for item in items}
        for node in list(graph.of_kind(cluster, self.kind)):
            mine = self.namespace is None or node.namespace == self.namespace
            if mine and (node.namespace, node.name) not in kept:
                graph.drop(node.key)
        for item in items:
            assert isinstance(item, Facts)
            known = graph.get((cluster, self.kind, item.metadata.namespace, item.metadata.name))
            if known is None or known.facts is not item:
                self._put(item)
        self._following.changed.set()

    def change(self, type: Change, item: Item) -> None:
        assert isinstance(item, Facts)
        if type == "DELETED":
            self._following.graph.drop(
                (self._cluster.id, self.kind, item.metadata.namespace, item.metadata.name)
            )
        else:
            self._put(item)
        self._following.changed.set()


async def _until(event: asyncio.Event, work: Coroutine[None, None, None]) -> None:
    """Run until the event, then end it."""
    task = asyncio.create_task(work)
    waiting = asyncio.create_task(event.wait())
    try:
        await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in (task, waiting):
            one.cancel()
        await asyncio.gather(task, waiting, return_exceptions=True)
