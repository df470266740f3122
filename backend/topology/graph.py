"""The graph of objects, kept true object by object: one change touches only the edges of what changed.

Plain data, no server: whoever reads clusters puts facts in. What is referred to without having been read is
in the graph too, as a node without facts: missing where its kind was read, unknown where it was not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from backend.resources.kind import OK, Health, Verdict
from backend.resources.relations import Relation
from backend.topology.facts import Facts
from backend.topology.node import Key, Node
from backend.topology.selections import Selections

_SELECTED = frozenset({"pods", "namespaces"})
"""Kinds that selectors choose from."""
_WELL = frozenset({Health.OK, Health.DONE})


class Reading(Enum):
    """How much of a kind was read."""

    WHOLE = "whole"
    PENDING = "pending"
    """Under way: what is not there yet may still come."""
    REFUSED = "refused"
    """We may not read it, or could not."""
    UNASKED = "unasked"


@dataclass(frozen=True, slots=True)
class Covered:
    """How a kind of a cluster was read, and where."""

    reading: Reading
    why: str = ""
    namespaces: frozenset[str] | None = None
    """Only these; None: all."""


_UNASKED = Covered(Reading.UNASKED)


class Graph:
    def __init__(self) -> None:
        self.nodes: dict[Key, Node] = {}
        self.version = 0
        """Grows with every change."""
        self.ill: dict[Node, None] = {}
        """Nodes that are not well by themselves."""
        self.covered: dict[tuple[str, str], Covered] = {}
        """By cluster and kind; those that were never asked for are not in it."""
        self.spoken_of: dict[Node, None] = {}
        """Nodes that others refer to and that are not there, or were not read."""
        self.sizes: Counter[tuple[str, str, str]] = Counter()
        """How many objects there are, by cluster, namespace and kind."""
        self._uids: dict[tuple[str, str], Node] = {}
        self._selections: dict[tuple[str, str], Selections] = {}
        self._kinds: dict[tuple[str, str], dict[Node, None]] = {}

    # --- reading it

    def get(self, key: Key) -> Node | None:
        return self.nodes.get(key)

    def of_kind(self, cluster: str, kind: str) -> Iterable[Node]:
        """Objects of a kind that are there."""
        return self._kinds.get((cluster, kind), {}).keys()

    def kinds(self, cluster: str) -> list[str]:
        """Kinds of which there are objects."""
        return [kind for owner, kind in self._kinds if owner == cluster]

    def clusters(self) -> list[str]:
        return list(dict.fromkeys(cluster for cluster, _ in (*self._kinds, *self.covered)))

    def present(self) -> Iterator[Node]:
        """Every object that is there."""
        for nodes in self._kinds.values():
            yield from nodes

    def __len__(self) -> int:
        return sum(map(len, self._kinds.values()))

    def was_read(self, cluster: str, kind: str, namespace: str = "") -> bool:
        """Whether what is not in the graph is not there."""
        found = self.covered.get((cluster, kind), _UNASKED)
        inside = found.namespaces is None or namespace in found.namespaces
        return found.reading is Reading.WHOLE and inside

    def was_asked(self, cluster: str, kind: str) -> bool:
        """Whether it was tried to read a kind at all."""
        return (cluster, kind) in self.covered

    def unread(self, cluster: str) -> list[tuple[str, Covered]]:
        """The kinds that were asked for and could not be read whole."""
        return [
            (kind, found)
            for (owner, kind), found in self.covered.items()
            if owner == cluster and found.reading is not Reading.WHOLE
        ]

    # --- changing it

    def cover(self, cluster: str, kind: str, covered: Covered) -> None:
        """How a kind is read from now on: its missing objects become unknown, or the other way round."""
        if self.covered.get((cluster, kind)) == covered:
            return
        self.covered[cluster, kind] = covered
        self.version += 1
        for node in self.spoken_of:
            if node.key[:2] == (cluster, kind):
                self._judge(node)

    def put(self, cluster: str, kind: str, facts: Facts) -> Node:
        """An object was added or changed."""
        metadata = facts.metadata
        key = (cluster, kind, metadata.namespace, metadata.name)
        node = self.nodes.get(key)
        if node is None:
            node = self.nodes[key] = Node(key)
        before, node.facts = node.facts, facts
        self.version += 1
        self.spoken_of.pop(node, None)
        if node.uid != metadata.uid:
            self._renamed(node, metadata.uid)
        if before is None:
            self._kinds.setdefault((cluster, kind), {})[node] = None
            self.sizes[cluster, node.namespace, kind] += 1
        if kind in _SELECTED:
            self._relabel(node, before)
        if before is None or before.relations != facts.relations:
            self._relate(node, before.relations if before is not None else (), facts.relations)
        self._judge(node)
        return node

    def drop(self, key: Key) -> None:
        """An object is gone; while others refer to it, it stays as one that is missing."""
        node = self.nodes.get(key)
        if node is None or node.facts is None:
            return
        self.version += 1
        before, node.facts = node.facts, None
        self.spoken_of[node] = None
        if node.kind in _SELECTED:
            self._pool(node).remove(node, before.metadata.labels or {})
            for holder in [h for h, relation in node.into.items() if relation.selector is not None]:
                del node.into[holder], holder.out[node]
        self._relate(node, before.relations, ())
        self._kinds[node.key[:2]].pop(node, None)
        self.sizes[node.cluster, node.namespace, node.kind] -= 1
        self._judge(node)
        self._fade(node)

    def forget(self, cluster: str, kind: str, keep: Iterable[tuple[str, str]] = ()) -> None:
        """Drop a kind's objects, but those of these (namespace, name)."""
        kept = set(keep)
        for node in [n for n in self.of_kind(cluster, kind) if (n.namespace, n.name) not in kept]:
            self.drop(node.key)

    # --- edges

    def _relate(self, node: Node, before: tuple[Relation, ...], now: tuple[Relation, ...]) -> None:
        """Draw a node's own edges anew."""
        for place, relation in enumerate(before):
            if relation.selector is not None:
                self._chosen_by(node, relation).forget(node, place, relation)
        old = list(node.out)
        for other in old:
            other.into.pop(node, None)
        node.out.clear()
        for place, relation in enumerate(now):
            if relation.selector is not None:
                for other in self._chosen_by(node, relation).select(node, place, relation):
                    _join(node, other, relation)
            elif relation.name:
                _join(node, self._meant(node.cluster, relation), relation)
        for other in old:
            self._fade(other)
        for other in node.out:
            if other.facts is None:
                self._judge(other)

    def _meant(self, cluster: str, relation: Relation) -> Node:
        """The node that is named; made if nothing is known of it."""
        if relation.uid:
            known = self._uids.get((cluster, relation.uid))
            if known is not None:
                return known
        key = (cluster, relation.kind, relation.namespace, relation.name)
        node = self.nodes.get(key)
        if node is not None and relation.uid and node.uid and node.uid != relation.uid:
            # Another object of that name: the one that is meant is gone, and must not be mixed up with it.
            key = (cluster, relation.kind, relation.namespace, f"{relation.name} ({relation.uid[:8]})")
            node = self.nodes.get(key)
        if node is None:
            node = self.nodes[key] = Node(key)
            self.spoken_of[node] = None
            if relation.uid:
                node.uid = relation.uid
                self._uids[cluster, relation.uid] = node
            self._judge(node)
        return node

    def _renamed(self, node: Node, uid: str) -> None:
        """A node turned out to be the object with this uid: who meant that one, or another, is told."""
        if node.uid and self._uids.get((node.cluster, node.uid)) is node:
            del self._uids[node.cluster, node.uid]
        stand_in = self._uids.get((node.cluster, uid)) if uid else None
        node.uid = uid
        if uid:
            self._uids[node.cluster, uid] = node
        wrong = [
            (holder, relation)
            for holder, relation in node.into.items()
            if relation.selector is None and relation.uid and relation.uid != uid
        ]
        if stand_in is not None and stand_in is not node:
            wrong += [(h, r) for h, r in stand_in.into.items() if r.selector is None]
        for holder, relation in wrong:
            for other in (node, stand_in):
                if other is not None and other.into.get(holder) is relation:
                    del other.into[holder], holder.out[other]
            _join(holder, self._meant(node.cluster, relation), relation)
        if stand_in is not None and stand_in is not node:
            self._fade(stand_in)

    def _relabel(self, node: Node, before: Facts | None) -> None:
        """See who selects it now."""
        assert node.facts is not None
        labels = node.facts.metadata.labels or {}
        pool = self._pool(node)
        if before is not None:
            old = before.metadata.labels or {}
            if old == labels:
                return
            pool.remove(node, old)
            for holder in [h for h, relation in node.into.items() if relation.selector is not None]:
                del node.into[holder], holder.out[node]
        pool.add(node, labels)
        for holder, relation in pool.choosing(node.namespace, labels):
            _join(holder, node, relation)

    def _pool(self, node: Node) -> Selections:
        return self._selections.setdefault((node.cluster, node.kind), Selections())

    def _chosen_by(self, holder: Node, relation: Relation) -> Selections:
        return self._selections.setdefault((holder.cluster, relation.kind), Selections())

    def _fade(self, node: Node) -> None:
        """Forget a node that is not there and that nobody speaks of any more; judge it anew otherwise."""
        if node.facts is not None:
            return
        if node.into:
            self._judge(node)
            return
        if self.nodes.get(node.key) is node:
            del self.nodes[node.key]
        if self._uids.get((node.cluster, node.uid)) is node:
            del self._uids[node.cluster, node.uid]
        self.spoken_of.pop(node, None)
        self.ill.pop(node, None)

    # --- its own health

    def _judge(self, node: Node) -> None:
        node.verdict = node.facts.verdict if node.facts is not None else self._of_the_unread(node)
        if node.verdict.health in _WELL:
            self.ill.pop(node, None)
        else:
            self.ill[node] = None

    def _of_the_unread(self, node: Node) -> Verdict:
        found = self.covered.get(node.key[:2], _UNASKED)
        if not self.was_read(node.cluster, node.kind, node.namespace):
            return Verdict(Health.UNKNOWN, found.why or "not read")
        if all(relation.optional for relation in node.into.values()):
            return OK if not node.into else Verdict(Health.UNKNOWN, "missing; who names it can do without")
        return Verdict(Health.FAILING, "missing")


def _join(holder: Node, other: Node, relation: Relation) -> None:
    """An edge; of two between the same nodes, the first counts."""
    holder.out.setdefault(other, relation)
    other.into.setdefault(holder, relation)
