"""The blast radius of objects of one cluster, looked up within a deadline: no confirmation waits longer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backend.fleet.cluster import Cluster
from backend.topology.blast.effect import Blast
from backend.topology.blast.spread import blast_of
from backend.topology.blast.target import CLUSTER, ZONE, extent_of, targets, zones
from backend.topology.graph import Graph
from backend.topology.reading import read_into
from backend.topology.scope import Extent

FAILING = frozenset({ZONE, CLUSTER, "nodes", "persistentvolumes", "persistentvolumeclaims"})
"""What is meant to fail unless somebody says that it is deleted."""
PATIENCE = 5.0
"""Seconds that a confirmation waits for what it would do, while everything else in it works."""


@dataclass(frozen=True, slots=True)
class Target:
    """What goes: an object, a ``zone`` or a ``cluster``."""

    kind: str
    """Full name."""
    name: str
    namespace: str = ""

    @property
    def extent(self) -> Extent:
        if self.kind in (ZONE, CLUSTER):
            return extent_of("nodes", "")
        place = self.name if self.kind == "namespaces" else self.namespace
        return extent_of(self.kind, place)


async def look(
    cluster: Cluster, wanted: Sequence[Target], *, deadline: float = PATIENCE, deleted: bool | None = None
) -> Blast:
    """What stops if all of these go; what did not come in time is ``unknown``. Never raises KubeError.

    ``deleted``: not broken; None: as the kind suggests.
    """
    graph = Graph()
    await read_into(graph, [cluster], extent=_together(wanted), deadline=deadline)
    gone = [node for one in wanted for node in targets(graph, cluster.id, one.kind, one.name, one.namespace)]
    if deleted is None:
        deleted = not any(one.kind in FAILING for one in wanted)
    blast = blast_of(graph, dict.fromkeys(gone), deleted=deleted)
    blast.zones = tuple(zones(graph, cluster.id))
    blast.unknown = [(kind, covered.why) for kind, covered in graph.unread(cluster.id)]
    blast.known = (
        graph.was_asked(cluster.id, "pods")
        and bool(gone)
        and not any(kind == "pods" for kind, _ in blast.unknown)
    )
    return blast


def _together(wanted: Sequence[Target]) -> Extent:
    """What has to be read for all of them."""
    extents = [one.extent for one in wanted]
    everywhere = any(not extent.namespaces for extent in extents)
    namespaces = () if everywhere else tuple(dict.fromkeys(n for e in extents for n in e.namespaces))
    return Extent(
        namespaces=namespaces, kinds=tuple(dict.fromkeys(kind for e in extents for kind in e.kinds))
    )
