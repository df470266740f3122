"""What a live table hands out: changes since the last time, coalesced per object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from backend.fleet.row import Row, RowKey
from backend.kube.status import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Apply ``removed`` first, then ``changed``: a key is never in both."""

    changed: tuple[Row, ...] = ()
    """New and changed rows, each in its latest state."""
    removed: tuple[RowKey, ...] = ()
    statuses: Mapping[str, Status]
    """The state of every cluster of the table, by cluster id."""
    columns_changed: bool = False
    """A cluster's columns became known: read ``LiveTable.columns`` again."""
