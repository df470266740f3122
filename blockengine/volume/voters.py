"""Voters enter and leave a volume that is served, one at a time."""

from __future__ import annotations

import asyncio
import contextlib

from blockengine.membership import changes
from blockengine.membership.record import Absent, Position, Record, Voter
from blockengine.protocol.messages import Forget, Identity, Keep
from blockengine.volume.agreeing import agree
from blockengine.volume.founding import Impossible
from blockengine.volume.geometry import Geometry
from blockengine.volume.link import Unanswered
from blockengine.volume.office import Office
from blockengine.volume.peer import Peer

# Its connection was broken on purpose, and comes back by itself.
_HEARS_WITHIN = 3.0


async def enter(office: Office, who: Identity, geometry: Geometry) -> None:
    """Let a blank replica or witness vote; a replica is then rebuilt in full, by itself.

    Returns once that is in force. From the moment it is proposed the newcomer counts for majorities.

    Raises: Impossible, Fenced.
    """
    _check_newcomer(office, who, geometry)

    def entered(record: Record, at: Position) -> Record:
        voter = Voter(who.voter, who.incarnation)
        office.tell(f"{who.voter} enters: record {at.epoch.number}.{at.seq}")
        return changes.add_voter(record, voter, at, keeps_data=who.keeps_data)

    await agree(office, None, entered)


def _check_newcomer(office: Office, who: Identity, geometry: Geometry) -> None:
    record = office.term.newest
    if who.volume != record.volume:
        raise Impossible(f"{who.voter} was made for volume {who.volume}, not for {record.volume}")
    if record.incarnation(who.voter) is not None:
        raise Impossible(f"{who.voter} is a voter of this volume already")
    if who.record is not None:
        raise Impossible(
            f"{who.voter} is not blank: it holds a record of lineage {who.record.lineage}. Make its "
            "directory anew if its bytes are not needed"
        )
    if who.failure:
        raise Impossible(who.failure)
    if who.lease < office.leases.duration:
        raise Impossible(
            f"{who.voter} grants leases of {who.lease} ms only; this volume's last "
            f"{office.leases.duration} ms (`replica create --lease`)"
        )
    shape = (who.block_size, who.region)
    if who.keeps_data and shape != (geometry.block_size, geometry.region_size):
        raise Impossible(f"{who.voter} has another block or region size than the volume: {shape}")


async def leave(office: Office, name: str, *, force: bool) -> None:
    """Take a voter off for good. One in sync is taken out of sync first.

    `force` allows to go down to a single copy; nothing allows to go down to none, or to lose the
    majority: for that there is `volume force`.

    Raises: Impossible, Fenced.
    """
    _check_leaving(office, name, force=force)
    hears = office.peer(name) is not None
    office.leaving.add(name)
    try:
        if name in office.obliged | office.joining:
            office.lose(name, "it is being taken off")
        absence = await _drop(office, name)
    finally:
        office.leaving.discard(name)
    office.tell(f"{name} is no voter any more; {len(office.term.base.voters)} are left")
    if absence is not None:
        holders = sorted(office.term.base.member_ids)
        await office.each(holders, lambda holder: office.ask(holder, Forget(name, absence.out)))
    if hears:
        await _let_know(office, name)


async def _drop(office: Office, name: str) -> Absent | None:
    """Have the record without it in force; its absence, if it was a replica."""
    absence: list[Absent | None] = []

    def dropped(record: Record, at: Position) -> Record:
        _check_majority(office, record, name)
        absence.append(record.absence(name))
        return changes.drop_voter(record, name, at)

    await office.until(lambda: office.steady and name not in office.obliged)
    await agree(office, None, dropped)
    return absence[-1]


def _check_leaving(office: Office, name: str, *, force: bool) -> None:
    record = office.term.newest
    if record.incarnation(name) is None:
        raise Impossible(
            f"{name} is no voter of this volume; there are {', '.join(sorted(record.voter_ids))}"
        )
    copies = sorted(office.obliged & office.sessions.keys() - {name})
    in_sync = record.member(name) is not None
    if in_sync and not copies:
        raise Impossible(f"{name} has the last copy in sync; add a replica and let it be rebuilt first")
    _check_majority(office, record, name)
    if in_sync and len(copies) == 1 and not force:
        raise Impossible(
            f"without {name} there is a single copy, on {copies[0]}; add a replica first, or force it"
        )


def _check_majority(office: Office, record: Record, name: str) -> None:
    """The record without it needs a majority of those that vote now, and of those that will."""
    rest = [voter for voter in record.voters if voter.id != name]
    if not rest:
        raise Impossible(f"{name} is the only voter")
    for voters in (record.voters, rest):
        # The one that leaves still counts among those that vote now.
        there = [voter for voter in voters if office.peer(voter.id) is not None]
        if len(there) * 2 <= len(voters):
            raise Impossible(
                f"without {name} only {len(there)} of {len(voters)} voters answer, which is no majority: "
                "bring another one back first, or add one"
            )


async def _let_know(office: Office, name: str) -> None:
    """The one that left learns it, if it hears: it then says itself that it is no voter."""

    def peer() -> Peer | None:
        return next((each for each in office.peers if each.id == name and each.link is not None), None)

    with contextlib.suppress(TimeoutError, Unanswered):
        async with asyncio.timeout(_HEARS_WITHIN):
            await office.until(lambda: peer() is not None)
            found = peer()
            if found is not None and found.link is not None:
                await found.link.ask(Keep(office.term.base))
