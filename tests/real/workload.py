"""Nodes and pods on paper: objects that look alive to any client, made fast, without a kubelet.

Pods are bound to a node when created and then get the status that a kubelet would have written. Their content
is pseudo-random (from a seed) so that it does not compress better than the real thing.
"""

from __future__ import annotations

import contextlib
import datetime
import http.client
import json
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.real.api import Api, ApiError
from tests.real.control_plane import ControlPlane, wait_for

_THREADS = 8
_PODS_PER_NODE = 100
_NAMESPACES = ("pay", "cart", "search", "media", "batch", "platform")
_APPS = ("api", "worker", "web", "cache", "indexer", "gateway", "scheduler", "mailer")
_ENVIRONMENT_VALUE = 24  # hexadecimal digits of one padding variable

Progress = Callable[[str], None]


def add_node(api: Api, name: str, *, zone: str = "zone-a", cpu: str = "16", memory: str = "64Gi") -> None:
    """A Ready node that takes pods."""
    capacity = {"cpu": cpu, "memory": memory, "pods": "250", "ephemeral-storage": "100Gi"}
    labels = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "topology.kubernetes.io/zone": zone,
    }
    with contextlib.suppress(ApiError):  # it exists
        api.post(
            "/api/v1/nodes",
            {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}},
        )
    now = _now()
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "KubeletReady",
        "message": "the kubelet is posting ready status",
        "lastHeartbeatTime": now,
        "lastTransitionTime": now,
    }
    info = {
        "kubeletVersion": "v1.35.4",
        "osImage": "Paper Linux",
        "kernelVersion": "6.1.0",
        "containerRuntimeVersion": "paper://1",
    }
    status = {
        "capacity": capacity,
        "allocatable": capacity,
        "conditions": [ready],
        "nodeInfo": {**_NODE_INFO, **info},
        "addresses": [{"type": "InternalIP", "address": "10.1.0.1"}, {"type": "Hostname", "address": name}],
    }
    api.merge(f"/api/v1/nodes/{name}/status", {"status": status})
    api.merge(f"/api/v1/nodes/{name}", {"spec": {"taints": None}})  # "not-ready", set by admission until now


_NODE_INFO = {
    "machineID": "",
    "systemUUID": "",
    "bootID": "",
    "kubeProxyVersion": "",
    "operatingSystem": "linux",
    "architecture": "amd64",
}


def add_namespace(plane: ControlPlane, name: str, *, deadline: float = 30.0) -> None:
    """A namespace that takes pods: its default service account exists (where controllers make one)."""
    api = plane.api()
    with contextlib.suppress(ApiError):
        api.post("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def usable() -> bool:
        try:
            api.get(f"/api/v1/namespaces/{name}/serviceaccounts/default")
        except ApiError:
            return False
        return True

    if plane.has_controllers and not wait_for(usable, deadline):
        raise TimeoutError(f"namespace {name} had no default service account after {deadline:.0f} s")
    api.close()


@contextlib.contextmanager
def fresh_namespace(planes: Sequence[ControlPlane], name: str) -> Iterator[None]:
    """Namespace `name` in every one of `planes`; its deletion is asked for at the end, not waited for."""
    try:
        for plane in planes:
            add_namespace(plane, name)
        yield
    finally:
        for plane in planes:
            api = plane.api()
            with contextlib.suppress(ApiError, OSError, http.client.HTTPException):
                api.delete(f"/api/v1/namespaces/{name}")
            api.close()


def fill(
    plane: ControlPlane, *, pods: int, size: int, seed: int = 1, progress: Progress | None = None
) -> None:
    """Make `pods` Running pods of about `size` bytes of JSON each, over namespaces and enough nodes.

    The size is what the API server returns for one pod in a list, managedFields included; below about 2,500
    bytes the pod is as small as a Running pod gets.
    """
    api = plane.api()
    nodes = [f"node-{number:03d}" for number in range(1, 2 + pods // _PODS_PER_NODE)]
    for name in nodes:
        add_node(api, name)
    for name in _NAMESPACES:
        add_namespace(plane, name)
    padding = _padding(api, size, nodes[0])
    numbers = iter(range(pods))
    lock, done = threading.Lock(), [0]

    def work() -> None:
        mine = api.clone()
        while (number := _next(numbers, lock)) is not None:
            _make(mine, number, nodes[number % len(nodes)], padding=padding, seed=seed)
            done[0] += 1
            if progress is not None and done[0] % 500 == 0:
                progress(f"{plane.name}: {done[0]} of {pods} pods")
        mine.close()

    with ThreadPoolExecutor(_THREADS) as pool:
        for outcome in [pool.submit(work) for _ in range(_THREADS)]:
            outcome.result()
    api.close()


def pod(number: int, node: str, *, padding: int, seed: int) -> dict[str, Any]:
    """The manifest of pod `number`: name, namespace and contents follow from the seed."""
    chance = random.Random(f"{seed}/{number}")
    app = _APPS[number % len(_APPS)]
    owner = f"{app}-{random.Random(f'{seed}/{app}').getrandbits(36):09x}"
    variables = [
        {
            "name": f"SETTING_{index:02d}",
            "value": f"{chance.getrandbits(4 * _ENVIRONMENT_VALUE):0{_ENVIRONMENT_VALUE}x}",
        }
        for index in range(padding)
    ]
    container = {
        "name": app,
        "image": f"example.invalid/{app}:1.{number % 7}",
        "ports": [{"containerPort": 8080, "name": "http"}],
        "env": variables,
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": "http"}},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{owner}-{number:05d}",
            "namespace": _NAMESPACES[number % len(_NAMESPACES)],
            "labels": {"app": app, "pod-template-hash": owner.rpartition("-")[2], "tier": "backend"},
            "annotations": {"example.invalid/checksum": f"{chance.getrandbits(256):064x}"},
        },
        "spec": {"nodeName": node, "containers": [container]},
    }


def running_status(manifest: dict[str, Any], number: int) -> dict[str, Any]:
    """What a kubelet would report for it; one in fifty crash-loops."""
    now = _now()
    failing = number % 50 == 49
    container = manifest["spec"]["containers"][0]
    state: dict[str, Any] = {"running": {"startedAt": now}}
    if failing:
        state = {
            "waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container"}
        }
    ready = "False" if failing else "True"
    conditions = [
        {"type": name, "status": status, "lastTransitionTime": now}
        for name, status in (
            ("PodReadyToStartContainers", "True"),
            ("Initialized", "True"),
            ("Ready", ready),
            ("ContainersReady", ready),
            ("PodScheduled", "True"),
        )
    ]
    address = f"10.{2 + number // 62500}.{number // 250 % 250}.{number % 250 + 1}"
    return {
        "phase": "Running",
        "conditions": conditions,
        "hostIP": "10.1.0.1",
        "hostIPs": [{"ip": "10.1.0.1"}],
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": now,
        "containerStatuses": [
            {
                "name": container["name"],
                "image": container["image"],
                "imageID": f"example.invalid/{container['name']}@sha256:{number:064x}",
                "containerID": f"paper://{number:064x}",
                "ready": not failing,
                "started": not failing,
                "restartCount": 40 + number % 7 if failing else number % 3,
                "state": state,
            }
        ],
    }


def _make(api: Api, number: int, node: str, *, padding: int, seed: int) -> dict[str, Any]:
    manifest = pod(number, node, padding=padding, seed=seed)
    path = f"/api/v1/namespaces/{manifest['metadata']['namespace']}/pods"
    made = api.post(path, manifest)
    made["status"] = running_status(manifest, number)
    done: dict[str, Any] = api.put(f"{path}/{manifest['metadata']['name']}/status", made)
    return done


def _padding(api: Api, size: int, node: str) -> int:
    """How many variables bring a pod to `size` bytes, from two pods really made (and removed)."""
    lengths = []
    for number, variables in ((0, 1), (1, 21)):
        made = _make(api, number, node, padding=variables, seed=-1)
        lengths.append(len(json.dumps(made, separators=(",", ":"))))
        name, namespace = made["metadata"]["name"], made["metadata"]["namespace"]
        api.request("DELETE", f"/api/v1/namespaces/{namespace}/pods/{name}?gracePeriodSeconds=0")
    each = (lengths[1] - lengths[0]) / 20
    return max(0, 1 + round((size - lengths[0]) / each))


def _next(numbers: Iterator[int], lock: threading.Lock) -> int | None:
    with lock:
        return next(numbers, None)


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
