"""The pod's row: its STATUS is a digest of every container's state."""

from __future__ import annotations

from typing import Any

from backend.demo.ages import age

_TERMINAL = ("Succeeded", "Failed")


def pod_cells(pod: dict[str, Any]) -> list[Any]:
    """Name, Ready, Status, Restarts, Age, IP, Node, Nominated Node, Readiness Gates."""
    spec, status = pod.get("spec", {}), pod.get("status", {})
    sidecars = {c["name"] for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always"}
    digest = _Digest(status, sidecars, total_init=len(spec.get("initContainers") or ()))
    total = len(spec.get("containers") or ()) + len(sidecars)
    ips = status.get("podIPs") or ()
    return [
        pod["metadata"]["name"],
        f"{digest.ready}/{total}",
        _final(pod, digest.reason),
        digest.restarts_text(),
        age(pod["metadata"].get("creationTimestamp")),
        ips[0]["ip"] if ips else "<none>",
        spec.get("nodeName") or "<none>",
        status.get("nominatedNodeName") or "<none>",
        _gates(spec, status),
    ]


def _final(pod: dict[str, Any], reason: str) -> str:
    status = pod.get("status", {})
    if "deletionTimestamp" in pod["metadata"]:
        if status.get("reason") == "NodeLost":
            return "Unknown"
        if status.get("phase") not in _TERMINAL:
            return "Terminating"
    return reason


class _Digest:
    """Counts and the reason that wins, over init containers first and containers then."""

    def __init__(self, status: dict[str, Any], sidecars: set[str], *, total_init: int) -> None:
        self.ready = 0
        self.restarts = 0
        self.last_restart = ""
        self.reason: str = status.get("reason") or status.get("phase") or ""
        conditions = status.get("conditions") or ()
        if any(c.get("reason") == "SchedulingGated" and c["type"] == "PodScheduled" for c in conditions):
            self.reason = "SchedulingGated"
        held = {c["type"]: c["status"] for c in conditions}
        initializing = self._init(status, sidecars, total_init)
        if not initializing or held.get("Initialized") == "True":
            self._main(status, sidecars, ready=held.get("Ready") == "True")

    def restarts_text(self) -> str:
        if self.restarts and self.last_restart:
            return f"{self.restarts} ({age(self.last_restart)} ago)"
        return str(self.restarts)

    def _init(self, status: dict[str, Any], sidecars: set[str], total: int) -> bool:
        for position, container in enumerate(status.get("initContainerStatuses") or ()):
            self._count(container)
            state = container.get("state") or {}
            terminated, waiting = state.get("terminated"), state.get("waiting")
            if terminated is not None and terminated.get("exitCode", 0) == 0:
                continue
            if container["name"] in sidecars and container.get("started"):
                self.ready += bool(container.get("ready"))
                continue
            if terminated is not None:
                self.reason = "Init:" + _ended(terminated)
            elif waiting and waiting.get("reason") not in (None, "", "PodInitializing"):
                self.reason = "Init:" + waiting["reason"]
            else:
                self.reason = f"Init:{position}/{total}"
            return True
        return False

    def _main(self, status: dict[str, Any], sidecars: set[str], *, ready: bool) -> None:
        self.restarts, self.last_restart = 0, ""
        for container in status.get("initContainerStatuses") or ():
            if container["name"] in sidecars:
                self._count(container)
        running, failed = False, ""
        for container in reversed(status.get("containerStatuses") or ()):
            self._count(container)
            state = container.get("state") or {}
            terminated = state.get("terminated")
            if (state.get("waiting") or {}).get("reason"):
                self.reason = state["waiting"]["reason"]
            elif terminated is not None:
                self.reason = _ended(terminated)
                if terminated.get("exitCode", 0) != 0:
                    failed = self.reason
            elif container.get("ready") and state.get("running") is not None:
                running = True
                self.ready += 1
        if self.reason == "Completed":
            if running and ready:
                self.reason = "Running"
            elif failed:
                self.reason = failed
            elif running:
                self.reason = "NotReady"

    def _count(self, container: dict[str, Any]) -> None:
        self.restarts += container.get("restartCount", 0)
        last = ((container.get("lastState") or {}).get("terminated") or {}).get("finishedAt") or ""
        self.last_restart = max(self.last_restart, last)


def _ended(terminated: dict[str, Any]) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode', 0)}"


def _gates(spec: dict[str, Any], status: dict[str, Any]) -> str:
    gates = spec.get("readinessGates")
    if not gates:
        return "<none>"
    held = {c["type"]: c["status"] for c in status.get("conditions") or ()}
    return f"{sum(held.get(gate['conditionType']) == 'True' for gate in gates)}/{len(gates)}"


CELLS = {"pods": pod_cells}
