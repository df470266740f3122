"""A pod's STATUS, READY and RESTARTS, worked out as kubectl does, and what that means for its health.

Source: printPod of k8s.io/kubernetes/pkg/printers/internalversion. It is the one kubectl column that is an
algorithm; operators know its answers by heart, so ours are the same.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from backend.kube.objects import ObjectMeta
from backend.resources.duration import epoch
from backend.resources.kind import Health, Verdict
from backend.resources.needs import Container, InitContainer, WireAmounts, WireResources
from backend.resources.workload import Condition, condition, is_true, said

_Wire = msgspec.Struct


class Waiting(_Wire, frozen=True, gc=False):
    reason: str = ""
    message: str = ""


class Running(_Wire, frozen=True, gc=False):
    pass


class Terminated(_Wire, frozen=True, gc=False, rename="camel"):
    reason: str = ""
    message: str = ""
    exit_code: int = 0
    signal: int = 0
    finished_at: str | None = None


class ContainerState(_Wire, frozen=True, gc=False):
    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(_Wire, frozen=True, gc=False, rename="camel"):
    name: str = ""
    ready: bool = False
    started: bool | None = None
    restart_count: int = 0
    state: ContainerState = ContainerState()
    last_state: ContainerState = ContainerState()


class ReadinessGate(_Wire, frozen=True, gc=False, rename="camel"):
    condition_type: str = ""


class PodIp(_Wire, frozen=True, gc=False):
    ip: str = ""


class PodSpec(_Wire, frozen=True, gc=False, rename="camel"):
    containers: tuple[Container, ...] | None = None
    init_containers: tuple[InitContainer, ...] | None = None
    overhead: WireAmounts | None = None
    resources: WireResources | None = None
    """Of the pod as a whole (pod-level resources)."""
    node_name: str = ""
    readiness_gates: list[ReadinessGate] | None = None


class PodStatus(_Wire, frozen=True, gc=False, rename="camel"):
    phase: str = ""
    reason: str = ""
    message: str = ""
    conditions: list[Condition] | None = None
    init_container_statuses: list[ContainerStatus] | None = None
    container_statuses: list[ContainerStatus] | None = None
    pod_ip: str = msgspec.field(default="", name="podIP")
    pod_ips: list[PodIp] | None = msgspec.field(default=None, name="podIPs")
    nominated_node_name: str = ""


class PodWire(_Wire, frozen=True, gc=False):
    metadata: ObjectMeta = ObjectMeta()
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()


class Summary(NamedTuple):
    """kubectl's words about a pod; ``restarted_at`` is RFC 3339 or empty, ``gates`` ``1/2`` or empty."""

    status: str
    ready: int
    containers: int
    restarts: int
    restarted_at: str
    gates: str
    verdict: Verdict


class OomKill(NamedTuple):
    """A container that the kernel killed for its memory, and when (RFC 3339)."""

    container: str
    at: str


def oom_kills(status: PodStatus) -> tuple[OomKill, ...]:
    """The last end of each container, where that was one."""
    found = []
    for container in (*(status.init_container_statuses or ()), *(status.container_statuses or ())):
        for state in (container.state, container.last_state):
            ended = state.terminated
            if ended is not None and ended.reason == "OOMKilled":
                found.append(OomKill(container.name, ended.finished_at or ""))
                break
    return tuple(found)


class _Restarts:
    """Counts restarts and remembers the latest."""

    __slots__ = ("count", "latest")

    def __init__(self) -> None:
        self.count = 0
        self.latest = ""

    def add(self, container: ContainerStatus) -> None:
        self.count += container.restart_count
        ended = container.last_state.terminated
        if ended is not None and ended.finished_at and epoch(ended.finished_at) > epoch(self.latest):
            self.latest = ended.finished_at


def summarise(pod: PodWire) -> Summary:
    """kubectl's view of a pod."""
    status = pod.status
    sidecars = {init.name for init in pod.spec.init_containers or () if init.restart_policy == "Always"}
    reason = status.reason or status.phase
    if any(c.type == "PodScheduled" and c.reason == "SchedulingGated" for c in status.conditions or ()):
        reason = "SchedulingGated"
    ready, restarts, sidecar_restarts, init_reason = _init_containers(pod, sidecars)
    if not init_reason or is_true(status.conditions, "Initialized"):
        restarts = sidecar_restarts
        reason, main_ready = _main_containers(status, init_reason or reason, restarts)
        ready += main_ready
    else:
        reason = init_reason
    if pod.metadata.deletion_timestamp is not None:
        if status.reason == "NodeLost":
            reason = "Unknown"
        elif status.phase not in ("Succeeded", "Failed"):
            reason = "Terminating"
    containers = len(pod.spec.containers or ()) + len(sidecars)
    return Summary(
        status=reason,
        ready=ready,
        containers=containers,
        restarts=restarts.count,
        restarted_at=restarts.latest,
        gates=_gates(pod),
        verdict=_verdict(pod, reason=reason, ready=ready, containers=containers),
    )


def _init_containers(pod: PodWire, sidecars: set[str]) -> tuple[int, _Restarts, _Restarts, str]:
    """Ready sidecars, restarts of all and of the sidecars seen, and ``Init:…`` while initialising."""
    ready, restarts, sidecar_restarts = 0, _Restarts(), _Restarts()
    for index, container in enumerate(pod.status.init_container_statuses or ()):
        restarts.add(container)
        is_sidecar = container.name in sidecars
        if is_sidecar:
            sidecar_restarts.add(container)
        ended, waiting = container.state.terminated, container.state.waiting
        if ended is not None and ended.exit_code == 0:
            continue
        if is_sidecar and container.started:
            ready += container.ready
            continue
        if ended is not None:
            reason = f"Init:{_ending(ended)}"
        elif waiting is not None and waiting.reason and waiting.reason != "PodInitializing":
            reason = f"Init:{waiting.reason}"
        else:
            reason = f"Init:{index}/{len(pod.spec.init_containers or ())}"
        return ready, restarts, sidecar_restarts, reason
    return ready, restarts, sidecar_restarts, ""


def _main_containers(status: PodStatus, reason: str, restarts: _Restarts) -> tuple[str, int]:
    """The reason that the containers give (the first one's wins), and how many are ready."""
    ready, running, error = 0, False, ""
    for container in reversed(status.container_statuses or ()):
        restarts.add(container)
        state = container.state
        if state.waiting is not None and state.waiting.reason:
            reason = state.waiting.reason
        elif state.terminated is not None:
            reason = _ending(state.terminated)
            if state.terminated.exit_code != 0:
                error = reason
        elif container.ready and state.running is not None:
            running = True
            ready += 1
    if reason == "Completed":
        if running and is_true(status.conditions, "Ready"):
            reason = "Running"
        elif error:
            reason = error
        elif running:
            reason = "NotReady"
    return reason, ready


def _ending(ended: Terminated) -> str:
    if ended.reason:
        return ended.reason
    return f"Signal:{ended.signal}" if ended.signal else f"ExitCode:{ended.exit_code}"


def _gates(pod: PodWire) -> str:
    gates = pod.spec.readiness_gates
    if not gates:
        return ""
    true = sum(is_true(pod.status.conditions, gate.condition_type) for gate in gates)
    return f"{true}/{len(gates)}"


_SETTLING = frozenset(
    {"Pending", "ContainerCreating", "PodInitializing", "Terminating", "SchedulingGated", ""}
)


def health_of(reason: str, *, ready: int, containers: int) -> Health:
    """What kubectl's STATUS and READY tell about a pod; all that a server's Table says of it."""
    if reason == "Running":
        return Health.OK if ready >= containers else Health.WARNING
    if reason in ("Completed", "Succeeded"):
        return Health.DONE
    if reason in ("Unknown", "NodeLost"):
        return Health.UNKNOWN
    if reason == "NotReady":
        return Health.WARNING
    if reason in _SETTLING or (reason.startswith("Init:") and reason[5:6].isdigit()):
        return Health.PROGRESSING
    return Health.FAILING


def _verdict(pod: PodWire, *, reason: str, ready: int, containers: int) -> Verdict:
    health = health_of(reason, ready=ready, containers=containers)
    if health is Health.PROGRESSING:
        scheduled = condition(pod.status.conditions, "PodScheduled")
        if reason == "Pending" and scheduled is not None and scheduled.reason == "Unschedulable":
            return Verdict(Health.WARNING, said(scheduled))
    return Verdict(health, _why(pod.status, health, reason=reason, ready=ready, containers=containers))


def _why(status: PodStatus, health: Health, *, reason: str, ready: int, containers: int) -> str:
    match health:
        case Health.OK | Health.DONE:
            return ""
        case Health.UNKNOWN:
            return status.message or "its node does not answer"
        case Health.WARNING if reason == "NotReady":
            return "some containers completed, the rest are not ready"
        case Health.WARNING:
            return f"{containers - ready} of {containers} containers not ready"
        case Health.PROGRESSING:
            return reason
    return _complaint(status) or reason


def _complaint(status: PodStatus) -> str:
    """What the first container in trouble says, with how it ended the last time."""
    for container in (*(status.init_container_statuses or ()), *(status.container_statuses or ())):
        ended, waiting = container.state.terminated, container.state.waiting
        if waiting is not None and waiting.reason not in ("", "PodInitializing", "ContainerCreating"):
            last = container.last_state.terminated
            before = f", last ended {_ending(last)} (exit {last.exit_code})" if last is not None else ""
            told = f": {waiting.message}" if waiting.message else ""
            return f"{container.name}: {waiting.reason}{before}{told}"
        if ended is not None and ended.exit_code != 0:
            told = f": {ended.message}" if ended.message else ""
            return f"{container.name}: {_ending(ended)} (exit {ended.exit_code}){told}"
    return ": ".join(part for part in (status.reason, status.message) if part)
