"""Pods: thousands of them in every list, so a row keeps only the summary of one."""

from __future__ import annotations

from typing import Any

import msgspec

from backend.kube.objects import ObjectMeta
from backend.resources.duration import age, epoch
from backend.resources.kind import (
    Column,
    Health,
    Kind,
    Verdict,
    age_column,
    api_resource,
    computed_column,
    name_column,
    text_column,
)
from backend.resources.needs import NO_NEEDS, Needs, needs_of
from backend.resources.pod_status import OomKill, PodWire, Summary, oom_kills, summarise


class Pod(msgspec.Struct, frozen=True, gc=False):
    """What is kept of a pod. ``restarted_at`` is the end of the latest container that was restarted."""

    metadata: ObjectMeta
    phase: str
    status: str
    ready: int
    containers: int
    restarts: int
    restarted_at: str
    health: Health
    why: str
    ip: str
    node: str
    nominated_node: str
    gates: str
    needs: Needs = NO_NEEDS
    """What it asks for and may use at most; replicas share the very object."""
    oom_kills: tuple[OomKill, ...] = ()


def project(wire: PodWire) -> Pod:
    """The row of a decoded pod."""
    summary: Summary = summarise(wire)
    status, spec = wire.status, wire.spec
    return Pod(
        metadata=wire.metadata,
        phase=status.phase,
        status=summary.status,
        ready=summary.ready,
        containers=summary.containers,
        restarts=summary.restarts,
        restarted_at=summary.restarted_at,
        health=summary.verdict.health,
        why=summary.verdict.why,
        ip=status.pod_ips[0].ip if status.pod_ips else status.pod_ip,
        node=spec.node_name,
        nominated_node=status.nominated_node_name,
        gates=summary.gates,
        needs=needs_of(spec.containers or (), spec.init_containers or (), spec.overhead, spec.resources),
        oom_kills=oom_kills(status),
    )


def _assess(pod: Pod) -> Verdict:
    return Verdict(pod.health, pod.why)


def _ready(pod: Pod) -> str:
    return f"{pod.ready}/{pod.containers}"


def _ready_key(pod: Pod) -> tuple[float, int]:
    return (pod.ready / pod.containers if pod.containers else 1.0, pod.containers)


def _restarts(pod: Pod, now: float) -> str:
    if pod.restarts and epoch(pod.restarted_at):
        return f"{pod.restarts} ({age(pod.restarted_at, now)} ago)"
    return str(pod.restarts)


def _restarts_key(pod: Any) -> int:
    restarts: int = pod.restarts
    return restarts


KIND = Kind(
    resource=api_resource("v1", "Pod", "pods", "po"),
    wire=PodWire,
    project=project,
    assess=_assess,
    columns=(
        name_column(),
        computed_column("READY", _ready, key=_ready_key, align="right", priority=1),
        text_column("STATUS", "status", priority=0, min_width=10),
        Column("RESTARTS", _restarts, _restarts_key, align="right", priority=1, timed=True),
        age_column(),
        text_column("IP", "ip", none="<none>", wide=True, priority=3),
        text_column("NODE", "node", none="<none>", wide=True, priority=3),
        text_column("NOMINATED NODE", "nominated_node", none="<none>", wide=True, priority=5),
        text_column("READINESS GATES", "gates", none="<none>", wide=True, priority=5),
    ),
)
