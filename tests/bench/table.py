"""What a bench reports: measured values beside a named peer's, measured in the same run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One measured thing. `goal` is what the design asks for; nothing fails on it."""

    what: str
    ours: str
    peer: str = ""
    ratio: float | None = None
    goal: str = ""
    met: bool | None = None


def seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 0.1 else f"{value * 1000:.0f} ms"


def milliseconds(value: float) -> str:
    return f"{value * 1000:.0f} ms"


def megabytes(value: float) -> str:
    """`value` in bytes, shown in units of 10^6 bytes."""
    return f"{value / 1e6:.0f} MB"


def render(lines: Iterable[tuple[str, Line]]) -> str:
    """An aligned table; the first column is the bench's name."""
    rows = [("BENCH", "MEASURED", "NAVARCH", "PEER", "RATIO", "GOAL", "MET")]
    for bench, line in lines:
        ratio = "" if line.ratio is None else f"{line.ratio:.2f}"
        met = {True: "yes", False: "no", None: ""}[line.met]
        rows.append((bench, line.what, line.ours, line.peer, ratio, line.goal, met))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
