"""Our columns against kubectl's, cell by cell, on a real API server: pods, workloads and the daily rest."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from typing import Any

from backend.resources import registry
from tests.real.api import Api, ApiError
from tests.real.kind_cells import all_compared, most_compared
from tests.real.rig import Rig
from tests.real.workload import add_node

NOW = time.time()


def ago(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW - seconds))


def running(name: str = "app", *, ready: bool = True, restarts: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "image": "x",
        "imageID": "x",
        "ready": ready,
        "started": True,
        "restartCount": restarts,
        "state": {"running": {"startedAt": ago(50)}},
        **more,
    }


def stopped(
    code: int, reason: str = "", name: str = "app", *, signal: int = 0, **more: Any
) -> dict[str, Any]:
    ended = {"exitCode": code, "reason": reason, "signal": signal, "finishedAt": ago(400)}
    return {
        "name": name,
        "image": "x",
        "imageID": "x",
        "ready": False,
        "restartCount": 0,
        "state": {"terminated": ended},
        **more,
    }


def waiting(reason: str, name: str = "app", *, restarts: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "image": "x",
        "imageID": "x",
        "ready": False,
        "restartCount": restarts,
        "state": {"waiting": {"reason": reason, "message": f"{reason} it is"}},
        **more,
    }


LAST = {"lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": ago(4000)}}}
READY = [{"type": "Ready", "status": "True"}, {"type": "Initialized", "status": "True"}]
INIT = {"initContainers": [{"name": "i1", "image": "x"}, {"name": "i2", "image": "x"}]}
SIDECAR = {"initContainers": [{"name": "proxy", "image": "x", "restartPolicy": "Always"}]}
GATED = {"readinessGates": [{"conditionType": "example.com/a"}, {"conditionType": "example.com/b"}]}

PODS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": (
        {},
        {
            "phase": "Running",
            "containerStatuses": [running()],
            "conditions": READY,
            "podIP": "10.0.0.9",
            "podIPs": [{"ip": "10.0.0.9"}],
        },
    ),
    "pending": ({}, {"phase": "Pending"}),
    "gated": ({"schedulingGates": [{"name": "example.com/wait"}]}, {}),
    "creating": ({}, {"phase": "Pending", "containerStatuses": [waiting("ContainerCreating")]}),
    "crashing": (
        {},
        {"phase": "Running", "containerStatuses": [waiting("CrashLoopBackOff", restarts=41, **LAST)]},
    ),
    "no-image": ({}, {"phase": "Pending", "containerStatuses": [waiting("ImagePullBackOff")]}),
    "oom": ({}, {"phase": "Failed", "containerStatuses": [stopped(137, "OOMKilled")]}),
    "signal": ({}, {"phase": "Failed", "containerStatuses": [stopped(137, signal=9)]}),
    "exit-code": ({}, {"phase": "Failed", "containerStatuses": [stopped(3)]}),
    "completed": ({}, {"phase": "Succeeded", "containerStatuses": [stopped(0, "Completed")]}),
    "half-done": (
        {},
        {
            "phase": "Running",
            "containerStatuses": [stopped(0, "Completed"), running("b")],
            "conditions": READY,
        },
    ),
    "half-unready": ({}, {"phase": "Running", "containerStatuses": [stopped(0, "Completed"), running("b")]}),
    "half-error": (
        {},
        {"phase": "Running", "containerStatuses": [stopped(0, "Completed"), stopped(2, "Error", "b")]},
    ),
    "evicted": ({}, {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource"}),
    "restarted": (
        {},
        {"phase": "Running", "conditions": READY, "containerStatuses": [running(restarts=3, **LAST)]},
    ),
    "restarted-unknown": ({}, {"phase": "Running", "containerStatuses": [running(restarts=3)]}),
    "init-first": (
        INIT,
        {
            "phase": "Pending",
            "initContainerStatuses": [waiting("PodInitializing", "i1"), waiting("PodInitializing", "i2")],
        },
    ),
    "init-second": (
        INIT,
        {
            "phase": "Pending",
            "initContainerStatuses": [stopped(0, "Completed", "i1"), running("i2", ready=False)],
        },
    ),
    "init-error": (
        INIT,
        {
            "phase": "Pending",
            "initContainerStatuses": [stopped(1, "Error", "i1"), waiting("PodInitializing", "i2")],
        },
    ),
    "init-signal": (INIT, {"phase": "Pending", "initContainerStatuses": [stopped(1, "", "i1", signal=15)]}),
    "init-code": (INIT, {"phase": "Pending", "initContainerStatuses": [stopped(7, "", "i1")]}),
    "init-crash": (
        INIT,
        {
            "phase": "Pending",
            "containerStatuses": [waiting("PodInitializing")],
            "initContainerStatuses": [waiting("CrashLoopBackOff", "i1", restarts=6, **LAST)],
        },
    ),
    "init-done": (
        INIT,
        {
            "phase": "Running",
            "conditions": READY,
            "containerStatuses": [running(restarts=1, **LAST)],
            "initContainerStatuses": [
                {**stopped(0, "Completed", "i1"), "restartCount": 3},
                stopped(0, "Completed", "i2"),
            ],
        },
    ),
    "sidecar": (
        SIDECAR,
        {
            "phase": "Running",
            "conditions": READY,
            "containerStatuses": [running()],
            "initContainerStatuses": [running("proxy", restarts=2, **LAST)],
        },
    ),
    "sidecar-starting": (
        SIDECAR,
        {"phase": "Pending", "initContainerStatuses": [{**running("proxy", ready=False), "started": False}]},
    ),
    "gates": (
        GATED,
        {
            "phase": "Running",
            "containerStatuses": [running()],
            "conditions": [*READY, {"type": "example.com/a", "status": "True"}],
        },
    ),
    "nominated": ({"schedulerName": "nobody"}, {"phase": "Pending", "nominatedNodeName": "node-else"}),
}

DELETED = {
    "leaving": {"phase": "Running", "containerStatuses": [running()]},
    "lost": {"phase": "Running", "reason": "NodeLost", "containerStatuses": [running()]},
    "left": {"phase": "Succeeded", "containerStatuses": [stopped(0, "Completed")]},
}


def make_pods(api: Api, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/pods"
    everything = [(name, spec, status, False) for name, (spec, status) in PODS.items()]
    everything += [(name, {}, status, True) for name, status in DELETED.items()]
    for name, spec, status, deleted in everything:
        names = {c["name"] for c in status.get("containerStatuses", ())} or {"app"}
        containers = [{"name": container, "image": "x"} for container in sorted(names)]
        meta: dict[str, Any] = (
            {"name": name, "finalizers": ["example.com/hold"]} if deleted else {"name": name}
        )
        node = {} if {"schedulingGates", "schedulerName"} & set(spec) else {"nodeName": "node-kinds"}
        pod = {"metadata": meta, "spec": {"containers": containers, **node, **spec}}
        api.post(path, pod)
        if status:
            api.merge(f"{path}/{name}/status", {"status": status})
        if deleted:
            api.delete(f"{path}/{name}")


def release_pods(api: Api, namespace: str) -> None:
    for name in DELETED:
        with contextlib.suppress(ApiError):  # a failed test may not have made it
            api.merge(f"/api/v1/namespaces/{namespace}/pods/{name}", {"metadata": {"finalizers": None}})


TEMPLATE = {
    "metadata": {"labels": {"app": "web"}},
    "spec": {
        "nodeSelector": {"disk": "ssd", "arch": "x"},
        "containers": [{"name": "a", "image": "img:1"}, {"name": "b", "image": "img:2"}],
    },
}
SELECTOR = {
    "matchLabels": {"app": "web"},
    "matchExpressions": [
        {"key": "tier", "operator": "NotIn", "values": ["z", "c"]},
        {"key": "app", "operator": "Exists"},
        {"key": "gone", "operator": "DoesNotExist"},
    ],
}
BATCH = {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "img:1"}]}}}


def make_workloads(api: Api, namespace: str) -> None:
    apps = f"/apis/apps/v1/namespaces/{namespace}"
    spec = {"selector": SELECTOR, "template": TEMPLATE}
    api.post(f"{apps}/deployments", {"metadata": {"name": "web"}, "spec": {"replicas": 3, **spec}})
    api.post(f"{apps}/deployments", {"metadata": {"name": "none"}, "spec": {"replicas": 0, **spec}})
    api.post(f"{apps}/replicasets", {"metadata": {"name": "bare"}, "spec": {"replicas": 2, **spec}})
    api.post(f"{apps}/daemonsets", {"metadata": {"name": "agent"}, "spec": spec})
    api.post(
        f"{apps}/statefulsets",
        {"metadata": {"name": "db"}, "spec": {"replicas": 2, "serviceName": "db", **spec}},
    )
    jobs = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    for name, more in {
        "plain": {},
        "wide": {"parallelism": 3},
        "counted": {"completions": 4, "parallelism": 2},
        "waiting": {"suspend": True},
    }.items():
        api.post(jobs, {"metadata": {"name": name}, "spec": {**BATCH, **more}})


def make_rest(api: Api, namespace: str) -> None:
    core = f"/api/v1/namespaces/{namespace}"
    ports = [{"name": "a", "port": 80}, {"name": "b", "port": 53, "protocol": "UDP"}]
    for name, spec in {
        "inside": {"ports": ports, "selector": {"b": "2", "a": "1"}},
        "headless": {"clusterIP": "None", "ports": ports},
        "outside": {"type": "LoadBalancer", "ports": ports},
        "balanced": {"type": "LoadBalancer", "ports": ports, "externalIPs": ["1.2.3.4"]},
        "node-port": {"type": "NodePort", "ports": ports, "externalIPs": ["1.2.3.4", "5.6.7.8"]},
        "elsewhere": {"type": "ExternalName", "externalName": "example.com"},
    }.items():
        api.post(f"{core}/services", {"metadata": {"name": name}, "spec": spec})
    api.merge(
        f"{core}/services/balanced/status",
        {"status": {"loadBalancer": {"ingress": [{"ip": "9.9.9.9"}, {"hostname": "a.example"}]}}},
    )
    api.post(
        f"{core}/configmaps", {"metadata": {"name": "c"}, "data": {"a": "1"}, "binaryData": {"b": "AA=="}}
    )
    api.post(f"{core}/secrets", {"metadata": {"name": "s"}, "data": {"a": "AA==", "b": "AAA="}})
    claims = f"{core}/persistentvolumeclaims"
    size = {"resources": {"requests": {"storage": "1Gi"}}}
    api.post(
        claims,
        {
            "metadata": {"name": "wait"},
            "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "fast", **size},
        },
    )
    old = {"volume.beta.kubernetes.io/storage-class": "old"}
    api.post(
        claims,
        {
            "metadata": {"name": "bound", "annotations": old},
            "spec": {"accessModes": ["ReadWriteMany", "ReadOnlyMany"], "volumeName": "pv1", **size},
        },
    )
    api.merge(
        f"{claims}/bound/status",
        {
            "status": {
                "phase": "Bound",
                "accessModes": ["ReadWriteMany", "ReadOnlyMany"],
                "capacity": {"storage": "1536Mi"},
            }
        },
    )
    about = {"kind": "Pod", "name": "plain", "namespace": namespace, "fieldPath": "spec.containers{app}"}
    events = f"{core}/events"
    api.post(
        events,
        {
            "metadata": {"name": "old"},
            "involvedObject": about,
            "type": "Warning",
            "reason": "BackOff",
            "message": " Back-off restarting\n",
            "source": {"component": "kubelet", "host": "node-1"},
            "firstTimestamp": ago(7200),
            "lastTimestamp": ago(65),
            "count": 9,
        },
    )
    api.post(
        events,
        {
            "metadata": {"name": "single"},
            "involvedObject": {"kind": "Pod", "namespace": namespace},
            "reason": "Seen",
            "type": "Normal",
            "eventTime": ago(300)[:-1] + ".000000Z",
            "action": "Look",
            "reportingComponent": "example.com/x",
            "reportingInstance": "x-1",
        },
    )


EXPECTED: Sequence[tuple[str, int]] = (
    ("pods", len(PODS) + len(DELETED)),
    ("deployments", 2),
    ("replicasets", 1),
    ("daemonsets", 1),
    ("statefulsets", 1),
    ("jobs", 4),
    ("services", 6),
    ("configmaps", 1),
    ("secrets", 1),
    ("persistentvolumeclaims", 2),
    ("events", 2),
)


def test_cells_are_kubectls(rig: Rig, namespace: str) -> None:
    api = rig.clusters[0].api()
    add_node(api, "node-kinds")
    api.merge(
        "/api/v1/nodes/node-kinds",
        {
            "metadata": {
                "labels": {
                    "node-role.kubernetes.io/worker": "",
                    "node-role.kubernetes.io/edge": "",
                    "kubernetes.io/role": "old",
                }
            },
            "spec": {"unschedulable": True},
        },
    )
    try:
        make_workloads(api, namespace)
        make_rest(api, namespace)
        make_pods(api, namespace)
        all_compared(api, EXPECTED, namespace)
        for word in ("nodes", "namespaces"):
            kind = registry.builtin(word)
            assert kind is not None
            assert most_compared(api, kind, "", 1) >= 1
    finally:
        release_pods(api, namespace)
