"""Titles of the columns that tell what objects use: not in their kinds' entries, because no object says it.

``backend.observe.metrics.columns`` fills them; lists, the ``:`` line and completion need to know the words.
"""

from __future__ import annotations

from backend.resources.kind import Kind

_OF_PODS = ("CPU", "MEM", "%CPU/R", "%CPU/L", "%MEM/R", "%MEM/L")
_OF_NODES = ("CPU", "%CPU", "MEM", "%MEM")
_BY_KIND = {"pods": _OF_PODS, "nodes": _OF_NODES}


def use_titles(kind: Kind | None) -> tuple[str, ...]:
    """The titles of a kind's columns of use; empty: nothing measures its objects."""
    return _BY_KIND.get(kind.resource.full_name, ()) if kind is not None else ()
