"""Sums of use, requests and limits: of pods over workloads and namespaces, of nodes over clusters.

A sum says how many of its pods were measured: one that lacks some is at least that large, and says so.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from backend.observe.metrics.amounts import share
from backend.observe.metrics.findings import (
    Concern,
    Finding,
    node_findings,
    node_room,
    pod_findings,
    unused,
    worst,
)
from backend.observe.metrics.known import Known, Use
from backend.observe.metrics.workloads import Workload, workload_of
from backend.resources.duration import epoch
from backend.resources.kind import Health
from backend.resources.kinds.node import Node
from backend.resources.kinds.pod import Pod
from backend.resources.needs import NO_NEEDS
from backend.text import SafeStr, safe_text

_SLICE = 400
"""Pods summed before the loop gets its turn: some 5 ms (R24)."""
_NOTHING = SafeStr("")
_ENDED = ("Succeeded", "Failed")
_REASONS = 8
"""Findings that a sum keeps of its members."""


class Level(StrEnum):
    """What one row stands for."""

    PODS = "pods"
    CONTAINERS = "containers"
    WORKLOADS = "workloads"
    NAMESPACES = "namespaces"
    NODES = "nodes"
    CLUSTERS = "clusters"


class LoadKey(NamedTuple):
    cluster_id: str
    namespace: str
    kind: str
    name: str


@dataclass(slots=True, kw_only=True, eq=False)
class Load:
    """One row. Cores and bytes; sums are over the pods that have not ended."""

    key: LoadKey
    level: Level
    cluster: SafeStr
    pods: int = 0
    running: int = 0
    measured: int = 0
    """How many of the running pods are in the sum; a node's or cluster's own measurement covers them all."""
    cpu: float = 0.0
    memory: float = 0.0
    cpu_request: float | None = None
    memory_request: float | None = None
    cpu_limit: float | None = None
    memory_limit: float | None = None
    cpu_bound: bool = True
    memory_bound: bool = True
    """Whether the limits hold for all of it."""
    cpu_unused: float = 0.0
    memory_unused: float = 0.0
    """Of the requests, what was never used while watched."""
    cpu_room: float | None = None
    memory_room: float | None = None
    """Of nodes and clusters: what pods may use."""
    at: float = 0.0
    """When its oldest part was measured, by the cluster's clock; 0: never."""
    skew: float = 0.0
    """Seconds its cluster's clock is ahead of ours."""
    born: float = 0.0
    """Of a pod: when it was created, by its cluster's clock."""
    node: str = ""
    """Of a pod: where it runs."""
    uid: str = ""
    findings: list[Finding] = field(default_factory=list)
    pressed: int = 0
    """Members under pressure."""
    partial: bool = False
    """Something of it was not measured: it uses at least this much."""
    why: SafeStr = _NOTHING
    """Why nothing is known, or not all."""

    @property
    def namespace(self) -> str:
        return self.key.namespace

    @property
    def name(self) -> str:
        return self.key.name

    @property
    def known(self) -> bool:
        return self.at > 0

    @property
    def cpu_used(self) -> float | None:
        return self.cpu if self.known else None

    @property
    def memory_used(self) -> float | None:
        return self.memory if self.known else None

    @property
    def cpu_bounded(self) -> float | None:
        """The limit, where it is one for all of it."""
        return self.cpu_limit if self.cpu_bound else None

    @property
    def memory_bounded(self) -> float | None:
        return self.memory_limit if self.memory_bound else None

    @property
    def health(self) -> Health:
        found = worst(self.findings)
        return found.health if found is not None else Health.OK if self.known else Health.UNKNOWN

    @property
    def pressure(self) -> float:
        """How near anything of it is to its limit; what the pressure view orders by."""
        found = worst(self.findings)
        part = max(
            share(self.memory_used, self.memory_bounded or self.memory_room) or 0.0,
            share(self.cpu_used, self.cpu_bounded or self.cpu_room) or 0.0,
        )
        return part if found is None else 10.0 * (1 + (found.health is Health.FAILING)) + found.amount

    def reasons(self, concern: Concern) -> list[SafeStr]:
        return [one.why for one in self.findings if one.concern is concern]


@dataclass(frozen=True, slots=True, kw_only=True)
class Objects:
    """One cluster's pods and nodes as its lists have them; None: they can't be had (``why``)."""

    cluster_id: str
    cluster: SafeStr
    pods: Sequence[Pod] | None = ()
    nodes: Sequence[Node] | None = ()
    why: SafeStr = _NOTHING
    skew: float = 0.0
    """Seconds the cluster's clock is ahead of ours."""


async def loads(level: Level, clusters: Iterable[tuple[Objects, Known]], *, now: float) -> list[Load]:
    """The rows of a level. ``now``: seconds since the epoch, by our clock."""
    rows: list[Load] = []
    for objects, known in clusters:
        rows += await _Summing(level, objects, known, now=now + objects.skew).rows()
    return rows


def place_of(pod: Pod, level: Level) -> tuple[str, str, str] | None:
    """The (namespace, kind, name) of the row that a pod counts in; None: it counts in none."""
    meta = pod.metadata
    match level:
        case Level.WORKLOADS:
            work: Workload = workload_of(pod)
            return (meta.namespace, work.kind, work.name)
        case Level.NAMESPACES:
            return ("", "namespace", meta.namespace)
        case Level.NODES:  # one that is not listed may be one that we may not see
            return ("", "node", pod.node) if pod.node else None
    return (meta.namespace, "pod", meta.name)


class _Summing:
    """One cluster's rows of one level."""

    def __init__(self, level: Level, objects: Objects, known: Known, *, now: float) -> None:
        self._level, self._objects, self._known, self._now = level, objects, known, now
        self._rows: dict[LoadKey, Load] = {}

    async def rows(self) -> list[Load]:
        if self._level is Level.NODES:
            for node in self._objects.nodes or ():
                self._row("", "node", node.metadata.name)
        elif self._level is Level.CLUSTERS:
            self._row("", "cluster", str(self._objects.cluster))
        for place, pod in enumerate(self._objects.pods or ()):
            if pod.phase not in _ENDED:
                self._add(pod)
            if place % _SLICE == _SLICE - 1:
                await asyncio.sleep(0)
        if self._level in (Level.NODES, Level.CLUSTERS):
            self._place_nodes()
        for row in self._rows.values():
            self._explain(row)
        return list(self._rows.values())

    def _row(self, namespace: str, kind: str, name: str) -> Load:
        key = LoadKey(self._objects.cluster_id, namespace, kind, name)
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = Load(
                key=key,
                level=self._level,
                cluster=self._objects.cluster,
                skew=self._objects.skew,
            )
        return row

    def _of(self, pod: Pod) -> Load | None:
        if self._level is Level.CLUSTERS:
            return self._row("", "cluster", str(self._objects.cluster))
        place = place_of(pod, self._level)
        return self._row(*place) if place is not None else None

    def _add(self, pod: Pod) -> None:
        meta, known = pod.metadata, self._known
        use = known.pod(meta.namespace, meta.name, born=epoch(meta.creation_timestamp), node=pod.node)
        if self._level is Level.CONTAINERS:
            self._add_containers(pod, use)
            return
        row = self._of(pod)
        if row is None:
            return
        if self._level is Level.PODS:
            row.born, row.node, row.uid = epoch(meta.creation_timestamp), pod.node, meta.uid
        row.pods += 1
        row.running += pod.phase == "Running"
        needs = NO_NEEDS if self._level is Level.CLUSTERS and not pod.node else pod.needs
        row.cpu_request = _plus(row.cpu_request, needs.requests.cpu)
        row.memory_request = _plus(row.memory_request, needs.requests.memory)
        row.cpu_limit = _plus(row.cpu_limit, needs.limits.cpu)
        row.memory_limit = _plus(row.memory_limit, needs.limits.memory)
        row.cpu_bound = row.cpu_bound and needs.cpu_bound
        row.memory_bound = row.memory_bound and needs.memory_bound
        if use is not None:
            _measure(row, use)
            idle = unused(pod, known, use)
            row.cpu_unused += idle.cpu
            row.memory_unused += idle.memory
        if found := list(pod_findings(pod, known, use, now=self._now)):
            self._find(row, pod, found)

    def _find(self, row: Load, pod: Pod, found: list[Finding]) -> None:
        """A pod's own row keeps all; a sum names the pods that are under pressure, the first few."""
        if self._level is Level.PODS:
            row.pressed = int(worst(found) is not None)
            row.findings += found
        else:
            self._name(row, pod.metadata.name, found)

    @staticmethod
    def _name(row: Load, member: str, found: list[Finding]) -> None:
        gravest = worst(found)
        if gravest is None:
            return
        row.pressed += 1
        if len(row.findings) < _REASONS:
            why = safe_text(f"{member}: {gravest.why}", limit=300)
            row.findings.append(replace(gravest, why=why))

    def _add_containers(self, pod: Pod, use: Use | None) -> None:
        meta, needs = pod.metadata, pod.needs.containers
        by_name = {one.name: one for one in self._known.containers(meta.namespace, meta.name)}
        for one in needs:
            row = self._row(meta.namespace, meta.name, one.name)
            row.pods = row.running = 1
            row.cpu_request, row.memory_request = one.requests.cpu, one.requests.memory
            row.cpu_limit, row.memory_limit = one.limits.cpu, one.limits.memory
            row.cpu_bound = one.limits.cpu is not None
            row.memory_bound = one.limits.memory is not None
            own = by_name.get(one.name)
            if use is not None and (own is not None or len(needs) == 1):
                _measure(row, use if own is None else Use(use.at, own.cpu, own.memory))
                row.cpu_unused = _idle(one.requests.cpu, row.cpu)
                row.memory_unused = _idle(one.requests.memory, row.memory)

    def _place_nodes(self) -> None:
        """What nodes say of themselves, their system included, stands above the sum of their pods."""
        nodes, known = self._objects.nodes or (), self._known
        uses = {node.metadata.name: known.node(node.metadata.name) for node in nodes}
        if self._level is Level.NODES:
            for node in nodes:
                self._place(self._row("", "node", node.metadata.name), node, uses[node.metadata.name])
            return
        row = self._row("", "cluster", str(self._objects.cluster))
        if nodes:
            rooms = [node_room(node) for node in nodes]
            row.cpu_room = math.fsum(cpu for cpu, _ in rooms if cpu is not None)
            row.memory_room = math.fsum(memory for _, memory in rooms if memory is not None)
        for node in nodes:
            found = list(node_findings(node, uses[node.metadata.name], requests=(0.0, 0.0), known=known))
            self._name(row, node.metadata.name, found)
        measured = [use for use in uses.values() if use is not None]
        if measured:
            row.cpu, row.memory = math.fsum(u.cpu for u in measured), math.fsum(u.memory for u in measured)
            row.at, row.measured = min(use.at for use in measured), row.running
            row.partial = len(measured) < len(nodes)
            if row.partial:
                row.why = safe_text(f"{len(nodes) - len(measured)} of {len(nodes)} nodes were not measured")

    def _place(self, row: Load, node: Node, use: Use | None) -> None:
        row.cpu_room, row.memory_room = node_room(node)
        if use is not None:
            row.cpu, row.memory, row.at, row.measured = use.cpu, use.memory, use.at, row.running
        requests = (row.cpu_request or 0.0, row.memory_request or 0.0)
        found = list(node_findings(node, use, requests=requests, known=self._known))
        row.findings[:0] = found
        row.pressed += len(found)

    def _explain(self, row: Load) -> None:
        if row.known:
            if row.measured < row.running:
                row.partial = True
                missing = row.running - row.measured
                row.why = safe_text(f"{missing} of {row.running} running pods were not measured")
            return
        if self._level is Level.NODES:
            row.why = self._known.why_no_node(row.name)
        elif self._level is Level.CLUSTERS and self._objects.why:
            row.why = self._objects.why
        else:
            row.why = self._known.why_no_pod(row.namespace, row.name)


def total(rows: Iterable[Load]) -> Load:
    """The sum of rows: a fleet of clusters, or whatever is shown."""
    whole = Load(key=LoadKey("", "", "fleet", "fleet"), level=Level.CLUSTERS, cluster=SafeStr(""))
    for row in rows:
        whole.pods += row.pods
        whole.running += row.running
        whole.partial = whole.partial or not row.known
        whole.pressed += row.pressed
        whole.cpu_unused += row.cpu_unused
        whole.memory_unused += row.memory_unused
        for name in ("cpu_request", "memory_request", "cpu_limit", "memory_limit", "cpu_room", "memory_room"):
            setattr(whole, name, _plus(getattr(whole, name), getattr(row, name)))
        if row.known:
            whole.cpu += row.cpu
            whole.memory += row.memory
            whole.measured += row.measured
            whole.partial = whole.partial or row.partial
            whole.at = min(whole.at or row.at, row.at)
    return whole


def _measure(row: Load, use: Use) -> None:
    row.measured += 1
    row.cpu += use.cpu
    row.memory += use.memory
    row.at = min(row.at or use.at, use.at)


def _plus(one: float | None, other: float | None) -> float | None:
    return one if other is None else other if one is None else one + other


def _idle(request: float | None, used: float) -> float:
    return max(0.0, (request or 0.0) - used)
