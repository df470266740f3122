"""Rot in layers that are frozen: found and put right in the layer that has it, on real processes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from blockengine.protocol.admin import Events, Jobs, ListSnapshots, Progress, Scrub, TakeSnapshot
from blockengine.protocol.nbd_client import Client, Refused
from blockengine.replica.layer import BLOCK
from blockengine.verify.blocks import content
from blockengine.verify.rig import Rig, Serving, Shape
from tests.blockengine.volume.rigs import DEADLINE, Made, served

pytestmark = pytest.mark.timeout(400)
UNITS = 64


async def layered(made: Made) -> tuple[Rig, Serving, Client]:
    """Three layers: `s1` has all units, `s2` 16 to 31 of its own, live bytes 24 to 27."""
    rig = await made(Shape())
    serving, client = await served(rig)
    for first, last, count, then in ((0, UNITS, 1, "s1"), (16, 32, 2, "s2"), (24, 28, 3, "")):
        for unit in range(first, last):
            await client.write(unit * BLOCK, content(unit, count, BLOCK))
        if then:
            await serving.ask(TakeSnapshot(then))
    await client.flush()
    return rig, serving, client


def expected(name: str) -> bytes:
    def count(unit: int) -> int:
        if name == "" and 24 <= unit < 28:
            return 3
        return 2 if name != "s1" and 16 <= unit < 32 else 1

    return b"".join(content(unit, count(unit), BLOCK) for unit in range(UNITS))


class Rot:
    """Flips bytes in the replicas' files, and knows whether they are as before."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._before: dict[tuple[Path, int, int], bytes] = {}

    def plant(self, name: str, layer: int, unit: int, *, end: str = "data") -> None:
        size = {"data": BLOCK, "sums": 8}[end]
        file = self._rig.folder / name / f"layer-{layer}.{end}"
        place = file, unit * size, size
        self._before[place] = self._read(*place)
        with file.open("r+b") as opened:
            opened.seek(unit * size + size // 2)
            opened.write(bytes((self._before[place][size // 2] ^ 0xFF,)))
        assert self._read(*place) != self._before[place]

    @staticmethod
    def _read(file: Path, offset: int, length: int) -> bytes:
        with file.open("rb") as opened:
            opened.seek(offset)
            return opened.read(length)

    @property
    def left(self) -> int:
        return sum(self._read(*place) != before for place, before in self._before.items())


async def scrubbed(serving: Serving) -> Progress:
    number = await serving.ask(Scrub())

    async def over() -> Progress | None:
        found = [one for one in await serving.ask(Jobs()) if one.number == number and one.ended]
        return found[0] if found else None

    async with asyncio.timeout(DEADLINE):
        while (done := await over()) is None:
            await asyncio.sleep(0.05)
    assert isinstance(done, Progress)
    return done


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not condition():
            await asyncio.sleep(0.05)


async def view(serving: Serving, name: str) -> bytes:
    client = await Client.connect(serving.socket, f"@{name}" if name else "")
    try:
        return await asyncio.wait_for(client.read(0, UNITS * BLOCK), DEADLINE)
    finally:
        client.close()


async def test_a_scrub_mends_every_layer_on_every_member(made: Made) -> None:
    rig, serving, _ = await layered(made)
    rot = Rot(rig)
    # Only s1 has them; all have it; only s2; s2 and live bytes; a checksum instead of bytes.
    for name, layer, unit in (("r0", 0, 20), ("r1", 0, 21), ("r2", 0, 5), ("r1", 1, 25), ("r2", 1, 17)):
        rot.plant(name, layer, unit)
    rot.plant("r0", 1, 18, end="sums")
    done = await scrubbed(serving)
    assert rot.left == 0
    told = {(one.offset // BLOCK, one.members, one.snapshot, one.mended) for one in done.findings}
    assert told == {
        (20, ("r0",), "s1", True),
        (21, ("r1",), "s1", True),
        (5, ("r2",), "", True),
        (25, ("r1",), "s2", True),
        (17, ("r2",), "", True),
        (18, ("r0",), "", True),
    }
    assert done.found == len(told)
    events = [event.text for event in await serving.ask(Events())]
    assert any("repaired 1 blocks of snapshot s1 on r0, from byte 81920" in text for text in events)
    assert [await view(serving, name) for name in ("s1", "s2", "")] == [
        expected(name) for name in ("s1", "s2", "")
    ]
    again = await scrubbed(serving)
    assert (again.found, again.findings) == (0, ())


async def test_what_no_member_has_intact_is_shown_and_stays(made: Made) -> None:
    rig, serving, client = await layered(made)
    rot = Rot(rig)
    for name in rig.names:
        rot.plant(name, 0, 30)
    done = await scrubbed(serving)
    [finding] = done.findings
    assert (finding.offset, finding.snapshot, finding.mended) == (30 * BLOCK, "s1", False)
    assert finding.members == ("r0", "r1", "r2")
    assert rot.left == 3
    reader = await Client.connect(serving.socket, "@s1")
    with pytest.raises(Refused):
        await asyncio.wait_for(reader.read(30 * BLOCK, BLOCK), DEADLINE)
    assert await client.read(30 * BLOCK, BLOCK) == content(30, 2, BLOCK)


async def test_reading_a_snapshot_mends_it(made: Made) -> None:
    rig, serving, _ = await layered(made)
    rot = Rot(rig)
    # Every member has bad blocks, but not the same.
    for number, name in enumerate(rig.names):
        rot.plant(name, 0, 20 + number)
    assert await view(serving, "s1") == expected("s1")
    await until(lambda: rot.left == 0)
    rot.plant("r1", 1, 25)
    await until_read(serving, "s2", rot)
    assert len(await serving.ask(ListSnapshots())) == 2


async def until_read(serving: Serving, name: str, rot: Rot) -> None:
    """Read again and again, right every time, until the member that has it bad was asked, and mended."""
    async with asyncio.timeout(DEADLINE):
        while rot.left:
            assert await view(serving, name) == expected(name)


async def test_live_bytes_of_a_frozen_layer_are_mended_where_they_lie(made: Made) -> None:
    rig, serving, _ = await layered(made)
    rot = Rot(rig)
    rot.plant("r0", 0, 5)
    rot.plant("r2", 1, 17)
    await until_read(serving, "", rot)
    for name in rig.names:
        top = (rig.folder / name / "layer-2.map").read_bytes()
        assert [top[unit] for unit in (5, 17)] == [0, 0], "it was written anew instead"
    assert (await scrubbed(serving)).found == 0
