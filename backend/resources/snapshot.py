"""What volume snapshots and their contents share (snapshot.storage.k8s.io)."""

from __future__ import annotations

from typing import Any

import msgspec

from backend.resources.kind import BEING_DELETED, OK, Column, Health, Verdict, computed_column


class SnapshotError(msgspec.Struct, frozen=True, gc=False):
    message: str = ""


def ready_column() -> Column:
    def text(item: Any) -> str:
        ready = item.status.ready_to_use
        return "" if ready is None else "true" if ready else "false"

    return computed_column("READYTOUSE", text, priority=0)


def assess_snapshot(item: Any) -> Verdict:
    """An error counts even if the driver goes on trying; readiness that is not told is unknown."""
    if item.metadata.deletion_timestamp is not None:
        return BEING_DELETED
    if item.status.error is not None:
        return Verdict(Health.FAILING, item.status.error.message)
    return OK if item.status.ready_to_use else Verdict(Health.PROGRESSING, "not ready to use yet")
