"""Drawings: layers without overlaps, replicas as one, hostile names as data, files that others can read."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.resources.kind import Health
from backend.text import safe_text
from backend.topology.drawing import TALL, draw
from backend.topology.export import document, dot, mermaid
from backend.topology.graph import Graph
from backend.topology.health import Rollup
from backend.topology.layout import arrange, heights
from backend.topology.sketch import MOST, Sketch, around, beside, sketch
from backend.topology.svg import svg
from tests.topology.city import bodies, city, graph_of
from tests.topology.making import deployment, meta, pod, put, replica_set, service

GLYPHS = dict.fromkeys(Health, "*")
HOSTILE = (
    'a"];b[label="x',
    "<script>alert(1)</script>",
    "]]>&lt;\\",
    "]\n  click n0 evil",
    "\x1b]52;c;YQ==\x07",
    "\u202egnp.exe",
    "日本語の名前",
    "\ufffe\uffff",
    "`${x}`",
    'x"-->|"y',
)


def hostile_sketch() -> Sketch:
    graph = Graph()
    for place, name in enumerate(HOSTILE):
        volumes = [{"name": "v", "configMap": {"name": HOSTILE[place - 1]}}]
        put(graph, "pods", pod(name, volumes=volumes, node=HOSTILE[place - 2]))
    return sketch(graph, Rollup(graph), graph.nodes.values())


_ARROWS = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=40)


@settings(max_examples=300)
@given(_ARROWS)
def test_arrows_lead_from_layer_to_layer_and_nothing_overlaps(arrows: list[tuple[int, int]]) -> None:
    arrows = [(source, target) for source, target in arrows if source != target]
    layout = arrange(12, arrows)
    layer = {box: number for number, boxes in enumerate(layout.layers) for box in boxes}
    assert sorted(box for box in layer if box < 12) == list(range(12))
    for source, target in layout.steps:
        assert layer[target] == layer[source] + 1
    steps = set(layout.steps)
    for (source, target), route in zip(arrows, layout.routes, strict=True):
        assert (route[0], route[-1]) == (source, target)
        assert all((a, b) in steps or (b, a) in steps for a, b in pairwise(route))
    top = heights(layout, 12, tall=TALL, gap=1)
    for boxes in layout.layers:
        for upper, lower in pairwise(boxes):
            assert top[upper] + (TALL if upper < 12 else 1) <= top[lower]
    assert min(top.values()) == 0


def test_a_chain_of_twenty_thousand_ends() -> None:
    arrows = [(place, place + 1) for place in range(19_999)] + [(19_999, 0)]
    assert len(arrange(20_000, arrows).layers) == 20_000


def test_replicas_are_one_box_unless_they_fare_differently() -> None:
    graph = Graph()
    put(graph, "deployments.apps", deployment("api"))
    put(graph, "replicasets.apps", replica_set("rs", owner="api"))
    put(graph, "services", service("api"))
    owner = ("apps/v1", "ReplicaSet", "rs")
    put(graph, "pods", *(pod(f"p{n}", owner=owner, node=f"node-{n}") for n in range(6)))
    node = graph.nodes["east", "deployments.apps", "pay", "api"]

    def boxes() -> list[str]:
        return sorted(f"{box.kind} {box.name}" for box in sketch(graph, Rollup(graph), around(node, 2)).boxes)

    assert boxes() == ["Deployment api", "Pod 6 pods", "ReplicaSet rs", "Service api"]
    put(graph, "pods", pod("p3", owner=owner, ready=False))
    assert boxes() == ["Deployment api", "Pod 5 pods", "Pod p3", "ReplicaSet rs", "Service api"]


def test_what_is_too_much_is_left_out_and_counted_but_never_what_is_ill() -> None:
    graph = graph_of(list(bodies(city(deployments=200, pods_each=2, nodes=3, padded=False))))
    put(graph, "pods", pod("app-7-1", "team-7", labels={"app": "app-7"}, ready=False))
    made = sketch(graph, Rollup(graph), graph.present())
    assert len(made.boxes) == MOST
    assert made.left_out == len(graph) - sum(len(box.nodes) for box in made.boxes)
    assert any(box.node.name == "app-7-1" for box in made.boxes)


def test_a_drawing_in_cells() -> None:
    graph = Graph()
    put(graph, "pods", pod("db", volumes=[{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]))
    put(graph, "persistentvolumeclaims", {"metadata": meta("data", "pay"), "spec": {}})
    node = graph.nodes["east", "pods", "pay", "db"]
    nodes = [one for one in around(node, 1) if one.kind != "nodes"]
    drawing = draw(sketch(graph, Rollup(graph), nodes, focus=node), GLYPHS)
    assert ["".join(run.text for run in row) for row in drawing.rows] == [
        "┌────────────────┐   ┌─────────────────────────┐",
        "│ * Pod          │──▶│ * PersistentVolumeClaim │",
        "│ db             │   │ data                    │",
        "└────────────────┘   └─────────────────────────┘",
    ]
    assert drawing.arrows[0] == drawing.arrows[1] == {(18, 1), (19, 1), (20, 1)}, "the arrow between them"
    assert drawing.nearest(0, across=1) == 1
    assert drawing.nearest(1, across=1) == 1
    plain = draw(sketch(graph, Rollup(graph), nodes, focus=node), GLYPHS, unicode=False)
    assert all(run.text.isascii() for row in plain.rows for run in row)


@pytest.mark.parametrize("unicode", [True, False])
def test_hostile_names_keep_the_frame_in_cells(unicode: bool) -> None:
    from backend.text import cells

    drawing = draw(hostile_sketch(), GLYPHS, unicode=unicode)
    text = "\n".join("".join(run.text for run in row) for row in drawing.rows)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert max(cells(line) for line in text.split("\n")) <= drawing.width


def test_an_svg_is_xml_whatever_things_are_called() -> None:
    text = svg(hostile_sketch(), safe_text("<&\"'>"), [safe_text("]]>")])
    root = ElementTree.fromstring(text)
    names = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert "<script>alert(1)</script>" in names
    assert not [one for one in root.iter() if one.tag.endswith(("script", "image", "a"))]
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_dot_and_mermaid_keep_names_inside_their_labels() -> None:
    made = hostile_sketch()
    statement = re.compile(
        r'\s*(?:n\d+(?: -> n\d+)? \[(?:\w+="(?:[^"\\\n]|\\.)*"(?:, )?)+\];|digraph topology \{'
        r"|rankdir=LR;|node \[.*\];|\}|)"
    )
    for line in dot(made).split("\n"):
        assert statement.fullmatch(line), line
    mark = re.compile(
        r'flowchart LR|  n\d+\["[\w .,:/+#;<>-]*"\]:::\w+|  n\d+ -->\|"[\w .,:/+#;-]*"\| n\d+|  classDef .*|'
    )
    for line in mermaid(made).split("\n"):
        assert mark.fullmatch(line), line
        assert re.fullmatch(r"[^<]*(?:<br/>[^<]*)*", line), line


def test_json_has_every_node_and_edge() -> None:
    graph = graph_of(list(bodies(city(deployments=2, pods_each=3, nodes=2, padded=False))))
    nodes = beside(graph.present())
    told = document(graph, Rollup(graph), nodes, {"east": "East"}, view="all")
    assert len(told["nodes"]) == len(nodes)
    edges = {
        (told["nodes"][e["from"]]["name"], e["role"], told["nodes"][e["to"]]["name"]) for e in told["edges"]
    }
    assert ("app-0-0", "owner", "app-0-rs") in edges
    assert len(told["edges"]) == sum(len([o for o in n.out if o in nodes]) for n in nodes)
