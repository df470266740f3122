"""The controller's side of leases: what it may still believe of each voter.

Immutable: every event returns a new book. Times are on the controller's own clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from blockengine.membership.record import Record, Voter


class Held(NamedTuple):
    """Until when a voter's lease may be relied on; exclusive."""

    voter: Voter
    end: int


class LeaseBook(NamedTuple):
    """One end per voter. A single end for all of them would be the newest answer's,
    and the other voters may long have leased someone else."""

    duration: int
    drift: int
    held: tuple[Held, ...] = ()

    def granted(self, voter: Voter, *, asked: int) -> LeaseBook:
        """A voter granted the request sent at `asked`.

        Counted from the asking, not from the answer: the voter's own count started later,
        so it ends later. `drift` is how much faster its clock may run over one lease.
        """
        end = asked + self.duration - self.drift
        rest = tuple(held for held in self.held if held.voter != voter)
        end = max([end, *(held.end for held in self.held if held.voter == voter)])
        return self._replace(held=tuple(sorted((*rest, Held(voter, end)))))

    def until(self, records: Iterable[Record]) -> int:
        """Up to when (exclusive) a majority leases us under every one of these records; 0: never.

        The leases that end last decide: one more than half of a record's voters must stand.
        """
        return min(self._majority_end(record) for record in records)

    def _majority_end(self, record: Record) -> int:
        needed = len(record.voters) // 2 + 1
        ends = sorted((held.end for held in self.held if held.voter in record.voters), reverse=True)
        return ends[needed - 1] if len(ends) >= needed else 0
