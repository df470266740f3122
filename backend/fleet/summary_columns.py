"""What a table of the fleet shows of each cluster: the same columns on the screen and on the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from backend.fleet.summary import ClusterSummary, severity
from backend.kube.status import State
from backend.resources.duration import human_duration

_NOT_YET = "…"
_NONE = "–"


@dataclass(frozen=True, slots=True)
class SummaryColumn:
    """``text`` and ``key`` are of a summary and the present time; see ``resources.kind.Column``."""

    name: str
    text: Callable[[ClusterSummary, float], str]
    key: Callable[[ClusterSummary, float], Any]
    align: Literal["left", "right"] = "left"
    priority: int = 1
    min_width: int = 4
    wide: bool = False
    timed: bool = False
    optional: bool = False
    """Left out while no cluster has anything in it."""


def column(name: str) -> SummaryColumn | None:
    """By its title, in any case."""
    return next((one for one in COLUMNS if one.name == name.upper()), None)


def _state(summary: ClusterSummary, now: float) -> str:
    status = summary.status
    if status.state is State.SYNCING and status.progress is not None:
        return f"SYNCING {round(status.progress * 100)}%"
    return status.state.value


def _number(count: int | None) -> str:
    return _NOT_YET if count is None else f"{count:,}"


def _nodes(summary: ClusterSummary, now: float) -> str:
    if summary.nodes is None or summary.nodes_ready is None:
        return _NONE if summary.no_nodes else _NOT_YET
    ready = summary.nodes_ready
    return str(summary.nodes) if ready == summary.nodes else f"{ready}/{summary.nodes}"


def _share(summary: ClusterSummary, what: str) -> str:
    share = summary.share(what)
    if share is None:
        return _NONE if summary.no_metrics else _NOT_YET
    return f"{round(share * 100)}%"


def _of(summary: ClusterSummary, what: str, written: Callable[[float], str]) -> str:
    used, room = summary.used, summary.room
    if room is None:
        return _NONE if summary.no_metrics else _NOT_YET
    return f"{written(getattr(used, what)) if used is not None else _NONE}/{written(getattr(room, what))}"


def cores(count: float) -> str:
    """``0.4``, ``12.5``, ``320``."""
    return f"{count:.1f}" if count < 100 else f"{count:.0f}"


def memory(count: float) -> str:
    """Bytes in binary units, short: ``96M``, ``1.5G``, ``2.0T``."""
    for unit in ("K", "M", "G", "T"):
        count /= 1024
        if count < 1000 or unit == "T":
            break
    return f"{count:.1f}{unit}" if count < 10 else f"{count:.0f}{unit}"


def left(ends: float | None, now: float) -> str:
    """Until something expires, in kubectl's short units."""
    if ends is None:
        return _NONE
    if ends <= now:
        return "expired"
    days = int((ends - now) // 86400)
    return f"{days}d" if days >= 2 else human_duration(ends - now)


def _seen(summary: ClusterSummary, now: float) -> str:
    if summary.live_counts:
        return "live"
    return human_duration(max(0.0, now - summary.seen)) if summary.seen is not None else ""


def kubelets(summary: ClusterSummary) -> str:
    """``v1.35.4``, or oldest and newest with a dash between."""
    versions = [version for version, _ in summary.kubelets]
    return "" if not versions else versions[0] if len(versions) == 1 else f"{versions[0]}–{versions[-1]}"


COLUMNS: tuple[SummaryColumn, ...] = (
    SummaryColumn("CLUSTER", lambda s, _: s.name, lambda s, _: s.name, priority=0, min_width=12),
    SummaryColumn("STATE", _state, severity, priority=0),
    SummaryColumn("VERSION", lambda s, _: s.version, lambda s, _: _natural(s.version), priority=3),
    SummaryColumn(
        "BEHIND",
        lambda s, _: str(s.behind) if s.behind else "",
        lambda s, _: s.behind or 0,
        align="right",
        priority=4,
        optional=True,
    ),
    SummaryColumn("NODES", _nodes, lambda s, _: s.nodes or 0, align="right"),
    SummaryColumn("PODS", lambda s, _: _number(s.pods), lambda s, _: s.pods or 0, align="right"),
    SummaryColumn(
        "FAILING",
        lambda s, _: _number(s.pods_failing),
        lambda s, _: s.pods_failing or 0,
        align="right",
        priority=0,
    ),
    SummaryColumn(
        "CPU", lambda s, _: _share(s, "cpu"), lambda s, _: s.share("cpu") or 0.0, align="right", priority=2
    ),
    SummaryColumn(
        "MEM",
        lambda s, _: _share(s, "memory"),
        lambda s, _: s.share("memory") or 0.0,
        align="right",
        priority=2,
    ),
    SummaryColumn(
        "CORES",
        lambda s, _: _of(s, "cpu", cores),
        lambda s, _: s.room.cpu if s.room is not None else 0.0,
        align="right",
        priority=5,
        min_width=10,
        wide=True,
    ),
    SummaryColumn(
        "MEMORY",
        lambda s, _: _of(s, "memory", memory),
        lambda s, _: s.room.memory if s.room is not None else 0.0,
        align="right",
        priority=5,
        min_width=10,
        wide=True,
    ),
    SummaryColumn(
        "KUBELETS",
        lambda s, _: kubelets(s),
        lambda s, _: _natural(s.kubelets[0][0]) if s.kubelets else (),
        priority=5,
        wide=True,
    ),
    SummaryColumn(
        "EXPIRES",
        lambda s, now: left(s.expiry.first, now),
        lambda s, _: s.expiry.first or float("inf"),
        align="right",
        priority=2,
        timed=True,
    ),
    SummaryColumn("SEEN", _seen, lambda s, now: s.seen or now, align="right", priority=3, timed=True),
    SummaryColumn("GUARD", lambda s, _: s.guard, lambda s, _: s.guard, min_width=9, optional=True),
    SummaryColumn(
        "TAGS",
        lambda s, _: " ".join((*(f"#{tag}" for tag in s.tags), *(f"@{group}" for group in s.groups))),
        lambda s, _: (s.groups, s.tags),
        priority=4,
        optional=True,
    ),
    SummaryColumn(
        "DETAIL",
        lambda s, now: s.detail(now),
        lambda s, now: s.detail(now),
        priority=5,
        min_width=16,
        optional=True,
    ),
)


def _natural(version: str) -> tuple[int, ...]:
    """v1.9.3 before v1.10.0."""
    parts = version.partition("+")[0].split(".")
    return tuple(int("".join(filter(str.isdigit, part)) or 0) for part in parts)
