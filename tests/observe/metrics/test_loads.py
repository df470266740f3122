"""Sums over levels, and what speaks for concern in them."""

from __future__ import annotations

from typing import Any

import pytest

from backend.observe.metrics.findings import Concern
from backend.observe.metrics.known import Known, Told
from backend.observe.metrics.known import Source as Measurer
from backend.observe.metrics.kubelet import read_summary
from backend.observe.metrics.loads import Level, Load, Objects, loads, total
from backend.observe.metrics.wire import ContainerUse, Sample
from backend.observe.metrics.workloads import workload_of
from backend.resources.kind import Health
from backend.resources.kinds.node import Node
from backend.resources.kinds.pod import Pod
from backend.text import SafeStr
from tests.observe.metrics.samples import MI, MOMENT, container, node, pod, stamp, summary, summary_pod

GI = 2.0**30


def measured(*samples: Sample, nodes: tuple[Sample, ...] = ()) -> Known:
    known = Known()
    for told, take, found in (
        (known.told_pods, known.take_pods, samples),
        (known.told_nodes, known.take_nodes, nodes),
    ):
        take(found, now=MOMENT)
        known.finish(told, source=Measurer.SERVER, now=MOMENT, odd=0)
    return known


def use(name: str, cpu: float, memory: float, *, at: float = MOMENT, **containers: Any) -> Sample:
    parts = tuple(ContainerUse(part, *amounts) for part, amounts in containers.items())
    return Sample("pay", name, at, 15.0, cpu, memory, parts or (ContainerUse("app", cpu, memory),))


async def rows(
    level: Level, known: Known, *pods: Pod, nodes: tuple[Node, ...] = (), now: float = MOMENT
) -> dict[str, Load]:
    objects = Objects(cluster_id="eu", cluster=SafeStr("eu"), pods=pods, nodes=nodes)
    found = await loads(level, [(objects, known)], now=now)
    return {row.name: row for row in found}


async def test_a_pod_beside_what_it_asked_for() -> None:
    asked = container(cpu="500m", memory="256Mi", cpu_limit="1", memory_limit="512Mi")
    row = (await rows(Level.PODS, measured(use("a", 0.1, 64 * MI)), pod("a", asked)))["a"]
    assert (row.cpu_used, row.memory_used) == (0.1, 64 * MI)
    assert (row.cpu_request, row.memory_request) == (0.5, 256 * MI)
    assert (row.cpu_bounded, row.memory_bounded) == (1.0, 512 * MI)
    assert row.cpu_unused == pytest.approx(0.4)
    assert row.health is Health.OK
    assert row.reasons(Concern.WASTE) == [
        "asks for 500m CPU and used 100m now",
        "asks for 256M and used 64M now",
    ]


async def test_a_pod_that_was_not_measured_uses_nobody_knows_what() -> None:
    row = (await rows(Level.PODS, measured(), pod("a")))["a"]
    assert (row.cpu_used, row.memory_used, row.known) == (None, None, False)
    assert row.health is Health.UNKNOWN
    assert "not measured yet" in row.why


async def test_measurements_of_pods_that_are_gone_count_nowhere() -> None:
    known = measured(use("gone", 9.0, 9 * GI), use("a", 1.0, GI))
    assert list(await rows(Level.PODS, known, pod("a"))) == ["a"]
    assert (await rows(Level.NAMESPACES, known, pod("a")))["pay"].cpu == 1.0


async def test_sums_say_when_a_part_of_them_is_missing() -> None:
    known = measured(use("a", 1.0, GI), use("b", 0.5, GI))
    found = await rows(Level.NAMESPACES, known, pod("a"), pod("b"), pod("c"), pod("d", phase="Pending"))
    row = found["pay"]
    assert (row.cpu, row.pods, row.running, row.measured) == (1.5, 4, 3, 2)
    assert row.partial
    assert row.why == "1 of 3 running pods were not measured"


async def test_pods_that_ended_ask_for_nothing_any_more() -> None:
    asked = container(cpu="1")
    found = await rows(Level.NAMESPACES, measured(), pod("a", asked), pod("b", asked, phase="Succeeded"))
    assert found["pay"].cpu_request == 1.0


@pytest.mark.parametrize(
    ("made", "kind", "name"),
    [
        (
            pod("api-6c9f-x", owner=("ReplicaSet", "api-6c9f"), labels={"pod-template-hash": "6c9f"}),
            "deployment",
            "api",
        ),
        (pod("api-6c9f-x", owner=("ReplicaSet", "api-6c9f")), "replicaset", "api-6c9f"),
        (pod("db-0", owner=("StatefulSet", "db")), "statefulset", "db"),
        (pod("x", owner=("Job", "backup-29012345")), "cronjob", "backup"),
        (pod("x", owner=("Job", "migrate-v2")), "job", "migrate-v2"),
        (pod("etcd-n1", owner=("Node", "n1")), "static", "etcd"),
        (pod("alone"), "pod", "alone"),
        (pod("x", owner=("Rollout", "canary")), "rollout", "canary"),
    ],
)
def test_workloads(made: Pod, kind: str, name: str) -> None:
    assert workload_of(made) == (kind, name)


async def test_replicas_add_up_to_their_workload() -> None:
    label = {"pod-template-hash": "6c9f"}
    made = [
        pod(f"api-6c9f-{n}", container(cpu="1"), owner=("ReplicaSet", "api-6c9f"), labels=label) for n in "ab"
    ]
    known = measured(use("api-6c9f-a", 0.25, GI), use("api-6c9f-b", 0.5, GI))
    row = (await rows(Level.WORKLOADS, known, *made))["api"]
    assert (row.cpu, row.memory, row.cpu_request, row.key.kind) == (0.75, 2 * GI, 2.0, "deployment")


async def test_containers_are_told_apart() -> None:
    made = pod("a", container("app", cpu="1", memory_limit="64Mi"), container("mesh", cpu="100m"))
    known = measured(use("a", 0.6, 96 * MI, app=(0.5, 64 * MI), mesh=(0.1, 32 * MI)))
    found = await rows(Level.CONTAINERS, known, made)
    assert (found["app"].cpu, found["app"].memory_bounded) == (0.5, 64 * MI)
    assert (found["mesh"].memory, found["mesh"].memory_bounded) == (32 * MI, None)
    assert found["mesh"].key.kind == "a", "the pod"


async def test_a_node_says_itself_what_it_uses_and_its_pods_what_they_ask() -> None:
    known = measured(use("a", 1.0, GI), nodes=(Sample("", "n1", MOMENT, 15, 3.8, 2 * GI),))
    made = pod("a", container(cpu="3900m"))
    row = (await rows(Level.NODES, known, made, nodes=(node("n1"), node("n2"))))["n1"]
    assert (row.cpu, row.cpu_room, row.cpu_request) == (3.8, 4.0, 3.9)
    assert row.health is Health.WARNING
    assert row.reasons(Concern.PRESSURE) == [
        "cpu is 95% used of 4.0 allocatable",
        "requests take 98% of its cpu: little more can be placed here",
    ]


async def test_a_cluster_is_the_sum_of_its_nodes_and_a_fleet_of_its_clusters() -> None:
    known = measured(nodes=(Sample("", "n1", MOMENT, 15, 2.0, GI), Sample("", "n2", MOMENT, 15, 1.0, GI)))
    nodes = (node("n1"), node("n2"), node("n3"))
    row = (await rows(Level.CLUSTERS, known, pod("a", container(cpu="1")), nodes=nodes))["eu"]
    assert (row.cpu, row.cpu_room, row.cpu_request) == (3.0, 12.0, 1.0)
    assert row.partial
    assert row.why == "1 of 3 nodes were not measured"
    fleet = total([row, row])
    assert (fleet.cpu, fleet.cpu_room, fleet.partial) == (6.0, 24.0, True)


async def test_a_cluster_that_says_nothing_is_not_idle() -> None:
    known = Known()
    known.fail(known.told_pods, "no metrics server is installed")
    row = (await rows(Level.CLUSTERS, known, pod("a"), nodes=(node("n1"),)))["eu"]
    assert row.cpu_used is None
    assert row.why == "no metrics server is installed"
    fleet = total([row])
    assert (fleet.cpu_used, fleet.partial) == (None, True)


# --- concern


async def pressing(known: Known, made: Pod, *, now: float = MOMENT) -> list[str]:
    row = (await rows(Level.PODS, known, made, now=now))[made.metadata.name]
    return [str(why) for why in row.reasons(Concern.PRESSURE)]


async def test_each_container_is_held_against_its_own_limit() -> None:
    made = pod("a", container("app", memory_limit="100Mi"), container("mesh", memory_limit="900Mi"))
    known = measured(use("a", 0.1, 119 * MI, app=(0.05, 99 * MI), mesh=(0.05, 20 * MI)))
    assert await pressing(known, made) == [
        "app uses 99M of its limit of 100M (99%): above it is killed",
    ]
    row = (await rows(Level.PODS, known, made))["a"]
    assert row.health is Health.FAILING


async def test_cpu_near_its_limit_is_throttled() -> None:
    known = measured(use("a", 0.95, MI))
    assert await pressing(known, pod("a", container(cpu_limit="1"))) == [
        "app uses 950m of its limit of 1.0 CPU (95%): above it is throttled"
    ]


async def test_kills_are_told_for_a_day() -> None:
    ended = {"reason": "OOMKilled", "finishedAt": stamp(MOMENT)}
    status = {"containerStatuses": [{"name": "app", "lastState": {"terminated": ended}}]}
    made = pod("a", container(memory_limit="64Mi"), status=status)
    assert await pressing(measured(), made, now=MOMENT + 600) == [
        "app was killed for its memory (OOM) 10m ago; its limit is 64M"
    ]
    assert (await rows(Level.PODS, measured(), made, now=MOMENT + 7200))["a"].health is Health.WARNING
    assert await pressing(measured(), made, now=MOMENT + 90_000) == []


async def test_waste_goes_by_the_most_that_was_ever_used() -> None:
    known = measured(use("a", 0.9, MI, at=MOMENT - 300), use("a", 0.01, MI))
    made = pod("a", container(cpu="1"))
    row = (await rows(Level.PODS, known, made))["a"]
    assert row.cpu_unused == pytest.approx(0.1)
    assert row.reasons(Concern.WASTE) == []
    known = measured(use("a", 0.2, MI, at=MOMENT - 300), use("a", 0.01, MI))
    row = (await rows(Level.PODS, known, made))["a"]
    assert row.reasons(Concern.WASTE) == ["asks for 1.0 CPU and used at most 200m in 5m"]


async def test_what_only_kubelets_tell() -> None:
    volume = {"name": "data", "pvcRef": {"name": "pg"}, "capacityBytes": 100, "availableBytes": 4}
    stalled = summary_pod("a", volume=[volume], cpu={"psi": {"some": {"avg60": 41.2}}})
    short = summary("n1", stalled, memory={"time": stamp(MOMENT), "availableBytes": 90 * 2**20}, **_crowded())
    known = measured()
    known.take_summary(read_summary(_json(short), node="n1"), now=MOMENT)
    assert await pressing(known, pod("a")) == [
        "waits for CPU 41% of the last minute",
        "claim pg is 96% full",
    ]
    row = (await rows(Level.NODES, known, nodes=(node("n1"),)))["n1"]
    assert row.reasons(Concern.PRESSURE) == [
        "90M of memory are left; below 100M the kubelet evicts pods (its default)",
        "its disk is 93% full; from 90% the kubelet evicts pods (its default)",
        "950 of 1000 processes exist",
    ]
    assert row.health is Health.FAILING


async def test_a_sum_names_the_pods_it_is_about() -> None:
    known = measured(use("a", 0.95, MI))
    found = await rows(Level.NAMESPACES, known, pod("a", container(cpu_limit="1")), pod("b"))
    assert found["pay"].pressed == 1
    assert found["pay"].reasons(Concern.PRESSURE)[0].startswith("a: app uses 950m")


async def test_hostile_names_stay_harmless() -> None:
    name = "evil\x1b]52;c;ZXZpbA==\x07"
    made = pod("a", container(name, cpu_limit="1"))
    (why,) = await pressing(measured(use("a", 0.95, MI)), made)
    assert "\x1b" not in why
    assert "\x07" not in why


def test_nothing_was_asked_yet() -> None:
    known = Known()
    assert known.told_pods == Told()
    assert known.why_no_pod("pay", "a") == "not asked yet"


def _crowded() -> dict[str, Any]:
    return {
        "fs": {"capacityBytes": 100, "availableBytes": 7},
        "rlimit": {"maxpid": 1000, "curproc": 950},
    }


def _json(document: Any) -> bytes:
    import json

    return json.dumps(document).encode()
