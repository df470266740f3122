"""What a client is told of a whole volume that is larger than any request."""

from __future__ import annotations

import asyncio

from blockengine.protocol.admin import Status
from blockengine.replica.layer import BLOCK
from blockengine.verify.blocks import content
from blockengine.verify.rig import Shape
from blockengine.volume.asking import asking
from blockengine.volume.nbd_source import NbdSource
from tests.blockengine.volume.rigs import DEADLINE, Made, served

MIB = 1 << 20
SIZE = 160 * MIB


async def test_a_whole_volume_is_mapped_and_nobody_hangs_up(made: Made) -> None:
    rig = await made(Shape(size=SIZE))
    serving, client = await served(rig)
    for offset in (0, 31 * MIB, 32 * MIB, 130 * MIB):
        await client.write(offset, content(offset // BLOCK, 1, MIB))
    async with asking(serving.admin) as asker:
        before = (await asker.ask(Status(), deadline=DEADLINE)).position
        source = await NbdSource.connect(f"nbd+unix:///?socket={serving.socket}")
        async with asyncio.timeout(DEADLINE):
            told = [stretch async for stretch in source.stretches()]
        assert told == [(0, MIB), (31 * MIB, 2 * MIB), (130 * MIB, MIB)]
        # No member was lost for it.
        assert (await asker.ask(Status(), deadline=DEADLINE)).position == before
    source.close()
