"""Rot in layers that are frozen: found by asking every member, put right from one that has the bytes intact.

Frozen bytes do not change, so that this needs no lock and marks no log; live bytes that lie in a
frozen layer are looked at under the lock of their blocks. What rotted in the layer that takes
writes is a change like any other (`volume.settling`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import NamedTuple

from blockengine.protocol.messages import LookView, Mend, ReadView
from blockengine.protocol.wire import Kind, Status
from blockengine.replica.layer import BLOCK
from blockengine.volume.link import Body
from blockengine.volume.office import Office

ROT, DIFFER = "rot", "differ"
_SUM = 8
_BAD, _INTACT = 0, 1


class Wrong(NamedTuple):
    """Blocks that are wrong in one way on the same members; `kind` is ROT or DIFFER."""

    first: int
    blocks: int
    kind: str
    members: tuple[str, ...]

    @property
    def offset(self) -> int:
        return self.first * BLOCK

    @property
    def length(self) -> int:
        return self.blocks * BLOCK


def compare(bodies: Mapping[str, Body], first: int, count: int) -> Iterator[Wrong]:
    """What is wrong by members' marks and checksums (of SUMS, or LookView); neighbours together."""
    whole = list(bodies.values())
    if all(body == whole[0] for body in whole) and (not whole or whole[0].find(_BAD, 0, count) < 0):
        return
    found = ((block, _wrong_block(bodies, block, count)) for block in range(count))
    for kind, run in groupby(found, key=lambda one: one[1]):
        stretch = [block for block, _ in run]
        if kind is not None:
            yield Wrong(first + stretch[0], len(stretch), *kind)


def _wrong_block(bodies: Mapping[str, Body], block: int, count: int) -> tuple[str, tuple[str, ...]] | None:
    rotten = tuple(name for name, body in bodies.items() if body[block] == _BAD)
    if rotten:
        return ROT, rotten
    at = count + block * _SUM
    # Members may have alike bytes in different layers: only those who read theirs can be compared.
    have = {name: body for name, body in bodies.items() if body[block] == _INTACT}
    if len({bytes(body[at : at + _SUM]) for body in have.values()}) > 1:
        return DIFFER, tuple(have)
    return None


async def look(office: Office, offset: int, length: int, *, view: int, since: int = 0) -> list[Wrong]:
    """What is wrong in whole blocks of a snapshot on the members in sync; only in those that are its own.

    They are not its own if snapshot `since` has them alike (0: those that are zeroes). A member that does not
    answer, or has no such snapshot, is not compared.
    """
    message = LookView(view, since, offset, length)
    answers = await office.each(sorted(office.readable), lambda name: office.look(name, message))
    there = {name: body for name, body in answers.items() if body and name in office.readable}
    return list(compare(there, offset // BLOCK, length // BLOCK))


async def mend(office: Office, wrong: Wrong, *, view: int, where: str) -> None:
    """Put rot right, block by block: each may be intact on another member. `where` is for people."""
    mended: dict[str, int] = {}
    for block in range(wrong.first, wrong.first + wrong.blocks):
        content = await _intact(office, block * BLOCK, view=view, bad=wrong.members)
        for name in wrong.members if content is not None else ():
            count = await office.look(name, Mend(view, block * BLOCK, bytes(content or b"")))
            mended[name] = mended.get(name, 0) + (count or 0)
    for name, count in mended.items():
        if count:
            office.mended += count
            office.tell(f"repaired {count} blocks of {where} on {name}, from byte {wrong.offset}")


async def _intact(office: Office, offset: int, *, view: int, bad: tuple[str, ...]) -> Body | None:
    """A block from a member that has it intact; None if none has."""
    for name in sorted(office.readable - set(bad)):
        session = office.sessions.get(name)
        if session is None:
            continue
        if view:
            data = await office.look(name, ReadView(view, offset, BLOCK))
        else:
            status, body = await session.link.call(Kind.READ, office.heads[name], offset=offset, length=BLOCK)
            data = body if status == Status.OK else None
        if data is not None and name in office.readable:
            return bytes(data)
    return None


async def mend_view(office: Office, offset: int, length: int, *, view: int, where: str) -> None:
    """Look at blocks of a snapshot, and put right what rotted in frozen layers; 0: live, under their lock."""
    first, last = offset // BLOCK, -(-(offset + length) // BLOCK)
    for wrong in await look(office, first * BLOCK, (last - first) * BLOCK, view=view):
        if wrong.kind == ROT:
            await mend(office, wrong, view=view, where=where)
