"""How a thing fares with all that it rests on: own health, and that of its parts and needs, with the reason.

Only what is ill tells those that rest on it, so that a healthy cluster costs nothing. Rounds end, also in
cycles: a verdict only ever gets worse.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from backend.resources.kind import Health, Verdict
from backend.resources.relations import Bond, Relation
from backend.topology.graph import Graph
from backend.topology.node import Node

_RANK = {health: rank for rank, health in enumerate(Health)}
_GROUPED = (Bond.OWNER, Bond.PARTS)


class Rollup:
    """Verdicts on whole sub-trees, as of one version of a graph."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._version = -1
        self._worse: dict[Node, Verdict] = {}
        self._counted: dict[tuple[str, str | None], Counter[Health]] | None = None

    def of(self, node: Node) -> Verdict:
        """The worse of its own verdict and of what it rests on."""
        self._renew()
        return self._worse.get(node, node.verdict)

    def troubled(self, cluster: str, namespace: str | None = None) -> Counter[Health]:
        """How many objects of a cluster, or of one of its namespaces, fare how; those that are well are not
        counted."""
        self._renew()
        if self._counted is None:
            self._counted = {}
            for node in {**self._graph.ill, **self._worse}:
                if node.facts is not None:
                    health = self._worse.get(node, node.verdict).health
                    for place in (node.namespace, None):
                        self._counted.setdefault((node.cluster, place), Counter())[health] += 1
        return self._counted.get((cluster, namespace), Counter())

    def _renew(self) -> None:
        graph = self._graph
        if graph.version == self._version:
            return
        self._version = graph.version
        self._counted = None
        self._worse = {}
        touched = dict.fromkeys(graph.ill)
        barren = [node for node in _without_pods(graph) if node not in touched]
        for node in barren:
            self._worse[node] = Verdict(Health.WARNING, "no pod matches its selector")
        touched.update(dict.fromkeys(barren))
        while touched:
            above = dict.fromkeys(parent for node in touched for parent in _resting_on(node))
            touched = {}
            for parent in above:
                before = self._worse.get(parent, parent.verdict)
                now = self._worst(parent, before)
                if _RANK[now.health] < _RANK[before.health]:
                    self._worse[parent] = now
                    touched[parent] = None

    def _worst(self, node: Node, own: Verdict) -> Verdict:
        worst = own
        for found in self._told(node):
            if _RANK[found.health] < _RANK[worst.health]:
                worst = found
        return worst

    def _told(self, node: Node) -> Iterator[Verdict]:
        owned = [child for child, relation in node.into.items() if relation.bond is Bond.OWNER]
        parts = [part for part, relation in node.out.items() if relation.bond is Bond.PARTS]
        for group in (owned, parts):
            if group:
                yield self._of_group(group)
        for other, relation in node.out.items():
            if relation.bond not in _GROUPED and not relation.optional:
                found = self._through(other, relation)
                if found is not None:
                    yield found

    def _of_group(self, group: list[Node]) -> Verdict:
        """Some of many that fail are a warning; all of them a failure."""
        verdicts = [(self._worse.get(one, one.verdict), one) for one in group]
        counted = [(v, one) for v, one in verdicts if v.health is not Health.DONE]
        if not counted:
            return Verdict(Health.DONE)
        failing = sum(v.health is Health.FAILING for v, _ in counted)
        worst, which = min(counted, key=lambda pair: _RANK[pair[0].health])
        if worst.health is Health.OK:
            return worst
        health = worst.health
        if health is Health.FAILING and failing < len(counted):
            health = Health.WARNING
        if health is Health.UNKNOWN and any(v.health is Health.OK for v, _ in counted):
            return Verdict(Health.OK)
        ill = sum(v.health is worst.health for v, _ in counted)
        name = f"{which.name}: " if len(counted) == 1 else f"{ill} of {len(counted)}: "
        return Verdict(health, _shortened(name + (worst.why or worst.health.value)))

    def _through(self, other: Node, relation: Relation) -> Verdict | None:
        """What one needed thing tells who needs it; None: nothing that matters now."""
        found = self._worse.get(other, other.verdict)
        missing = other.facts is None and found.health is Health.FAILING
        told = _shortened(f"{relation.role} {other.name}: {found.why or found.health.value}")
        if relation.bond is Bond.NEEDS and found.health is Health.FAILING:
            return Verdict(Health.FAILING, told)
        if relation.bond is Bond.HOST and found.health is Health.FAILING:
            return Verdict(Health.WARNING, told)
        if missing and relation.bond in (Bond.START, Bond.MENTION):
            return Verdict(Health.WARNING, told)
        return None


def _resting_on(node: Node) -> Iterator[Node]:
    """Who may fare worse because of this node."""
    for other, relation in node.into.items():
        if relation.bond is not Bond.OWNER:
            yield other
    for other, relation in node.out.items():
        if relation.bond is Bond.OWNER:
            yield other


def _without_pods(graph: Graph) -> Iterator[Node]:
    """Services that select pods and have none, where pods were read."""
    for cluster in graph.clusters():
        for node in graph.of_kind(cluster, "services"):
            facts = node.facts
            if facts is None or not any(one.bond is Bond.PARTS for one in facts.relations):
                continue
            if not any(relation.bond is Bond.PARTS for relation in node.out.values()) and graph.was_read(
                cluster, "pods", node.namespace
            ):
                yield node


def _shortened(text: str) -> str:
    return text if len(text) <= 300 else text[:299] + "…"
