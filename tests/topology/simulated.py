"""Simulated clusters in this process, as a scenario left them, and their graphs without a server between."""

from __future__ import annotations

from typing import Any

import msgspec

from backend.demo.cluster import Cluster
from backend.demo.controllers.plane import ControlPlane, control_plane
from backend.demo.customs import follow
from backend.demo.fleet import cluster_names
from backend.demo.scenarios.reading import scenario as scenario_named
from backend.demo.scenarios.telling import prepare
from backend.demo.world import lay_out
from backend.topology.facts import FactsDecoder
from backend.topology.graph import Covered, Graph, Reading
from backend.topology.scope import WHOLE, resource_named


def simulated(scenario: str, number: int, *, pods: int = 40, speed: float = 1.0) -> ControlPlane:
    """A cluster of the demo, its ``number``-th; what happens later in the story does not."""
    cluster = Cluster(cluster_names(number + 1)[number], seed=7, speed=speed)
    follow(cluster)
    plane = control_plane(cluster)
    lay_out(plane, pods=pods)
    prepare(plane, scenario_named(scenario), number)
    plane.engine.resync("apps/deployments")
    plane.engine.settle()
    return plane


def collection_of(kind: str) -> str:
    """The store's name of a kind: ``apps/deployments`` for ``deployments.apps``."""
    plural, _, group = kind.partition(".")
    return f"{group}/{plural}" if group else plural


def objects_of(plane: ControlPlane, kind: str) -> list[dict[str, Any]]:
    stored = plane.engine.cluster.store.collection(collection_of(kind)).ordered()
    return [one.object() for one in stored]


def graph_now(plane: ControlPlane) -> Graph:
    """All kinds, read whole."""
    graph = Graph()
    name = plane.engine.cluster.name
    for kind in WHOLE.kinds:
        if resource_named(kind) is None:
            continue
        body = msgspec.json.encode({"metadata": {}, "items": objects_of(plane, kind)})
        page = FactsDecoder(kind).page(body)
        assert not page.skipped, kind
        for facts in page.items:
            graph.put(name, kind, facts)  # type: ignore[arg-type]
        graph.cover(name, kind, Covered(Reading.WHOLE))
    return graph
