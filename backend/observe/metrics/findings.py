"""What speaks for concern in measurements: use near a limit, little room left, and what is asked for in vain.

Each finding has its reason with the numbers it is made of. Thresholds are the usual ones of dashboards; those
of evictions are the kubelet's defaults, since its own configuration is rarely to be read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from backend.observe.metrics.amounts import cpu_text, memory_text, percent, share
from backend.observe.metrics.known import Known, Use
from backend.observe.metrics.kubelet import Disk, NodeSummary, PodDetail
from backend.resources.duration import epoch, human_duration
from backend.resources.kind import Health
from backend.resources.kinds.node import Node
from backend.resources.kinds.pod import Pod
from backend.resources.needs import ContainerNeeds
from backend.resources.workload import condition, said
from backend.text import SafeStr, safe_text

NEAR, AT = 0.9, 0.98
"""Shares of a limit from which it is near, and as good as reached."""
BOOKED = 0.95
"""Share of a node that requests take when little more can be placed there."""
STALLED = 20.0
"""Percent of a minute spent waiting for CPU."""
OOM_FRESH, OOM_OLD = 3600.0, 86400.0
LEAST_CORES, LEAST_BYTES, LEAST_SHARE = 0.1, 128 * 2.0**20, 0.5
"""What has to be unused of a request before it is called waste: an amount, and a share of it."""
EVICTS_MEMORY, SHORT_MEMORY = 100 * 2.0**20, 500 * 2.0**20
EVICTS_DISK, SHORT_DISK = 0.10, 0.15
EVICTS_IMAGES, SHORT_IMAGES = 0.15, 0.20
EVICTS_INODES, SHORT_INODES = 0.05, 0.08
FULL_PROCESSES = 0.9


class Concern(Enum):
    PRESSURE = "pressure"
    WASTE = "waste"


@dataclass(frozen=True, slots=True)
class Finding:
    """``amount``: cores or bytes of waste; of pressure, how far it has gone (1: the limit)."""

    concern: Concern
    health: Health
    what: str
    """``cpu``, ``memory``, ``disk``, ``oom``, ``stall``, ``processes``."""
    amount: float
    why: SafeStr


@dataclass(frozen=True, slots=True)
class Unused:
    """Of what a pod asked for: the part that it never used as long as it was watched."""

    cpu: float = 0.0
    memory: float = 0.0
    watched: float = 0.0
    """Seconds; 0: measured once."""


def unused(pod: Pod, known: Known, use: Use) -> Unused:
    """``use``: the last measurement of the pod."""
    requests, peak = pod.needs.requests, known.pods.peak((pod.metadata.namespace, pod.metadata.name))
    cpu, memory, watched = use.cpu, use.memory, 0.0
    if peak is not None and peak.at >= epoch(pod.metadata.creation_timestamp):
        cpu, memory, watched = peak.values[0], peak.values[1], use.at - peak.at
    return Unused(max(0.0, (requests.cpu or 0.0) - cpu), max(0.0, (requests.memory or 0.0) - memory), watched)


def pod_findings(pod: Pod, known: Known, use: Use | None, *, now: float) -> Iterator[Finding]:
    """``now``: by the cluster's clock."""
    yield from _kills(pod, now)
    if use is not None:
        yield from _near_limits(pod, known, use)
        yield from _waste(pod, known, use)
    detail = known.detail(pod.node, pod.metadata.namespace, pod.metadata.name)
    if detail is not None:
        yield from _told_by_kubelet(detail)


def _kills(pod: Pod, now: float) -> Iterator[Finding]:
    for kill in pod.oom_kills:
        ago = now - epoch(kill.at) if epoch(kill.at) else 0.0
        if ago > OOM_OLD:
            continue
        needs = next((one for one in pod.needs.containers if one.name == kill.container), None)
        limit = needs.limits.memory if needs is not None else None
        bound = f"; its limit is {memory_text(limit)}" if limit is not None else ""
        when = f" {human_duration(max(0.0, ago))} ago" if epoch(kill.at) else ""
        yield _pressure(
            Health.FAILING if ago < OOM_FRESH else Health.WARNING,
            "oom",
            1.0,
            f"{kill.container} was killed for its memory (OOM){when}{bound}",
        )


def _near_limits(pod: Pod, known: Known, use: Use) -> Iterator[Finding]:
    """By container: the kernel throttles and kills each by its own limit."""
    by_name = {one.name: one for one in known.containers(pod.metadata.namespace, pod.metadata.name)}
    for needs in pod.needs.containers:
        own = by_name.get(needs.name)
        if own is None and len(pod.needs.containers) > 1:
            continue
        cpu, memory = (own.cpu, own.memory) if own is not None else (use.cpu, use.memory)
        yield from _near(needs, cpu, memory)


def _near(needs: ContainerNeeds, cpu: float, memory: float) -> Iterator[Finding]:
    part = share(memory, needs.limits.memory)
    if part is not None and part >= NEAR:
        yield _pressure(
            Health.FAILING if part >= AT else Health.WARNING,
            "memory",
            part,
            f"{needs.name} uses {memory_text(memory)} of its limit of {memory_text(needs.limits.memory)} "
            f"({percent(memory, needs.limits.memory)}): above it is killed",
        )
    part = share(cpu, needs.limits.cpu)
    if part is not None and part >= NEAR:
        yield _pressure(
            Health.WARNING,
            "cpu",
            part,
            f"{needs.name} uses {cpu_text(cpu)} of its limit of {cpu_text(needs.limits.cpu)} CPU "
            f"({percent(cpu, needs.limits.cpu)}): above it is throttled",
        )


def _waste(pod: Pod, known: Known, use: Use) -> Iterator[Finding]:
    idle, requests = unused(pod, known, use), pod.needs.requests
    span = f"at most {{}} in {human_duration(idle.watched)}" if idle.watched >= 1 else "{} now"
    if requests.cpu and idle.cpu >= max(LEAST_CORES, LEAST_SHARE * requests.cpu):
        used = span.format(cpu_text(requests.cpu - idle.cpu))
        yield _wasted("cpu", idle.cpu, f"asks for {cpu_text(requests.cpu)} CPU and used {used}")
    if requests.memory and idle.memory >= max(LEAST_BYTES, LEAST_SHARE * requests.memory):
        used = span.format(memory_text(requests.memory - idle.memory))
        yield _wasted("memory", idle.memory, f"asks for {memory_text(requests.memory)} and used {used}")


def _told_by_kubelet(detail: PodDetail) -> Iterator[Finding]:
    if detail.stalled is not None and detail.stalled >= STALLED:
        yield _pressure(
            Health.WARNING,
            "stall",
            detail.stalled / 100,
            f"waits for CPU {detail.stalled:.0f}% of the last minute",
        )
    for volume in detail.volumes:
        name = f"claim {volume.claim}" if volume.claim else f"volume {volume.name}"
        part = volume.disk.filled
        if part is not None and part >= NEAR and volume.claim:
            yield _pressure(_grave(part), "disk", part, f"{name} is {part * 100:.0f}% full")


def node_findings(
    node: Node, use: Use | None, *, requests: tuple[float, float], known: Known
) -> Iterator[Finding]:
    """``requests``: cores and bytes that the node's pods ask for."""
    for pressure in ("MemoryPressure", "DiskPressure", "PIDPressure"):
        found = condition(node.status.conditions, pressure)
        if found is not None and found.status == "True":
            yield _pressure(Health.FAILING, "memory", 1.0, said(found) or pressure)
    room = node_room(node)
    for what, place, text in (("cpu", 0, cpu_text), ("memory", 1, memory_text)):
        whole = room[place]
        used = share(use[place + 1] if use is not None else None, whole)
        if used is not None and used >= NEAR:
            yield _pressure(
                _grave(used), what, used, f"{what} is {used * 100:.0f}% used of {text(whole)} allocatable"
            )
        booked = share(requests[place], whole)
        if booked is not None and booked >= BOOKED:
            yield _pressure(
                Health.WARNING,
                what,
                booked,
                f"requests take {booked * 100:.0f}% of its {what}: little more can be placed here",
            )
    summary = known.summaries.get(node.metadata.name)
    if summary is not None and node.metadata.name not in known.no_summary:
        yield from _evictions(summary)


def node_room(node: Node) -> tuple[float | None, float | None]:
    """Cores and bytes that pods may use of it (allocatable); None: it does not say."""
    from backend.resources.needs import amount

    said = node.status.allocatable or {}
    return amount(said.get("cpu")), amount(said.get("memory"))


def _evictions(summary: NodeSummary) -> Iterator[Finding]:
    left = summary.available
    if left is not None and left < SHORT_MEMORY:
        yield _pressure(
            Health.FAILING if left < EVICTS_MEMORY else Health.WARNING,
            "memory",
            1 - left / SHORT_MEMORY / 10,
            f"{memory_text(left)} of memory are left; below {memory_text(EVICTS_MEMORY)} the kubelet evicts "
            "pods (its default)",
        )
    for name, disk, evicts, short in (
        ("disk", summary.disk, EVICTS_DISK, SHORT_DISK),
        ("disk of images", summary.images, EVICTS_IMAGES, SHORT_IMAGES),
    ):
        if disk is not None:
            yield from _short(name, disk, evicts, short)
    if summary.processes is not None and summary.processes[0] >= FULL_PROCESSES * summary.processes[1]:
        now, most = summary.processes
        yield _pressure(Health.WARNING, "processes", now / most, f"{now:.0f} of {most:.0f} processes exist")


def _short(name: str, disk: Disk, evicts: float, short: float) -> Iterator[Finding]:
    filled = disk.filled
    if filled is not None and 1 - filled < short:
        yield _pressure(
            Health.FAILING if 1 - filled < evicts else Health.WARNING,
            "disk",
            filled,
            f"its {name} is {filled * 100:.0f}% full; from {100 - evicts * 100:.0f}% the kubelet evicts pods "
            "(its default)",
        )
    free = share(disk.inodes_free, disk.inodes)
    if free is not None and free < SHORT_INODES:
        yield _pressure(
            Health.FAILING if free < EVICTS_INODES else Health.WARNING,
            "disk",
            1 - free,
            f"{free * 100:.0f}% of the inodes of its {name} are free",
        )


def worst(findings: list[Finding]) -> Finding | None:
    """The gravest pressure; of equals, the one that has gone farthest."""
    pressing = [one for one in findings if one.concern is Concern.PRESSURE]
    return max(pressing, key=lambda one: (one.health is Health.FAILING, one.amount), default=None)


def _grave(part: float) -> Health:
    return Health.FAILING if part >= AT else Health.WARNING


def _pressure(health: Health, what: str, amount: float, why: str) -> Finding:
    return Finding(Concern.PRESSURE, health, what, amount, safe_text(why, limit=300))


def _wasted(what: str, amount: float, why: str) -> Finding:
    return Finding(Concern.WASTE, Health.OK, what, amount, safe_text(why, limit=300))
