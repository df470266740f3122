"""A controller's term of office: taking over, and changing the record while serving.

Immutable. The caller sends what `sent` holds to the voters and reports who stored it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from blockengine.membership import quorum
from blockengine.membership.ballot import Granted
from blockengine.membership.lease import LeaseBook
from blockengine.membership.record import Epoch, Position, Record, Voter


class LineagesDiffer(Exception):
    """Voters answered with records of different lineages: a person has to say which lives."""

    def __init__(self, lineages: Iterable[str]) -> None:
        self.lineages = tuple(sorted(lineages))
        super().__init__(
            f"the voters hold records of {len(self.lineages)} lineages ({', '.join(self.lineages)}); "
            "nothing was changed. Detach the members of the lineage that was left behind, then try again."
        )


class Proposal(Struct, frozen=True):
    """A record sent to the voters, and who is known to hold it."""

    record: Record
    stored: frozenset[Voter] = frozenset()


class Term(Struct, frozen=True):
    """What a controller in office knows: the record in force, and those sent since.

    A record that was sent is never withdrawn: it may be stored somewhere, and a later
    take-over may find it. `base` is in force once `serving`; before, it is what was adopted.
    """

    epoch: Epoch
    base: Record
    serving: bool = False
    sent: tuple[Proposal, ...] = ()

    @property
    def newest(self) -> Record:
        """The record that the next change starts from."""
        return self.sent[-1].record if self.sent else self.base

    @property
    def records(self) -> tuple[Record, ...]:
        """The record in force and all sent since."""
        return (self.base, *(proposal.record for proposal in self.sent))

    @property
    def obliged(self) -> frozenset[str]:
        """Who must have a write before it is acknowledged, and answer every flush.

        In sync in the record in force *or in any sent since*: whichever of them a
        take-over finds, its members have everything.
        """
        return frozenset().union(*(record.member_ids for record in self.records))

    @property
    def readable(self) -> frozenset[str]:
        """Who may be read from: in sync in the record in force *and* in all sent since.

        A replica being promoted has everything, but its promotion may never come into
        force; one being removed may miss the write that is about to be acknowledged.
        """
        return frozenset.intersection(*(record.member_ids for record in self.records))


def adopt(grants: Sequence[Granted]) -> Record | None:
    """The record a candidate takes over, or None while the grants don't suffice.

    A grant counts only in the incarnation that the highest record names, and the majority
    is counted over *that* record's voters.

    Raises: LineagesDiffer.
    """
    if not grants:
        return None
    lineages = {grant.record.lineage for grant in grants}
    if len(lineages) > 1:
        raise LineagesDiffer(lineages)
    highest = max((grant.record for grant in grants), key=lambda record: record.position)
    voters = [Voter(grant.voter, grant.incarnation) for grant in grants]
    return highest if quorum.majority(highest.voters, voters) else None


def take_office(epoch: Epoch, adopted: Record) -> Term:
    """Start a term: the adopted record is written again under the new epoch.

    It may be held by one voter alone. Serving under it without writing it again would let
    another take-over, which does not ask that voter, go back to an older one.
    """
    rewritten = adopted.at(Position(epoch, 1))
    return Term(epoch=epoch, base=adopted, sent=(Proposal(rewritten),))


def propose(term: Term, record: Record) -> Term:
    """Send a further record. It must come from `changes`, and follow the newest one.

    Raises: ValueError if a change of voters is too large, or is proposed while another is
    not in force yet: majorities of neighbours meet, those of neighbours' neighbours need not.
    """
    if record.position != next_position(term):
        raise ValueError("a record must follow the newest one")
    if set(record.voters) != set(term.newest.voters):
        if not quorum.change_is_small(term.newest, record):
            raise ValueError("voters change one at a time")
        if not term.serving or term.sent:
            raise ValueError("the voters can't change before the record sent last is in force")
    return replace(term, sent=(*term.sent, Proposal(record)))


def next_position(term: Term) -> Position:
    """Where the next record of this term stands."""
    newest = term.newest.position
    return Position(term.epoch, newest.seq + 1 if newest.epoch == term.epoch else 1)


def stored(term: Term, position: Position, voter: Voter) -> Term:
    """A voter holds the record at `position`. The highest in force becomes the base."""
    sent = tuple(
        replace(proposal, stored=proposal.stored | {voter})
        if proposal.record.position == position
        else proposal
        for proposal in term.sent
    )
    for index in range(len(sent) - 1, -1, -1):
        if quorum.in_force(term.base, sent[index].record, sent[index].stored):
            return replace(term, base=sent[index].record, serving=True, sent=sent[index + 1 :])
    return replace(term, sent=sent)


def may_send(term: Term, proposal: Proposal, voter: Voter) -> bool:
    """Whether a proposed record may go to this voter yet.

    A voter that lost its state gets the record that readmits it only when that record is
    committed without it.
    """
    if voter not in quorum.readmitted(term.base, proposal.record):
        return True
    return quorum.committed(term.base, proposal.record, proposal.stored)


def serves_until(term: Term, leases: LeaseBook) -> int:
    """Up to when (exclusive) replies may leave: in office, and leased by a majority of each voter set.

    For a read, compared with the clock *after* the bytes were read: the lease may have run out
    meanwhile. 0: not at all.
    """
    return leases.until(term.records) if term.serving else 0
