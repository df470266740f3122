"""Swap: where memory, secrets included, may reach the disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from backend.diagnosis.check import Check, Finding, Surroundings, ok, warn

SWAPS = Path("/proc/swaps")


def _examine(around: Surroundings) -> Iterator[Finding]:
    try:
        lines = SWAPS.read_text("utf-8", "replace").splitlines()[1:]
    except OSError:
        return
    disks = [line.split()[0] for line in lines if line.strip() and "zram" not in line]
    if disks:
        yield warn(
            f"Swap is on ({', '.join(disks[:3])}): secrets in memory may reach the disk.",
            "Encrypt it, or use zram.",
        )
    else:
        yield ok("no swap on a disk")


CHECK = Check(title="Swap", examine=_examine)
