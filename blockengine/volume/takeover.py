"""Taking over a volume: leases of a majority, the highest record, sessions, who may be a source."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Collection

from blockengine.clock import now
from blockengine.membership import changes, quorum
from blockengine.membership import term as terms
from blockengine.membership.ballot import Granted
from blockengine.membership.lease import LeaseBook
from blockengine.membership.record import Epoch, Record, Voter
from blockengine.membership.term import LineagesDiffer
from blockengine.protocol.messages import Ask, Identity
from blockengine.volume.link import Unanswered
from blockengine.volume.office import Office, Tell
from blockengine.volume.peer import Peer

_PAUSE = 0.1
GRACE = 3.0


class Strangers(Exception):
    """The addresses given don't belong to one volume."""


async def take_office(peers: Collection[Peer], tell: Tell) -> Office:
    """Wait until a majority leases the volume to us, and adopt the highest record.

    Raises: LineagesDiffer, Strangers.
    """
    controller = secrets.randbits(63)
    told = ""
    while True:
        identities = [who for who in await asyncio.gather(*(peer.look() for peer in peers)) if who]
        waiting = _in_the_way(identities)
        if not waiting:
            epoch = Epoch(max(who.promise.number for who in identities) + 1, controller)
            office = await _ask(peers, epoch, tell, lease=min(who.lease for who in identities))
            if office is not None:
                return office
        elif waiting != told:
            tell(f"waits: {waiting}")
            told = waiting
        await asyncio.sleep(_PAUSE)


def _in_the_way(identities: list[Identity]) -> str:
    """Why it is of no use to ask for votes yet; nothing if it is of use.

    Asking raises promises, which would end a controller that serves well: so nobody asks
    before a majority would grant.

    Raises: LineagesDiffer, Strangers.
    """
    volumes = {who.volume for who in identities}
    if len(volumes) > 1:
        raise Strangers(f"the addresses belong to different volumes: {', '.join(sorted(volumes))}")
    records = [who.record for who in identities if who.record is not None]
    if not records:
        return "no voter with a record answers"
    lineages = {record.lineage for record in records}
    if len(lineages) > 1:
        raise LineagesDiffer(lineages)
    highest = max(records, key=lambda record: record.position)
    known = [who for who in identities if who.record is not None]
    if not quorum.majority(highest.voters, [Voter(who.voter, who.incarnation) for who in known]):
        return f"{len(known)} of {len(highest.voters)} voters answer, which is no majority"
    free = [Voter(who.voter, who.incarnation) for who in known if who.leased is None]
    if not quorum.majority(highest.voters, free):
        return "another controller's lease has not run out"
    return ""


async def _ask(peers: Collection[Peer], epoch: Epoch, tell: Tell, *, lease: int) -> Office | None:
    async def one(peer: Peer) -> Granted | None:
        try:
            answer = await peer.link.ask(Ask(epoch)) if peer.link is not None else None
        except Unanswered:
            return None
        return answer if isinstance(answer, Granted) else None

    leases = LeaseBook(lease, max(lease // 20, 10))
    asked = now()
    grants = [grant for grant in await asyncio.gather(*(one(peer) for peer in peers)) if grant]
    adopted = terms.adopt(tuple(grants))
    if adopted is None:
        return None
    for grant in grants:
        leases = leases.granted(Voter(grant.voter, grant.incarnation), asked=asked)
    tell(f"took epoch {epoch.number}, adopts record {adopted.position.epoch.number}.{adopted.position.seq}")
    return Office(peers, epoch=epoch, adopted=adopted, leases=leases, tell=tell)


async def open_sessions(office: Office) -> None:
    """Write the record again, open sessions, and have in force who is a source.

    Members that don't come within `GRACE` seconds leave, unless no other may be a source.

    Raises: Fenced.
    """
    loop = asyncio.get_running_loop()
    patient_until = loop.time() + GRACE
    told = ""
    while True:
        office.push()
        newest = office.term.newest
        missing = newest.member_ids - office.sessions.keys()
        await office.each(sorted(missing), office.open)
        missing = newest.member_ids - office.sessions.keys()
        if not missing or loop.time() > patient_until:
            answered = {name: office.boots[name] for name in newest.member_ids - missing}
            record = changes.rebooted(newest, answered, terms.next_position(office.term))
            if record is not None and await _resume(office, newest, record):
                return
            waiting = f"waits for {', '.join(sorted(missing))}" if record is None else "waits for a majority"
            if waiting != told:
                office.tell(waiting)
                told = waiting
        await asyncio.sleep(_PAUSE)


async def _resume(office: Office, before: Record, record: Record) -> bool:
    """Have the record in force that says who may be a source; whether it is."""
    if record.in_sync != before.in_sync or not office.term.serving:
        if await office.flush(sorted(record.member_ids)) != record.member_ids:
            return False
        _tell(office, before, record)
        office.propose(record)
    needed = frozenset(record.member_ids)
    await office.until(
        lambda: (office.term.serving and not office.term.sent) or not needed <= office.sessions.keys()
    )
    return office.term.serving and not office.term.sent and needed <= office.sessions.keys()


def _tell(office: Office, before: Record, record: Record) -> None:
    gone = before.member_ids - record.member_ids
    if gone:
        office.tell(f"goes on without {', '.join(sorted(gone))}")
    known = {member.id: member.boot for member in before.in_sync}
    if all(known[member.id] != member.boot for member in record.in_sync):
        office.tell("every member's machine restarted: what was not flushed may be lost")
