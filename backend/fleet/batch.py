"""What a live table hands out: changes since the last time, coalesced per object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from backend.fleet.row import Row, RowKey
from backend.kube.status import Status

SLICE = 500
"""Rows that are taken in at a time: some 10 ms of a table of 100,000 (R24)."""


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

    def slices(self) -> Iterator[Batch]:
        """The batch in pieces that hold nobody up; whoever applies them lets the loop turn in between."""
        if len(self.changed) + len(self.removed) <= SLICE:
            yield self
            return
        for start in range(0, len(self.removed), SLICE):
            yield replace(self, changed=(), removed=self.removed[start : start + SLICE])
        for start in range(0, len(self.changed), SLICE):
            yield replace(self, changed=self.changed[start : start + SLICE], removed=())
