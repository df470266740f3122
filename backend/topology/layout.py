"""Where boxes stand: in layers, so that arrows lead one way, in an order in which few of them cross.

The steps are Sugiyama's: break cycles, find layers, fill long arrows with points they pass through, order
each layer by the middle of its neighbours. Linear in boxes and arrows, for a fixed number of rounds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

_ROUNDS = 8


@dataclass(slots=True)
class Layout:
    layers: list[list[int]]
    """Places of boxes, from the left; numbers beyond the boxes are points that long arrows pass through."""
    steps: list[tuple[int, int]] = field(default_factory=list)
    """Arrows between neighbouring layers, from left to right."""
    routes: list[tuple[int, ...]] = field(default_factory=list)
    """Of each arrow, in the order given: where it passes, from its source to its target."""


def arrange(boxes: int, arrows: Sequence[tuple[int, int]]) -> Layout:
    """``arrows``: (source, target), numbers below ``boxes``."""
    forward = _acyclic(boxes, arrows)
    layer = _layers(boxes, forward)
    layers: list[list[int]] = [[] for _ in range(max(layer, default=-1) + 1)]
    for box, number in enumerate(layer):
        layers[number].append(box)
    points = boxes
    steps: dict[tuple[int, int], None] = {}
    routes = []
    for (source, target), (start, end) in zip(arrows, forward, strict=True):
        route = [start]
        for number in range(layer[start] + 1, layer[end]):
            layers[number].append(points)
            route.append(points)
            points += 1
        route.append(end)
        steps.update(dict.fromkeys(pairwise(route)))
        routes.append(tuple(route if (source, target) == (start, end) else reversed(route)))
    _order(layers, steps)
    return Layout(layers, list(steps), routes)


def _acyclic(boxes: int, arrows: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The arrows, those that close a circle turned round; without recursion: chains may be long."""
    out: defaultdict[int, list[int]] = defaultdict(list)
    for source, target in arrows:
        out[source].append(target)
    entered, left, backward = set[int](), set[int](), set[tuple[int, int]]()
    fed = {target for _, target in arrows}
    for root in sorted(range(boxes), key=lambda box: box in fed):
        if root in entered:
            continue
        stack = [(root, iter(out[root]))]
        entered.add(root)
        while stack:
            box, targets = stack[-1]
            target = next(targets, -1)
            if target < 0:
                left.add(box)
                stack.pop()
            elif target not in entered:
                entered.add(target)
                stack.append((target, iter(out[target])))
            elif target not in left:
                backward.add((box, target))
    return [(t, s) if (s, t) in backward else (s, t) for s, t in arrows]


def _layers(boxes: int, arrows: Iterable[tuple[int, int]]) -> list[int]:
    """The longest way from a source decides; a source then moves close to what it leads to."""
    out: defaultdict[int, list[int]] = defaultdict(list)
    waiting = [0] * boxes
    for source, target in arrows:
        if source != target:
            out[source].append(target)
            waiting[target] += 1
    layer = [0] * boxes
    ready = [box for box in range(boxes) if not waiting[box]]
    order = []
    while ready:
        box = ready.pop()
        order.append(box)
        for target in out[box]:
            layer[target] = max(layer[target], layer[box] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    fed = {target for targets in out.values() for target in targets}
    for box in order:
        if box not in fed and out[box]:
            layer[box] = min(layer[target] for target in out[box]) - 1
    return layer


def _order(layers: list[list[int]], steps: Iterable[tuple[int, int]]) -> None:
    left: defaultdict[int, list[int]] = defaultdict(list)
    right: defaultdict[int, list[int]] = defaultdict(list)
    for source, target in steps:
        right[source].append(target)
        left[target].append(source)
    place = {box: at for layer in layers for at, box in enumerate(layer)}
    for turn in range(_ROUNDS):
        forward = turn % 2 == 0
        for layer in layers if forward else reversed(layers):
            around = left if forward else right

            def middle(box: int, around: defaultdict[int, list[int]] = around) -> float:
                near = around[box]
                return sum(place[one] for one in near) / len(near) if near else place[box]

            layer.sort(key=middle)
            place.update({box: at for at, box in enumerate(layer)})


def heights(layout: Layout, boxes: int, *, tall: int, gap: int) -> dict[int, int]:
    """The top of each box and the row of each point: neighbours level with each other where there is room."""
    near: defaultdict[int, list[int]] = defaultdict(list)
    for source, target in layout.steps:
        near[source].append(target)
        near[target].append(source)
    top: dict[int, int] = {}
    for layer in layout.layers:
        _stack(layer, top, {}, boxes, tall=tall, gap=gap)
    for layers in (layout.layers, layout.layers[::-1], layout.layers):
        for layer in layers:
            wanted = {
                box: sum(_middle(one, top, boxes, tall) for one in near[box]) // len(near[box])
                for box in layer
                if near[box]
            }
            _stack(layer, top, wanted, boxes, tall=tall, gap=gap)
    lowest = min(top.values(), default=0)
    return {box: at - lowest for box, at in top.items()}


def _stack(
    layer: Sequence[int], top: dict[int, int], wanted: dict[int, int], boxes: int, *, tall: int, gap: int
) -> None:
    """One below the other, each as near as can be to where it wants to be."""
    free = -(10**9)
    for box in layer:
        high = tall if box < boxes else 1
        at = wanted[box] - high // 2 if box in wanted else top.get(box, max(free, 0))
        top[box] = max(at, free)
        free = top[box] + high + (gap if box < boxes else gap // 3)


def _middle(box: int, top: dict[int, int], boxes: int, tall: int) -> int:
    return top[box] + (tall // 2 if box < boxes else 0)
