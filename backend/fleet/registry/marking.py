"""Keeping what a person says about clusters: tags, groups, protection, read-only."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

import msgspec

from backend.fleet.marks import Marks
from backend.fleet.registry.record import ClusterRecord
from backend.fleet.registry.store import Registry


def mark(registry: Registry, clusters: Collection[str], marks: Marks, *, act: str = "cluster mark") -> int:
    """Change these clusters (by id) where that changes anything, in one transaction with the journal's lines;
    how many were changed. Raises RecordConflict when one was changed elsewhere: then none is.
    """
    edit = partial(marked, marks=marks)
    wanted = [known for known in registry.known() if known.id in clusters]
    return registry.change_all(wanted, edit, act=act, detail=marks.told)


def marked(record: ClusterRecord, *, marks: Marks) -> ClusterRecord:
    """The record with these marks."""
    return msgspec.structs.replace(
        record,
        tags=marks.tags(record.tags),
        groups=marks.groups(record.groups),
        protected=record.protected if marks.protected is None else marks.protected,
        read_only=record.read_only if marks.read_only is None else marks.read_only,
    )
