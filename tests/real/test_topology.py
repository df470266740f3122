"""The graph on a real Kubernetes: chains and endpoints made by real controllers, and real deletions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from backend.fleet.fleet import Fleet
from backend.fleet.inmemory import members_of
from backend.topology.blast import blast_of
from backend.topology.blast.effect import Harm
from backend.topology.following import Following
from backend.topology.graph import Graph, Reading
from backend.topology.reading import read_into
from backend.topology.scope import Extent
from tests.real import workload
from tests.real.rig import Rig

LABELS = {"app": "web"}


@pytest.fixture
async def fleet(rig: Rig) -> AsyncIterator[Fleet]:
    async with Fleet(members_of(rig.kubeconfig)[0][:1]) as opened:
        yield opened


async def until(condition: Any) -> None:
    async with asyncio.timeout(40):
        while not condition():
            await asyncio.sleep(0.05)


def furnish(rig: Rig, namespace: str) -> None:
    """A deployment of three, a job, a service, a budget, an ingress; pods run on paper."""
    api = rig.clusters[0].api()
    workload.add_node(api, "paper-1")
    template = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "a", "image": "x"}]}}
    spec: dict[str, Any] = {"replicas": 3, "selector": {"matchLabels": LABELS}, "template": template}
    apps = f"/apis/apps/v1/namespaces/{namespace}"
    api.post(f"{apps}/deployments", {"metadata": {"name": "web"}, "spec": spec})
    service = {"metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}], "selector": LABELS}}
    api.post(f"/api/v1/namespaces/{namespace}/services", service)
    once = {"spec": {"containers": [{"name": "a", "image": "x"}], "restartPolicy": "Never"}}
    job = {"metadata": {"name": "once"}, "spec": {"template": once}}
    api.post(f"/apis/batch/v1/namespaces/{namespace}/jobs", job)
    budget = {"metadata": {"name": "web"}, "spec": {"minAvailable": 2, "selector": {"matchLabels": LABELS}}}
    api.post(f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets", budget)
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    rules = [{"host": "web.example", "http": {"paths": [path]}}]
    ingress = {"metadata": {"name": "web"}, "spec": {"rules": rules}}
    api.post(f"/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses", ingress)


def run_on_paper(rig: Rig, namespace: str) -> None:
    """Write the status that a kubelet would write, for pods that the scheduler has placed."""
    api = rig.clusters[0].api()
    for number, pod in enumerate(api.get(f"/api/v1/namespaces/{namespace}/pods")["items"]):
        name = pod["metadata"]["name"]
        if pod["spec"].get("nodeName"):
            status = {"status": workload.running_status(pod, number)}
            api.merge(f"/api/v1/namespaces/{namespace}/pods/{name}/status", status)


async def test_chains_and_endpoints_are_those_of_the_real_controllers(
    rig: Rig, controllers: None, namespace: str, fleet: Fleet
) -> None:
    furnish(rig, namespace)
    cluster = fleet.clusters[0]
    extent = Extent(namespaces=(namespace,))
    async with Following([cluster], admission=fleet.admission, extent=extent) as live:
        graph = live.graph

        def placed() -> bool:
            pods = list(graph.of_kind(cluster.id, "pods"))
            return len(pods) == 4 and all(map(_host, pods))

        def endpoints() -> int:
            found = graph.of_kind(cluster.id, "endpointslices.discovery.k8s.io")
            return sum(relation.role == "endpoint" for one in found for relation in one.out.values())

        await until(lambda: live.settled and placed())
        await asyncio.to_thread(run_on_paper, rig, namespace)
        await until(lambda: endpoints() == 3)

        def kubectl(kinds: str) -> list[dict[str, Any]]:
            done = rig.kubectl("get", kinds, "-n", namespace, "-o", "json", context=cluster.name)
            found: list[dict[str, Any]] = json.loads(done.stdout)["items"]
            return found

        theirs = {
            obj["metadata"]["uid"]: {o["uid"] for o in obj["metadata"].get("ownerReferences") or ()}
            for obj in kubectl("pods,replicasets,deployments,jobs,endpointslices,services")
        }
        ours = {
            node.uid: {other.uid for other, relation in node.out.items() if relation.role == "owner"}
            for node in graph.present()
            if node.uid in theirs
        }
        assert ours == theirs
        assert len([uid for uid, owners in theirs.items() if owners]) >= 6
        addressed = {
            endpoint["targetRef"]["uid"]
            for one in kubectl("endpointslices")
            for endpoint in one["endpoints"]
            if endpoint.get("targetRef")
        }
        service = graph.nodes[cluster.id, "services", namespace, "web"]
        assert {pod.uid for pod, relation in service.out.items() if relation.role == "pods"} == addressed


def _host(pod: Any) -> bool:
    return any(relation.role == "node" for relation in pod.out.values())


async def test_a_real_deletion_does_what_was_said(
    rig: Rig, controllers: None, namespace: str, fleet: Fleet
) -> None:
    furnish(rig, namespace)
    cluster = fleet.clusters[0]
    extent = Extent(namespaces=(namespace,))
    graph = Graph()

    async def look() -> None:
        nonlocal graph
        graph = Graph()
        await read_into(graph, [cluster], extent=extent)

    async with asyncio.timeout(40):
        while len(list(graph.of_kind(cluster.id, "pods"))) < 4:
            await look()
    await asyncio.to_thread(run_on_paper, rig, namespace)
    await look()
    unread = [kind for kind, covered in graph.unread(cluster.id) if covered.reading is not Reading.WHOLE]
    assert unread == []
    target = graph.nodes[cluster.id, "deployments.apps", namespace, "web"]
    blast = blast_of(graph, [target])
    told = {str(effect.sentence) for effect in blast.effects}
    assert f"Ingress {namespace}/web: web.example answers no more (Service web has no endpoints left)" in told
    assert f"PodDisruptionBudget {namespace}/web: 0 healthy pods left, 2 are needed" in " ".join(told)
    stopped = {effect.node.uid for effect in blast.effects if effect.harm is Harm.POD}
    deleted = {effect.node.uid for effect in blast.effects if effect.harm is Harm.GONE}
    assert len(stopped) == 3
    before = {node.uid for node in graph.present() if node.namespace}
    rig.kubectl("delete", "deployment", "web", "-n", namespace, "--wait=false", context=cluster.name)

    async def is_so() -> bool:
        await look()
        for pod in graph.of_kind(cluster.id, "pods"):
            assert pod.facts is not None
            if pod.uid in stopped and pod.facts.metadata.deletion_timestamp is None:
                return False
        return not ({target.uid} | deleted) & {node.uid for node in graph.present()}

    async with asyncio.timeout(40):
        while not await is_so():
            await asyncio.sleep(0.1)
    gone = before - {node.uid for node in graph.present()}
    assert gone <= stopped | deleted | {target.uid}, "nothing else went"
