"""The controller's side of leases: what it may still believe of each voter.

Immutable: every event returns a new book. Times are on the controller's own clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from blockengine.membership import quorum
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

    def valid(self, now: int) -> frozenset[Voter]:
        """The voters whose lease is certainly unexpired."""
        return frozenset(held.voter for held in self.held if now < held.end)

    def allows(self, records: Iterable[Record], now: int) -> bool:
        """Whether a majority leases us under the current record *and* every proposed one."""
        return all(quorum.majority(record.voters, self.valid(now)) for record in records)
