"""Pods as logs need them: their containers, and which run of each it is."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from backend.kube.objects import ObjectMeta
from backend.resources.kind import Kind
from backend.resources.kinds import pod as pods

_Wire = msgspec.Struct


class Named(_Wire, frozen=True, gc=False, rename="camel"):
    name: str = ""
    restart_policy: str | None = None


class Began(_Wire, frozen=True, gc=False, rename="camel"):
    started_at: str | None = None


class Ended(_Wire, frozen=True, gc=False, rename="camel"):
    reason: str = ""
    exit_code: int = 0
    signal: int = 0
    started_at: str | None = None
    finished_at: str | None = None


class Waits(_Wire, frozen=True, gc=False):
    reason: str = ""
    message: str = ""


class RunState(_Wire, frozen=True, gc=False):
    waiting: Waits | None = None
    running: Began | None = None
    terminated: Ended | None = None


class ContainerRun(_Wire, frozen=True, gc=False, rename="camel"):
    name: str = ""
    restart_count: int = 0
    state: RunState = RunState()
    last_state: RunState = RunState()


class LogPodSpec(_Wire, frozen=True, gc=False, rename="camel"):
    node_name: str = ""
    restart_policy: str = "Always"
    containers: tuple[Named, ...] = ()
    init_containers: tuple[Named, ...] | None = None
    ephemeral_containers: tuple[Named, ...] | None = None


class LogPodStatus(_Wire, frozen=True, gc=False, rename="camel"):
    phase: str = ""
    container_statuses: tuple[ContainerRun, ...] | None = None
    init_container_statuses: tuple[ContainerRun, ...] | None = None
    ephemeral_container_statuses: tuple[ContainerRun, ...] | None = None


class LogPod(_Wire, frozen=True, gc=False):
    metadata: ObjectMeta
    spec: LogPodSpec = LogPodSpec()
    status: LogPodStatus = LogPodStatus()


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a pod, as the pod's status has it now."""

    name: str
    role: str
    """``container``, ``init`` or ``ephemeral``."""
    run: ContainerRun
    final: bool
    """It has ended and will not be started again."""


def containers_of(pod: LogPod) -> list[Container]:
    """All containers in the order they are started: init, then the others, then guests."""
    spec, status = pod.spec, pod.status
    over = status.phase in ("Succeeded", "Failed")
    found: list[Container] = []
    for role, named, statuses in (
        ("init", spec.init_containers, status.init_container_statuses),
        ("container", spec.containers, status.container_statuses),
        ("ephemeral", spec.ephemeral_containers, status.ephemeral_container_statuses),
    ):
        runs = {run.name: run for run in statuses or ()}
        for one in named or ():
            run = runs.get(one.name, ContainerRun(name=one.name))
            found.append(Container(one.name, role, run, _final(pod, one, run, role=role, over=over)))
    return found


def _final(pod: LogPod, one: Named, run: ContainerRun, *, role: str, over: bool) -> bool:
    ended = run.state.terminated
    if over:
        return True
    if ended is None:
        return False
    if role == "ephemeral":
        return True
    if role == "init" and one.restart_policy != "Always":
        return ended.exit_code == 0 or pod.spec.restart_policy == "Never"
    policy = one.restart_policy or pod.spec.restart_policy
    return policy == "Never" or (policy == "OnFailure" and ended.exit_code == 0)


KIND = Kind(resource=pods.KIND.resource, columns=(), wire=LogPod)
