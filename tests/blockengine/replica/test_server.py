"""A voter's network side: sessions, barriers, and what no controller would send."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from blockengine.membership import changes
from blockengine.membership.ballot import Ballot, Granted, Refused, Stored
from blockengine.membership.record import Epoch, Member, Position, Record, Voter
from blockengine.protocol import wire
from blockengine.protocol.address import Address
from blockengine.protocol.messages import (
    Alive,
    Ask,
    Booted,
    Clear,
    Hello,
    Intent,
    Keep,
    Log,
    Open,
)
from blockengine.protocol.wire import ISSUED, Kind, Status
from blockengine.replica.creating import create_replica
from blockengine.replica.files import RealDirectory
from blockengine.replica.identity import Place
from blockengine.replica.layer import BLOCK
from blockengine.replica.replica import Replica
from blockengine.replica.server import Server
from blockengine.replica.service import ReplicaService
from blockengine.replica.voting import Voting
from blockengine.replica.witness import Witness
from blockengine.volume.link import Link
from blockengine.volume.peer import connect

PLACE = Place("machine", "boot")
AT = Position(Epoch(1, 1), 1)
RECORD = Record(
    "v",
    "l",
    AT,
    (Voter("a", 1), Voter("b", 1)),
    (Member("a", "boot", AT), Member("b", "boot", AT)),
    size=1 << 20,
)
REGION = 64 * 1024


@pytest.fixture
async def replica() -> AsyncIterator[tuple[Replica, Path]]:
    with tempfile.TemporaryDirectory(prefix="nv-") as name:
        folder = Path(name) / "a"
        folder.mkdir()
        made = create_replica(
            RealDirectory(folder),
            Ballot("a", 1),
            volume="v",
            size=1 << 20,
            place=PLACE,
            region=REGION,
            lease=200,
        )
        service = ReplicaService(made, boot="boot")
        server = Server(service)
        await server.listen_unix(Path(name) / "socket")
        yield made, Path(name) / "socket"
        await server.stop()
        service.close()


async def linked(path: Path) -> Link:
    link = Link(deadline=20, lost=lambda link, why: None)
    await connect(Address(path), link, None)
    return link


def head(nonce: int, at: Position = AT) -> bytes:
    return ISSUED.pack(nonce, *at.epoch, at.seq)


async def opened(link: Link, number: int, *, epoch: Epoch = AT.epoch) -> int:
    answer = await link.ask(Open(epoch, number))
    assert isinstance(answer, Booted)
    return answer.nonce


async def write(link: Link, issued: bytes, offset: int, data: bytes, *, writes: int = 1) -> int:
    return (await link.call(Kind.WRITE, issued, offset=offset, writes=writes, payload=data))[0]


async def test_only_the_newest_session_is_served(replica: tuple[Replica, Path]) -> None:
    _, path = replica
    first, second = await linked(path), await linked(path)
    assert await first.ask(Keep(RECORD)) == Stored("a", 1)
    old = head(await opened(first, 1))
    assert await write(first, old, 0, b"1" * BLOCK) == Status.OK
    new = head(await opened(second, 2))
    assert await write(first, old, 0, b"2" * BLOCK) == Status.REFUSED
    assert isinstance(await first.ask(Alive(), old), Refused)
    assert await second.ask(Alive(), new) is None
    assert await second.call(Kind.READ, new, length=BLOCK) == (Status.OK, b"1" * BLOCK)
    # The old number does not come back, whoever sends it late.
    assert isinstance(await first.ask(Open(AT.epoch, 1)), Refused)
    # A grant to a higher epoch shuts out every session of the lower one, once the lease is over.
    granted = await second.ask(Ask(Epoch(2, 9)))
    while not isinstance(granted, Granted):
        granted = await second.ask(Ask(Epoch(2, 9)))
    assert await write(second, new, 0, b"3" * BLOCK) == Status.REFUSED


async def test_a_request_issued_under_a_record_not_held_is_refused(replica: tuple[Replica, Path]) -> None:
    _, path = replica
    link = await linked(path)
    await link.ask(Keep(RECORD))
    nonce = await opened(link, 1)
    later = changes.remove(RECORD, {"b"}, Position(AT.epoch, 2))
    assert await write(link, head(nonce, later.position), 0, b"x" * BLOCK) == Status.REFUSED
    # What comes behind a record on its connection waits for it.
    storing = asyncio.ensure_future(link.ask(Keep(later)))
    await asyncio.sleep(0)
    assert await write(link, head(nonce, later.position), 0, b"x" * BLOCK) == Status.OK
    assert await storing == Stored("a", 1)


async def test_logs_start_with_the_record_and_a_clear_can_be_overtaken(replica: tuple[Replica, Path]) -> None:
    _, path = replica
    link = await linked(path)
    await link.ask(Keep(RECORD))
    nonce = await opened(link, 1)
    await write(link, head(nonce), 0, b"x" * BLOCK, writes=1)
    later = changes.remove(RECORD, {"b"}, Position(AT.epoch, 2))
    await link.ask(Keep(later))
    now = head(nonce, later.position)
    await write(link, now, REGION, b"x" * BLOCK, writes=1)
    missed = await link.ask(Log("b"), now)
    assert (missed.tag, missed.regions) == (later.position, [0, 1])
    assert await link.ask(Log("c"), now) is None
    await write(link, now, 0, b"y" * BLOCK, writes=2)
    await link.ask(Clear({0: 1, 1: 1}), now)
    assert await link.ask(Intent(), now) == [0]


async def test_a_change_over_two_regions_is_refused(replica: tuple[Replica, Path]) -> None:
    _, path = replica
    link = await linked(path)
    await link.ask(Keep(RECORD))
    issued = head(await opened(link, 1))
    assert await write(link, issued, REGION - BLOCK, b"x" * 2 * BLOCK) == Status.INVALID
    assert await write(link, issued, 1 << 20, b"x" * BLOCK) == Status.INVALID


async def test_an_inspection_shows_bytes_and_whether_they_verify(replica: tuple[Replica, Path]) -> None:
    made, path = replica
    link = await linked(path)
    await link.ask(Keep(RECORD))
    issued = head(await opened(link, 1))
    await write(link, issued, 0, b"a" * 2 * BLOCK)
    made.store.top.data.pwrite(b"!", BLOCK + 5)
    assert (await link.call(Kind.READ, issued, length=2 * BLOCK))[0] == Status.ROTTEN
    status, body = await link.call(Kind.INSPECT, issued, length=3 * BLOCK)
    assert status == Status.OK
    assert body[:3] == b"\1\0\1"
    assert body[3:] == b"a" * (BLOCK + 5) + b"!" + b"a" * (BLOCK - 6) + bytes(BLOCK)


async def test_garbage_ends_the_connection_and_nothing_else(replica: tuple[Replica, Path]) -> None:
    _, path = replica
    draw = random.Random(4)
    good = [
        wire.request(kind, 1, head(1) + wire.tail(length=0 if kind == Kind.CONTROL else BLOCK))
        for kind in Kind
    ]
    for _ in range(150):
        reader, writer = await asyncio.open_unix_connection(str(path))
        raw = bytearray(draw.choice(good) + draw.randbytes(draw.randrange(200)))
        raw[draw.randrange(len(raw))] ^= 1 << draw.randrange(8)
        writer.write(bytes(raw))
        writer.write_eof()
        await asyncio.wait_for(reader.read(), 20)
        writer.close()
    link = await linked(path)
    assert (await link.ask(Hello())).voter == "a"


async def test_a_witness_votes_and_keeps_no_bytes(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    folder.mkdir()
    witness = Witness.create(RealDirectory(folder), Ballot("w", 7), volume="v", place=PLACE, lease=200)
    with tempfile.TemporaryDirectory(prefix="nv-") as name:
        server = Server(Voting(witness, boot="boot"))
        await server.listen_unix(Path(name) / "s")
        link = await linked(Path(name) / "s")
        record = replace(RECORD, voters=(*RECORD.voters, Voter("w", 7)))
        assert isinstance(await link.ask(Ask(Epoch(2, 2))), Refused)
        assert await link.ask(Keep(record)) == Stored("w", 7)
        assert (await link.call(Kind.READ, head(1), length=BLOCK))[0] == Status.INVALID
        assert not (await link.ask(Hello())).keeps_data
        await server.stop()
    witness.close()
    again = Witness.open(RealDirectory(folder), PLACE)
    assert again.ballot.record == record
    again.close()
