"""Volumes that grow while they are served."""

from __future__ import annotations

import asyncio
import signal

import pytest

from blockengine.protocol.admin import Grow
from blockengine.protocol.nbd_client import Client
from blockengine.replica.layer import BLOCK
from blockengine.verify.blocks import content
from blockengine.verify.rig import Shape
from blockengine.volume.asking import Declined
from tests.blockengine.volume.rigs import DEADLINE, Made, records, served, until_in_sync

MIB = 1 << 20


async def test_a_volume_grows_while_it_is_written(made: Made) -> None:
    rig = await made(Shape())
    serving, client = await served(rig)
    old, end = rig.shape.size, 4 * rig.shape.size
    await client.write(old - BLOCK, content(0, 1, BLOCK))
    writes = [client.write(unit * BLOCK, content(unit, 2, BLOCK)) for unit in range(64)]
    await serving.ask(Grow(end))
    await asyncio.gather(*writes)
    assert {record.size for record in await records(rig) if record} == {end}
    again = await Client.connect(serving.socket)
    assert again.size == end
    assert await again.read(old - BLOCK, 2 * BLOCK) == content(0, 1, BLOCK) + bytes(BLOCK)
    await again.write(end - BLOCK, content(9, 3, BLOCK))
    # The next controller, and the members, know the new size.
    await serving.process.end()
    serving, client = await served(rig)
    assert client.size == end
    assert await client.read(end - BLOCK, BLOCK) == content(9, 3, BLOCK)


async def test_a_replica_that_was_away_grows_when_it_comes_back(made: Made) -> None:
    rig = await made(Shape())
    serving, client = await served(rig)
    await rig.kill_voter("r1")
    await client.write(0, content(0, 1, BLOCK))
    end = 2 * rig.shape.size
    await serving.ask(Grow(end))
    client = await Client.connect(serving.socket)
    await client.write(end - BLOCK, content(1, 2, BLOCK))
    await rig.start_voter("r1")
    await until_in_sync(rig, "r0", "r1", "r2")
    for name in ("r0", "r2"):
        await rig.kill_voter(name)
        await serving.process.until(f"lost {name}")
        if name == "r0":
            await serving.process.until("removing r0")
            await rig.start_voter("r0")
            await until_in_sync(rig, "r0", "r1", "r2")
    assert await asyncio.wait_for(client.read(end - BLOCK, BLOCK), DEADLINE) == content(1, 2, BLOCK)


@pytest.mark.parametrize(
    ("size", "why"),
    [
        (8 * MIB, "can't shrink"),
        (16 * MIB, "has 16777216 bytes already"),
        (16 * MIB + 512, "multiple of 4096"),
        (0, "multiple of 4096"),
        (-4096, "multiple of 4096"),
        (1 << 62, "up to 1 PiB"),
        # The scratch volume's own disk has less than this.
        (1 << 50, "file system has in all"),
    ],
)
async def test_a_growth_that_can_not_be_is_refused_with_its_reason(made: Made, size: int, why: str) -> None:
    rig = await made(Shape())
    serving, client = await served(rig)
    with pytest.raises(Declined, match=why):
        await serving.ask(Grow(size))
    assert {record.size for record in await records(rig) if record} == {16 * MIB}
    await client.write(0, content(0, 1, BLOCK))


async def test_a_volume_may_promise_more_than_its_disk_has_if_it_is_told_so(made: Made) -> None:
    rig = await made(Shape())
    serving, _ = await served(rig)
    await serving.ask(Grow(12 << 40, overcommit=True))
    client = await Client.connect(serving.socket)
    await client.write((12 << 40) - BLOCK, content(7, 1, BLOCK))
    assert await client.read((12 << 40) - BLOCK, BLOCK) == content(7, 1, BLOCK)


async def test_a_member_that_freezes_while_the_volume_grows_is_removed_and_grows_later(made: Made) -> None:
    rig = await made(Shape())
    serving, _ = await served(rig)
    rig.voters["r1"].send(signal.SIGSTOP)
    end = 2 * rig.shape.size
    await serving.ask(Grow(end))
    rig.voters["r1"].send(signal.SIGCONT)
    await until_in_sync(rig, "r0", "r1", "r2")
    assert {record.size for record in await records(rig) if record} == {end}
