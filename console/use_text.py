"""What one pod or node uses, in words and charts: the metrics tab of its detail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backend.observe.metrics.amounts import cpu_text, memory_text, percent
from backend.observe.metrics.findings import Concern
from backend.observe.metrics.known import Known, Told
from backend.observe.metrics.loads import Level, Load
from backend.observe.metrics.rings import Point
from backend.resources.duration import human_duration
from backend.text import SafeStr, safe_text
from console.load_charts import charts_of
from console.widgets.chart import chart_lines
from console.widgets.paint import plain

_HEIGHT = 10
_WIDEST = 100
_LABEL = 12


def use_text(
    load: Load, parts: Sequence[Load], history: Sequence[Point], known: Known, *, now: float, width: int
) -> SafeStr:
    """``parts``: a pod's containers. ``now``: by the cluster's clock; ``width``: cells for charts."""
    told = known.told_nodes if load.level is Level.NODES else known.told_pods
    lines = [*_amounts(load), *_measured(load, told, now=now), *_containers(parts), *_concerns(load)]
    lines += _beside(load, known)
    for chart in charts_of(load, history, known, now=now):
        lines.append("")
        lines += [plain(line).rstrip() for line in chart_lines(chart, min(_WIDEST, max(30, width)), _HEIGHT)]
    return safe_text("\n".join(lines), multiline=True, limit=1 << 16)


def _amounts(load: Load) -> Iterator[str]:
    for title, what, write in (("CPU", "cpu", cpu_text), ("Memory", "memory", memory_text)):
        used = getattr(load, f"{what}_used")
        against = [
            f"{percent(used, value)} of {label} {write(value)}"
            if used is not None
            else f"{label} {write(value)}"
            for label, value in (
                ("the request of", getattr(load, f"{what}_request")),
                ("the limit of", getattr(load, f"{what}_bounded")),
                ("the allocatable", getattr(load, f"{what}_room")),
            )
            if value
        ]
        if load.level is Level.PODS and getattr(load, f"{what}_bounded") is None:
            against.append("no limit")
        yield _line(title, f"{write(used):<8}{', '.join(against)}")


def _measured(load: Load, told: Told, *, now: float) -> Iterator[str]:
    if not load.known:
        yield _line("Measured", f"no: {load.why}")
        return
    over = f", over {human_duration(told.window)}" if told.window >= 1 else ""
    old = f"; nothing newer: {told.why}" if told.why else ""
    yield _line(
        "Measured", f"{human_duration(max(0.0, now - load.at))} ago by {told.source.value}{over}{old}"
    )


def _containers(parts: Sequence[Load]) -> Iterator[str]:
    if len(parts) < 2:
        return
    yield ""
    yield "Containers"
    for part in parts:
        bounds = [
            f"request {cpu_text(part.cpu_request)}/{memory_text(part.memory_request)}",
            f"limit {cpu_text(part.cpu_bounded)}/{memory_text(part.memory_bounded)}",
        ]
        used = f"{cpu_text(part.cpu_used):>7} {memory_text(part.memory_used):>7}"
        yield f"  {safe_text(part.name, limit=63):<24} {used}   {', '.join(bounds)}"


def _concerns(load: Load) -> Iterator[str]:
    for title, concern in (("Pressure", Concern.PRESSURE), ("Waste", Concern.WASTE)):
        for place, why in enumerate(load.reasons(concern)):
            yield _line("" if place else title, why)


def _beside(load: Load, known: Known) -> Iterator[str]:
    """What only the kubelet tells."""
    detail = known.detail(load.node, load.namespace, load.name) if load.level is Level.PODS else None
    if detail is not None:
        for volume in detail.volumes:
            if volume.disk.capacity:
                name = f"claim {volume.claim}" if volume.claim else volume.name
                used = memory_text(volume.disk.used)
                yield _line("Volume", f"{name}: {used} of {memory_text(volume.disk.capacity)}")
        if detail.swap:
            yield _line("Swap", memory_text(detail.swap))
    node = load.name if load.level is Level.NODES else load.node
    summary = known.summaries.get(node)
    if load.level is Level.NODES and summary is not None:
        for title, disk in (("Disk", summary.disk), ("Images", summary.images)):
            if disk is not None and disk.capacity:
                yield _line(title, f"{memory_text(disk.used)} of {memory_text(disk.capacity)}")
        if summary.swap:
            yield _line("Swap", memory_text(summary.swap))
        if summary.processes is not None:
            yield _line("Processes", f"{summary.processes[0]:.0f} of {summary.processes[1]:.0f}")
    if why := known.no_summary.get(node):
        yield _line("Kubelet", f"disks, network and volumes are not known: {why}")


def _line(title: str, text: str) -> str:
    return f"{title:<{_LABEL}}{text}"
