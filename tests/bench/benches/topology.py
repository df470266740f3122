"""The graph of a cluster of 10,000 objects: made, changed, rolled up; and of 100,000."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable

import msgspec

from backend.resources.kind import Health
from backend.topology.blast import blast_of
from backend.topology.branch import walk
from backend.topology.drawing import draw
from backend.topology.facts import FactsDecoder
from backend.topology.health import Rollup
from backend.topology.outline import Outline
from backend.topology.sketch import sketch
from tests.bench.bench import Place
from tests.bench.table import Line, milliseconds
from tests.topology.city import bodies, city, graph_of

_ROUNDS = 5


def measure(place: Place) -> list[Line]:
    """Lines: a graph made of the bytes of lists; one event; health rolled up; ten times the size."""
    objects = city()
    lists = list(bodies(objects))
    number = sum(map(len, objects.values()))
    megabytes = sum(len(body) for _, body in lists) / 1e6
    graph = graph_of(lists)
    decoder = FactsDecoder("pods")
    pods = objects["pods"]
    event = msgspec.json.encode({"type": "MODIFIED", "object": pods[0]})
    moved = msgspec.json.encode(
        {"type": "MODIFIED", "object": pods[0] | {"metadata": pods[0]["metadata"] | {"labels": {"app": "x"}}}}
    )

    def change(line: bytes) -> None:
        graph.put("east", "pods", decoder.event(line).item)  # type: ignore[arg-type]

    made = _median(lambda: graph_of(lists))
    plain = _median(lambda: [msgspec.json.decode(body) for _, body in lists])
    one = _median(lambda: change(event))
    relabelled = _median(lambda: (change(moved), change(event))) / 2

    def roll() -> None:
        graph.version += 1
        Rollup(graph).of(next(iter(graph.nodes.values())))

    rolled = _median(roll)
    node = graph.nodes["east", "nodes", "", "node-7"]
    blasted = _median(lambda: blast_of(graph, [node], deleted=False))
    workload = graph.nodes["east", "deployments.apps", "team-7", "app-7"]
    deleted = _median(lambda: blast_of(graph, [workload]))
    outline = Outline(graph, Rollup(graph), {"east": "east"})
    namespace = _median(lambda: list(walk(outline.namespace("east", "team-7"), 3)))
    drawn = _median(lambda: draw(sketch(graph, outline.rollup, graph.present()), dict.fromkeys(Health, "*")))
    crowd = city(deployments=1, pods_each=10_000, nodes=20_000, padded=False)
    crowded = graph_of(list(bodies(crowd)))
    crowd_event = msgspec.json.encode({"type": "MODIFIED", "object": crowd["pods"][0]})
    crowd_line = _median(
        lambda: crowded.put("east", "pods", decoder.event(crowd_event).item)  # type: ignore[arg-type]
    )
    big = list(bodies(city(deployments=3_000, nodes=600, padded=False)))
    began = time.process_time()
    large = graph_of(big)
    taken = time.process_time() - began
    big_node = large.nodes["east", "nodes", "", "node-7"]
    big_blast = _median(lambda: blast_of(large, [big_node], deleted=False))
    big_outline = Outline(large, Rollup(large), {"east": "east"})
    big_tree = _median(lambda: list(walk(big_outline.cluster("east"), 1)))
    return [
        Line(
            f"graph of {number:,} objects ({megabytes:.0f} MB of lists)",
            milliseconds(made),
            peer=f"into dicts: {milliseconds(plain)}",
            ratio=made / plain,
            goal="≤ 500 ms",
            met=made <= 0.5,
        ),
        _line("an event: a pod's status", one, 0.001),
        _line("an event: a pod's labels", relabelled, 0.001),
        _line("an event beside 10,000 pods of one service, 20,000 nodes", crowd_line, 0.001),
        _line(f"blast radius of a node with {len(node.into)} pods", blasted, 0.1),
        _line("blast radius of a deployment", deleted, 0.1),
        Line("health of everything, rolled up", milliseconds(rolled)),
        Line("a namespace as a tree, three levels", milliseconds(namespace)),
        Line("a drawing of 150 boxes, the rest counted", milliseconds(drawn)),
        Line(f"graph of {len(large):,} objects", milliseconds(taken)),
        Line("blast radius of a node among them", milliseconds(big_blast)),
        Line("the cluster of them as a tree, summed up", milliseconds(big_tree)),
    ]


def _line(what: str, taken: float, goal: float) -> Line:
    return Line(what, f"{taken * 1000:.3f} ms", goal=f"≤ {goal * 1000:g} ms", met=taken <= goal)


def _median(act: Callable[[], object]) -> float:
    """Processor time: one thread works, and others share the machine."""
    taken = []
    for _ in range(_ROUNDS):
        gc.collect()
        began = time.process_time()
        act()
        taken.append(time.process_time() - began)
    return statistics.median(taken)
