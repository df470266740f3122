"""The record: what a majority of voters must agree on about one volume.

A record is never changed; a controller writes a higher one. Two records of one lineage
compare by `Position`; records of different lineages are never compared.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace


class Epoch(NamedTuple):
    """One controller's term of office; ordered by number, then by the controller's id.

    The controller id is random per *process start*. Two starts that pick the same number at
    the same time still differ, so that no two of them can write a record under one position.
    """

    number: int
    controller: int


class Position(NamedTuple):
    """Where a record stands in its lineage: the term, and the count of records within it."""

    epoch: Epoch
    seq: int


class Voter(NamedTuple):
    """A process whose stored record counts, and the incarnation in which it counts.

    The incarnation is a random number made when the voter's state was blank: a voter that
    lost its disk comes back with another one, and its votes count no more.
    """

    id: str
    incarnation: int


class Member(NamedTuple):
    """A replica in sync: the boot of its machine, and the record that took it in."""

    id: str
    boot: str
    since: Position


class Absent(NamedTuple):
    """A replica out of sync: the stretch of records during which it was in sync.

    `since is None` says that it never was (or lost its state): only a full rebuild helps.
    `out` is the tag of the logs in which others keep what it missed.
    """

    id: str
    since: Position | None
    out: Position


class Record(Struct, frozen=True):
    """Who votes, who is in sync, and what the volume is. `size` is in bytes."""

    volume: str
    lineage: str
    position: Position
    voters: tuple[Voter, ...]
    in_sync: tuple[Member, ...]
    absent: tuple[Absent, ...] = ()
    size: int = 0
    name: str = ""
    policy: str = ""
    state: str = "serving"
    snapshots: str = ""

    def __post_init__(self) -> None:
        names = {voter.id for voter in self.voters}
        if len(names) != len(self.voters):
            raise ValueError("a voter is named twice")
        if not self.in_sync or not self.member_ids <= names:
            raise ValueError("the replicas in sync must be voters, and at least one")
        if self.member_ids & {absent.id for absent in self.absent}:
            raise ValueError("a replica can't be both in and out of sync")
        if self.size < 0:
            raise ValueError("a volume's size can't be negative")

    @property
    def member_ids(self) -> frozenset[str]:
        """The ids of the replicas in sync."""
        return frozenset(member.id for member in self.in_sync)

    @property
    def voter_ids(self) -> frozenset[str]:
        """The ids of the voters."""
        return frozenset(voter.id for voter in self.voters)

    def member(self, replica: str) -> Member | None:
        """The replica's entry among those in sync."""
        return next((member for member in self.in_sync if member.id == replica), None)

    def absence(self, replica: str) -> Absent | None:
        """The replica's entry among those out of sync."""
        return next((absent for absent in self.absent if absent.id == replica), None)

    def incarnation(self, voter: str) -> int | None:
        """The incarnation in which a voter counts; None if it is none."""
        return next((entry.incarnation for entry in self.voters if entry.id == voter), None)

    def at(self, position: Position) -> Record:
        """The same agreement, written at another position."""
        return replace(self, position=position)


class Override(Struct, frozen=True):
    """One forced recovery: the lineage made and the one left, who, when (seconds since 1970), why."""

    lineage: str
    left: str
    who: str
    when: int
    why: str


NOBODY = Epoch(0, 0)
