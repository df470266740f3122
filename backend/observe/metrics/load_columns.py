"""What a table of loads shows of each: the same columns on the screen and on the command line.

The command line writes amounts and titles as ``kubectl top`` does, the screen as short as the rest of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from backend.observe.metrics.amounts import (
    cpu_text,
    in_millicores,
    mebibytes,
    memory_text,
    millicores,
    percent,
    share,
)
from backend.observe.metrics.findings import LEAST_BYTES, LEAST_CORES, Concern
from backend.observe.metrics.loads import Level, Load
from backend.resources.duration import human_duration

_LEAST = "≥"
_REASONS = 3


class Aspect(StrEnum):
    """What of the loads is looked at."""

    USE = "use"
    WASTE = "waste"
    PRESSURE = "pressure"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadColumn:
    """``text`` and ``key`` are of a load and the present time, by our clock."""

    name: str
    word: str
    """What ``--sort`` calls it."""
    text: Callable[[Load, float], str]
    key: Callable[[Load], Any]
    align: Literal["left", "right"] = "left"
    wide: bool = False
    priority: int = 1
    min_width: int = 4
    largest_first: bool = False


def columns_of(level: Level, aspect: Aspect = Aspect.USE, *, short: bool = False) -> list[LoadColumn]:
    """The columns of a level's table. ``short``: as on the screen."""
    return [*_names(level), *_AMOUNTS[aspect](level, short)]


def sort_word(columns: Sequence[LoadColumn], word: str) -> LoadColumn | None:
    """The column that a word or a title means, in any case; ``memory`` is ``mem``."""
    wanted = word.casefold()
    wanted = {"memory": "mem", "cpu(cores)": "cpu", "memory(bytes)": "mem"}.get(wanted, wanted)
    return next((c for c in columns if wanted in {c.word, c.name.casefold()}), None)


def usual_order(aspect: Aspect) -> str:
    """The word of the column that orders a table when nothing is said."""
    return {Aspect.USE: "cpu", Aspect.WASTE: "cpu-unused", Aspect.PRESSURE: "pressure"}[aspect]


def concerns(load: Load, aspect: Aspect) -> bool:
    """Whether a load is in the table of an aspect at all."""
    match aspect:
        case Aspect.PRESSURE:
            return load.pressed > 0
        case Aspect.WASTE if load.level is Level.PODS:
            return bool(load.reasons(Concern.WASTE))
        case Aspect.WASTE:
            return load.known and (load.cpu_unused >= LEAST_CORES or load.memory_unused >= LEAST_BYTES)
    return True


# --- who


def _names(level: Level) -> list[LoadColumn]:
    cluster = _text("CLUSTER", lambda load: load.cluster, priority=1, min_width=7)
    namespace = _text("NAMESPACE", lambda load: load.namespace, priority=2, min_width=9)
    name = _text("NAME", lambda load: load.name, priority=0, min_width=12)
    pods = LoadColumn(
        name="PODS",
        word="pods",
        text=lambda load, _: str(load.pods),
        key=lambda load: load.pods,
        align="right",
        priority=3,
        largest_first=True,
    )
    match level:
        case Level.PODS:
            return [cluster, namespace, name]
        case Level.CONTAINERS:
            return [
                cluster,
                namespace,
                _text("POD", lambda load: load.key.kind, priority=0, min_width=12),
                name,
            ]
        case Level.WORKLOADS:
            return [cluster, namespace, _text("KIND", lambda load: load.key.kind, priority=2), name, pods]
        case Level.CLUSTERS:
            return [cluster, pods]
    return [cluster, name, pods]


def _text(name: str, get: Callable[[Load], str], *, priority: int, min_width: int = 4) -> LoadColumn:
    return LoadColumn(
        name=name,
        word=name.lower(),
        text=lambda load, _: get(load),
        key=get,
        priority=priority,
        min_width=min_width,
    )


# --- how much


def _amount(
    name: str,
    word: str,
    text: Callable[[Load], str],
    key: Callable[[Load], float | None],
    *,
    wide: bool = False,
    priority: int = 1,
) -> LoadColumn:
    return LoadColumn(
        name=name,
        word=word,
        text=lambda load, _: text(load),
        key=lambda load: -1.0 if (value := key(load)) is None else value,
        align="right",
        wide=wide,
        priority=priority,
        largest_first=True,
    )


def _used(short: bool) -> tuple[LoadColumn, LoadColumn]:
    cpu, memory = (cpu_text, memory_text) if short else (millicores, mebibytes)
    return (
        _amount(
            "CPU" if short else "CPU(cores)",
            "cpu",
            lambda load: _least(load, cpu(load.cpu_used)),
            lambda load: load.cpu_used,
            priority=0,
        ),
        _amount(
            "MEM" if short else "MEMORY(bytes)",
            "mem",
            lambda load: _least(load, memory(load.memory_used)),
            lambda load: load.memory_used,
            priority=0,
        ),
    )


def _least(load: Load, text: str) -> str:
    """A sum that lacks a part is at least that large."""
    return f"{_LEAST}{text}" if load.partial and load.known else text


def _requested(short: bool, *, wide: bool) -> tuple[LoadColumn, LoadColumn]:
    cpu, memory = (cpu_text, memory_text) if short else (millicores, mebibytes)
    return (
        _amount(
            "CPU/REQ",
            "cpu-request",
            lambda load: cpu(load.cpu_request),
            lambda load: load.cpu_request,
            wide=wide,
            priority=3,
        ),
        _amount(
            "MEM/REQ",
            "mem-request",
            lambda load: memory(load.memory_request),
            lambda load: load.memory_request,
            wide=wide,
            priority=3,
        ),
    )


def _share(name: str, word: str, what: str, of: str, *, wide: bool, priority: int = 3) -> LoadColumn:
    used, whole = f"{what}_used", f"{what}_{of}"

    def written(amount: float | None) -> float | None:
        return in_millicores(amount) if what == "cpu" else amount

    return _amount(
        name,
        word,
        lambda load: percent(written(getattr(load, used)), getattr(load, whole)),
        lambda load: share(getattr(load, used), getattr(load, whole)),
        wide=wide,
        priority=priority,
    )


def _of_use(level: Level, short: bool) -> list[LoadColumn]:
    cpu, memory = _used(short)
    cpu_request, memory_request = _requested(short, wide=True)
    if level in (Level.NODES, Level.CLUSTERS):
        return [
            cpu,
            _share("CPU(%)", "cpu%", "cpu", "room", wide=False, priority=1),
            memory,
            _share("MEMORY(%)" if not short else "MEM(%)", "mem%", "memory", "room", wide=False, priority=1),
            _booked("CPU/REQ%", "cpu-request%", "cpu"),
            _booked("MEM/REQ%", "mem-request%", "memory"),
            cpu_request,
            memory_request,
            *_last(short),
        ]
    return [
        cpu,
        memory,
        _share("%CPU/R", "%cpu/r", "cpu", "request", wide=not short),
        _share("%CPU/L", "%cpu/l", "cpu", "bounded", wide=not short),
        _share("%MEM/R", "%mem/r", "memory", "request", wide=not short),
        _share("%MEM/L", "%mem/l", "memory", "bounded", wide=not short),
        cpu_request,
        memory_request,
        *_limited(short),
        *_last(short),
    ]


def _limited(short: bool) -> tuple[LoadColumn, LoadColumn]:
    cpu, memory = (cpu_text, memory_text) if short else (millicores, mebibytes)
    return (
        _amount(
            "CPU/LIM",
            "cpu-limit",
            lambda load: cpu(load.cpu_bounded),
            lambda load: load.cpu_bounded,
            wide=True,
            priority=4,
        ),
        _amount(
            "MEM/LIM",
            "mem-limit",
            lambda load: memory(load.memory_bounded),
            lambda load: load.memory_bounded,
            wide=True,
            priority=4,
        ),
    )


def _booked(name: str, word: str, what: str) -> LoadColumn:
    """How much of a node's room its pods ask for."""
    asked, room = f"{what}_request", f"{what}_room"
    return _amount(
        name,
        word,
        lambda load: percent(getattr(load, asked), getattr(load, room)),
        lambda load: share(getattr(load, asked), getattr(load, room)),
        wide=False,
        priority=3,
    )


def _last(short: bool) -> tuple[LoadColumn, LoadColumn]:
    measured = LoadColumn(
        name="MEASURED",
        word="measured",
        text=lambda load, now: human_duration(max(0.0, now + load.skew - load.at)) if load.known else "-",
        key=lambda load: -load.at,
        align="right",
        wide=True,
        priority=5,
    )
    return (measured, _why(lambda load: load.why, wide=True))


def _why(get: Callable[[Load], str], *, wide: bool) -> LoadColumn:
    return LoadColumn(
        name="WHY", word="why", text=lambda load, _: get(load), key=get, wide=wide, priority=2, min_width=20
    )


def _of_waste(level: Level, short: bool) -> list[LoadColumn]:
    cpu, memory = _used(short)
    cpu_request, memory_request = _requested(short, wide=False)
    write_cpu, write_memory = (cpu_text, memory_text) if short else (millicores, mebibytes)
    return [
        _amount(
            "CPU/UNUSED",
            "cpu-unused",
            lambda load: write_cpu(load.cpu_unused),
            lambda load: load.cpu_unused,
            priority=0,
        ),
        cpu_request,
        cpu,
        _amount(
            "MEM/UNUSED",
            "mem-unused",
            lambda load: write_memory(load.memory_unused),
            lambda load: load.memory_unused,
            priority=0,
        ),
        memory_request,
        memory,
        _why(lambda load: "; ".join(load.reasons(Concern.WASTE)[:_REASONS]), wide=level is not Level.PODS),
    ]


def _of_pressure(level: Level, short: bool) -> list[LoadColumn]:
    cpu, memory = _used(short)
    nodes = level in (Level.NODES, Level.CLUSTERS)
    of = "room" if nodes else "bounded"
    mark = "" if nodes else "/L"
    return [
        cpu,
        _share(f"%CPU{mark}", "cpu%", "cpu", of, wide=False),
        memory,
        _share(f"%MEM{mark}", "mem%", "memory", of, wide=False),
        LoadColumn(
            name="PRESSED",
            word="pressure",
            text=lambda load, _: str(load.pressed),
            key=lambda load: load.pressure,
            align="right",
            priority=4,
            largest_first=True,
        ),
        _why(lambda load: "; ".join(load.reasons(Concern.PRESSURE)[:_REASONS]), wide=False),
    ]


_AMOUNTS: dict[Aspect, Callable[[Level, bool], list[LoadColumn]]] = {
    Aspect.USE: _of_use,
    Aspect.WASTE: _of_waste,
    Aspect.PRESSURE: _of_pressure,
}
