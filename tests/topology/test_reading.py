"""Graphs of (simulated) clusters: read once, followed, and compared with an independent walk."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from backend.fleet.fleet import Fleet
from backend.fleet.inmemory import members_of
from backend.resources import registry
from backend.resources.kind import Health
from backend.topology.following import Following
from backend.topology.graph import Graph, Reading
from backend.topology.reading import read_into
from backend.topology.scope import Extent
from tests.fleet.running_demo import Demo


async def raw(fleet: Fleet, word: str) -> list[dict[str, Any]]:
    """A kind's whole objects, asked for without any of the graph's code."""
    kind = registry.builtin(word)
    assert kind is not None
    bodies = fleet.clusters[0].client.pages(kind.resource, accept="application/json")
    return [obj for body in [body async for body in bodies] for obj in json.loads(body)["items"]]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.02)


async def test_owners_and_endpoints_are_those_of_an_independent_walk(fleet: Fleet) -> None:
    cluster = fleet.clusters[0]
    graph = Graph()
    await read_into(graph, [cluster])
    assert all(covered.reading is Reading.WHOLE for covered in graph.covered.values()), graph.covered
    by_uid: dict[str, str] = {}
    owners: dict[str, set[str]] = {}
    for word in ("pods", "replicasets", "deployments", "statefulsets", "daemonsets", "jobs", "cronjobs"):
        for obj in await raw(fleet, word):
            metadata = obj["metadata"]
            by_uid[metadata["uid"]] = metadata["name"]
            owners[metadata["uid"]] = {o["uid"] for o in metadata.get("ownerReferences") or ()}
    drawn = {
        node.uid: {other.uid for other, relation in node.out.items() if relation.role == "owner"}
        for node in graph.present()
        if node.uid in owners
    }
    assert drawn == owners
    assert sum(map(len, owners.values())) > 20
    endpoints = {
        (slice_["metadata"]["name"], endpoint["targetRef"]["name"])
        for slice_ in await raw(fleet, "endpointslices")
        for endpoint in slice_.get("endpoints") or ()
        if endpoint.get("targetRef")
    }
    assert endpoints == {
        (node.name, other.name)
        for node in graph.of_kind(cluster.id, "endpointslices.discovery.k8s.io")
        for other, relation in node.out.items()
        if relation.role == "endpoint"
    }
    assert endpoints
    selected = {
        (other.name, relation.role)
        for node in graph.of_kind(cluster.id, "services")
        for other, relation in node.out.items()
        if relation.selector is not None
    }
    assert {name for _, name in endpoints} <= {name for name, _ in selected}


async def test_one_namespace_reads_nothing_of_others(fleet: Fleet) -> None:
    graph = Graph()
    await read_into(graph, fleet.clusters[:1], extent=Extent(namespaces=("pay",)))
    namespaces = {node.namespace for node in graph.present()}
    assert namespaces == {"", "pay"}
    assert not graph.was_read(fleet.clusters[0].id, "pods", "cart")


async def test_values_of_secrets_are_never_asked_for(fleet: Fleet) -> None:
    graph = Graph()
    await read_into(graph, fleet.clusters[:1])
    [*secrets] = graph.of_kind(fleet.clusters[0].id, "secrets")
    assert secrets
    for node in secrets:
        assert node.facts is not None
        assert node.facts.item.__struct_fields__ == ("metadata",)


async def test_kinds_we_may_not_read_are_unknown_never_healthy(demo: Demo) -> None:
    viewer = next(m for m in members_of(demo.users_kubeconfig)[0] if "viewer" in m.name)
    async with Fleet([viewer]) as fleet:
        graph = Graph()
        await read_into(graph, fleet.clusters)
    unread = dict(graph.unread(viewer.id))
    assert "secrets" in unread
    assert unread["secrets"].why == "you may not list secrets"
    named = [node for node in graph.spoken_of if node.kind == "secrets"]
    assert all(node.verdict.health is Health.UNKNOWN for node in named)


async def test_who_may_see_one_namespace_gets_its_graph(demo: Demo) -> None:
    team = next(m for m in members_of(demo.users_kubeconfig)[0] if "team" in m.name)
    async with Fleet([team]) as fleet:
        graph = Graph()
        await read_into(graph, fleet.clusters)
        assert {node.namespace for node in graph.of_kind(team.id, "pods")} == {"pay"}
        assert graph.was_read(team.id, "pods", "pay")
        assert not graph.was_read(team.id, "pods", "cart")
        async with Following(fleet.clusters, admission=fleet.admission) as live:
            await until(lambda: live.settled)
            assert {node.namespace for node in live.graph.of_kind(team.id, "pods")} == {"pay"}


async def test_a_cluster_that_never_answers_is_not_waited_for(demo: Demo) -> None:
    silent = await asyncio.start_server(lambda r, w: asyncio.sleep(3600), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    from dataclasses import replace

    member = members_of(demo.kubeconfig)[0][0]
    dead = replace(
        member, id="dead", access=replace(member.access, id="dead", server=f"https://127.0.0.1:{port}")
    )
    async with silent, Fleet([member, dead]) as fleet:
        graph = Graph()
        await read_into(graph, fleet.clusters, deadline=3)
    assert list(graph.of_kind(member.id, "pods"))
    assert graph.covered["dead", "pods"].reading is Reading.REFUSED
    assert "not known yet" in graph.covered["dead", "pods"].why


async def test_what_happens_is_followed(fleet: Fleet) -> None:
    cluster = fleet.clusters[0]
    kind = registry.builtin("pods")
    assert kind is not None
    async with Following([cluster], admission=fleet.admission) as live:
        await until(lambda: live.settled)
        read_once = Graph()
        await read_into(read_once, [cluster])
        gone = next(node for node in live.graph.of_kind(cluster.id, "pods") if node.namespace == "cart")
        owner = next(other for other, relation in gone.out.items() if relation.role == "owner")
        await cluster.client.delete(kind.resource, gone.name, namespace=gone.namespace)
        await until(lambda: gone.key not in live.graph.nodes)
        await until(lambda: all(o.facts is not None for o in owner.into))
        assert len(live.graph) >= len(read_once) - 20
