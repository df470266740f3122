"""Snapshots of volumes over several processes: taken, read, deleted, brought to replicas that were away."""

from __future__ import annotations

import asyncio
import shutil
import signal
import tempfile
from pathlib import Path

import pytest

from blockengine.cli.place import here
from blockengine.protocol.admin import DeleteSnapshot, Grow, ListSnapshots, SetPace, TakeSnapshot
from blockengine.protocol.nbd import Code
from blockengine.protocol.nbd_client import Client, Lost, Refused
from blockengine.replica.files import RealDirectory
from blockengine.replica.layer import BLOCK
from blockengine.replica.replica import Replica
from blockengine.verify.blocks import content
from blockengine.verify.rig import Rig, Serving, Shape
from blockengine.volume.asking import Declined
from tests.blockengine.volume.rigs import DEADLINE, Made, served, until_in_sync

# Ten processes started one after the other, each in its own time on a busy machine.
pytestmark = pytest.mark.timeout(400)


async def snapshot_bytes(serving: Serving, name: str, offset: int, length: int) -> bytes:
    client = await Client.connect(serving.socket, f"@{name}")
    try:
        return await asyncio.wait_for(client.read(offset, length), DEADLINE)
    finally:
        client.close()


async def until_layers(rig: Rig, count: int) -> None:
    """Until every replica has so many layers."""
    async with asyncio.timeout(DEADLINE):
        while any(len(list((rig.folder / name).glob("layer-*.data"))) != count for name in rig.replicas):
            await asyncio.sleep(0.05)


async def on_each_replica(rig: Rig, serving: Serving) -> dict[str, list[bytes]]:
    """Per replica, the whole volume as of every snapshot and live, once all processes are stopped."""
    listed = await serving.ask(ListSnapshots())
    for process in (serving.process, *rig.voters.values()):
        await process.end(15)
    found = {}
    for name in rig.replicas:
        replica = Replica.open(RealDirectory(rig.folder / name), here())
        views = [int(one.id, 16) for one in listed]
        found[name] = [replica.read(0, replica.header.size, view) for view in (*views, 0)]
        replica.close()
    return found


async def test_a_snapshot_keeps_what_was_there_while_the_volume_goes_on(made: Made) -> None:
    rig = await made(Shape())
    serving, client = await served(rig)
    for unit in range(8):
        await client.write(unit * BLOCK, content(unit, 1, BLOCK))
    taken = await serving.ask(TakeSnapshot("before"))
    await client.write(0, content(0, 2, BLOCK))
    await client.discard(BLOCK, BLOCK)
    await client.write(9 * BLOCK, content(9, 3, BLOCK))
    before = b"".join(content(unit, 1, BLOCK) for unit in range(8)) + bytes(2 * BLOCK)
    assert await snapshot_bytes(serving, "before", 0, 10 * BLOCK) == before
    assert await client.read(0, 2 * BLOCK) == content(0, 2, BLOCK) + bytes(BLOCK)
    (listed,) = await serving.ask(ListSnapshots())
    assert (listed.name, listed.id, listed.size) == ("before", taken.id, rig.shape.size)
    assert listed.held > 0
    found = await on_each_replica(rig, serving)
    assert found["r0"][0][: 10 * BLOCK] == before
    assert found["r0"] == found["r1"] == found["r2"]


async def test_a_snapshot_can_only_be_read(made: Made) -> None:
    rig = await made(Shape())
    serving, client = await served(rig)
    await client.write(0, content(0, 1, BLOCK))
    await serving.ask(TakeSnapshot("s"))
    reader = await Client.connect(serving.socket, "@s")
    for ask in (
        lambda: reader.write(0, bytes(BLOCK)),
        lambda: reader.discard(0, BLOCK),
        lambda: reader.zero(0, BLOCK),
    ):
        with pytest.raises(Refused) as refused:
            await ask()
        assert refused.value.code == Code.EPERM
    assert await reader.read(0, BLOCK) == content(0, 1, BLOCK)
    await reader.flush()
    with pytest.raises(Lost):
        await Client.connect(serving.socket, "@none")


async def test_a_snapshot_keeps_the_size_that_the_volume_had(made: Made) -> None:
    rig = await made(Shape())
    serving, _ = await served(rig)
    await serving.ask(TakeSnapshot("small"))
    await serving.ask(Grow(2 * rig.shape.size))
    reader = await Client.connect(serving.socket, "@small")
    assert reader.size == rig.shape.size


async def test_deleted_snapshots_leave_one_layer_and_all_bytes(made: Made) -> None:
    rig = await made(Shape())
    serving, client = await served(rig)
    for number in range(1, 5):
        for unit in range(number, 64, number):
            await client.write(unit * BLOCK, content(unit, number, BLOCK))
        await client.discard(number * 7 * BLOCK, BLOCK)
        await serving.ask(TakeSnapshot(f"s{number}"))
    live = await client.read(0, 80 * BLOCK)
    views = {name: await snapshot_bytes(serving, name, 0, 80 * BLOCK) for name in ("s1", "s2", "s3", "s4")}
    for gone, left in (("s2", 4), ("s4", 3), ("s1", 2), ("s3", 1)):
        await serving.ask(DeleteSnapshot(gone))
        del views[gone]
        await until_layers(rig, left)
        assert await client.read(0, 80 * BLOCK) == live
        for name, view in views.items():
            assert await snapshot_bytes(serving, name, 0, 80 * BLOCK) == view
    assert await serving.ask(ListSnapshots()) == []
    # The name is free again.
    await serving.ask(TakeSnapshot("s2"))


async def test_a_snapshot_that_is_open_is_not_deleted(made: Made) -> None:
    rig = await made(Shape())
    serving, _ = await served(rig)
    await serving.ask(TakeSnapshot("s"))
    reader = await Client.connect(serving.socket, "@s")
    assert (await serving.ask(ListSnapshots()))[0].attached == 1
    with pytest.raises(Declined, match="attached by 1 client"):
        await serving.ask(DeleteSnapshot("s"))
    reader.close()
    async with asyncio.timeout(DEADLINE):
        while (await serving.ask(ListSnapshots()))[0].attached:
            await asyncio.sleep(0.05)
    await serving.ask(DeleteSnapshot("s"))


async def test_a_name_that_is_hostile_or_taken_is_refused(made: Made) -> None:
    rig = await made(Shape())
    serving, _ = await served(rig)
    for name in ("", " ", "../x", "a/b", "@x", "\x1b[31m", "a" * 64, "-x", "x y", "é", "x\n"):
        with pytest.raises(Declined, match="can't be a snapshot's name"):
            await serving.ask(TakeSnapshot(name))
        with pytest.raises(Declined, match="no snapshot"):
            await serving.ask(DeleteSnapshot(name))
    assert await serving.ask(ListSnapshots()) == []
    await serving.ask(TakeSnapshot("s"))
    with pytest.raises(Declined, match="already"):
        await serving.ask(TakeSnapshot("s"))


async def test_a_replica_that_was_away_gets_the_snapshots_that_it_missed(made: Made) -> None:
    rig = await made(Shape())
    serving, client = await served(rig)
    for unit in range(40):
        await client.write(unit * BLOCK, content(unit, 1, BLOCK))
    await serving.ask(TakeSnapshot("whole"))
    await client.write(0, content(0, 2, BLOCK))
    await rig.kill_voter("r1")
    await client.write(BLOCK, content(1, 3, BLOCK))
    await serving.ask(TakeSnapshot("missed"))
    await client.write(BLOCK, content(1, 4, BLOCK))
    await client.discard(2 * BLOCK, BLOCK)
    await serving.ask(TakeSnapshot("too"))
    await serving.ask(DeleteSnapshot("missed"))
    await serving.ask(TakeSnapshot("last"))
    await client.write(3 * BLOCK, content(3, 5, BLOCK))
    await rig.start_voter("r1")
    await until_in_sync(rig, "r0", "r1", "r2")
    await client.flush()
    found = await on_each_replica(rig, serving)
    assert found["r0"] == found["r1"] == found["r2"]
    assert found["r1"][1][BLOCK : 3 * BLOCK] == content(1, 4, BLOCK) + bytes(BLOCK)


async def test_a_replica_that_lost_everything_gets_all_snapshots_back(made: Made) -> None:
    rig = await made(Shape())
    serving, client = await served(rig)
    shape = rig.shape
    for number in range(1, 4):
        for unit in range(0, shape.size // BLOCK, 37 * number):
            await client.write(unit * BLOCK, content(unit, number, BLOCK))
        await serving.ask(TakeSnapshot(f"s{number}"))
    await rig.kill_voter("r1")
    shutil.rmtree(rig.folder / "r1")
    words = ["--size", str(shape.size), "--region", str(shape.region), "--lease", str(shape.lease)]
    await rig.run("replica", "create", str(rig.folder / "r1"), "--of", "scratch", "--name", "r1", *words)
    await rig.start_voter("r1")
    await serving.process.until("r1: in sync again")
    await client.write(0, content(0, 9, BLOCK))
    await client.flush()
    found = await on_each_replica(rig, serving)
    assert found["r0"] == found["r1"] == found["r2"]
    assert len(found["r1"]) == 4


async def test_a_part_of_a_block_is_written_before_its_snapshot_has_come(made: Made) -> None:
    """The replica that comes back puts such a block together from what it has by then: that must not stay."""
    rig = await made(Shape(block_size=512))
    serving, client = await served(rig)
    shape = rig.shape
    for unit in range(shape.size // BLOCK):
        client.write(unit * BLOCK, content(unit, 1, BLOCK))
    await client.flush()
    await serving.ask(TakeSnapshot("whole"))
    await serving.ask(SetPace(limit=1 << 20))  # a region a second
    await rig.kill_voter("r1")
    shutil.rmtree(rig.folder / "r1")
    words = ["--size", str(shape.size), "--region", str(shape.region), "--lease", str(shape.lease)]
    words += ["--block-size", "512"]
    await rig.run("replica", "create", str(rig.folder / "r1"), "--of", "scratch", "--name", "r1", *words)
    await rig.start_voter("r1")
    await serving.process.until("r1: resync of")
    for unit in range(shape.size // BLOCK):
        await client.write(unit * BLOCK + 512, content(unit, 2, 512))
    await serving.ask(SetPace(limit=0))
    await serving.process.until("r1: in sync again")
    await client.flush()
    found = await on_each_replica(rig, serving)
    assert found["r0"] == found["r1"] == found["r2"]


async def test_snapshots_taken_and_deleted_while_a_replica_comes_back(made: Made) -> None:
    rig = await made(Shape(size=64 << 20))
    serving, client = await served(rig)
    units = range(0, rig.shape.size // BLOCK, 5)
    for unit in units:
        client.write(unit * BLOCK, content(unit, 1, BLOCK))
    await client.flush()
    await serving.ask(TakeSnapshot("first"))
    await rig.kill_voter("r2")
    for unit in units:
        client.write(unit * BLOCK, content(unit, 2, BLOCK))
    await client.flush()
    await rig.start_voter("r2")
    await serving.process.until("r2: resync of")
    for number in range(3, 9):
        for unit in units[:: number * 7]:
            client.write(unit * BLOCK, content(unit, number, BLOCK))
        await serving.ask(TakeSnapshot(f"s{number}"))
        if number % 3 == 0:
            await serving.ask(DeleteSnapshot(f"s{number}"))
    await until_in_sync(rig, "r0", "r1", "r2")
    await client.flush()
    found = await on_each_replica(rig, serving)
    assert found["r0"] == found["r1"] == found["r2"]


async def test_snapshots_outlive_the_controller_and_members_that_restart(made: Made) -> None:
    rig = await made(Shape())
    serving, client = await served(rig)
    await client.write(0, content(0, 1, BLOCK))
    await serving.ask(TakeSnapshot("s"))
    await client.write(0, content(0, 2, BLOCK))
    await serving.process.end()
    for name in rig.names:
        await rig.kill_voter(name)
        await rig.start_voter(name)
    serving, client = await served(rig)
    assert [one.name for one in await serving.ask(ListSnapshots())] == ["s"]
    assert await snapshot_bytes(serving, "s", 0, BLOCK) == content(0, 1, BLOCK)
    assert await client.read(0, BLOCK) == content(0, 2, BLOCK)


async def test_a_witness_and_two_replicas_snapshot(made: Made) -> None:
    rig = await made(Shape(replicas=2, witness=True, block_size=512))
    serving, client = await served(rig)
    await client.write(512, content(0, 1, 512))
    await serving.ask(TakeSnapshot("s"))
    await client.write(512, content(0, 2, 512))
    await rig.kill_voter("r1")
    await serving.ask(TakeSnapshot("alone"))
    await rig.start_voter("r1")
    await until_in_sync(rig, "r0", "r1")
    assert await snapshot_bytes(serving, "s", 512, 512) == content(0, 1, 512)
    found = await on_each_replica(rig, serving)
    assert found["r0"] == found["r1"]


async def test_a_member_whose_disk_is_full_leaves_and_the_snapshot_is_made() -> None:
    # A socket's path has room for some 100 bytes, which pytest's own folders use up.
    folder = Path(tempfile.mkdtemp(prefix="nv-"))
    rig = Rig(folder, Shape(block_size=512, deadline=5), faulty=True)
    try:
        await rig.create()
        serving, client = await served(rig)
        await client.write(0, content(0, 1, BLOCK))
        rig.voters["r1"].send(signal.SIGUSR1)
        await serving.ask(TakeSnapshot("s"))
        await serving.process.until("lost r1: it declined")
        rig.voters["r1"].send(signal.SIGHUP)
        await client.write(0, content(0, 2, BLOCK))
        await until_in_sync(rig, "r0", "r1", "r2")
        assert await snapshot_bytes(serving, "s", 0, BLOCK) == content(0, 1, BLOCK)
        await serving.ask(TakeSnapshot("t"))
        assert await client.read(0, BLOCK) == content(0, 2, BLOCK)
    finally:
        await rig.close()
        shutil.rmtree(folder)
