"""What is known of one cluster's use: the last measurements, their histories, and why there are none."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from backend.observe.metrics.kubelet import NodeSummary, PodDetail
from backend.observe.metrics.rings import Point, Rings
from backend.observe.metrics.wire import ContainerUse, Sample
from backend.text import SafeStr, safe_text

POD_SAMPLES = 60
"""Of each pod: a quarter of an hour at a metrics server's usual 15 seconds."""
NODE_SAMPLES = 240
"""Of each node: an hour."""
MOST_PODS = 30_000
"""Of one cluster; 720 bytes of history each. More are shown as not known, and the reason says so."""
MOST_NODES = 6_000
FORGET = 600.0
"""Seconds after which the history of an object that is measured no more is dropped."""
AHEAD = 120.0
"""Seconds by which a measurement may seem to lie in the future: clocks differ."""
CPU, MEMORY = 0, 1
"""Places in a point of pods and nodes."""
RECEIVED, SENT, FILLED = 0, 1, 2
"""Places in a point of a node's traffic and disk: bytes a second, bytes a second, share of the disk."""

_NOTHING = SafeStr("")


class Source(Enum):
    """Who measured."""

    SERVER = "metrics.k8s.io"
    KUBELET = "kubelet"


class Use(NamedTuple):
    """What something used at a moment: cores and bytes."""

    at: float
    cpu: float
    memory: float


@dataclass(slots=True)
class Told:
    """What a cluster said last about its pods, or its nodes."""

    source: Source = Source.SERVER
    asked: bool = False
    """Whether there was an answer of any sort yet."""
    received: float = 0.0
    """When the last good answer came, seconds since the epoch by our clock; 0: never."""
    newest: float = 0.0
    """The latest measurement in it, by the nodes' clocks."""
    window: float = 0.0
    """Seconds over which CPU was averaged."""
    odd: int = 0
    """Measurements of the last answer that made no sense."""
    full: bool = False
    """There were more objects than are kept."""
    why: SafeStr = _NOTHING
    """Why there is no answer, or no newer one."""


class Known:
    """One cluster's measurements. Filled by ``sampling``; read by tables, charts and sums."""

    def __init__(self) -> None:
        self.pods = Rings(series=2, length=POD_SAMPLES, most=MOST_PODS)
        self.nodes = Rings(series=2, length=NODE_SAMPLES, most=MOST_NODES)
        self.flows = Rings(series=3, length=NODE_SAMPLES, most=MOST_NODES)
        """Of nodes whose kubelet was asked."""
        self.told_pods = Told()
        self.told_nodes = Told()
        self.summaries: dict[str, NodeSummary] = {}
        """The last answer of each kubelet that was asked."""
        self.no_summary: dict[str, SafeStr] = {}
        """Why a kubelet's answer can't be had, by node."""
        self.speakers: dict[tuple[str, str], str] = {}
        """The node whose kubelet measured a pod, where kubelets did."""
        self._containers: dict[tuple[str, str], tuple[ContainerUse, ...]] = {}
        """Of pods with several; one alone uses what its pod does."""
        self.changes = 0
        """Counts answers that told something new."""

    # --- taking in

    def take_pods(self, samples: Iterable[Sample], *, now: float) -> int:
        """Take in measurements of pods; how many lie too far in the future. ``now``: by the cluster's
        clock."""
        told, odd = self.told_pods, 0
        for sample in samples:
            if sample.at > now + AHEAD:
                odd += 1
                continue
            key = (sample.namespace, sample.name)
            if not self.pods.push(key, sample.at, (sample.cpu, sample.memory)):
                told.full = told.full or key not in self.pods
                continue
            if len(sample.containers) > 1:
                self._containers[key] = sample.containers
            else:
                self._containers.pop(key, None)
            _note(told, sample)
        return odd

    def take_nodes(self, samples: Iterable[Sample], *, now: float) -> int:
        """The same of nodes."""
        told, odd = self.told_nodes, 0
        for sample in samples:
            if sample.at > now + AHEAD:
                odd += 1
            elif self.nodes.push(sample.name, sample.at, (sample.cpu, sample.memory)):
                _note(told, sample)
            else:
                told.full = told.full or sample.name not in self.nodes
        return odd

    def take_summary(self, summary: NodeSummary, *, now: float) -> None:
        """Take in a kubelet's answer: its node's traffic and disk; who wants its CPU and memory takes those
        too.

        Traffic comes as counters: a rate needs two answers, and there is none where a counter went back.
        """
        if not 0 < summary.at <= now + AHEAD:
            self.no_summary[summary.name] = safe_text("the kubelet's clock is ahead, or it told no time")
            return
        before = self.summaries.get(summary.name)
        self.summaries[summary.name] = summary
        self.no_summary.pop(summary.name, None)
        filled = summary.disk.filled if summary.disk is not None else None
        rates = [rate(before, summary, what) if before is not None else None for what in ("received", "sent")]
        values = tuple(math.nan if one is None else one for one in (*rates, filled))
        self.flows.push(summary.name, summary.at, values)

    def finish(self, told: Told, *, source: Source, now: float, odd: int) -> None:
        """An answer is in; ``now``: by our clock."""
        told.source, told.asked, told.received, told.odd, told.why = source, True, now, odd, _NOTHING
        self.changes += 1
        if told is self.told_pods:
            told.full = told.full and len(self.pods) >= self.pods.most
            if self.pods.keep_newer(told.newest - FORGET):
                self._containers = {key: held for key, held in self._containers.items() if key in self.pods}
        else:
            self.nodes.keep_newer(told.newest - FORGET)

    def fail(self, told: Told, why: object) -> None:
        """No answer; what was known stays, with its age."""
        told.asked, told.why = True, safe_text(why, limit=300)
        self.changes += 1

    # --- reading

    def pod(self, namespace: str, name: str, *, born: float = 0.0, node: str = "") -> Use | None:
        """The last measurement of a pod made at ``born``; one that is older was of a namesake before it.

        ``node``: where it runs. A kubelet that speaks for a pod of another node is not believed.
        """
        key = (namespace, name)
        if node and self.told_pods.source is Source.KUBELET and self.speakers.get(key, node) != node:
            return None
        return _use(self.pods.latest(key), born)

    def node(self, name: str) -> Use | None:
        return _use(self.nodes.latest(name), 0.0)

    def containers(self, namespace: str, name: str) -> tuple[ContainerUse, ...]:
        """Of a pod with several containers; empty: it has one, or nothing is known."""
        return self._containers.get((namespace, name), ())

    def detail(self, node: str, namespace: str, name: str) -> PodDetail | None:
        """What the pod's kubelet says besides, if it was asked."""
        summary = self.summaries.get(node)
        return summary.details.get((namespace, name)) if summary is not None else None

    def pod_points(self, namespace: str, name: str, *, born: float = 0.0) -> list[Point]:
        return self.pods.recent((namespace, name), since=born)

    def why_no_pod(self, namespace: str, name: str) -> SafeStr:
        """Why nothing is known of this pod."""
        return self._why(self.told_pods, "it was not measured yet, or does not run")

    def why_no_node(self, name: str) -> SafeStr:
        return self._why(self.told_nodes, "it was not measured: its kubelet may not answer")

    def _why(self, told: Told, single: str) -> SafeStr:
        if not told.asked:
            return safe_text("not asked yet")
        if told.why:
            return told.why
        if told.full:
            return safe_text(f"more objects than the {MOST_PODS:,} whose use is kept")
        return safe_text(single)


def rate(before: NodeSummary, after: NodeSummary, what: str) -> float | None:
    """Bytes a second between two answers of one kubelet; None: not said, the same moment, or the counter was
    reset in between."""
    old, new, seconds = getattr(before, what), getattr(after, what), after.at - before.at
    if old is None or new is None or seconds <= 0 or new < old:
        return None
    return float((new - old) / seconds)


def sums(histories: Sequence[Sequence[Point]], *, step: float, until: float, bins: int) -> Iterator[Point]:
    """Histories of several objects as one: the sum in each of ``bins`` steps that end at ``until``.

    Objects are measured at moments of their own, so the last measurement not older than two steps counts.
    A step for which none of them has one is left out.
    """
    start = until - step * bins
    totals = [[0.0, 0.0, 0.0] for _ in range(bins)]
    for points in histories:
        held: tuple[float, ...] | None = None
        held_at, at = -math.inf, 0
        for place in range(bins):
            end = start + step * (place + 1)
            while at < len(points) and points[at].at <= end:
                held, held_at = points[at].values, points[at].at
                at += 1
            if held is not None and end - held_at <= 2 * step:
                total = totals[place]
                total[0] += held[0]
                total[1] += held[1]
                total[2] += 1
    for place, (cpu, memory, count) in enumerate(totals):
        if count:
            yield Point(start + step * (place + 1), (cpu, memory))


def _note(told: Told, sample: Sample) -> None:
    if sample.at > told.newest:
        told.newest = sample.at
        told.window = sample.window or told.window


def _use(point: Point | None, born: float) -> Use | None:
    if point is None or point.at < born:
        return None
    return Use(point.at, point.values[CPU], point.values[MEMORY])
