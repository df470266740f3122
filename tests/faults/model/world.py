"""The pieces of the records model's world, and its bounds."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from blockengine.membership.ballot import Granted
from blockengine.membership.lease import LeaseBook
from blockengine.membership.record import Epoch, Position, Record, Voter
from blockengine.membership.term import Term

DURATION = 1


class Controller(NamedTuple):
    """A controller process: a candidate until it has adopted a record for its `term`."""

    epoch: Epoch
    grants: frozenset[Granted] = frozenset()
    term: Term | None = None
    leases: LeaseBook = LeaseBook(DURATION, 0)
    opened: frozenset[Voter] = frozenset()


class Store(NamedTuple):
    """A record on its way to all voters but those `waiting` for it to be committed."""

    controller: int
    record: Record
    waiting: frozenset[str]


class World(NamedTuple):
    """One state; all but `now`, `stale` and `lost` are numbers of interned objects."""

    now: int
    voters: tuple[int, ...]
    controllers: tuple[int, ...]
    sent: int
    stale: int
    lost: int


class Act(NamedTuple):
    """What a controller did: its next state, what it sent, and whom it resynced (a mask)."""

    controller: int
    messages: tuple[int, ...]
    resynced: int = 0


class Service(NamedTuple):
    """A controller that may answer: whom its writes must reach, whom it reads from."""

    obliged: tuple[Voter, ...]
    readers: tuple[Voter, ...]
    position: Position
    epoch: Epoch


@dataclass(frozen=True)
class Scenario:
    """Bounds of one exploration, and which changes its controllers may make.

    `seqs` and `epochs` are per controller. The first one serves from the start, unless it
    was `interrupted`: then it is gone, its leases ran out, and the removal of the last
    member, which it had sent, is stored by the first voter alone.
    """

    name: str
    ticks: int
    seqs: tuple[int, ...]
    epochs: tuple[Epoch, ...]
    voters: tuple[str, ...] = ("A", "B", "C")
    voting: tuple[str, ...] = ("A", "B", "C")
    absent: tuple[str, ...] = ()
    losses: int = 0
    restarts: bool = False
    removes: bool = True
    promotes: bool = False
    votes: bool = False
    opens_apart: bool = False
    forgets: bool = True
    interrupted: bool = False


class Violation(Exception):
    """A promise was broken."""


@dataclass
class Interned:
    """Small numbers for objects that compare by value."""

    items: list[Any] = field(default_factory=list)
    index: dict[Hashable, int] = field(default_factory=dict)

    def number(self, item: Hashable) -> int:
        found = self.index.get(item)
        if found is None:
            found = self.index[item] = len(self.items)
            self.items.append(item)
        return found
