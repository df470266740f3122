"""Making members alike: after a take-over, and where a copy went bad."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

import msgspec

from blockengine.membership import settle
from blockengine.membership.settle import Copy
from blockengine.protocol.messages import Intent
from blockengine.protocol.wire import Kind, Status
from blockengine.replica.layer import BLOCK
from blockengine.volume.geometry import Geometry
from blockengine.volume.link import Body
from blockengine.volume.office import Fenced, Office

_STEP = 256 * BLOCK


class Unsettled(Exception):
    """A member failed while blocks were made alike; it has lost its session."""


class _Rewrite(NamedTuple):
    offset: int
    payload: bytes


async def settle_all(office: Office, geometry: Geometry) -> None:
    """Make all members alike wherever a write may have been under way; nobody reads before.

    Raises: Fenced if a member fails meanwhile: the next take-over settles afresh.
    """
    members = sorted(office.term.base.member_ids)
    intents = await office.each(members, lambda name: office.ask(name, Intent()))
    if None in intents.values():
        raise Fenced("a member failed while the volume was settled")
    regions = sorted({region for marked in intents.values() for region in marked or ()})
    if regions:
        office.tell(f"settles {len(regions)} regions")
    try:
        for region in regions:
            offset, length = geometry.region(region)
            if await _holes(office, members, offset, length):
                continue
            for start in range(offset, offset + length, _STEP):
                await settle_range(office, geometry, start, min(_STEP, offset + length - start))
    except Unsettled as error:
        raise Fenced(f"{error} while the volume was settled") from None
    if await office.flush(members) != set(members):
        raise Fenced("a member failed while the volume was settled")
    office.writes.alike(regions)


async def _holes(office: Office, members: Collection[str], offset: int, length: int) -> bool:
    """Whether a range reads as zeroes on every member by its map alone: then there is nothing to compare.

    What was discarded is marked like what was written; a fresh file system discards the whole volume.
    """

    async def one(name: str) -> bool:
        session = office.sessions.get(name)
        if session is None:
            return False
        status, body = await session.link.call(
            Kind.ALLOCATION, office.heads[name], offset=offset, length=length
        )
        return status == Status.OK and not any(
            kept for _, kept in msgspec.msgpack.decode(body, type=list[tuple[int, bool]])
        )

    return all((await office.each(members, one)).values())


async def settle_range(
    office: Office, geometry: Geometry, offset: int, length: int, *, intact_only: bool = False
) -> None:
    """Make all members alike in a range (within a region) whose blocks the caller has locked.

    With `intact_only`, a block that verifies on no member is left as it is: it is rot, not the
    trace of a write that an unclean stop cut.

    Raises: Unsettled.
    """
    members = sorted(office.term.base.member_ids)
    inspected = await office.each(members, lambda name: _inspect(office, name, offset, length))
    for rewrite in list(_differences(inspected, offset, length, intact_only=intact_only)):
        await _write(office, geometry, members, rewrite)
        if intact_only:
            office.mended += len(rewrite.payload) // BLOCK


async def _inspect(office: Office, name: str, offset: int, length: int) -> Body:
    session = office.sessions.get(name)
    if session is None:
        raise Unsettled(f"{name} has no session")
    status, body = await session.link.call(Kind.INSPECT, office.heads[name], offset=offset, length=length)
    if status != Status.OK:
        office.lose(name, f"an inspection failed: {session.link.words(status, body)}")
        raise Unsettled(f"{name} failed")
    return body


def _differences(
    inspected: dict[str, Body], offset: int, length: int, *, intact_only: bool
) -> Iterator[_Rewrite]:
    """Which blocks have to be written, and what; neighbours together."""
    count = length // BLOCK
    whole = {name: memoryview(body) for name, body in inspected.items()}
    marks = {name: body[:count] for name, body in inspected.items()}
    bodies = [body[count:] for body in whole.values()]
    fine = all(mark.count(1) == count for mark in marks.values())
    if fine and all(body == bodies[0] for body in bodies[1:]):
        return
    start, pieces = 0, list[bytes]()
    for block in range(count):
        at = count + block * BLOCK
        copies = {
            name: Copy(bytes(whole[name][at : at + BLOCK]), marks[name][block] == 1) for name in inspected
        }
        _, chosen = settle.choose(copies)
        alike = all(copy.verified and copy.content == chosen.content for copy in copies.values())
        alike = alike or (intact_only and not chosen.verified)
        if alike and pieces:
            yield _Rewrite(offset + start * BLOCK, b"".join(pieces))
            pieces = []
        if not alike:
            start = start if pieces else block
            pieces.append(chosen.content)
    if pieces:
        yield _Rewrite(offset + start * BLOCK, b"".join(pieces))


async def _write(office: Office, geometry: Geometry, members: Collection[str], rewrite: _Rewrite) -> None:
    region = rewrite.offset // geometry.region_size
    writes = office.writes.begin(region)

    async def one(name: str) -> bool:
        session = office.sessions.get(name)
        if session is None:
            return False
        status, body = await session.link.call(
            Kind.WRITE, office.heads[name], offset=rewrite.offset, writes=writes, payload=rewrite.payload
        )
        if status != Status.OK and office.sessions.get(name) is session:
            office.lose(name, f"a write failed: {session.link.words(status, body)}")
        return status == Status.OK

    if not all((await office.each(members, one)).values()):
        raise Unsettled("a member failed")
    office.writes.finish(region)
