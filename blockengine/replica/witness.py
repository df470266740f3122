"""A witness: a voter that keeps a record and no data, so that two replicas have a majority."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from blockengine.membership import ballot as ballots
from blockengine.membership.ballot import Ballot, Granted, Refused, Stored
from blockengine.membership.record import Epoch, Override, Record
from blockengine.replica.files import Directory
from blockengine.replica.identity import LEASE, Header, Place, place_of
from blockengine.replica.layer import BLOCK
from blockengine.replica.ledger import needs_disk
from blockengine.replica.overrides import Overrides
from blockengine.replica.slots import Slots
from blockengine.replica.trust import Trust

Answer = TypeVar("Answer")


class Witness:
    """One open witness. Its header has size 0 and stands in `witness`, not `header`."""

    def __init__(self, directory: Directory) -> None:
        self._header_slots = Slots(directory.open("witness"), "witness", Header)
        self._ballot_slots = Slots(directory.open("ballot"), "ballot", Ballot)
        self._overrides = Overrides(directory)
        self.header = self._header_slots.load()
        self.ballot = self._ballot_slots.load()
        self.trust = Trust(self.header.replica, directory)

    @classmethod
    def create(
        cls, directory: Directory, ballot: Ballot, *, volume: str, place: Place, lease: int = LEASE
    ) -> Witness:
        """Make a witness in an empty directory. Raises: FileExistsError, OSError."""
        if directory.names():
            raise FileExistsError("the directory is not empty; a witness needs one of its own")
        device, inode = directory.place()
        header = Header(volume, ballot.voter, 0, BLOCK, BLOCK, place.machine, device, inode, lease)
        Slots.create(directory, "ballot", ballot).close()
        directory.sync()
        Slots.create(directory, "witness.new", header).close()
        directory.rename("witness.new", "witness")
        directory.sync()
        return cls(directory)

    @classmethod
    def open(cls, directory: Directory, place: Place, *, moved: bool = False) -> Witness:
        """Open a witness. Raises: Damaged; Misplaced; FileNotFoundError."""
        witness = cls(directory)
        header = place_of(witness.header, directory, place, moved=moved)
        if header != witness.header:
            witness.header = header
            witness._header_slots.save(header)
        return witness

    @property
    def overrides(self) -> tuple[Override, ...]:
        """How often, and why, an operator forced the volume onward."""
        return self._overrides.all

    @property
    def failure(self) -> str:
        """Why this witness no longer trusts its disk; empty while it does."""
        return self.trust.failure

    def restarted(self, *, now: int) -> None:
        """`membership.ballot.restarted`; stored with the next vote."""
        self.ballot = ballots.restarted(self.ballot, now=now, duration=self.header.lease)

    def grant(self, *, epoch: Epoch, now: int, duration: int) -> Granted | Refused:
        """`membership.ballot.grant`, durable."""
        return self._vote(lambda held: ballots.grant(held, epoch=epoch, now=now, duration=duration))

    def store_record(self, record: Record) -> Stored | Refused:
        """`membership.ballot.store`, durable."""
        return self._vote(lambda held: ballots.store(held, record))

    def enter(self, record: Record, *, incarnation: int, override: Override) -> Stored:
        """`membership.ballot.enter_lineage`, durable. Raises: ValueError, Failed, OSError."""
        with self.trust.promising():
            self._overrides.add(override)

        def move(held: Ballot) -> tuple[Ballot, Stored]:
            return ballots.enter_lineage(held, record, incarnation=incarnation), Stored(
                held.voter, incarnation
            )

        return self._vote(move)

    def _vote(self, transition: Callable[[Ballot], tuple[Ballot, Answer]]) -> Answer:
        self.trust.check()
        after, answer = transition(self.ballot)
        if needs_disk(self.ballot, after):
            with self.trust.promising():
                self._ballot_slots.save(after)
        self.ballot = after
        return answer

    def close(self) -> None:
        """Give back the files."""
        self._header_slots.close()
        self._ballot_slots.close()
