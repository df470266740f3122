"""What lies below an object and what lies above it, whichever of the two holds the reference."""

from __future__ import annotations

from dataclasses import dataclass

from backend.resources.relations import Bond
from backend.topology.node import Node

_ORDER = (Bond.PARTS, Bond.NEEDS, Bond.HOST, Bond.START, Bond.MENTION)
_STORAGE_RANK = {
    "csidrivers.storage.k8s.io": 0,
    "storageclasses.storage.k8s.io": 1,
    "persistentvolumes": 2,
    "volumeattachments.storage.k8s.io": 3,
    "persistentvolumeclaims": 3,
    "volumesnapshots.snapshot.storage.k8s.io": 4,
    "pods": 4,
    "nodes": 5,
}
"""From the driver to the node where data is used."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    role: str
    """What it is to the object that is looked at."""
    node: Node


def below(node: Node) -> list[Neighbour]:
    """What it owns, what it is made of, what it needs and what it is about; in that order."""
    found = [Neighbour(r.back, child) for child, r in node.into.items() if r.bond is Bond.OWNER]
    others = [(r, other) for other, r in node.out.items() if r.bond is not Bond.OWNER]
    others.sort(key=lambda edge: _ORDER.index(edge[0].bond))
    return found + [Neighbour(relation.role, other) for relation, other in others]


def above(node: Node, *, owner: bool = True) -> list[Neighbour]:
    """Its owner, and what rests on it or on anything that it owns (a service needs a deployment's pods)."""
    found: dict[Node, str] = {}
    if owner:
        found.update({other: r.role for other, r in node.out.items() if r.bond is Bond.OWNER})
    closure = owned_by(node)
    for one in closure:
        for holder, relation in one.into.items():
            if relation.bond is not Bond.OWNER and holder not in closure:
                found.setdefault(holder, relation.back or relation.role)
    return [Neighbour(role, holder) for holder, role in found.items()]


def owned_by(node: Node) -> dict[Node, None]:
    """The object and all that it owns, through any number of owners in between."""
    found: dict[Node, None] = {node: None}
    waiting = [node]
    while waiting:
        for child, relation in waiting.pop().into.items():
            if relation.bond is Bond.OWNER and child not in found:
                found[child] = None
                waiting.append(child)
    return found


def storage_below(node: Node) -> list[Neighbour]:
    """One step from the driver towards the pods that write: class, volume, claim, pod, node."""
    found = _storage(node, up=False)
    if node.kind == "storageclasses.storage.k8s.io":  # its volumes lead to the claims that have one
        found = [one for one in found if not _has_volume(one.node)]
    return found


def storage_above(node: Node) -> list[Neighbour]:
    """One step from the pods towards the driver."""
    return _storage(node, up=True)


def _storage(node: Node, *, up: bool) -> list[Neighbour]:
    rank = _STORAGE_RANK.get(node.kind)
    if rank is None:
        return []
    found: dict[Node, str] = {}
    for other, relation in node.out.items():
        found[other] = relation.role
    for other, relation in node.into.items():
        found.setdefault(other, relation.back or relation.role)
    ranked = [(_STORAGE_RANK.get(other.kind, rank), Neighbour(role, other)) for other, role in found.items()]
    return [one for its, one in ranked if (its < rank if up else its > rank)]


def _has_volume(claim: Node) -> bool:
    return claim.kind == "persistentvolumeclaims" and any(r.role == "volume" for r in claim.out.values())
