"""Volumes over several processes, through their NBD front end."""

from __future__ import annotations

import asyncio
import shutil
import signal

import pytest

from blockengine.protocol.nbd_client import Client, Refused
from blockengine.replica.layer import BLOCK
from blockengine.verify.blocks import content
from blockengine.verify.rig import Shape
from tests.blockengine.volume.rigs import DEADLINE, Made, is_suspended, served, until_in_sync


async def test_the_state_table_of_three_replicas(made: Made) -> None:
    rig = await made(Shape())
    _, client = await served(rig)
    one, two = content(0, 1, BLOCK), content(0, 2, BLOCK)
    await client.write(0, one)

    await rig.kill_voter("r0")
    await client.write(0, two)
    assert await client.read(0, BLOCK) == two

    await rig.kill_voter("r1")
    write = client.write(BLOCK, one)
    assert await is_suspended(write, rig)
    read = client.read(0, BLOCK)
    assert await is_suspended(read, rig)

    await rig.start_voter("r0")
    await asyncio.wait_for(write, DEADLINE)
    assert await asyncio.wait_for(read, DEADLINE) == two

    await rig.start_voter("r1")
    await until_in_sync(rig, "r0", "r1", "r2")


async def test_a_witness_makes_two_replicas_a_majority(made: Made) -> None:
    rig = await made(Shape(replicas=2, witness=True))
    _, client = await served(rig)
    await client.write(0, content(0, 1, BLOCK))
    await rig.kill_voter("r1")
    await client.write(0, content(0, 2, BLOCK))
    await rig.kill_voter("w0")
    # The lease that the witness gave still stands for a moment.
    while not await is_suspended(client.write(0, content(0, 3, BLOCK)), rig):
        pass
    await rig.start_voter("w0")
    assert await asyncio.wait_for(client.read(0, BLOCK), DEADLINE) == content(0, 3, BLOCK)


async def test_an_idle_session_that_broke_is_noticed(made: Made) -> None:
    rig = await made(Shape())
    serving, _ = await served(rig)
    await rig.kill_voter("r2")
    await serving.process.until("removing r2")


async def test_a_frozen_replica_is_removed_by_deadline_and_comes_back(made: Made) -> None:
    rig = await made(Shape())
    _, client = await served(rig)
    rig.voters["r1"].send(signal.SIGSTOP)
    await asyncio.wait_for(client.write(0, content(0, 1, BLOCK)), DEADLINE)
    rig.voters["r1"].send(signal.SIGCONT)
    await until_in_sync(rig, "r0", "r1", "r2")


async def test_the_controller_ends_when_the_last_session_breaks(made: Made) -> None:
    rig = await made(Shape())
    serving, client = await served(rig)
    await client.write(0, content(0, 1, BLOCK))
    for name in rig.names:
        await rig.kill_voter(name)
    assert await asyncio.wait_for(serving.process.process.wait(), DEADLINE) == 3
    for name in rig.names:
        await rig.start_voter(name)
    _, again = await served(rig)
    assert await again.read(0, BLOCK) == content(0, 1, BLOCK)


async def test_a_replica_that_lost_everything_is_rebuilt_in_full(made: Made) -> None:
    rig = await made(Shape())
    serving, client = await served(rig)
    units = range(0, rig.shape.size // BLOCK, 37)
    for unit in units:
        await client.write(unit * BLOCK, content(unit, unit + 1, BLOCK))
    await rig.kill_voter("r1")
    shutil.rmtree(rig.folder / "r1")
    words = [
        "--size",
        str(rig.shape.size),
        "--region",
        str(rig.shape.region),
        "--lease",
        str(rig.shape.lease),
    ]
    await rig.run("replica", "create", str(rig.folder / "r1"), "--of", "scratch", "--name", "r1", *words)
    await rig.start_voter("r1")
    await serving.process.until("r1: in sync again")
    # Now only the rebuilt one is left, with one other voter.
    await rig.kill_voter("r0")
    await client.write(0, content(0, 7, BLOCK))
    await rig.kill_voter("r2")
    await rig.start_voter("r0")
    for unit in units[1:]:
        data = await asyncio.wait_for(client.read(unit * BLOCK, BLOCK), DEADLINE)
        assert data == content(unit, unit + 1, BLOCK)


async def test_a_rotten_block_is_read_from_another_member_and_repaired(made: Made) -> None:
    rig = await made(Shape())
    serving, client = await served(rig)
    for unit in range(8):
        await client.write(unit * BLOCK, content(unit, 1, BLOCK))
    await client.flush()
    for name in rig.replicas:
        with (rig.folder / name / "layer-0.data").open("r+b") as file:
            file.seek(rig.replicas.index(name) * BLOCK + 99)
            file.write(b"\xff")
    # Every member has a bad block, each another one: one read over all must still succeed.
    for _ in rig.replicas:
        assert await client.read(0, 8 * BLOCK) == b"".join(content(unit, 1, BLOCK) for unit in range(8))
    await serving.process.until("repaired")
    client.close()
    assert await serving.process.end(signal.SIGTERM) == 0
    for name in rig.replicas:
        await rig.voters[name].end(signal.SIGTERM)
        assert (await rig.run("replica", "scrub", str(rig.folder / name)))[-1] == "0 bad blocks"


async def test_bytes_that_are_bad_everywhere_are_an_error_not_a_value(made: Made) -> None:
    rig = await made(Shape())
    _, client = await served(rig)
    await client.write(0, content(0, 1, BLOCK))
    for name in rig.replicas:
        with (rig.folder / name / "layer-0.data").open("r+b") as file:
            file.write(b"\xff")
    with pytest.raises(Refused):
        await client.read(0, BLOCK)
    await client.write(0, content(0, 2, BLOCK))
    assert await client.read(0, BLOCK) == content(0, 2, BLOCK)


async def test_a_forced_volume_goes_on_and_refuses_those_left_out(made: Made) -> None:
    rig = await made(Shape())
    serving, client = await served(rig)
    await client.write(0, content(0, 1, BLOCK))
    for name in ("r0", "r1"):
        await rig.kill_voter(name)
    await serving.process.end()
    address = f"unix:{rig.socket('r2')}"
    async with asyncio.timeout(DEADLINE):
        # The dead controller's lease has to run out first.
        while (await rig.try_run("volume", "force", "--voter", address, "--why", "two nodes burnt"))[0]:
            await asyncio.sleep(0.2)
    shown = (await rig.run("volume", "show", "--voter", address))[0]
    assert "two nodes burnt" in shown
    assert "in sync: r2" in shown

    await rig.start_voter("r0")
    status, said = await rig.try_run(
        "volume", "serve", *rig.addresses(), "--socket", str(rig.folder / "x.sock")
    )
    assert status == 1
    assert "lineages" in said[-1]

    rig.names = ["r2"]
    _, again = await served(rig)
    assert await again.read(0, BLOCK) == content(0, 1, BLOCK)


async def test_a_volume_is_made_once_and_of_voters_that_fit(made: Made) -> None:
    rig = await made(Shape())
    assert (await rig.try_run("volume", "create", *rig.addresses()))[0] == 0
    serving, _ = await served(rig)
    status, said = await rig.try_run("volume", "create", *rig.addresses())
    assert status == 1
    assert "in use" in said[-1]
    status, said = await rig.try_run("volume", "create", *rig.addresses()[:4])
    assert status == 1
    await serving.process.end()


async def test_only_one_of_two_controllers_serves(made: Made) -> None:
    rig = await made(Shape())
    first, client = await served(rig)
    second = await rig.start_controller()
    await second.process.until("waits: another controller's lease")
    await client.write(0, content(0, 1, BLOCK))
    assert first.process.alive
    assert not second.socket.exists()
    await first.process.end()
    await second.process.until("serving")
    again = await Client.connect(second.socket)
    assert await again.read(0, BLOCK) == content(0, 1, BLOCK)
