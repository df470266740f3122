"""Open files: every cluster takes some."""

from __future__ import annotations

import resource
from collections.abc import Iterator

from backend.diagnosis.check import Check, Finding, Surroundings, ok, warn

_EACH, _OURSELVES = 4, 100


def _examine(around: Surroundings) -> Iterator[Finding]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        yield ok("no limit of open files")
        return
    clusters = len(around.fleet.members) if around.fleet is not None else 0
    needed = _OURSELVES + _EACH * clusters
    said = f"{soft:,} files may be open at once; {clusters} clusters need about {needed}"
    if soft < needed:
        yield warn(said, f"Raise it: ulimit -n {min(max(needed, 1024), hard)}")
    else:
        yield ok(said)


CHECK = Check(title="Open files", examine=_examine)
