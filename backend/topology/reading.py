"""One look at a cluster: the lists of a graph's kinds, some at the same time, within a deadline.

What did not come in time, or may not be read, is covered as such: its objects are unknown, never healthy.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import aclosing

from backend.fleet.cluster import Cluster
from backend.kube.errors import Forbidden, KubeError, Malformed
from backend.kube.objects import ApiResource, Decoder
from backend.topology.facts import Facts, FactsDecoder, TableFacts
from backend.topology.graph import Covered, Graph, Reading
from backend.topology.scope import INSIDE, WHOLE, Extent, resource_named

MOST = 50_000
"""Objects of one kind; beyond it the rest is unknown."""
_AT_ONCE = 4
_CUSTOM_OWNERS = 20
"""Custom kinds that own something and are therefore read."""
_PENDING = Covered(Reading.PENDING, "not known yet")


async def read_into(
    graph: Graph, clusters: Iterable[Cluster], *, extent: Extent = WHOLE, deadline: float = 20.0
) -> None:
    """Put what the clusters have into the graph; each has the whole deadline, none waits for another."""
    await asyncio.gather(*(_read(graph, cluster, extent, deadline) for cluster in clusters))


async def _read(graph: Graph, cluster: Cluster, extent: Extent, deadline: float) -> None:
    try:
        await cluster.ready()
        async with asyncio.timeout(deadline):
            reader = _Reader(graph, cluster, extent)
            for kind in extent.kinds:
                if resource_named(kind) is not None:
                    graph.cover(cluster.id, kind, _PENDING)
            await reader.run()
    except TimeoutError:
        _not_read(graph, cluster, extent, f"no answer within {deadline:g} s: not known yet")
    except KubeError as error:
        _not_read(graph, cluster, extent, error.sentence)


def _not_read(graph: Graph, cluster: Cluster, extent: Extent, why: str) -> None:
    for kind in extent.kinds:
        found = graph.covered.get((cluster.id, kind))
        asked = found is not None and found.reading is Reading.PENDING
        if asked or (found is None and resource_named(kind) is not None):
            graph.cover(cluster.id, kind, Covered(Reading.REFUSED, why))


class _Reader:
    def __init__(self, graph: Graph, cluster: Cluster, extent: Extent) -> None:
        self._graph = graph
        self._cluster = cluster
        self._extent = extent
        self._gate = asyncio.Semaphore(_AT_ONCE)

    async def run(self) -> None:
        known = [(kind, resource_named(kind)) for kind in self._extent.kinds]
        async with asyncio.TaskGroup() as group:
            for kind, resource in known:
                if resource is not None:
                    group.create_task(self._kind(kind, resource, FactsDecoder(kind)))
        await self._served([kind for kind, resource in known if resource is None])

    async def _served(self, kinds: list[str]) -> None:
        """Kinds that not every cluster serves: those asked for, and custom ones that own something."""
        graph, cluster = self._graph, self._cluster
        strangers = {
            node.kind
            for node in graph.nodes.values()
            if node.facts is None and node.cluster == cluster.id and resource_named(node.kind) is None
        }
        if not kinds and not strangers:
            return
        try:
            discovery = await cluster.client.discovery()
        except KubeError as error:
            for kind in kinds:
                graph.cover(cluster.id, kind, Covered(Reading.REFUSED, error.sentence))
            return
        async with asyncio.TaskGroup() as group:
            for resource in discovery.resources:
                if "list" not in resource.verbs:
                    continue
                kind = resource.full_name
                if kind in kinds:
                    group.create_task(self._kind(kind, resource, FactsDecoder(kind)))
            owners = [r for r in discovery.resources if r.full_name in strangers and "list" in r.verbs]
            for resource in owners[:_CUSTOM_OWNERS]:
                if resource.full_name not in kinds:
                    group.create_task(self._kind(resource.full_name, resource, TableFacts(resource)))

    async def _kind(self, kind: str, resource: ApiResource, decoder: Decoder) -> None:
        """Read one kind; whatever happens, it is said how far that came."""
        graph, cluster = self._graph, self._cluster
        namespaces = self._extent.namespaces if resource.namespaced else ()
        async with self._gate:
            try:
                if not namespaces:
                    try:
                        await self._list(kind, resource, decoder, None)
                    except Forbidden:
                        namespaces = tuple(cluster.known_namespaces) if resource.namespaced else ()
                        if not namespaces:
                            raise
                for namespace in namespaces:
                    await self._list(kind, resource, decoder, namespace)
            except Forbidden:
                why = f"you may not list {resource.plural}"
                graph.cover(cluster.id, kind, Covered(Reading.REFUSED, why))
            except KubeError as error:
                graph.cover(cluster.id, kind, Covered(Reading.REFUSED, error.sentence))
            except Malformed as error:
                graph.cover(cluster.id, kind, Covered(Reading.REFUSED, f"its list can't be read: {error}"))
            except _TooMany:
                why = f"more than {MOST:,} {resource.plural}: the rest was not read"
                graph.cover(cluster.id, kind, Covered(Reading.REFUSED, why))
            else:
                inside = frozenset(namespaces) or None
                graph.cover(cluster.id, kind, Covered(Reading.WHOLE, namespaces=inside))

    async def _list(self, kind: str, resource: ApiResource, decoder: Decoder, namespace: str | None) -> None:
        number = 0
        bodies = self._cluster.client.pages(resource, namespace=namespace, accept=decoder.accept)
        async with aclosing(bodies):
            async for body in bodies:
                page = decoder.page(body)
                for facts in page.items:
                    assert isinstance(facts, Facts)
                    self._graph.put(self._cluster.id, kind, facts)
                number += len(page.items)
                if number > MOST:
                    raise _TooMany
                await asyncio.sleep(0)


class _TooMany(Exception):
    """A list has no end."""


def extent_for(kind: str, namespace: str) -> Extent:
    """What to read for the surroundings of one object: its namespace, or everything for kinds around it."""
    return Extent(namespaces=(namespace,)) if namespace and kind in INSIDE else WHOLE
