"""What somebody wants to look at: a fleet, a cluster, a namespace, an application, one object, storage.

The screen and the command line ask with the same words and get the same tree and the same drawing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase

from backend.text import SafeStr, safe_text
from backend.topology.branch import Branch, worst_of
from backend.topology.graph import Graph
from backend.topology.groups import group_of
from backend.topology.neighbours import storage_above, storage_below
from backend.topology.node import Node
from backend.topology.outline import Outline
from backend.topology.scope import (
    AROUND,
    INSIDE,
    WHOLE,
    Extent,
    kind_word,
    resource_named,
)
from backend.topology.sketch import around, beside

_AGGREGATE = ("pods", "namespaces", "nodes", "deployments.apps", "statefulsets.apps", "daemonsets.apps")
"""What a fleet is summed up from."""


class Aim(Enum):
    FLEET = "fleet"
    CLUSTER = "cluster"
    NAMESPACE = "namespace"
    APPLICATION = "application"
    RESOURCE = "resource"
    STORAGE = "storage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    aim: Aim
    clusters: tuple[str, ...] = ()
    """Ids; of what is in one cluster, one."""
    namespaces: tuple[str, ...] = ()
    kind: str = ""
    """Full name, of one object."""
    name: str = ""
    """Of an object (or a glob), or of an application."""

    @property
    def extent(self) -> Extent:
        """What has to be read for it."""
        match self.aim:
            case Aim.FLEET:
                return Extent(kinds=_AGGREGATE)
            case Aim.NAMESPACE | Aim.APPLICATION:
                return Extent(namespaces=self.namespaces)
            case Aim.STORAGE:
                storage = [kind for kind in AROUND if group_of(kind) == "Storage"]
                kinds = ("pods", "persistentvolumeclaims", "nodes", *storage)
                return Extent(namespaces=self.namespaces, kinds=kinds)
            case Aim.RESOURCE if self.namespaces and self.kind in INSIDE:
                return Extent(namespaces=self.namespaces)
            case Aim.RESOURCE if (
                self.kind and resource_named(self.kind) is None and self.kind not in WHOLE.kinds
            ):
                return Extent(namespaces=self.namespaces, kinds=(*WHOLE.kinds, self.kind))
        return WHOLE

    def title(self, names: Sequence[str]) -> SafeStr:
        """For a heading; ``names``: of its clusters."""
        where = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        inside = f" in {', '.join(self.namespaces)}" if self.namespaces else ""
        match self.aim:
            case Aim.FLEET:
                return safe_text(f"fleet of {len(names)} clusters")
            case Aim.CLUSTER:
                return safe_text(f"cluster {where}")
            case Aim.NAMESPACE:
                return safe_text(f"namespace {', '.join(self.namespaces)} on {where}")
            case Aim.APPLICATION:
                return safe_text(f"application {self.name}{inside} on {where}")
            case Aim.STORAGE if not self.name:
                return safe_text(f"storage{inside} of {where}")
        return safe_text(f"{kind_word(self.kind)} {self.name}{inside} on {where}")


def matching(graph: Graph, sight: Sight) -> list[Node]:
    """The objects that are named, in every cluster and namespace that is looked at."""
    found = [
        node
        for cluster in sight.clusters
        for node in graph.of_kind(cluster, sight.kind)
        if fnmatchcase(node.name, sight.name)
        and (not sight.namespaces or not node.namespace or node.namespace in sight.namespaces)
    ]
    return sorted(found, key=lambda node: node.key)


def roots(outline: Outline, sight: Sight) -> list[Branch]:  # noqa: PLR0911 - by aim
    """The trees to show; none when nothing is what was asked for."""
    clusters = sight.clusters
    match sight.aim:
        case Aim.FLEET:
            return [outline.fleet(clusters)]
        case Aim.CLUSTER:
            return [outline.cluster(cluster) for cluster in clusters]
        case Aim.NAMESPACE:
            return [
                outline.namespace(cluster, name)
                for name in sight.namespaces
                for cluster in clusters
                if _there(outline.graph, cluster, name)
            ]
        case Aim.APPLICATION:
            branch = outline.application(sight.name, clusters)
            return [branch] if branch.open is not None and branch.open() else []
        case Aim.STORAGE if not sight.name:
            return [outline.storage(cluster) for cluster in clusters]
        case Aim.STORAGE:
            return [outline.storage_path(node) for node in matching(outline.graph, sight)]
    return [outline.resource(node) for node in matching(outline.graph, sight)]


def rooted(found: list[Branch]) -> Branch:
    """One tree of several."""
    if len(found) == 1:
        return found[0]
    verdict = worst_of(branch.verdict for branch in found)
    return Branch(("all",), safe_text(f"{len(found)} places"), verdict, open=lambda: found)


def drawn(graph: Graph, outline: Outline, sight: Sight, *, depth: int) -> dict[Node, None]:
    """The objects of its drawing."""
    match sight.aim:
        case Aim.NAMESPACE:
            tops = [n for n in graph.present() if n.namespace in sight.namespaces]
            return beside(node for node in tops if node.cluster in sight.clusters)
        case Aim.APPLICATION:
            return beside(node for one in sight.clusters for node in outline.members(one, sight.name))
        case Aim.STORAGE:
            start = matching(graph, sight) if sight.name else list(_storage(graph, sight.clusters))
            return _along(start)
        case Aim.RESOURCE:
            found: dict[Node, None] = {}
            for node in matching(graph, sight):
                found.update(around(node, depth))
            return found
    return dict.fromkeys(node for node in graph.present() if node.cluster in sight.clusters)


def _storage(graph: Graph, clusters: Sequence[str]) -> dict[Node, None]:
    kinds = ("storageclasses.storage.k8s.io", "persistentvolumes", "persistentvolumeclaims")
    return {node: None for cluster in clusters for kind in kinds for node in graph.of_kind(cluster, kind)}


def _along(start: list[Node]) -> dict[Node, None]:
    """Both ways from each object, never turning round."""
    found = dict.fromkeys(start)
    for way in (storage_above, storage_below):
        edge = list(start)
        seen = set(start)
        while edge:
            step = dict.fromkeys(one.node for node in edge for one in way(node))
            edge = [node for node in step if node not in seen]
            seen.update(edge)
            found.update(dict.fromkeys(edge))
    return found


def _there(graph: Graph, cluster: str, namespace: str) -> bool:
    if graph.get((cluster, "namespaces", "", namespace)) is not None:
        return True
    return any(n for (owner, place, _), n in graph.sizes.items() if (owner, place) == (cluster, namespace))
