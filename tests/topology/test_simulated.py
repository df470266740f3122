"""On clusters as scenarios leave them: the graph is the agreed one, and deletions do what was said before.

After a wanted change of the graphs: ``NAVARCH_GOLDEN=write pytest tests/topology/test_simulated.py``.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.demo.controllers.plane import ControlPlane
from backend.demo.deleting import delete_one
from backend.resources.kind import Health
from backend.topology.blast import Grade, blast_of
from backend.topology.blast.effect import Blast, Harm
from backend.topology.blast.loss import Loss
from backend.topology.graph import Graph
from backend.topology.health import Rollup
from backend.topology.node import Node
from backend.topology.scope import kind_word
from tests.topology.simulated import collection_of, graph_now, objects_of, simulated

GOLDEN = Path(__file__).parent / "golden"
SCENARIOS = ("calm", "incident", "node-loss", "rollout-gone-wrong", "storage-full", "memory-leak")
TOLD = ("deployments.apps", "statefulsets.apps", "daemonsets.apps", "nodes", "services")
MADE_AGAIN = frozenset({"endpointslices.discovery.k8s.io"})
"""Told with the service that they belong to."""
MADE_ANEW = frozenset({"pods", "replicasets.apps"})
"""Their controllers make others: what was dark is light again at once."""
DELETED = (
    "pods",
    "deployments.apps",
    "statefulsets.apps",
    "daemonsets.apps",
    "replicasets.apps",
    "services",
    "ingresses.networking.k8s.io",
    "jobs.batch",
    "cronjobs.batch",
    "poddisruptionbudgets.policy",
    "configmaps",
    "secrets",
    "namespaces",
)


def told(graph: Graph) -> str:
    """Which kinds are joined how often, and what is ill: names of runs change with the time, these don't."""
    edges = Counter(
        (node.kind, relation.role, other.kind)
        for node in graph.present()
        for other, relation in node.out.items()
    )
    rollup = Rollup(graph)
    lines = [f"{source} --{role}--> {target}: {number}" for (source, role, target), number in edges.items()]
    ill = [
        f"{rollup.of(node).health.value}: {kind_word(node.kind)} {node.namespace}/{node.name}"
        for node in graph.present()
        if node.kind in TOLD and rollup.of(node).health.problem
    ]
    return "\n".join([*sorted(lines), "", *sorted(ill), ""])


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_graph_of_a_scenario(scenario: str, number: int) -> None:
    found = told(graph_now(simulated(scenario, number)))
    path = GOLDEN / f"{scenario}-{number}.txt"
    if os.environ.get("NAVARCH_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(found, "utf-8")
    assert found == path.read_text("utf-8"), f"{path.name}: see the head of this test"


# --- deletions do what was said


def uids(plane: ControlPlane) -> dict[str, tuple[str, str]]:
    """Everything the graph knows kinds of: (kind, name) by uid."""
    return {
        obj["metadata"]["uid"]: (kind, obj["metadata"]["name"])
        for kind in (*DELETED, "persistentvolumes", "persistentvolumeclaims", *MADE_AGAIN)
        for obj in objects_of(plane, kind)
    }


def quiet(plane: ControlPlane) -> None:
    """No cron job begins or tidies up while we look."""
    store = plane.engine.cluster.store
    for cron in objects_of(plane, "cronjobs.batch"):
        cron["spec"]["suspend"] = True
        store.put("batch/cronjobs", cron)
    plane.engine.settle()


async def until(condition: Callable[[], bool], what: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, what()
        await asyncio.sleep(0.005)


def expected_gone(blast: Blast) -> set[str]:
    """What certainly is no more afterwards."""
    gone = {node.uid for node in blast.targets}
    for effect in blast.effects:
        deleted = effect.harm is Harm.GONE or (effect.harm is Harm.POD and effect.grade is Grade.CERTAIN)
        data = effect.harm is Harm.STORAGE and effect.effect == "is deleted with its data"
        if deleted or (data and effect.grade is Grade.CERTAIN):
            gone.add(effect.node.uid)
    return gone


def churn(graph: Graph, blast: Blast) -> set[str]:
    """Pods and replica sets that come and go anyway: of rollouts and jobs under way, and on lost nodes."""
    loss = Loss(graph, blast.targets, deleted=True)
    found = set()
    for node in graph.present():
        if node.kind in ("pods", "replicasets.apps"):
            top = loss.controller(node)
            sets = [one for one in top.into if one.kind == "replicasets.apps"]
            running = [one for one in sets if one.facts is not None and one.facts.item.spec.replicas]
            lost = any(o.kind == "nodes" and o.verdict.health is Health.FAILING for o in node.out)
            job = any(owner.kind == "jobs.batch" for owner in node.out)
            if (lost or job or len(running) > 1) and top not in blast.targets:
                found.add(node.uid)
    return found


def at_rest(plane: ControlPlane) -> bool:
    """Nothing is to be done now, and nothing is on its way out but what a silent node holds."""
    plane.engine.settle()
    dead = plane.engine.cluster.dead_nodes
    return not any(
        obj["metadata"].get("deletionTimestamp") and obj.get("spec", {}).get("nodeName") not in dead
        for kind in DELETED
        for obj in objects_of(plane, kind)
    )


def candidates(graph: Graph) -> list[Node]:
    found = [node for node in graph.present() if node.kind in DELETED]
    return sorted((n for n in found if not n.namespace.startswith("kube-")), key=lambda node: node.key)


def unconfirmed(plane: ControlPlane) -> set[str]:
    """Pods of nodes that have fallen silent, noticed or not: no kubelet confirms that they are gone."""
    dead = plane.engine.cluster.dead_nodes
    return {
        pod["metadata"]["uid"]
        for pod in objects_of(plane, "pods")
        if pod.get("spec", {}).get("nodeName") in dead
    }


async def deletion(plane: ControlPlane, choose: int) -> None:
    quiet(plane)
    graph = graph_now(plane)
    targets = candidates(graph)
    target = targets[choose % len(targets)]
    blast = blast_of(graph, [target], deleted=True)
    before = uids(plane)
    ended = {n.uid for n in graph.of_kind(target.cluster, "pods") if n.verdict.health.value == "done"}
    cluster = plane.engine.cluster
    delete_one(cluster, collection_of(target.kind), (target.namespace, target.name))
    running = asyncio.create_task(plane.engine.run())
    try:
        expected = expected_gone(blast)

        def staying() -> set[str]:
            return (expected & uids(plane).keys()) - unconfirmed(plane)

        await until(
            lambda: not staying(), lambda: ("said to go, and stays", target, [before[u] for u in staying()])
        )
        await until(lambda: at_rest(plane), lambda: ("never at rest", target))
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    plane.engine.settle()
    gone = before.keys() - uids(plane).keys()
    moving = churn(graph, blast)
    untold = {u: before[u] for u in gone - expected - ended - moving if before[u][0] not in MADE_AGAIN}
    assert not untold, ("gone, and nobody said so", target, untold)
    after = graph_now(plane)
    for effect in blast.effects:
        if effect.harm is Harm.DARK and target.kind not in MADE_ANEW:
            assert is_dark(after, effect.node), effect.sentence


def is_dark(graph: Graph, entry: Node) -> bool:
    """The entry is gone, or one of its services has no ready endpoints: gone, or behind it nothing runs."""
    now = graph.get(entry.key)
    if now is None or now.facts is None:
        return True
    services = [other for other, relation in now.out.items() if relation.role == "routes to"]
    return any(
        service.facts is None or not any(_ready(pod) for pod in service.out if pod.kind == "pods")
        for service in services
    )


def _ready(pod: Node) -> bool:
    assert pod.facts is not None
    item = pod.facts.item
    return bool(item.ready == item.containers and item.metadata.deletion_timestamp is None)


@pytest.mark.timeout(400)
@settings(max_examples=20, suppress_health_check=list(HealthCheck))
@given(scenario=st.sampled_from(SCENARIOS), number=st.integers(0, 2), choose=st.integers(0, 10_000))
def test_a_deletion_does_what_its_blast_radius_said(scenario: str, number: int, choose: int) -> None:
    async def run() -> None:
        await deletion(simulated(scenario, number, pods=20, speed=200.0), choose)

    asyncio.run(run())


@pytest.mark.parametrize("number", [0, 1])
async def test_a_node_that_falls_silent_does_what_was_said(number: int) -> None:
    plane = simulated("calm", number, pods=30, speed=200.0)
    quiet(plane)
    graph = graph_now(plane)
    cluster = plane.engine.cluster
    node = next(n for n in graph.of_kind(cluster.name, "nodes") if "control" not in n.name)
    blast = blast_of(graph, [node], deleted=False)
    controllers = [one for one in plane.engine.controllers if hasattr(one, "lose")]
    controllers[0].lose(node.name, since=time.time())  # type: ignore[attr-defined]
    plane.engine.settle()
    after = graph_now(plane)
    stopped = {effect.node.key for effect in blast.effects if effect.harm is Harm.POD}
    unready = {
        pod.key
        for pod in graph.of_kind(cluster.name, "pods")
        if _ready(pod) and not _is_ready_still(after, pod)
    }
    assert unready <= stopped, "nothing stops that was not named"
    assert {key for key in stopped if _ready(graph.nodes[key])} == unready, "and all of it stops"
    for effect in blast.effects:
        service = after.nodes.get(effect.node.key)
        if effect.harm is Harm.SERVICE and service is not None:
            assert not any(_conditions_ready(plane, pod.name) for pod in service.out), effect.sentence


def _is_ready_still(after: Graph, pod: Node) -> bool:
    now = after.get(pod.key)
    if now is None or now.facts is None or now.uid != pod.uid:
        return False
    return now.facts.item.node not in _silent(after)


def _silent(graph: Graph) -> set[str]:
    return {
        node.name
        for node in graph.present()
        if node.kind == "nodes" and node.verdict.health.value == "failing"
    }


def _conditions_ready(plane: ControlPlane, name: str) -> bool:
    for pod in objects_of(plane, "pods"):
        if pod["metadata"]["name"] == name:
            found = {c["type"]: c["status"] for c in pod["status"].get("conditions") or ()}
            return found.get("Ready") == "True"
    return False
