"""What is drawn of a graph: boxes and arrows, few enough to be looked at.

What looks alike from all sides (the replicas of a set, their claims) is one box; what is still too much is
left out and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from backend.resources.kind import Health, Verdict
from backend.resources.relations import Bond, Relation
from backend.text import SafeStr, safe_text
from backend.topology.branch import RANK, counted, worst_of
from backend.topology.graph import Graph
from backend.topology.groups import group_of
from backend.topology.health import Rollup
from backend.topology.neighbours import above, below
from backend.topology.node import Node
from backend.topology.scope import kind_word

MOST = 150
"""Boxes of one drawing."""
_ASIDE = (Bond.HOST, Bond.OWNER, Bond.MENTION)
_ROUNDS = 8
_NUMEROUS = frozenset(
    {
        "nodes",
        "pods",
        "jobs.batch",
        "replicasets.apps",
        "endpointslices.discovery.k8s.io",
        "persistentvolumeclaims",
        "persistentvolumes",
        "volumeattachments.storage.k8s.io",
        "csinodes.storage.k8s.io",
    }
)
"""Kinds of which there are many alike."""


@dataclass(frozen=True, slots=True)
class Box:
    kind: SafeStr
    name: SafeStr
    """Or how many there are of the kind."""
    verdict: Verdict
    group: str
    nodes: tuple[Node, ...]

    @property
    def node(self) -> Node:
        """The object, or the worst of those that the box stands for."""
        return self.nodes[0]


@dataclass(frozen=True, slots=True)
class Arrow:
    source: int
    target: int
    role: SafeStr


@dataclass(slots=True)
class Sketch:
    boxes: list[Box] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    left_out: int = 0
    """Objects for which there was no room."""

    def place_of(self, node: Node) -> int | None:
        return next((place for place, box in enumerate(self.boxes) if node in box.nodes), None)


def around(node: Node, depth: int) -> dict[Node, None]:
    """The object, what lies below it and what lies above it, so many steps each way."""
    found: dict[Node, None] = {node: None}
    for way in (below, above):
        edge = [node]
        for _ in range(depth):
            step = [one.node for at in edge for one in way(at)]
            edge = [one for one in dict.fromkeys(step) if one not in found]
            found.update(dict.fromkeys(edge))
    return found


def beside(nodes: Iterable[Node]) -> dict[Node, None]:
    """The objects, all they own, and what those need; not the nodes they happen to run on."""
    found: dict[Node, None] = dict.fromkeys(nodes)
    waiting = list(found)
    while waiting:
        at = waiting.pop()
        step = [child for child, relation in at.into.items() if relation.bond is Bond.OWNER]
        step += [other for other, relation in at.out.items() if relation.bond not in _ASIDE]
        for one in step:
            if one not in found:
                found[one] = None
                waiting.append(one)
    return found


def sketch(graph: Graph, rollup: Rollup, nodes: Iterable[Node], *, focus: Node | None = None) -> Sketch:
    """Boxes and arrows of these nodes; an arrow leads from what owns or needs to what is owned or needed."""
    inside = dict.fromkeys(nodes)
    stacks = _stacks(inside, rollup, focus)
    drawn = Sketch()
    place: dict[Node, int] = {}
    ordered = sorted(stacks, key=lambda stack: _worth(stack, rollup, focus))
    for stack in ordered[:MOST]:
        place.update(dict.fromkeys(stack, len(drawn.boxes)))
        drawn.boxes.append(_box(stack, rollup))
    drawn.left_out = sum(len(stack) for stack in ordered[MOST:])
    arrows: dict[tuple[int, int], str] = {}
    mentions: dict[tuple[int, int], str] = {}
    for node, at in place.items():
        for other, relation in node.out.items():
            to = place.get(other)
            if to is None or to == at:
                continue
            if relation.bond is Bond.OWNER:
                arrows.setdefault((to, at), relation.back)
            elif relation.bond is Bond.MENTION:
                mentions.setdefault((at, to), relation.role)
            else:
                arrows.setdefault((at, to), relation.role)
    for (at, to), role in mentions.items():  # a volume names the claim that needs it: one arrow is enough
        if (to, at) not in arrows:
            arrows.setdefault((at, to), role)
    drawn.arrows = [Arrow(source, target, safe_text(role)) for (source, target), role in arrows.items()]
    return drawn


def _stacks(nodes: dict[Node, None], rollup: Rollup, focus: Node | None) -> list[tuple[Node, ...]]:
    """Objects that are drawn as one: of a numerous kind, faring alike, with the same neighbours.

    Colours are refined until they don't change any more, as for bisimulation: two objects keep one colour
    while their neighbours have the same colours. Where a pod runs makes no difference.
    """
    unique = {
        node: place
        for place, node in enumerate(nodes)
        if node is focus or (node.kind not in _NUMEROUS and not _lonely(node, nodes))
    }
    colour: dict[Node, object] = {
        n: (n.kind, n.cluster, n.namespace, rollup.of(n).health, unique.get(n)) for n in nodes
    }
    number = 0
    for _ in range(_ROUNDS):
        seen: dict[object, int] = {}
        refined: dict[Node, object] = {}
        for node in nodes:
            around = {(r.role, colour[o]) for o, r in node.out.items() if o in nodes and _tells(r)}
            around |= {(r.back, colour[o]) for o, r in node.into.items() if o in nodes and _tells(r)}
            refined[node] = seen.setdefault((colour[node], frozenset(around)), len(seen))
        colour = refined
        if len(seen) == number:
            break
        number = len(seen)
    stacks: dict[object, list[Node]] = {}
    for node in nodes:
        stacks.setdefault(colour[node], []).append(node)
    return [tuple(stack) for stack in stacks.values()]


def _tells(relation: Relation) -> bool:
    return relation.bond is not Bond.HOST


def _lonely(node: Node, nodes: dict[Node, None]) -> bool:
    return not any(other in nodes for other in (*node.out, *node.into))


def _worth(stack: tuple[Node, ...], rollup: Rollup, focus: Node | None) -> tuple[object, ...]:
    """What is drawn when there is not room for all: what it is about, what is ill, what has many edges."""
    worst = min(RANK[rollup.of(node).health] for node in stack)
    edges = sum(len(node.out) + len(node.into) for node in stack)
    return (focus not in stack, worst > RANK[Health.WARNING], edges == 0, stack[0].key)


def _box(stack: tuple[Node, ...], rollup: Rollup) -> Box:
    ordered = tuple(sorted(stack, key=lambda node: (RANK[rollup.of(node).health], node.key)))
    first = ordered[0]
    kind, name, verdict = kind_word(first.kind), first.name, rollup.of(first)
    if len(ordered) > 1:
        numbers = Counter(rollup.of(node).health for node in ordered)
        ill = ", ".join(f"{numbers[h]:,} {h.value}" for h in Health if numbers[h])
        name = counted(len(ordered), first.kind)
        verdict = Verdict(worst_of(rollup.of(node) for node in ordered).health, ill)
    return Box(safe_text(kind, limit=60), safe_text(name, limit=253), verdict, group_of(first.kind), ordered)
