"""Pod objects: built from a template, and their status in each moment of a life.

Everything here is a pure function from values to JSON-shaped dicts; the kubelet model and the seeding of a
scenario both use it, so a pod that was running before the demo began looks like one that started in it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from backend.demo.ages import rfc3339

_NO_EXECUTE = (
    {
        "effect": "NoExecute",
        "key": "node.kubernetes.io/not-ready",
        "operator": "Exists",
        "tolerationSeconds": 300,
    },
    {
        "effect": "NoExecute",
        "key": "node.kubernetes.io/unreachable",
        "operator": "Exists",
        "tolerationSeconds": 300,
    },
)
_TOKEN_MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 - a path


def owner_reference(owner: dict[str, Any], kind: str, api_version: str) -> dict[str, Any]:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def pod_of_template(
    template: dict[str, Any], *, name: str, namespace: str, owner: dict[str, Any], labels: dict[str, str]
) -> dict[str, Any]:
    """A pending pod as a controller creates it and admission completes it."""
    meta = template.get("metadata") or {}
    metadata: dict[str, Any] = {
        "name": name,
        "namespace": namespace,
        "labels": {**(meta.get("labels") or {}), **labels},
        "ownerReferences": [owner],
        "generation": 1,
    }
    if meta.get("annotations"):
        metadata["annotations"] = dict(meta["annotations"])
    spec = msgspec.json.decode(msgspec.json.encode(template["spec"]))  # a third of deepcopy's time
    complete_spec(spec)
    return {"metadata": metadata, "spec": spec, "status": {"phase": "Pending", "qosClass": qos_class(spec)}}


def complete_spec(spec: dict[str, Any]) -> None:
    """What admission adds to a pod's spec: tolerations, the service account and its token's volume."""
    spec.setdefault("serviceAccountName", "default")
    spec.setdefault("serviceAccount", spec["serviceAccountName"])
    spec.setdefault("tolerations", [dict(t) for t in _NO_EXECUTE])
    spec.setdefault("priority", 0)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    spec.setdefault("enableServiceLinks", True)


def qos_class(spec: dict[str, Any]) -> str:
    """Guaranteed, Burstable or BestEffort (core/v1 PodQOSClass)."""
    containers = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    resources = [c.get("resources") or {} for c in containers]
    if not any(r.get("requests") or r.get("limits") for r in resources):
        return "BestEffort"
    for resource in resources:
        limits, requests = resource.get("limits") or {}, resource.get("requests") or {}
        if not {"cpu", "memory"} <= limits.keys():
            return "Burstable"
        if any(requests.get(key, limits[key]) != limits[key] for key in ("cpu", "memory")):
            return "Burstable"
    return "Guaranteed"


def condition(kind: str, held: bool, at: float, *, reason: str = "", message: str = "") -> dict[str, Any]:
    entry: dict[str, Any] = {
        "type": kind,
        "status": "True" if held else "False",
        "lastProbeTime": None,
        "lastTransitionTime": rfc3339(at),
    }
    if reason:
        entry["reason"] = reason
    if message:
        entry["message"] = message
    return entry


def pod_conditions(
    pod: dict[str, Any], *, ready: bool, at: float, done: bool = False
) -> list[dict[str, Any]]:
    """The five conditions of a scheduled pod; transition times are kept where nothing changed."""
    names = [c["name"] for c in pod["spec"]["containers"]]
    unready = "ContainersNotReady"
    message = f"containers with unready status: [{' '.join(names)}]"
    if done:
        unready, message = "PodCompleted", ""
    why = {} if ready else {"reason": unready, "message": message}
    fresh = [
        condition("PodReadyToStartContainers", not done, at),
        condition("Initialized", True, at, reason="PodCompleted" if done else ""),
        condition("Ready", ready, at, **why),
        condition("ContainersReady", ready, at, **why),
        condition("PodScheduled", True, at),
    ]
    before = {c["type"]: c for c in pod.get("status", {}).get("conditions") or ()}
    for entry in fresh:
        old = before.get(entry["type"])
        if old and old["status"] == entry["status"]:
            entry["lastTransitionTime"] = old["lastTransitionTime"]
    return fresh


def running_state(at: float) -> dict[str, Any]:
    return {"running": {"startedAt": rfc3339(at)}}


def waiting_state(reason: str, message: str = "") -> dict[str, Any]:
    return {"waiting": {"reason": reason, **({"message": message} if message else {})}}


def terminated_state(
    container_id: str, *, code: int, reason: str, started: float, finished: float
) -> dict[str, Any]:
    return {
        "terminated": {
            "exitCode": code,
            "reason": reason,
            "startedAt": rfc3339(started),
            "finishedAt": rfc3339(finished),
            "containerID": container_id,
        }
    }


def container_status(
    container: dict[str, Any],
    *,
    state: dict[str, Any],
    ready: bool,
    restarts: int = 0,
    last: dict[str, Any] | None = None,
    container_id: str = "",
) -> dict[str, Any]:
    started = "running" in state
    status: dict[str, Any] = {
        "name": container["name"],
        "image": container["image"],
        "imageID": "",
        "lastState": last or {},
        "ready": ready,
        "restartCount": restarts,
        "started": started,
        "state": state,
    }
    if container_id:
        status["containerID"] = container_id
        repository = container["image"].rsplit(":", 1)[0]
        digest = container_id.removeprefix("containerd://")
        status["imageID"] = f"{repository}@sha256:{digest}"
    return status


def crash_message(container: str, pod: dict[str, Any], backoff: int) -> str:
    meta = pod["metadata"]
    text = (
        "5m0s" if backoff >= 300 else f"{backoff // 60}m{backoff % 60}s" if backoff >= 60 else f"{backoff}s"
    )
    name = f"{meta['name']}_{meta['namespace']}({meta['uid']})"
    return f"back-off {text} restarting failed container={container} pod={name}"
