"""A controller and replicas on one machine share memory; what one of them may still use is left alone."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from pathlib import Path

import pytest

from blockengine.protocol import messages, wire
from blockengine.protocol.address import Address
from blockengine.protocol.nbd_client import Client
from blockengine.protocol.segment import AVAILABLE, Segment
from blockengine.protocol.wire import Kind, Status
from blockengine.verify.rig import Shape
from blockengine.volume.link import OUTSIDE, Body, Link
from blockengine.volume.peer import connect
from tests.blockengine.volume.rigs import DEADLINE, Made, served, until_in_sync

pytestmark = pytest.mark.skipif(not AVAILABLE, reason="needs Linux' memfd_create and /proc")
LONG = 128 * 1024
# As many as there are units in the memory.
_PIECES = 128


async def _silent(path: Path) -> asyncio.Server:
    """A voter that maps what it is offered, and answers nothing else."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                head = await reader.readexactly(wire.REQUEST.size)
            except asyncio.IncompleteReadError:
                writer.close()
                return
            request = wire.parse_request(head, 0)
            if request.kind == Kind.CONTROL:
                await reader.readexactly(request.length)
                body = messages.encode(None)
                writer.write(wire.reply(request.cookie, Status.OK, len(body)) + body)

    return await asyncio.start_unix_server(serve, str(path))


async def test_a_link_that_ends_keeps_what_its_voter_may_still_use() -> None:
    segment, told = Segment(), []
    with tempfile.TemporaryDirectory(prefix="nv-") as folder:
        server = await _silent(Path(folder) / "socket")
        link = Link(deadline=DEADLINE, lost=lambda link, why: None)
        await connect(Address(Path(folder) / "socket"), link, None)
        link.share(segment)
        async with asyncio.timeout(DEADLINE):
            while link.segment is None:
                await asyncio.sleep(0.01)

        def answered(_: object, link: Link, status: int, body: Body) -> None:
            told.append(status)

        written, room = segment.take(LONG), link.room(LONG)
        assert written is not None
        assert isinstance(room, memoryview)
        used = {segment.place(written), segment.place(room)}
        link.send(Kind.WRITE, OUTSIDE + wire.tail(0, 1, LONG), written, answered, None)
        link.send(Kind.READ, OUTSIDE + wire.tail(0, 0, LONG), room, answered, None)
        del written, room
        other = segment.take(LONG)
        assert other is not None
        assert segment.place(other) not in used, "they are under way"
        link.fail("it took too long")
        async with asyncio.timeout(DEADLINE):
            while len(told) < 2:
                await asyncio.sleep(0.01)
        left = []
        while (room := segment.take(LONG)) is not None:
            left.append(room)
        assert used.isdisjoint(segment.place(room) for room in left)
        server.close()


async def test_long_payloads_pass_through_memory_and_come_back(made: Made) -> None:
    rig = await made(Shape(size=8 << 20))
    serving, client = await served(rig)
    data = os.urandom(8 << 20)
    # Across regions, longer than a unit of the memory, and at odd blocks.
    at = 0
    for length in (128 << 10, 100 << 10, 4 << 10, 1 << 20, 3 << 20):
        await client.write(at, data[at : at + length])
        at += length
    assert await client.read(4096, at - 8192) == data[4096 : at - 4096]
    pid = serving.process.process.pid
    for voter in rig.voters.values():
        maps = Path(f"/proc/{voter.process.pid}/maps").read_text()
        assert "memfd:navarch" in maps
    assert "memfd:navarch" in Path(f"/proc/{pid}/maps").read_text()
    client.close()


async def test_a_replica_that_wakes_late_harms_nothing(made: Made) -> None:
    """What it was asked for before it stopped it does when it wakes, while others use the memory."""
    rig = await made(Shape(size=_PIECES * LONG))
    serving, client = await served(rig)
    content = bytearray(os.urandom(rig.shape.size))
    await client.write(0, bytes(content))
    rig.voters["r1"].send(signal.SIGSTOP)
    # So many that some go to each member; what this one does not answer is asked of another.
    reads = [client.read(place * LONG, LONG) for place in range(_PIECES)]
    assert b"".join(await asyncio.gather(*reads)) == content
    await _given_up(serving.process.said, "r1")
    busy = asyncio.Event()
    beside = asyncio.create_task(_write_and_read(client, content, busy))
    await busy.wait()
    rig.voters["r1"].send(signal.SIGCONT)
    await beside
    await until_in_sync(rig, "r0", "r1", "r2")
    assert await client.read(0, len(content)) == content
    client.close()


async def _write_and_read(client: Client, content: bytearray, busy: asyncio.Event) -> None:
    """All pieces at once, again and again, so that all of the memory is in use once it is `busy`."""

    async def one(at: int) -> None:
        piece = os.urandom(LONG)
        await client.write(at, piece)
        content[at : at + LONG] = piece
        busy.set()
        assert await client.read(at, LONG) == piece

    for _ in range(6):
        await asyncio.gather(*(one(place * LONG) for place in range(_PIECES)))


async def _given_up(said: list[str], name: str) -> None:
    """Until the controller has given a replica up."""
    async with asyncio.timeout(DEADLINE):
        while not any(f"removing {name}" in line for line in said):
            await asyncio.sleep(0.05)
