"""The status of a pod that has been there for a while: what its past left behind."""

from __future__ import annotations

import hashlib
import time
from typing import Any

from backend.demo import pods
from backend.demo.behaviour import Behaviour
from backend.demo.cluster import Cluster
from backend.demo.recorder import record

_CYCLE = 310.0
"""Seconds of one round of a crash loop whose back-off has reached its limit of five minutes."""


def settle_pod(cluster: Cluster, pod: dict[str, Any], behaviours: dict[str, Behaviour]) -> dict[str, float]:
    """Fill in the status; returns, per container that is waiting in a back-off, the seconds left of it."""
    began, now = cluster.now(), time.time()
    statuses, waits = [], {}
    for container in pod["spec"]["containers"]:
        name, behaviour = container["name"], behaviours[container["name"]]
        entry, wait = _container(cluster, pod, container, behaviour, began=began, now=now)
        statuses.append(entry)
        if wait is not None:
            waits[name] = wait
    status = pod["status"]
    status["containerStatuses"] = statuses
    missing = any(behaviours[s["name"]].fate == "missing" for s in statuses)
    ended = all("terminated" in s["state"] for s in statuses)
    failed = ended and any(s["state"]["terminated"]["exitCode"] for s in statuses)
    status["phase"] = "Pending" if missing else "Failed" if failed else "Succeeded" if ended else "Running"
    ready = all(s["ready"] for s in statuses)
    status["conditions"] = pods.pod_conditions(pod, ready=ready, at=began + 4, done=ended)
    return waits


def _container(
    cluster: Cluster,
    pod: dict[str, Any],
    container: dict[str, Any],
    behaviour: Behaviour,
    *,
    began: float,
    now: float,
) -> tuple[dict[str, Any], float | None]:
    identity = hashlib.sha256(f"{pod['metadata']['uid']}/{container['name']}".encode()).hexdigest()
    container_id = f"containerd://{identity}"
    start = began + 3
    match behaviour.fate:
        case "runs" | "unready":
            state = pods.running_state(start)
            ready = behaviour.fate == "runs"
            return pods.container_status(container, state=state, ready=ready, container_id=container_id), None
        case "completes" | "fails":
            code = 0 if behaviour.fate == "completes" else behaviour.exit_code
            state = pods.terminated_state(
                container_id,
                code=code,
                reason="Completed" if code == 0 else "Error",
                started=start,
                finished=min(now, start + behaviour.after),
            )
            return pods.container_status(container, state=state, ready=False, container_id=container_id), None
        case "missing":
            return _missing(cluster, pod, container), cluster.random.uniform(20, 200)
    wait = cluster.random.uniform(15, 240)
    restarts = max(1, int((now - began) / _CYCLE) + 4)
    finished = now - (300 - wait)
    reason, code = ("OOMKilled", 137) if behaviour.fate == "oom" else ("Error", behaviour.exit_code)
    last = pods.terminated_state(
        container_id, code=code, reason=reason, started=finished - behaviour.after, finished=finished
    )
    text = pods.crash_message(container["name"], pod, 300)
    entry = pods.container_status(
        container,
        state=pods.waiting_state("CrashLoopBackOff", text),
        ready=False,
        restarts=restarts,
        last=last,
        container_id=container_id,
    )
    _recent(cluster, pod, container, "BackOff", text.capitalize(), count=restarts * 4)
    return entry, wait


def _missing(cluster: Cluster, pod: dict[str, Any], container: dict[str, Any]) -> dict[str, Any]:
    image = container["image"]
    text = f'Back-off pulling image "{image}"'
    for reason, message in (
        ("Failed", f'Failed to pull image "{image}": {image}: not found'),
        ("Failed", "Error: ImagePullBackOff"),
        ("BackOff", text),
    ):
        _recent(cluster, pod, container, reason, message, count=40)
    return pods.container_status(container, state=pods.waiting_state("ImagePullBackOff", text), ready=False)


def _recent(
    cluster: Cluster, pod: dict[str, Any], container: dict[str, Any], reason: str, message: str, *, count: int
) -> None:
    """An event that has been repeated since the pod began, last seen a moment ago."""
    past, cluster.moment = cluster.moment, time.time() - cluster.random.uniform(5, 200)
    try:
        record(
            cluster,
            pod,
            kind="Pod",
            reason=reason,
            message=message,
            component="kubelet",
            host=pod["spec"].get("nodeName", ""),
            field=f"spec.containers{{{container['name']}}}",
            severity="Warning",
            count=count,
            first=past,
        )
    finally:
        cluster.moment = past
