"""A graph for other programs: Graphviz's dot, Mermaid, JSON. Names are data there: quoted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from backend.resources.kind import Health
from backend.text import safe_text
from backend.topology.graph import Graph
from backend.topology.health import Rollup
from backend.topology.node import Node
from backend.topology.scope import kind_word
from backend.topology.sketch import Box, Sketch

COLOURS = {
    Health.FAILING: ("#fde7e7", "#c62828"),
    Health.WARNING: ("#fff4dd", "#b26a00"),
    Health.PROGRESSING: ("#e3f3fb", "#0277a8"),
    Health.UNKNOWN: ("#f1e8f7", "#7b3fa0"),
    Health.OK: ("#e9f6ea", "#2e7d32"),
    Health.DONE: ("#f2f2f2", "#777777"),
}
"""Fill and line of a box; the state is also written in it, so that nobody needs to see colours."""
_MERMAID = re.compile(r"[^\w .,:/+-]", re.ASCII)


def dot(sketch: Sketch) -> str:
    """For ``dot -Tsvg`` and others of Graphviz."""
    lines = ["digraph topology {", "  rankdir=LR;", '  node [shape=box, style="rounded,filled"];']
    for place, box in enumerate(sketch.boxes):
        fill, line = COLOURS[box.verdict.health]
        label = "\\n".join(map(_dot_text, _lines(box)))
        lines.append(f'  n{place} [label="{label}", fillcolor="{fill}", color="{line}"];')
    for arrow in sketch.arrows:
        lines.append(f'  n{arrow.source} -> n{arrow.target} [label="{_dot_text(arrow.role)}"];')
    return "\n".join([*lines, "}", ""])


def _dot_text(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def mermaid(sketch: Sketch) -> str:
    """For Markdown that knows Mermaid."""
    lines = ["flowchart LR"]
    for place, box in enumerate(sketch.boxes):
        label = "<br/>".join(map(_mermaid_text, _lines(box)))
        lines.append(f'  n{place}["{label}"]:::{box.verdict.health.value}')
    for arrow in sketch.arrows:
        lines.append(f'  n{arrow.source} -->|"{_mermaid_text(arrow.role)}"| n{arrow.target}')
    for health, (fill, line) in COLOURS.items():
        lines.append(f"  classDef {health.value} fill:{fill},stroke:{line},color:#222")
    return "\n".join([*lines, ""])


def _mermaid_text(text: str) -> str:
    """What could end a label, or begin something else, as Mermaid's entity codes."""
    return _MERMAID.sub(lambda found: f"#{ord(found[0])};", text)


def _lines(box: Box) -> list[str]:
    state = box.verdict.health.value
    return [box.kind, box.name, *([] if box.verdict.health is Health.OK else [state])]


def document(
    graph: Graph, rollup: Rollup, nodes: Iterable[Node], names: Mapping[str, str], *, view: str
) -> dict[str, Any]:
    """Every node and every edge between them, uncollapsed; what was not read, and why."""
    inside = dict.fromkeys(nodes)
    number = {node: place for place, node in enumerate(inside)}
    clusters = dict.fromkeys(node.cluster for node in inside)
    return {
        "view": view,
        "nodes": [_node_document(node, rollup, names) for node in inside],
        "edges": [
            {
                "from": number[node],
                "to": number[other],
                "role": relation.role,
                "bond": relation.bond.value,
                "optional": relation.optional,
            }
            for node in inside
            for other, relation in node.out.items()
            if other in number
        ],
        "unread": [
            {"cluster": names.get(cluster, cluster), "kind": kind, "why": str(safe_text(covered.why))}
            for cluster in clusters or graph.clusters()
            for kind, covered in graph.unread(cluster)
        ],
    }


def _node_document(node: Node, rollup: Rollup, names: Mapping[str, str]) -> dict[str, Any]:
    verdict = rollup.of(node)
    return {
        "cluster": names.get(node.cluster, node.cluster),
        "kind": node.kind,
        "namespace": node.namespace,
        "name": node.name,
        "uid": node.uid,
        "read": node.facts is not None,
        "application": node.app,
        "health": verdict.health.value,
        "why": str(safe_text(verdict.why)),
        "own": node.verdict.health.value,
    }


def title_of(node: Node) -> str:
    """``Deployment pay/api``."""
    place = f"{node.namespace}/" if node.namespace else ""
    return safe_text(f"{kind_word(node.kind)} {place}{node.name}")
