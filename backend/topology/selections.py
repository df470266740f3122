"""Who selects whom by labels, without comparing all with all.

Two indexes meet: objects by each of their labels, and selections by one label that they demand. A pod that
comes or changes looks up its few labels; a service that comes looks at the pods with one of its labels.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from backend.resources.labels import LabelSelector, selects
from backend.resources.relations import Relation
from backend.topology.node import Node

_Pair = tuple[str, str, str]
"""(namespace, label, value)."""


class Selections:
    """Of one kind of chosen objects in one cluster."""

    def __init__(self) -> None:
        self._objects: defaultdict[str, dict[Node, None]] = defaultdict(dict)
        """By namespace."""
        self._labelled: defaultdict[_Pair, dict[Node, None]] = defaultdict(dict)
        self._demanding: defaultdict[_Pair, dict[tuple[Node, int], Relation]] = defaultdict(dict)
        """Selections under one label that they demand, by their holder and place among its relations."""
        self._loose: defaultdict[str, dict[tuple[Node, int], Relation]] = defaultdict(dict)
        """Those that demand no label: everything, all but, having a key."""

    # --- objects

    def add(self, node: Node, labels: Mapping[str, str]) -> None:
        namespace = node.namespace
        self._objects[namespace][node] = None
        for label, value in labels.items():
            self._labelled[namespace, label, value][node] = None

    def remove(self, node: Node, labels: Mapping[str, str]) -> None:
        namespace = node.namespace
        self._objects[namespace].pop(node, None)
        for label, value in labels.items():
            _take(self._labelled, (namespace, label, value), node)

    def choosing(self, namespace: str, labels: Mapping[str, str]) -> Iterator[tuple[Node, Relation]]:
        """The holders of selections that take in an object with these labels."""
        demanding = self._demanding
        for place in (namespace, "") if namespace else ("",):
            found = [demanding.get((place, *pair)) for pair in labels.items()]
            found.append(self._loose.get(place))
            for held in found:
                if held:
                    for (holder, _), relation in held.items():
                        if relation.selector is not None and selects(relation.selector, labels):
                            yield holder, relation

    # --- selections

    def select(self, holder: Node, place: int, relation: Relation) -> Iterator[Node]:
        """Take in a selection; gives the objects that it chooses now."""
        assert relation.selector is not None
        pairs = self._pairs(relation)
        if pairs:
            for pair in pairs:
                self._demanding[pair][holder, place] = relation
            candidates = [node for pair in pairs for node in self._labelled.get(pair, ())]
            if not relation.namespace:
                candidates = list(self._everywhere())
        else:
            self._loose[relation.namespace][holder, place] = relation
            candidates = list(
                self._objects.get(relation.namespace, ()) if relation.namespace else self._everywhere()
            )
        for node in candidates:
            if selects(relation.selector, node.labels):
                yield node

    def forget(self, holder: Node, place: int, relation: Relation) -> None:
        assert relation.selector is not None
        for label, value in _demands(relation.selector):
            _take(self._demanding, (relation.namespace, label, value), (holder, place))
        _take(self._loose, relation.namespace, (holder, place))

    def _pairs(self, relation: Relation) -> list[_Pair]:
        """The label to find it by: the one that the fewest have; several for one of several values."""
        selector, namespace = relation.selector, relation.namespace
        assert selector is not None
        if selector.match_labels:
            pairs = [(namespace, label, value) for label, value in selector.match_labels.items()]
            return [min(pairs, key=lambda pair: len(self._labelled.get(pair, ())))]
        for needed in selector.match_expressions or ():
            if needed.operator == "In":
                return [(namespace, needed.key, value) for value in needed.values or ()]
        return []

    def _everywhere(self) -> Iterable[Node]:
        for nodes in self._objects.values():
            yield from nodes


def _demands(selector: LabelSelector) -> Iterator[tuple[str, str]]:
    yield from (selector.match_labels or {}).items()
    for needed in selector.match_expressions or ():
        if needed.operator == "In":
            for value in needed.values or ():
                yield needed.key, value


def _take(index: dict[Any, dict[Any, Any]], key: object, member: object) -> None:
    """Take a member out, and the entry with its last one."""
    held = index.get(key)
    if held is not None:
        held.pop(member, None)
        if not held:
            del index[key]
