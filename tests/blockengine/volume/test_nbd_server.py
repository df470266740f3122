from __future__ import annotations

import asyncio
import contextlib
import random
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from blockengine.membership.ballot import Ballot
from blockengine.membership.record import Epoch, Member, Position, Record, Voter
from blockengine.protocol import nbd
from blockengine.protocol.nbd import Answer, Code, Command, CommandFlag, Option
from blockengine.replica.creating import create_replica
from blockengine.replica.replica import Place, Replica
from blockengine.verify.disk import SimulatedDisk
from blockengine.volume.nbd_connection import Connection
from blockengine.volume.nbd_server import Server
from blockengine.volume.standalone import Standalone
from tests.blockengine.volume.client import RawClient

PLACE = Place("machine", "boot")
MIB = 1 << 20
SIZE = 64 * MIB


def replica_on(disk: SimulatedDisk, *, others: tuple[str, ...] = (), block_size: int = 512) -> Replica:
    at = Position(Epoch(1, 1), 1)
    voters = tuple(Voter(name, 1) for name in ("a", *others))
    record = Record("v", "l", at, voters, (Member("a", "boot", at),))
    ballot = Ballot("a", 1, at.epoch, record=record)
    return create_replica(disk, ballot, volume="v", size=SIZE, place=PLACE, block_size=block_size)


class Served:
    """A server in this process, over a simulated disk."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.disk = SimulatedDisk()
        self.replica = replica_on(self.disk)
        self.device = Standalone(self.replica, read_only=read_only)
        self.server = Server(self.device, "disk")
        self.path = str(path / "nbd")

    async def connect(self) -> RawClient:
        client = await RawClient.connect(self.path)
        await client.go()
        return client


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    served = Served(tmp_path)
    await served.server.listen_unix(served.path)
    yield served
    await served.server.stop()


async def test_what_is_written_is_read(served: Served) -> None:
    client = await served.connect()
    assert await client.write(512, b"x" * 1024) == 0
    assert await client.write(8 * MIB, b"y" * 4096, flags=CommandFlag.FUA) == 0
    assert await client.read(0, 2048) == bytes(512) + b"x" * 1024 + bytes(512)
    other = await served.connect()
    assert await other.read(8 * MIB, 4096) == b"y" * 4096
    assert await other.ask(Command.WRITE_ZEROES, 512, 512) == (0, b"")
    assert await other.ask(Command.TRIM, 8 * MIB, 4096) == (0, b"")
    assert await client.read(0, 2048) == bytes(1024) + b"x" * 512 + bytes(512)
    assert await client.read(8 * MIB, 4096) == bytes(4096)


async def test_a_flush_makes_it_durable(served: Served) -> None:
    client = await served.connect()
    await client.write(0, b"x" * 4096)
    assert await client.ask(Command.FLUSH, 0, 0) == (0, b"")
    after = Replica.open(served.disk.after_power_loss(3), Place("machine", "next boot"))
    assert after.read(0, 4096) == b"x" * 4096


async def test_a_forced_write_is_durable(served: Served) -> None:
    client = await served.connect()
    await client.write(0, b"x" * 4096, flags=CommandFlag.FUA)
    after = Replica.open(served.disk.after_power_loss(3), Place("machine", "next boot"))
    assert after.read(0, 4096) == b"x" * 4096


async def test_allocation_tells_holes_from_data(served: Served) -> None:
    client = await served.connect()
    await client.write(8192, b"x" * 4096)
    code, body = await client.ask(Command.BLOCK_STATUS, 4096, 12288)
    assert code == 0
    assert struct.unpack(">IIIIIII", body) == (1, 4096, 3, 4096, 0, 4096, 3)
    code, body = await client.ask(Command.BLOCK_STATUS, 4096, 12288, flags=CommandFlag.REQ_ONE)
    assert struct.unpack(">III", body) == (1, 4096, 3)


@pytest.mark.parametrize(
    ("command", "offset", "length", "code"),
    [
        (Command.READ, SIZE, 512, Code.EINVAL),
        (Command.READ, SIZE - 512, 1024, Code.EINVAL),
        (Command.READ, (1 << 64) - 512, 512, Code.EINVAL),
        (Command.READ, 0, 0, Code.EINVAL),
        (Command.READ, 1, 512, Code.EINVAL),
        (Command.READ, 0, 100, Code.EINVAL),
        (Command.READ, 0, 64 * MIB, Code.EOVERFLOW),
        (Command.TRIM, SIZE, 512, Code.ENOSPC),
        (Command.WRITE_ZEROES, 3, 512, Code.EINVAL),
        (Command.CACHE, 0, 512, Code.EINVAL),
        (99, 0, 512, Code.EINVAL),
    ],
)
async def test_a_bad_request_is_refused_and_the_connection_lives(
    served: Served, command: int, offset: int, length: int, code: int
) -> None:
    client = await served.connect()
    assert (await client.ask(command, offset, length))[0] == code
    assert await client.read(0, 512) == bytes(512)
    assert not served.replica.intent.marked


@pytest.mark.parametrize(
    ("offset", "length", "code"),
    [(SIZE, 512, Code.ENOSPC), (7, 512, Code.EINVAL), (0, 0, Code.EINVAL), (0, 64 * MIB, Code.EOVERFLOW)],
)
async def test_a_bad_write_changes_nothing(served: Served, offset: int, length: int, code: int) -> None:
    client = await served.connect()
    assert (await client.ask(Command.WRITE, offset, length, data=bytes(length)))[0] == code
    assert await client.read(0, 512) == bytes(512)
    assert not served.replica.intent.marked


async def test_unknown_flags_are_refused(served: Served) -> None:
    client = await served.connect()
    assert (await client.ask(Command.READ, 0, 512, flags=1 << 9))[0] == Code.EINVAL


async def test_a_read_only_export_refuses_changes(tmp_path: Path) -> None:
    served = Served(tmp_path, read_only=True)
    await served.server.listen_unix(served.path)
    client = await served.connect()
    assert await client.write(0, bytes(512)) == Code.EPERM
    assert (await client.ask(Command.TRIM, 0, 4096))[0] == Code.EPERM
    await served.server.stop()


async def test_rot_is_an_error_not_bytes(served: Served) -> None:
    client = await served.connect()
    await client.write(0, b"x" * 4096)
    served.disk.rot("layer-0.data", 5)
    code, message = await client.ask(Command.READ, 0, 4096)
    assert code == Code.EIO
    assert b"checksum" in message


async def test_a_failed_disk_is_an_error_from_then_on(served: Served) -> None:
    client = await served.connect()
    await client.write(0, b"x" * 4096)
    served.disk.fail_syncs = True
    assert (await client.ask(Command.FLUSH, 0, 0))[0] == Code.EIO
    served.disk.fail_syncs = False
    assert (await client.ask(Command.FLUSH, 0, 0))[0] == Code.EIO
    assert (await client.ask(Command.READ, 0, 4096))[0] == Code.EIO


async def test_options_are_answered_as_the_specification_says(served: Served) -> None:
    client = await RawClient.connect(served.path)
    assert (await client.option(Option.STARTTLS))[-1][0] == Answer.UNSUPPORTED
    assert (await client.option(77))[-1][0] == Answer.UNSUPPORTED
    assert (await client.option(Option.LIST))[0] == (Answer.SERVER, b"\0\0\0\4disk")
    assert (await client.option(Option.LIST, b"x"))[-1][0] == Answer.INVALID
    assert (await client.option(Option.SET_META_CONTEXT, bytes(8)))[-1][0] == Answer.INVALID
    assert (await client.option(Option.INFO, bytes(9000)))[-1][0] == Answer.TOO_BIG
    assert (await client.go("elsewhere"))[-1][0] == Answer.UNKNOWN
    infos = dict(await client.option(Option.INFO, bytes(4) + b"\0\1\0\3"))
    assert struct.unpack(">HIII", infos[Answer.INFO]) == (3, 512, 4096, nbd.MAX_PAYLOAD)
    assert (await client.option(Option.ABORT))[-1][0] == Answer.ACK
    assert await client.reader.read() == b""


async def test_the_oldest_way_in_works_without_structure(served: Served) -> None:
    client = await RawClient.connect(served.path)
    client.writer.write(nbd.OPTION.pack(nbd.OPTION_MAGIC, Option.EXPORT_NAME, 0))
    size, _ = struct.unpack(">QH", await client.reader.readexactly(10))
    assert size == SIZE
    client.send(Command.READ, 0, 512)
    assert await client.answer() == (1, 0, b"")
    assert await client.reader.readexactly(512) == bytes(512)
    client.send(Command.READ, 0, 0)
    assert await client.answer() == (2, Code.EINVAL, b"")


async def test_disconnecting_answers_what_was_asked_first(served: Served) -> None:
    client = await served.connect()
    await client.write(0, b"x" * 512)
    client.send(Command.FLUSH, 0, 0)
    client.send(Command.DISCONNECT, 0, 0)
    assert (await client.answer())[1] == 0
    assert await client.reader.read() == b""


async def test_stopping_finishes_what_was_asked_even_for_a_client_that_never_reads(served: Served) -> None:
    client = await served.connect()
    await client.write(0, b"x" * 512)
    for _ in range(100):
        client.send(Command.READ, 0, MIB)
    client.send(Command.WRITE_ZEROES, 0, 48 * MIB)
    await client.writer.drain()
    await served.server.stop(patience=0.2)
    assert not served.server._alive or all(not one._tasks for one in served.server._alive)
    await served.device.close()


async def test_many_requests_at_once_are_all_answered(served: Served) -> None:
    client = await served.connect()
    for number in range(2000):
        client.send(Command.WRITE, number * 512, 512, data=number.to_bytes(4, "big") * 128)
        if number % 100 == 0:
            client.send(Command.FLUSH, 0, 0)
    assert {(await client.answer())[1] for _ in range(2020)} == {0}
    assert (await client.read(1999 * 512, 512))[:4] == (1999).to_bytes(4, "big")


async def test_a_client_that_never_reads_is_not_read_either(served: Served) -> None:
    client = await served.connect()
    for _ in range(400):
        client.send(Command.READ, 0, 1 * MIB)
    deadline = asyncio.get_running_loop().time() + 20
    connection: Connection = next(iter(served.server._alive))
    while not connection._clogged:
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.01)
    assert connection._transport.get_write_buffer_size() < 300 * MIB
    for _ in range(400):
        assert (await client.answer())[1] == 0


async def hostile(served: Served, draw: random.Random) -> None:
    """One conversation that goes wrong somewhere."""
    client = await RawClient.connect(served.path)
    honest = b""
    for _ in range(draw.randrange(4)):
        payload = draw.randbytes(draw.randrange(40))
        honest += nbd.OPTION.pack(nbd.OPTION_MAGIC, draw.choice(list(Option)), len(payload)) + payload
    honest += nbd.OPTION.pack(nbd.OPTION_MAGIC, Option.GO, 6) + bytes(6)
    for number in range(draw.randrange(12)):
        command = draw.choice([*Command, 250])
        length = draw.choice([0, 512, 4096, 1 << 31, (1 << 32) - 1])
        offset = draw.choice([0, 512, SIZE, 1 << 63, draw.getrandbits(64)])
        honest += nbd.REQUEST.pack(
            nbd.REQUEST_MAGIC, draw.choice([0, 1, draw.getrandbits(16)]), command, number, offset, length
        )
        if command == Command.WRITE and length <= 4096:
            honest += draw.randbytes(length)
    said = bytearray(honest)
    for _ in range(draw.choice([0, 1, 1, 5])):
        if said:
            said[draw.randrange(len(said))] = draw.randrange(256)
    client.writer.write(bytes(said[: draw.randrange(len(said) + 1)]) if draw.random() < 0.5 else bytes(said))
    with contextlib.suppress(ConnectionError, BrokenPipeError):
        client.writer.write_eof()
        await asyncio.wait_for(client.reader.read(), 20)
    client.close()


@pytest.mark.parametrize("seed", range(4))
async def test_hostile_conversations_neither_crash_nor_hang_nor_grow(served: Served, seed: int) -> None:
    trouble: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: trouble.append(context))
    draw = random.Random(seed)
    for _ in range(150):
        await hostile(served, draw)
    deadline = asyncio.get_running_loop().time() + 20
    while served.server._alive:
        assert asyncio.get_running_loop().time() < deadline, "connections stayed behind"
        await asyncio.sleep(0.01)
    assert not trouble
    client = await served.connect()
    assert (await client.ask(Command.READ, 0, 4096))[0] == 0


def test_a_member_of_a_larger_volume_is_not_served_alone() -> None:
    with pytest.raises(ValueError, match="votes together with b"):
        Standalone(replica_on(SimulatedDisk(), others=("b",)))


async def test_regions_are_clean_again_after_closing(served: Served) -> None:
    client = await served.connect()
    await client.write(0, b"x" * 512)
    assert served.replica.intent.marked == {0}
    await served.device.close()
    after = Replica.open(served.disk.after_power_loss(1), PLACE)
    assert not after.intent.marked
    assert after.read(0, 512) == b"x" * 512


async def test_a_region_is_cleaned_once_it_has_been_quiet(served: Served) -> None:
    client = await served.connect()
    await client.write(0, b"x" * 512)
    for _ in range(40):
        await client.write(8 * MIB, b"y" * 512)
        await client.ask(Command.FLUSH, 0, 0)
    assert served.replica.intent.marked == {2}
