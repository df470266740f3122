"""The control plane makes things happen: rollouts, crash loops, jobs, eviction, garbage collection."""

from __future__ import annotations

import time
from typing import Any

from backend.demo.behaviour import Behaviour
from backend.demo.controllers.plane import ControlPlane
from backend.demo.defaults import fill_in
from backend.demo.deleting import delete_one
from backend.demo.manifests import workload_objects
from backend.demo.printers.pods import pod_cells
from backend.demo.workloads import Workload
from backend.demo.world import add_namespace
from tests.demo.conftest import Eventually

WEB = Workload("default", "web", replicas=3, version="1")


def _deploy(plane: ControlPlane, workload: Workload = WEB) -> None:
    for collection, obj in workload_objects(workload):
        plane.engine.cluster.add(collection, obj)


def _get(plane: ControlPlane, collection: str, name: str, namespace: str = "default") -> dict[str, Any]:
    stored = plane.engine.cluster.store.get(collection, namespace, name)
    assert stored is not None
    return stored.object()


def _names(plane: ControlPlane, collection: str) -> list[str]:
    return [stored.name for stored in plane.engine.cluster.store.collection(collection).ordered()]


def _pods(plane: ControlPlane) -> list[dict[str, Any]]:
    return [stored.object() for stored in plane.engine.cluster.store.collection("pods").ordered()]


def _statuses(plane: ControlPlane) -> list[str]:
    return [pod_cells(pod)[2] for pod in _pods(plane)]


def _ready(plane: ControlPlane, name: str = "web") -> int:
    return int(_get(plane, "apps/deployments", name)["status"].get("readyReplicas", 0))


def _set_image(plane: ControlPlane, image: str) -> None:
    obj = _get(plane, "apps/deployments", "web")
    obj["spec"]["template"]["spec"]["containers"][0]["image"] = image
    obj["metadata"]["generation"] += 1
    plane.engine.cluster.store.put("apps/deployments", obj)


async def test_a_deployment_becomes_ready(plane: ControlPlane, eventually: Eventually) -> None:
    _deploy(plane)
    await eventually(lambda: _ready(plane) == 3)
    status = _get(plane, "apps/deployments", "web")["status"]
    assert {c["type"]: c["reason"] for c in status["conditions"]} == {
        "Available": "MinimumReplicasAvailable",
        "Progressing": "NewReplicaSetAvailable",
    }
    assert len({pod["spec"]["nodeName"] for pod in _pods(plane)}) == 2
    slices = plane.engine.cluster.store.collection("discovery.k8s.io/endpointslices")
    await eventually(lambda: len(slices.ordered()[0].object()["endpoints"]) == 3)


async def test_a_rollout_keeps_the_promised_availability(plane: ControlPlane, eventually: Eventually) -> None:
    _deploy(plane)
    await eventually(lambda: _ready(plane) == 3)
    seen: list[int] = []
    plane.engine.cluster.store.listen(lambda collection, _: seen.append(_ready(plane)))
    _set_image(plane, "web:2")
    await eventually(lambda: {p["spec"]["containers"][0]["image"] for p in _pods(plane)} == {"web:2"})
    await eventually(lambda: _get(plane, "apps/deployments", "web")["status"].get("replicas") == 3)
    assert min(seen) >= 3, "maxUnavailable 25% of 3 is none"
    annotations = _get(plane, "apps/deployments", "web")["metadata"]["annotations"]
    assert annotations["deployment.kubernetes.io/revision"] == "2"
    assert len(_names(plane, "apps/replicasets")) == 2


async def test_a_crashing_rollout_gets_stuck_and_its_undoing_mends_it(
    plane: ControlPlane, eventually: Eventually
) -> None:
    _deploy(plane)
    await eventually(lambda: _ready(plane) == 3)
    good = _get(plane, "apps/deployments", "web")["spec"]["template"]["spec"]["containers"][0]["image"]
    plane.engine.cluster.behaviours.by_image["web:bad"] = Behaviour(
        fate="crashes", after=1.0, ready_after=30.0
    )
    _set_image(plane, "web:bad")
    await eventually(lambda: "CrashLoopBackOff" in _statuses(plane))
    crashed = next(pod for pod in _pods(plane) if pod_cells(pod)[2] == "CrashLoopBackOff")
    status = crashed["status"]["containerStatuses"][0]
    assert status["lastState"]["terminated"]["reason"] == "Error"
    assert status["restartCount"] >= 1
    assert "back-off" in status["state"]["waiting"]["message"]
    _set_image(plane, good)
    await eventually(lambda: _statuses(plane) == ["Running"] * 3)


async def test_a_larger_limit_ends_oom_kills(plane: ControlPlane, eventually: Eventually) -> None:
    hungry = Workload("default", "web", replicas=1, memory="64Mi", version="9")
    fate = Behaviour(fate="oom", after=1.0, memory="100Mi")
    plane.engine.cluster.behaviours.by_image[hungry.image_name] = fate
    _deploy(plane, hungry)

    def killed() -> bool:
        last = [
            s.get("lastState", {}) for p in _pods(plane) for s in p["status"].get("containerStatuses") or ()
        ]
        return any((state.get("terminated") or {}).get("reason") == "OOMKilled" for state in last)

    await eventually(killed)
    obj = _get(plane, "apps/deployments", "web")
    obj["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"] = "200Mi"
    plane.engine.cluster.store.put("apps/deployments", obj)
    await eventually(lambda: _ready(plane) == 1)  # one that is killed never gets ready


async def test_a_missing_image_backs_off(plane: ControlPlane, eventually: Eventually) -> None:
    _deploy(plane, Workload("default", "web", replicas=1, version="does-not-exist"))
    await eventually(lambda: _statuses(plane) == ["ImagePullBackOff"])
    reasons = {
        stored.object()["reason"] for stored in plane.engine.cluster.store.collection("events").ordered()
    }
    assert {"Scheduled", "Pulling", "Failed", "BackOff"} <= reasons


async def test_too_much_cpu_stays_pending_until_there_is_room(
    plane: ControlPlane, eventually: Eventually
) -> None:
    _deploy(plane, Workload("default", "web", replicas=1, cpu="3500m"))
    await eventually(lambda: _statuses(plane) == ["Running"])
    _deploy(plane, Workload("default", "big", replicas=2, cpu="3"))
    await eventually(lambda: sorted(_statuses(plane)) == ["Pending", "Running", "Running"])
    waiting = next(pod for pod in _pods(plane) if pod_cells(pod)[2] == "Pending")
    (condition,) = waiting["status"]["conditions"]
    assert condition["reason"] == "Unschedulable"
    assert condition["message"].startswith("0/2 nodes are available: 2 Insufficient cpu")
    delete_one(plane.engine.cluster, "apps/deployments", ("default", "web"))
    await eventually(lambda: _statuses(plane) == ["Running", "Running"])


async def test_stateful_sets_come_in_order_with_claims(plane: ControlPlane, eventually: Eventually) -> None:
    from backend.demo.world import _foundations

    _foundations(plane.engine.cluster, nodes=0, edge=True)
    _deploy(plane, Workload("default", "db", kind="StatefulSet", replicas=2, storage="1Gi"))
    await eventually(lambda: _statuses(plane) == ["Running", "Running"])
    assert _names(plane, "pods") == ["db-0", "db-1"]
    claim = _get(plane, "persistentvolumeclaims", "data-db-0")
    assert claim["status"]["phase"] == "Bound"
    created = [_get(plane, "pods", name)["metadata"]["resourceVersion"] for name in ("db-0", "db-1")]
    assert int(created[0]) < int(created[1])


def _job(plane: ControlPlane, name: str, command: list[str], **spec: Any) -> None:
    cluster = plane.engine.cluster
    pod = {"restartPolicy": "Never", "containers": [{"name": "a", "image": "job:1", "command": command}]}
    obj = {
        "metadata": {"name": name, "namespace": "default", "generation": 1, "uid": cluster.new_uid()},
        "spec": {"template": {"spec": pod}, **spec},
    }
    fill_in(cluster, "batch/jobs", obj, created=True)
    cluster.add("batch/jobs", obj)


def _outcome(plane: ControlPlane, name: str) -> str:
    conditions = _get(plane, "batch/jobs", name).get("status", {}).get("conditions") or [{"type": ""}]
    return str(conditions[-1]["type"])


async def test_jobs_complete_and_fail(plane: ControlPlane, eventually: Eventually) -> None:
    _job(plane, "good", ["true"], completions=2)
    _job(plane, "bad", ["false"], backoffLimit=1)
    await eventually(lambda: _outcome(plane, "good") == "Complete")
    await eventually(lambda: _outcome(plane, "bad") == "Failed")
    assert _get(plane, "batch/jobs", "good")["status"]["succeeded"] == 2
    assert _get(plane, "batch/jobs", "bad")["status"]["failed"] == 2


async def test_dependents_follow_their_owner(plane: ControlPlane, eventually: Eventually) -> None:
    _deploy(plane)
    await eventually(lambda: _ready(plane) == 3)
    delete_one(plane.engine.cluster, "apps/deployments", ("default", "web"))
    await eventually(lambda: not _names(plane, "apps/replicasets") and not _names(plane, "pods"))


async def test_foreground_waits_and_orphan_lets_live(plane: ControlPlane, eventually: Eventually) -> None:
    cluster = plane.engine.cluster
    _deploy(plane)
    await eventually(lambda: _ready(plane) == 3)
    delete_one(cluster, "apps/deployments", ("default", "web"), propagation="Orphan")
    await eventually(lambda: not _names(plane, "apps/deployments"))
    (name,) = _names(plane, "apps/replicasets")
    assert "ownerReferences" not in _get(plane, "apps/replicasets", name)["metadata"]
    order: list[str] = []
    cluster.store.listen(lambda c, e: order.append(c) if e.type == "DELETED" else None)
    delete_one(cluster, "apps/replicasets", ("default", name), propagation="Foreground")
    await eventually(lambda: not _names(plane, "apps/replicasets"))
    kept = [collection for collection in order if collection in ("pods", "apps/replicasets")]
    assert kept == ["pods", "pods", "pods", "apps/replicasets"]


async def test_a_namespace_is_emptied_before_it_goes(plane: ControlPlane, eventually: Eventually) -> None:
    cluster = plane.engine.cluster
    add_namespace(cluster, "tmp")
    _deploy(plane, Workload("tmp", "web", replicas=2))
    await eventually(lambda: _statuses(plane) == ["Running", "Running"])
    delete_one(cluster, "namespaces", ("", "tmp"))
    assert _get(plane, "namespaces", "tmp", "")["status"]["phase"] == "Terminating"
    await eventually(lambda: "tmp" not in _names(plane, "namespaces"))
    assert not _names(plane, "pods")


async def test_a_lost_node_and_its_return(plane: ControlPlane, eventually: Eventually) -> None:
    _deploy(plane)
    await eventually(lambda: _ready(plane) == 3)
    victim = _pods(plane)[0]["spec"]["nodeName"]
    plane.nodes.lose(victim, since=time.time() - 3600)
    ready = next(c for c in _get(plane, "nodes", victim, "")["status"]["conditions"] if c["type"] == "Ready")
    assert (ready["status"], ready["reason"]) == ("Unknown", "NodeStatusUnknown")
    await eventually(lambda: "Terminating" in _statuses(plane) and _statuses(plane).count("Running") == 3)
    plane.nodes.regain(victim)
    for pod in _pods(plane):
        plane.engine.cluster.store.put("pods", pod)
    await eventually(lambda: _statuses(plane) == ["Running"] * 3)
