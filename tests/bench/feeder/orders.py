"""What a feeder is told and what it answers: one JSON line each."""

from __future__ import annotations

from typing import Literal

import msgspec

Act = Literal["", "reset", "stop", "start", "cut", "expire", "refuse", "truth"]


class Command(msgspec.Struct, kw_only=True, omit_defaults=True):
    do: Act = ""
    """reset: count anew; stop, start: the server; cut: end open watches; expire: forget history, and cut;
    refuse: answer the next requests for pods with ``code``; truth: say what there is."""
    clusters: list[int] = []
    code: int = 429
    times: int = 1
    rate: float | None = None
    """Changes a second over all clusters from now on."""


class Report(msgspec.Struct, kw_only=True):
    changes: int
    """Made so far."""
    peak_lists: int
    """Most clusters that were being listed at the same time."""
    lists: int
    watches: int
    """Open now."""
    requests: int
    truth: list[dict[str, str]] = []
    """Version by uid, of each cluster that was named."""
