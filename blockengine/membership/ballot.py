"""What one voter must never forget, and how it answers.

Each function returns the voter's next ballot and its answer. The caller makes the ballot
durable *before* it sends the answer. Times are on the voter's own clock (one that runs on
while the machine sleeps, such as CLOCK_BOOTTIME), in one unit throughout.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from blockengine.membership.record import NOBODY, Epoch, Position, Record


class Lease(NamedTuple):
    """Until when this voter lets nobody but `epoch` take over."""

    epoch: Epoch
    end: int


class Ballot(Struct, frozen=True):
    """A voter's durable state. `record is None` means blank: it abstains.

    `session` is the highest session number opened within the promised epoch.
    """

    voter: str
    incarnation: int
    promise: Epoch = NOBODY
    session: int = 0
    lease: Lease = Lease(NOBODY, 0)
    record: Record | None = None


class Refused(NamedTuple):
    """A voter's no: the reason in one word, and the promise that stands in the way."""

    why: str
    promise: Epoch


class Granted(NamedTuple):
    """A voter's yes to a candidate, with all it knows."""

    voter: str
    incarnation: int
    record: Record


class Stored(NamedTuple):
    """A voter holds this record, durably, in both slots."""

    voter: str
    incarnation: int


class Opened(NamedTuple):
    """A replica takes requests of this session only, from now on."""

    voter: str
    incarnation: int
    session: int


def grant(ballot: Ballot, *, epoch: Epoch, now: int, duration: int) -> tuple[Ballot, Granted | Refused]:
    """Promise `epoch` and lease it `duration`, unless someone else may still be serving.

    Asking again under the promised epoch renews the lease. No grant is ever below the
    promise, not even after every lease has run out: the lower controller's messages may
    still be under way.
    """
    if ballot.record is None:
        return ballot, Refused("blank", ballot.promise)
    if epoch < ballot.promise:
        return ballot, Refused("promised", ballot.promise)
    if leased_to_another(ballot, epoch, now):
        return ballot, Refused("leased", ballot.promise)
    end = now + duration
    if ballot.lease.epoch == epoch:
        end = max(end, ballot.lease.end)
    session = ballot.session if epoch == ballot.promise else 0
    granted = replace(ballot, promise=epoch, session=session, lease=Lease(epoch, end))
    return granted, Granted(ballot.voter, ballot.incarnation, ballot.record)


def leased_to_another(ballot: Ballot, epoch: Epoch, now: int) -> bool:
    """Whether an unexpired lease belongs to a different controller."""
    return ballot.lease.epoch != epoch and now < ballot.lease.end


def store(ballot: Ballot, record: Record) -> tuple[Ballot, Stored | Refused]:
    """Take a record that is not below the promise, and promise its epoch.

    A foreign lease does not block it: whoever sends a record was granted by a majority.
    Storing the record held already is answered again (a retry after a lost answer).
    """
    named = record.incarnation(ballot.voter)
    if named is not None and named != ballot.incarnation:
        return ballot, Refused("incarnation", ballot.promise)
    if record.position.epoch < ballot.promise:
        return ballot, Refused("promised", ballot.promise)
    held = ballot.record
    if held is not None:
        if (held.volume, held.lineage) != (record.volume, record.lineage):
            return ballot, Refused("lineage", ballot.promise)
        if record.position < held.position:
            return ballot, Refused("older", ballot.promise)
        if record.position == held.position and record != held:
            return ballot, Refused("conflict", ballot.promise)
    epoch = record.position.epoch
    session = ballot.session if epoch == ballot.promise else 0
    return replace(ballot, promise=epoch, session=session, record=record), Stored(
        ballot.voter, ballot.incarnation
    )


def open_session(ballot: Ballot, *, epoch: Epoch, number: int) -> tuple[Ballot, Opened | Refused]:
    """Let in a newer session and shut out every older one, durably.

    Within an epoch only a higher number is accepted, so that an open that was delayed on
    the network can't bring an old session back. `number` counts from 1.
    """
    if ballot.record is None:
        return ballot, Refused("blank", ballot.promise)
    if epoch < ballot.promise:
        return ballot, Refused("promised", ballot.promise)
    if epoch == ballot.promise and number <= ballot.session:
        return ballot, Refused("session", ballot.promise)
    return (
        replace(ballot, promise=epoch, session=number),
        Opened(ballot.voter, ballot.incarnation, number),
    )


def accepts(ballot: Ballot, *, epoch: Epoch, session: int, issued: Position) -> bool:
    """Whether a replica takes a request of this session, issued under the record at `issued`.

    A replica with an older record refuses it: it would not know whom to keep a log for.
    """
    if ballot.record is None or ballot.record.position < issued:
        return False
    return (ballot.promise, ballot.session) == (epoch, session)


def restarted(ballot: Ballot, *, now: int, duration: int) -> Ballot:
    """A voter's ballot after any restart: one full lease passes before another is granted.

    The clock of the boot before is gone, and with it the meaning of the stored end.
    """
    return replace(ballot, lease=Lease(ballot.lease.epoch, now + duration))


def enter_lineage(ballot: Ballot, record: Record, *, incarnation: int) -> Ballot:
    """The ballot of a replica whose operator moved it into another lineage by hand.

    Everything it promised belonged to the old lineage; under a new incarnation no vote of
    the old one can be counted in the new.
    """
    if ballot.record is not None and ballot.record.lineage == record.lineage:
        raise ValueError("the replica is in this lineage already")
    return Ballot(voter=ballot.voter, incarnation=incarnation, promise=record.position.epoch, record=record)
