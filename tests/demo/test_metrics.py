"""metrics.k8s.io of the demo: served like a metrics server's, repeatable, moving with what happens."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from backend.demo.behaviour import Behaviour
from backend.demo.cluster import Cluster
from backend.demo.controllers.plane import control_plane
from backend.demo.customs import follow
from backend.demo.fleet import ADMIN, TEAM, DemoClusters
from backend.demo.metrics import RESOLUTION, install_metrics, measured
from backend.demo.quantities import quantity
from backend.demo.world import lay_out
from tests.contract.door import Door

MOMENT = 1_800_000_000.0
PODS = "/apis/metrics.k8s.io/v1beta1/pods"


def laid_out(seed: int = 3) -> Cluster:
    cluster = Cluster("lab", seed=seed)
    follow(cluster)
    lay_out(control_plane(cluster), pods=20)
    install_metrics(cluster)
    return cluster


@pytest.fixture
def cluster() -> Cluster:
    made = laid_out()
    made.moment = MOMENT + 86_400 * 365  # long after everything in it has started
    return made


def usage(cluster: Cluster, plural: str, *, name: str = "") -> list[tuple[str, dict[str, str]]]:
    found = []
    for stored in measured(cluster, plural):
        obj = stored.object()
        if name in stored.name:
            found.append((stored.name, obj.get("usage") or obj["containers"][0]["usage"]))
    return found


def test_it_is_the_same_within_a_window_and_another_in_the_next(cluster: Cluster) -> None:
    assert cluster.moment is not None
    before = usage(cluster, "pods")
    cluster.moment += RESOLUTION * 0.9
    assert usage(cluster, "pods") == before
    cluster.moment += RESOLUTION
    later = usage(cluster, "pods")
    assert [name for name, _ in later] == [name for name, _ in before]
    assert later != before


def test_nodes_use_what_their_pods_use_and_a_little_more(cluster: Cluster) -> None:
    pods = sum(
        quantity(container["usage"]["cpu"])
        for stored in measured(cluster, "pods")
        for container in stored.object()["containers"]
    )
    nodes = usage(cluster, "nodes")
    total = sum(quantity(one["cpu"]) for _, one in nodes)
    assert pods < total < pods + 0.3 * len(nodes)
    room = sum(
        quantity(stored.object()["status"]["allocatable"]["cpu"])
        for stored in cluster.store.collection("nodes").ordered()
    )
    assert total < room


def test_what_does_not_run_is_not_measured(cluster: Cluster) -> None:
    pods = cluster.store.collection("pods").ordered()
    running = [p for p in pods if p.object()["status"]["phase"] == "Running"]
    assert 0 < len(measured(cluster, "pods")) <= len(running) < len(pods)
    lost = measured(cluster, "nodes")[-1].name
    there = len(measured(cluster, "pods"))
    cluster.dead_nodes.add(lost)
    assert lost not in [stored.name for stored in measured(cluster, "nodes")]
    assert len(measured(cluster, "pods")) < there


def test_a_pod_that_will_be_killed_for_memory_climbs_to_its_limit(cluster: Cluster) -> None:
    stored = next(
        s
        for s in cluster.store.collection("pods").ordered()
        if s.object()["status"]["phase"] == "Running"
        and (s.object()["spec"]["containers"][0].get("resources") or {}).get("limits")
    )
    container = stored.object()["spec"]["containers"][0]
    limit = container["resources"]["limits"]["memory"]
    cluster.behaviours.by_image[container["image"]] = Behaviour(fate="oom", after=25.0, memory="900Gi")
    ((_, now),) = usage(cluster, "pods", name=stored.name)
    assert quantity(now["memory"]) == pytest.approx(quantity(limit), rel=0.01)


def test_another_seed_gives_other_numbers() -> None:
    def cpus(seed: int) -> list[Any]:
        made = laid_out(seed)
        made.moment = MOMENT + 86_400 * 365
        return [one["cpu"] for _, one in usage(made, "nodes")]

    assert cpus(3) != cpus(4)


async def test_clients_find_it_by_discovery_and_rights_hold(here: DemoClusters) -> None:
    config = here.kubeconfig((ADMIN, TEAM))
    admin, team = Door(config, "prod-eu"), Door(config, "prod-eu-team")

    async def ask(door: Door, path: str, **options: Any) -> Any:
        return await asyncio.to_thread(door.ask, "GET", path, **options)

    served = (await ask(admin, "/apis/metrics.k8s.io/v1beta1")).json["resources"]
    assert {entry["kind"]: entry["namespaced"] for entry in served} == {
        "NodeMetrics": False,
        "PodMetrics": True,
    }
    services = (await ask(admin, "/apis/apiregistration.k8s.io/v1/apiservices")).json["items"]
    assert "v1beta1.metrics.k8s.io" in [service["metadata"]["name"] for service in services]

    everywhere = (await ask(admin, PODS)).json
    assert everywhere["kind"] == "PodMetricsList"
    names = {item["metadata"]["namespace"] for item in everywhere["items"]}
    assert {"pay", "kube-system"} <= names
    assert (await ask(team, PODS)).status == 403
    own = (await ask(team, "/apis/metrics.k8s.io/v1beta1/namespaces/pay/pods")).json["items"]
    assert {item["metadata"]["namespace"] for item in own} == {"pay"}

    one = own[0]["metadata"]["name"]
    single = (await ask(admin, f"/apis/metrics.k8s.io/v1beta1/namespaces/pay/pods/{one}")).json
    assert single["kind"] == "PodMetrics"
    assert set(single["containers"][0]["usage"]) == {"cpu", "memory"}
    assert (await ask(admin, "/apis/metrics.k8s.io/v1beta1/namespaces/pay/pods/none")).status == 404
    assert (await ask(admin, f"{PODS}?watch=true")).status == 405
