"""The scheduler: a node for each pod, or an event that says why there is none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from backend.demo.cluster import Cluster
from backend.demo.controllers.owned import is_active
from backend.demo.engine import Engine
from backend.demo.pods import condition
from backend.demo.quantities import quantity
from backend.demo.recorder import record
from backend.demo.store import Event, Key, Stored

_RETRY = 30.0
_ENOUGH = 12
"""So many nodes that fit are compared; the search goes on where the last one ended, as the real one does."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a pod asks of a node, in cores and bytes."""

    cpu: float
    memory: float


_NOTHING = Request(0.0, 0.0)


def pod_request(pod: dict[str, Any]) -> Request:
    resources = [(c.get("resources") or {}).get("requests") or {} for c in pod["spec"]["containers"]]
    return Request(
        sum(quantity(r.get("cpu")) for r in resources), sum(quantity(r.get("memory")) for r in resources)
    )


class Scheduler:
    watches = ("pods", "nodes")

    def __init__(self, engine: Engine) -> None:
        self.cluster: Cluster = engine.cluster
        self._engine = engine
        self._placed: dict[str, tuple[str, Request]] = {}
        self._waiting: set[Key] = set()
        self._next = 0
        self._taken: dict[str, Request] = {}
        """Node -> the sums of what is placed on it."""
        self._nodes: dict[str, tuple[int, dict[str, Any]]] = {}
        """Node -> its revision and its decoded object, so that placing a pod decodes nothing."""

    def keys(self, collection: str, event: Event) -> Iterable[Key]:
        if collection == "nodes":
            return list(self._waiting)
        freed = self._account(event)
        if freed:
            return [*self._waiting]
        return [event.stored.key] if event.type == "ADDED" else []

    def _account(self, event: Event) -> bool:
        """Keep the sums of what is placed; True if room became free."""
        uid = event.stored.uid
        if event.type == "DELETED":
            self._waiting.discard(event.stored.key)
            return self._free(uid)
        if uid in self._placed:
            if b'"phase":"Succeeded"' in event.stored.body or b'"phase":"Failed"' in event.stored.body:
                return self._free(uid)
            return False
        if b'"nodeName":"' in event.stored.body:
            pod = event.stored.object()
            if pod["spec"].get("nodeName") and is_active(pod):
                node, request = pod["spec"]["nodeName"], pod_request(pod)
                self._placed[uid] = (node, request)
                self._add(node, request.cpu, request.memory)
        return False

    def _free(self, uid: str) -> bool:
        placed = self._placed.pop(uid, None)
        if placed is not None:
            self._add(placed[0], -placed[1].cpu, -placed[1].memory)
        return placed is not None

    def _add(self, node: str, cpu: float, memory: float) -> None:
        sums = self._taken.get(node, _NOTHING)
        self._taken[node] = Request(sums.cpu + cpu, sums.memory + memory)

    def _node(self, stored: Stored) -> dict[str, Any]:
        known = self._nodes.get(stored.name)
        if known is None or known[0] != stored.rv:
            known = self._nodes[stored.name] = (stored.rv, stored.object())
        return known[1]

    def reconcile(self, key: Key) -> None:
        stored = self.cluster.store.get("pods", *key)
        if stored is None or stored.terminating:
            self._waiting.discard(key)
            return
        pod = stored.object()
        if pod["spec"].get("nodeName") or not is_active(pod):
            self._waiting.discard(key)
            return
        reasons: dict[str, int] = {}
        node = self._choose(pod, reasons)
        if node is None:
            self._refuse(key, pod, reasons)
            return
        self._waiting.discard(key)
        pod["spec"]["nodeName"] = node
        held = [c for c in pod["status"].get("conditions") or () if c["type"] != "PodScheduled"]
        pod["status"]["conditions"] = [*held, condition("PodScheduled", True, self.cluster.now())]
        self.cluster.store.put("pods", pod)
        name = f"{key[0]}/{key[1]}"
        self._say(pod, "Scheduled", f"Successfully assigned {name} to {node}")

    def _choose(self, pod: dict[str, Any], reasons: dict[str, int]) -> str | None:
        """The emptiest of some nodes that fit; fills ``reasons`` with why the others don't."""
        asked = pod_request(pod)
        best: tuple[float, str] | None = None
        fitting = 0
        nodes = self.cluster.store.collection("nodes").ordered()
        for place in range(len(nodes)):
            stored = nodes[(self._next + place) % len(nodes)]
            obj = self._node(stored)
            taken = self._taken.get(stored.name, _NOTHING)
            after = Request(taken.cpu + asked.cpu, taken.memory + asked.memory)
            why = _unfit(pod, obj, after)
            if why:
                reasons[why] = reasons.get(why, 0) + 1
                continue
            score = (
                after.cpu / quantity(obj["status"]["allocatable"]["cpu"]) + self.cluster.random.random() * 0.1
            )
            if best is None or score < best[0]:
                best = (score, stored.name)
            fitting += 1
            if fitting == _ENOUGH:
                self._next += place + 1
                break
        return best[1] if best else None

    def _refuse(self, key: Key, pod: dict[str, Any], reasons: dict[str, int]) -> None:
        total = sum(reasons.values())
        why = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
        message = (
            f"0/{total} nodes are available: {why}. preemption: 0/{total} nodes are available: "
            f"{total} Preemption is not helpful for scheduling."
            if total
            else "no nodes available to schedule pods"
        )
        refused = condition(
            "PodScheduled", False, self.cluster.now(), reason="Unschedulable", message=message
        )
        held = pod["status"].get("conditions") or []
        before = next((c for c in held if c["type"] == "PodScheduled"), None)
        if before is None or before.get("message") != message:
            if before is not None and before["status"] == "False":
                refused["lastTransitionTime"] = before["lastTransitionTime"]
            pod["status"]["conditions"] = [c for c in held if c["type"] != "PodScheduled"] + [refused]
            self.cluster.store.put("pods", pod)
        self._say(pod, "FailedScheduling", message, warning=True)
        if key not in self._waiting:
            self._waiting.add(key)
            self._again(key)

    def _again(self, key: Key) -> None:
        def retry() -> None:
            if key in self._waiting:
                self._engine.enqueue(self, key)
                self._again(key)

        self._engine.later(_RETRY * 10, retry)

    def _say(self, pod: dict[str, Any], reason: str, message: str, *, warning: bool = False) -> None:
        record(
            self.cluster,
            pod,
            kind="Pod",
            reason=reason,
            message=message,
            component="default-scheduler",
            severity="Warning" if warning else "Normal",
        )


def _unfit(pod: dict[str, Any], node: dict[str, Any], after: Request) -> str:
    """Why a pod can't go on a node, in the scheduler's words; '' if it can. ``after``: the sums with it."""
    room = node["status"]["allocatable"]
    selector = (pod["spec"].get("nodeSelector") or {}).items()
    if node["spec"].get("unschedulable"):
        return "node(s) were unschedulable"
    if taint := _repels(pod, node["spec"].get("taints") or ()):
        return f"node(s) had untolerated taint {{{taint}}}"
    if not selector <= (node["metadata"].get("labels") or {}).items():
        return "node(s) didn't match Pod's node affinity/selector"
    if after.cpu > quantity(room["cpu"]):
        return "Insufficient cpu"
    return "Insufficient memory" if after.memory > quantity(room["memory"]) else ""


def _repels(pod: dict[str, Any], taints: Iterable[dict[str, Any]]) -> str:
    """The first taint that keeps the pod away, as ``key: value``; '' if none does."""
    tolerations = pod["spec"].get("tolerations") or ()
    for taint in taints:
        if taint["effect"] == "PreferNoSchedule":
            continue
        if not any(_tolerates(toleration, taint) for toleration in tolerations):
            return f"{taint['key']}: {taint.get('value', '')}"
    return ""


def _tolerates(toleration: dict[str, Any], taint: dict[str, Any]) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if toleration.get("operator") == "Exists":
        return not toleration.get("key") or toleration["key"] == taint["key"]
    return bool(
        toleration.get("key") == taint["key"] and toleration.get("value", "") == taint.get("value", "")
    )
