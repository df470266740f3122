"""Rebuilds that are cut short, scrubs, and voters that enter and leave, on real processes."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from blockengine.protocol.admin import (
    Act,
    AddVoter,
    Jobs,
    Progress,
    RemoveVoter,
    Scrub,
    SetPace,
    TakeSnapshot,
)
from blockengine.protocol.nbd_client import Client
from blockengine.replica.layer import BLOCK, checksum
from blockengine.verify.blocks import content
from blockengine.verify.rig import Rig, Serving, Shape
from blockengine.volume.asking import Asker, Declined, asking
from tests.blockengine.volume.rigs import DEADLINE, Made, served, until_in_sync
from tests.blockengine.volume.test_snapshots import on_each_replica, snapshot_bytes

MIB = 1 << 20
LARGE = Shape(size=48 * MIB, region=MIB, deadline=4)
SLOW = SetPace(limit=6 * MIB)


async def fill(client: Client, size: int) -> None:
    for offset in range(0, size, MIB):
        await client.write(offset, content(offset // BLOCK, 1, MIB))
    await client.flush()


async def job(asker: Asker, what: str, fits: Callable[[Progress], bool]) -> Progress:
    """The newest job of a kind, once it fits."""
    async with asyncio.timeout(DEADLINE):
        while True:
            found = [each for each in await asker.ask(Jobs(), deadline=DEADLINE) if each.what == what]
            if found and fits(found[-1]):
                assert isinstance(found[-1], Progress)
                return found[-1]
            await asyncio.sleep(0.05)


async def make_blank(rig: Rig, name: str, *, lease: int = 0, volume: str = "scratch") -> None:
    """A further replica, running, that belongs to the volume and holds nothing."""
    shape = rig.shape
    await rig.run(
        "replica", "create", str(rig.folder / name), "--of", volume, "--name", name,
        "--size", str(shape.size), "--region", str(shape.region), "--lease", str(lease or shape.lease),
    )  # fmt: skip
    await rig.start_voter(name)


async def lose_state(rig: Rig, name: str) -> None:
    """Its disk is replaced by an empty one."""
    await rig.kill_voter(name)
    for file in (rig.folder / name).iterdir():
        file.unlink()
    await make_blank(rig, name)


async def until_half_done(asker: Asker) -> Progress:
    return await job(asker, "rebuild", lambda one: one.done > one.total // 2 > 0)


async def settled(serving: Serving, rig: Rig) -> None:
    """All in sync again, and a scrub finds nothing: members are alike block by block."""
    await until_in_sync(rig, *rig.names)
    async with asking(serving.admin) as asker:
        await asker.ask(Scrub(), deadline=DEADLINE)
        done = await job(asker, "scrub", lambda one: one.state == "done")
    assert (done.done, done.found, done.findings) == (rig.shape.size, 0, ())


async def test_a_full_rebuild_goes_on_where_a_kill_cut_it_short(made: Made) -> None:
    rig = await made(LARGE)
    serving, client = await served(rig)
    await fill(client, LARGE.size)
    async with asking(serving.admin) as asker:
        await asker.ask(SLOW, deadline=DEADLINE)
        await lose_state(rig, "r2")
        first = await until_half_done(asker)
        assert first.target == "r2"
        assert first.total == LARGE.size
        assert first.rate > 0
        assert first.eta > 0
        await rig.kill_voter("r2")
        await client.write(0, content(0, 2, BLOCK))
        await job(asker, "rebuild", lambda one: one.state == "failed")
        await rig.start_voter("r2")
        again = await job(asker, "rebuild", lambda one: one.number > first.number and one.total > 0)
        assert again.total < LARGE.size * 9 // 10
        await asker.ask(SetPace(), deadline=DEADLINE)
    await settled(serving, rig)


async def test_a_rebuild_goes_on_under_the_next_controller(made: Made) -> None:
    rig = await made(LARGE)
    serving, client = await served(rig)
    await fill(client, LARGE.size)
    async with asking(serving.admin) as asker:
        await asker.ask(SLOW, deadline=DEADLINE)
        await lose_state(rig, "r0")
        await until_half_done(asker)
    await serving.process.end()
    serving, client = await served(rig)
    async with asking(serving.admin) as asker:
        again = await job(asker, "rebuild", lambda one: one.total > 0)
    assert again.total < LARGE.size * 9 // 10
    assert await client.read(5 * MIB, MIB) == content(5 * MIB // BLOCK, 1, MIB)
    await settled(serving, rig)


async def test_two_replicas_come_back_side_by_side_under_load(made: Made) -> None:
    rig = await made(Shape(replicas=5, size=16 * MIB))
    serving, client = await served(rig)
    for name in ("r3", "r4"):
        await rig.kill_voter(name)
        await serving.process.until(f"lost {name}")
    await fill(client, 16 * MIB)
    async with asking(serving.admin) as asker:
        await asker.ask(SetPace(limit=4 * MIB), deadline=DEADLINE)
        for name in ("r3", "r4"):
            await rig.start_voter(name)
        async with asyncio.timeout(DEADLINE):
            while True:
                under_way = [
                    one for one in await asker.ask(Jobs(), deadline=DEADLINE) if one.done and not one.ended
                ]
                if len(under_way) == 2:
                    break
                await client.write(3 * BLOCK, content(3, len(under_way), BLOCK))
        one, other = under_way
        # Neither waits for the other to be done.
        assert min(one.done, other.done) < one.total == other.total
        await asker.ask(SetPace(), deadline=DEADLINE)
    await settled(serving, rig)


def taken(rig: Rig, name: str) -> int:
    """Bytes that a replica's data takes up on its disk."""
    return sum(file.stat().st_blocks * 512 for file in (rig.folder / name).glob("layer-*.data"))


@pytest.mark.parametrize("snapshot", [False, True])
async def test_a_rebuild_does_not_make_a_thin_replica_thick(made: Made, snapshot: bool) -> None:
    rig = await made(Shape(size=16 * MIB, deadline=4))
    serving, client = await served(rig)
    # Every eighth block has something; some were discarded, some are zeroes by word.
    for unit in range(0, 4096, 8):
        client.write(unit * BLOCK, content(unit, 1, BLOCK))
    await client.flush()
    if snapshot:
        await serving.ask(TakeSnapshot("s"))
    for unit in range(0, 2048, 16):
        client.write(unit * BLOCK, content(unit, 2, BLOCK))
    await client.discard(2048 * BLOCK, 512 * BLOCK)
    await client.zero(2560 * BLOCK, 512 * BLOCK)
    await client.flush()
    views = [await snapshot_bytes(serving, "s", 0, rig.shape.size)] if snapshot else []
    views.append(await client.read(0, rig.shape.size))
    await lose_state(rig, "r1")
    await serving.process.until("r1: in sync again")
    assert taken(rig, "r1") <= taken(rig, "r0")
    found = await on_each_replica(rig, serving)
    assert found["r1"] == found["r0"] == views


async def test_a_rebuild_can_rest_but_not_be_stopped(made: Made) -> None:
    rig = await made(LARGE)
    serving, client = await served(rig)
    await fill(client, LARGE.size)
    async with asking(serving.admin) as asker:
        await asker.ask(SLOW, deadline=DEADLINE)
        await lose_state(rig, "r1")
        running = await job(asker, "rebuild", lambda one: one.done > 0)
        await asker.ask(Act(running.number, "pause"), deadline=DEADLINE)
        paused = await job(asker, "rebuild", lambda one: one.state == "paused")
        assert (paused.rate, paused.eta) == (0, 0)
        with pytest.raises(Declined, match="not stopped"):
            await asker.ask(Act(running.number, "stop"), deadline=DEADLINE)
        await client.write(0, content(0, 3, BLOCK))
        await asker.ask(SetPace(), deadline=DEADLINE)
        await asker.ask(Act(running.number, "resume"), deadline=DEADLINE)
    await settled(serving, rig)


def flip(file: Path, offset: int) -> None:
    with file.open("r+b") as opened:
        opened.seek(offset)
        byte = opened.read(1)[0]
        opened.seek(offset)
        opened.write(bytes((byte ^ 0xFF,)))


async def test_a_scrub_mends_what_rotted_and_shows_what_it_cannot_mend(made: Made) -> None:
    rig = await made(Shape(size=8 * MIB))
    serving, client = await served(rig)
    await fill(client, 8 * MIB)
    data = {name: rig.folder / name / "layer-0.data" for name in rig.names}
    flip(data["r0"], 100 * BLOCK + 7)
    flip(data["r0"], 101 * BLOCK + 9)
    flip(data["r2"], 700 * BLOCK)
    for name in rig.names:
        flip(data[name], 900 * BLOCK + 1)
    # r1 holds other bytes with a checksum that fits: only the comparison can tell.
    other = content(5, 9, BLOCK)
    with data["r1"].open("r+b") as opened:
        opened.seek(300 * BLOCK)
        opened.write(other)
    with (rig.folder / "r1" / "layer-0.sums").open("r+b") as opened:
        opened.seek(300 * 8)
        opened.write(checksum(other, 300).to_bytes(8, "little"))

    async with asking(serving.admin) as asker:
        await asker.ask(Scrub(), deadline=DEADLINE)
        done = await job(asker, "scrub", lambda one: one.state == "done")
        found = {(one.offset // BLOCK, one.length // BLOCK, one.kind, one.mended) for one in done.findings}
        assert found == {
            (100, 2, "rot", True),
            (300, 1, "differ", False),
            (700, 1, "rot", True),
            (900, 1, "rot", False),
        }
        assert {one.offset // BLOCK: one.members for one in done.findings}[100] == ("r0",)
        assert done.found == 4
        assert await client.read(100 * BLOCK, BLOCK) == content(0, 1, MIB)[100 * BLOCK : 101 * BLOCK]
        for block in (300, 900):
            await client.write(block * BLOCK, content(block, 4, BLOCK))
    await settled(serving, rig)


async def test_a_scrub_can_be_paused_and_stopped(made: Made) -> None:
    rig = await made(Shape(size=16 * MIB))
    serving, client = await served(rig)
    await fill(client, 16 * MIB)
    async with asking(serving.admin) as asker:
        await asker.ask(SetPace(limit=MIB), deadline=DEADLINE)
        number = await asker.ask(Scrub(), deadline=DEADLINE)
        with pytest.raises(Declined, match="under way already"):
            await asker.ask(Scrub(), deadline=DEADLINE)
        await asker.ask(Act(number, "pause"), deadline=DEADLINE)
        paused = await job(asker, "scrub", lambda one: one.state == "paused")
        assert paused.done < paused.total
        await asker.ask(Act(number, "stop"), deadline=DEADLINE)
        await job(asker, "scrub", lambda one: one.state == "stopped")
        with pytest.raises(Declined, match="is over"):
            await asker.ask(Act(number, "resume"), deadline=DEADLINE)
        with pytest.raises(Declined, match="no job 77"):
            await asker.ask(Act(77, "stop"), deadline=DEADLINE)
        with pytest.raises(Declined, match="can't be kept"):
            await asker.ask(SetPace(limit=-1), deadline=DEADLINE)
        await asker.ask(SetPace(), deadline=DEADLINE)
    await settled(serving, rig)


async def test_a_dead_replica_is_replaced(made: Made) -> None:
    rig = await made(Shape())
    serving, client = await served(rig)
    await client.write(0, content(0, 1, BLOCK))
    await rig.kill_voter("r2")
    await serving.process.until("removing r2")
    await make_blank(rig, "r3")
    async with asking(serving.admin) as asker:
        assert await asker.ask(AddVoter(f"unix:{rig.socket('r3')}"), deadline=DEADLINE) == "r3"
        await asker.ask(RemoveVoter("r2"), deadline=DEADLINE)
    rig.names = ["r0", "r1", "r3"]
    await until_in_sync(rig, "r0", "r1", "r3")
    await client.write(0, content(0, 2, BLOCK))
    await rig.kill_voter("r0")
    await client.write(BLOCK, content(1, 3, BLOCK))
    await serving.process.end()
    # The newcomer is a full member: with one old one it is the majority.
    serving = await rig.start_controller()
    await serving.process.until("serving")
    client = await Client.connect(serving.socket)
    assert await client.read(0, 2 * BLOCK) == content(0, 2, BLOCK) + content(1, 3, BLOCK)


async def test_a_replica_in_sync_is_taken_off_and_says_so_itself(made: Made) -> None:
    rig = await made(Shape())
    serving, client = await served(rig)
    await client.write(0, content(0, 1, BLOCK))
    async with asking(serving.admin) as asker:
        await asker.ask(RemoveVoter("r1"), deadline=DEADLINE)
        for name in ("r0", "r2"):
            assert not list((rig.folder / name).glob("missed.r1.*"))
        with pytest.raises(Declined, match="no voter of this volume"):
            await asker.ask(RemoveVoter("r1"), deadline=DEADLINE)
        await rig.kill_voter("r2")
        await serving.process.until("removing r2")
        with pytest.raises(Declined, match="no majority"):
            await asker.ask(RemoveVoter("r2"), deadline=DEADLINE)
    status, said = await rig.try_run("volume", "show", "--voter", f"unix:{rig.socket('r1')}")
    assert status == 0
    assert "in sync: r0, r2" in said[0]


async def test_voters_enter_and_leave_though_a_member_fails_meanwhile(made: Made) -> None:
    rig = await made(Shape())
    serving, client = await served(rig)
    await client.write(0, content(0, 1, BLOCK))
    await make_blank(rig, "r3")
    # The record can be in force only once the frozen member is out of sync.
    rig.voters["r1"].send(signal.SIGSTOP)
    async with asking(serving.admin) as asker:
        assert await asker.ask(AddVoter(f"unix:{rig.socket('r3')}"), deadline=DEADLINE) == "r3"
        rig.voters["r1"].send(signal.SIGCONT)
        rig.names.append("r3")
        await until_in_sync(rig, *rig.names)
        rig.voters["r2"].send(signal.SIGSTOP)
        await asker.ask(RemoveVoter("r3"), deadline=DEADLINE)
        rig.voters["r2"].send(signal.SIGCONT)
    rig.names.remove("r3")
    await until_in_sync(rig, *rig.names)
    await client.write(0, content(0, 2, BLOCK))


async def test_the_last_copies_are_not_taken_off(made: Made) -> None:
    rig = await made(Shape(replicas=2, witness=True))
    serving, _ = await served(rig)
    async with asking(serving.admin) as asker:
        with pytest.raises(Declined, match="single copy, on r0"):
            await asker.ask(RemoveVoter("r1"), deadline=DEADLINE)
        await asker.ask(RemoveVoter("r1", force=True), deadline=DEADLINE)
        with pytest.raises(Declined, match="last copy"):
            await asker.ask(RemoveVoter("r0", force=True), deadline=DEADLINE)
        await asker.ask(RemoveVoter("w0"), deadline=DEADLINE)
        with pytest.raises(Declined, match="last copy"):
            await asker.ask(RemoveVoter("r0", force=True), deadline=DEADLINE)


async def test_who_does_not_fit_does_not_enter(made: Made) -> None:
    rig = await made(Shape())
    serving, client = await served(rig)
    await make_blank(rig, "hasty", lease=300)
    await make_blank(rig, "stranger", volume="other")
    async with asking(serving.admin) as asker:
        for name, words in (("hasty", "leases of 300 ms only"), ("stranger", "made for volume other")):
            with pytest.raises(Declined, match=words):
                await asker.ask(AddVoter(f"unix:{rig.socket(name)}"), deadline=DEADLINE)
        with pytest.raises(Declined, match="nobody answers"):
            await asker.ask(AddVoter(f"unix:{rig.folder}/none.sock"), deadline=DEADLINE)
        with pytest.raises(Declined, match="is a voter of this volume already"):
            await asker.ask(AddVoter(f"unix:{rig.socket('r0')}"), deadline=DEADLINE)
    await client.write(0, content(0, 1, BLOCK))
