"""Scrub: every block of every member is read, verified, and compared; what is bad is mended."""

from __future__ import annotations

import asyncio
import time

from blockengine.membership.catalog import Catalog, Snapshot
from blockengine.protocol.admin import Finding
from blockengine.protocol.wire import Kind, Status
from blockengine.replica.layer import BLOCK
from blockengine.volume.jobs import Job
from blockengine.volume.link import Body
from blockengine.volume.mending import ROT, Wrong, compare, look, mend_view
from blockengine.volume.office import Office
from blockengine.volume.pace import Pace
from blockengine.volume.ranges import blocks
from blockengine.volume.replicated import Replicated

SCRUB = "scrub"


async def scrub(office: Office, device: Replicated, pace: Pace, job: Job) -> None:
    """Look at the whole volume once, as large as it is when this begins, and at what only snapshots have.

    Raises: Fenced, jobs.Stopped.
    """
    size, alone = device.size, asyncio.Lock()
    job.start(size)
    async with pace.working():
        while job.done < size:
            await job.may_go_on()
            offset = job.done
            await office.until(lambda: office.steady)
            async with pace.step(beside=alone) as step:
                length = step.moved = min(step.most, size - offset)
                wrong = await _look(office, device, offset, length)
            for one in wrong:
                job.find(await _mend(office, device, one))
            if office.catalog is not None and office.catalog.snapshots:
                # No snapshot comes or goes meanwhile. What live bytes have was mended for them as well.
                async with pace.step(beside=office.layering):
                    frozen = await _look_at_snapshots(office, office.catalog, offset, length)
                for snapshot, one in frozen:
                    job.find(await _mend_snapshot(office, snapshot, one))
            job.advance(length)


async def _look_at_snapshots(
    office: Office, catalog: Catalog, offset: int, length: int
) -> list[tuple[Snapshot, Wrong]]:
    """What is wrong in what each snapshot has, and the one before has not."""
    found: list[tuple[Snapshot, Wrong]] = []
    since = 0
    for snapshot in catalog.snapshots:
        size = min(length, snapshot.size - offset)
        if size > 0:
            for wrong in await look(office, offset, size, view=snapshot.id, since=since):
                found.append((snapshot, wrong))
        since = snapshot.id
    return found


async def _look(office: Office, device: Replicated, offset: int, length: int) -> list[Wrong]:
    """What is wrong in a range on the members that may be read from; nothing changes meanwhile."""

    async def sums(name: str) -> Body:
        session = office.sessions.get(name)
        if session is None:
            return b""
        status, body = await session.link.call(Kind.SUMS, office.heads[name], offset=offset, length=length)
        if status == Status.OK:
            return body
        if office.sessions.get(name) is session:
            office.lose(name, f"it could not be scrubbed: {session.link.words(status, body)}")
        return b""

    async with device.locked(blocks(offset, length, shared=True)):
        answers = await office.each(sorted(office.readable), sums)
    # One that left meanwhile comes back by a resync; it is not compared.
    there = {name: body for name, body in answers.items() if body and name in office.readable}
    return list(compare(there, offset // BLOCK, length // BLOCK))


async def _mend(office: Office, device: Replicated, wrong: Wrong) -> Finding:
    """Repair from a member that has the bytes intact; look again whether that helped.

    Members that verify and differ are only shown: nobody can tell which of them is right.
    """
    mended = False
    if wrong.kind == ROT:
        await device.repair(wrong.offset, wrong.length)
        mended = not await _look(office, device, wrong.offset, wrong.length)
    return _told(office, wrong, "", mended=mended)


async def _mend_snapshot(office: Office, snapshot: Snapshot, wrong: Wrong) -> Finding:
    """The same in a snapshot; live bytes may be mended by it as well, or have been already."""
    mended = False
    if wrong.kind == ROT:
        where = f"snapshot {snapshot.name}"
        await mend_view(office, wrong.offset, wrong.length, view=snapshot.id, where=where)
        mended = not await look(office, wrong.offset, wrong.length, view=snapshot.id)
    return _told(office, wrong, snapshot.name, mended=mended)


def _told(office: Office, wrong: Wrong, snapshot: str, *, mended: bool) -> Finding:
    what = "don't match their checksums" if wrong.kind == ROT else "verify and yet differ"
    where = f" in snapshot {snapshot}" if snapshot else ""
    then = "; mended" if mended else "; NOT mended"
    end = wrong.offset + wrong.length
    office.tell(f"scrub: bytes {wrong.offset} to {end}{where} {what} on {', '.join(wrong.members)}{then}")
    return Finding(wrong.offset, wrong.length, wrong.kind, wrong.members, mended, time.time(), snapshot)
