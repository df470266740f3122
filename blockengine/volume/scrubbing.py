"""Scrub: every block of every member is read, verified, and compared; what is bad is mended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from itertools import groupby

from blockengine.protocol.admin import Finding
from blockengine.protocol.wire import Kind, Status
from blockengine.replica.layer import BLOCK
from blockengine.volume.jobs import Job
from blockengine.volume.link import Body
from blockengine.volume.office import Office
from blockengine.volume.pace import Pace
from blockengine.volume.ranges import blocks
from blockengine.volume.replicated import Replicated

SCRUB = "scrub"
ROT, DIFFER = "rot", "differ"
_STEP = 1024 * 1024
_SUM = 8

# One wrong stretch: first block, count, kind, and the members that have it wrong.
_Wrong = tuple[int, int, str, tuple[str, ...]]


async def scrub(office: Office, device: Replicated, pace: Pace, job: Job) -> None:
    """Look at the whole volume once, as large as it is when this begins.

    Raises: Fenced, jobs.Stopped.
    """
    size, alone = device.size, asyncio.Lock()
    job.start(size)
    async with pace.working():
        for offset in range(0, size, _STEP):
            await job.may_go_on()
            length = min(_STEP, size - offset)
            await office.until(lambda: office.steady)
            async with pace.step(length, beside=alone):
                wrong = await _look(office, device, offset, length)
            for one in wrong:
                job.find(await _mend(office, device, one))
            job.advance(length)


async def _look(office: Office, device: Replicated, offset: int, length: int) -> list[_Wrong]:
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
    return list(_wrong(there, offset // BLOCK, length // BLOCK))


def _wrong(bodies: dict[str, Body], first: int, count: int) -> Iterator[_Wrong]:
    """Neighbours that are wrong in the same way on the same members are one stretch."""
    whole = list(bodies.values())
    if all(body == whole[0] for body in whole) and (not whole or whole[0].count(1, 0, count) == count):
        return
    found = ((block, _wrong_block(bodies, block, count)) for block in range(count))
    for kind, run in groupby(found, key=lambda one: one[1]):
        stretch = [block for block, _ in run]
        if kind is not None:
            yield first + stretch[0], len(stretch), *kind


def _wrong_block(bodies: dict[str, Body], block: int, count: int) -> tuple[str, tuple[str, ...]] | None:
    rotten = tuple(name for name, body in bodies.items() if body[block] != 1)
    if rotten:
        return ROT, rotten
    at = count + block * _SUM
    if len({bytes(body[at : at + _SUM]) for body in bodies.values()}) > 1:
        return DIFFER, tuple(bodies)
    return None


async def _mend(office: Office, device: Replicated, wrong: _Wrong) -> Finding:
    """Repair from a member that has the bytes intact; look again whether that helped.

    Members that verify and differ are only shown: nobody can tell which of them is right.
    """
    first, count, kind, members = wrong
    offset, length = first * BLOCK, count * BLOCK
    mended = False
    if kind == ROT:
        await device.repair(offset, length)
        mended = not await _look(office, device, offset, length)
    what = "don't match their checksums" if kind == ROT else "verify and yet differ"
    then = "; mended" if mended else "; NOT mended"
    office.tell(f"scrub: bytes {offset} to {offset + length} {what} on {', '.join(members)}{then}")
    return Finding(offset, length, kind, members, mended, time.time())
