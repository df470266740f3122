"""When a record counts: majorities, and who else must hold it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from blockengine.membership.record import Record, Voter


def majority(voters: Collection[Voter], confirmed: Iterable[Voter]) -> bool:
    """Whether more than half of `voters` confirmed, each in the incarnation that counts."""
    return len(set(voters) & set(confirmed)) * 2 > len(voters)


def readmitted(old: Record, new: Record) -> frozenset[Voter]:
    """Voters that come back in `new` with a state that they did not have in `old`."""
    return frozenset(
        voter for voter in new.voters if old.incarnation(voter.id) not in (None, voter.incarnation)
    )


def committed(old: Record, new: Record, stored: Collection[Voter]) -> bool:
    """Whether `new`, which follows `old`, can no longer be lost.

    A majority of the old voters *and* of the new ones hold it. A voter that lost its state
    doesn't count towards its own return: it forgot what it had promised, so that a majority
    with it need not meet the majority that it once was part of.
    """
    counted = set(stored) - readmitted(old, new)
    return majority(old.voters, counted) and majority(new.voters, counted)


def in_force(old: Record, new: Record, stored: Collection[Voter]) -> bool:
    """Whether writes may be acknowledged under `new`: committed, and held by every member.

    Each member must know whom it keeps a missed log for before it takes a write under it.
    """
    holders = {voter.id for voter in stored}
    return committed(old, new, stored) and new.member_ids <= holders


def change_is_small(old: Record, new: Record) -> bool:
    """Whether at most one voter enters, leaves or returns: only then do majorities meet."""
    return len(set(old.voters) ^ set(new.voters)) <= 1 or (
        old.voter_ids == new.voter_ids and len(readmitted(old, new)) <= 1
    )
