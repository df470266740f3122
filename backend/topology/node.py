"""A node of the graph: one object, or one that is only spoken of."""

from __future__ import annotations

from backend.resources.kind import OK, Verdict
from backend.resources.relations import Relation
from backend.topology.facts import Facts

Key = tuple[str, str, str, str]
"""(cluster id, full name of the kind, namespace, name); the namespace is empty for kinds of the cluster."""


class Node:
    """Compared by identity: a changed object stays the same node."""

    __slots__ = ("facts", "into", "key", "out", "uid", "verdict")

    def __init__(self, key: Key) -> None:
        self.key = key
        self.uid = ""
        self.facts: Facts | None = None
        """None: it is referred to, and was not read."""
        self.verdict: Verdict = OK
        """Its own health, without what it rests on."""
        self.out: dict[Node, Relation] = {}
        """What it refers to or selects."""
        self.into: dict[Node, Relation] = {}
        """What refers to it or selects it."""

    @property
    def cluster(self) -> str:
        return self.key[0]

    @property
    def kind(self) -> str:
        return self.key[1]

    @property
    def namespace(self) -> str:
        return self.key[2]

    @property
    def name(self) -> str:
        return self.key[3]

    @property
    def app(self) -> str:
        return self.facts.app if self.facts is not None else ""

    @property
    def labels(self) -> dict[str, str]:
        return (self.facts.metadata.labels if self.facts is not None else None) or {}

    def __repr__(self) -> str:
        return f"Node{self.key!r}"
