"""The pitfalls that every replicator must close, P1 to P16, one test each, on real processes.

docs/engine-yardsticks.md says what each is, and where else it is tested.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from blockengine.cli.place import here
from blockengine.membership.record import Record
from blockengine.protocol.admin import Grow, Jobs, ListSnapshots, Scrub, SetPace, TakeSnapshot
from blockengine.protocol.nbd import Code
from blockengine.protocol.nbd_client import Client, Lost, Refused
from blockengine.replica.files import RealDirectory
from blockengine.replica.layer import BLOCK
from blockengine.replica.replica import Replica
from blockengine.verify.blocks import content
from blockengine.verify.rig import Rig, Serving, Shape
from blockengine.volume.asking import Declined
from tests.blockengine.volume.rigs import (
    DEADLINE,
    is_suspended,
    records,
    served,
    until_in_sync,
    until_leases_end,
    voters,
)

MIB = 1 << 20
Build = Callable[..., Awaitable[Rig]]


@pytest.fixture
async def build() -> AsyncIterator[Build]:
    rigs: list[Rig] = []
    folder = Path(tempfile.mkdtemp(prefix="nv-"))

    async def make(shape: Shape | None = None, *, faulty: bool = False) -> Rig:
        rigs.append(Rig(folder, shape or Shape(), faulty=faulty))
        await rigs[-1].create()
        return rigs[-1]

    yield make
    for rig in rigs:
        await rig.close()
    shutil.rmtree(folder)


async def successor(rig: Rig) -> tuple[Serving, Client]:
    """A further controller, once it serves."""
    serving = await rig.start_controller()
    await serving.process.until("serving")
    return serving, await Client.connect(serving.socket)


async def held_by_each(rig: Rig, offset: int, length: int) -> list[bytes]:
    """What every replica's directory holds; all processes are ended for that."""
    for serving in rig.controllers:
        await serving.process.end()
    found = []
    for name in rig.replicas:
        await rig.kill_voter(name)
        replica = Replica.open(RealDirectory(rig.folder / name), here())
        found.append(replica.read(offset, length))
        replica.close()
    return found


async def alike(rig: Rig, serving: Serving) -> None:
    """All in sync, and a scrub finds them alike block by block."""
    await until_in_sync(rig, *rig.names)
    await serving.ask(Scrub())
    async with asyncio.timeout(DEADLINE):
        while True:
            scrub = [each for each in await serving.ask(Jobs()) if each.what == "scrub"][-1]
            if scrub.ended:
                break
            await asyncio.sleep(0.05)
    assert (scrub.state, scrub.found, scrub.findings) == ("done", 0, ())


def members(held: list[Record | None]) -> list[frozenset[str]]:
    return [record.member_ids for record in held if record is not None]


async def rebuilding(rig: Rig, serving: Serving, name: str) -> None:
    """A replica that lost its disk is being rebuilt, slowly."""
    await serving.ask(SetPace(limit=2 * MIB))
    await rig.kill_voter(name)
    for file in (rig.folder / name).iterdir():
        file.unlink()
    shape = rig.shape
    await rig.run(
        "replica", "create", str(rig.folder / name), "--of", "scratch", "--name", name,
        "--size", str(shape.size), "--block-size", str(shape.block_size),
        "--region", str(shape.region), "--lease", str(shape.lease),
    )  # fmt: skip
    await rig.start_voter(name)
    await serving.process.until(f"{name}: resync of")


async def test_p01_a_stale_replica_is_never_read(build: Build) -> None:
    rig = await build()
    serving, client = await served(rig)
    await client.write(0, content(0, 1, BLOCK))
    await rig.kill_voter("r2")
    await client.write(0, content(0, 2, BLOCK))
    await serving.process.end()
    await rig.kill_voter("r1")
    await rig.start_voter("r2")
    # r0 and the stale r2 are a majority of the voters.
    _, client = await successor(rig)
    reads = [client.read(0, BLOCK) for _ in range(200)]
    assert set(await asyncio.gather(*reads)) == {content(0, 2, BLOCK)}


async def test_p02_no_acknowledgement_before_the_miss_is_durable(build: Build) -> None:
    rig = await build()
    _, client = await served(rig)
    rig.voters["r2"].send(signal.SIGSTOP)
    await client.write(0, content(0, 1, BLOCK))
    found = await records_of(rig, "r0", "r1")
    rig.voters["r2"].send(signal.SIGCONT)
    assert found == [frozenset({"r0", "r1"})] * 2


async def records_of(rig: Rig, *names: str) -> list[frozenset[str]]:
    every, rig.names = rig.names, list(names)
    try:
        return members(await records(rig))
    finally:
        rig.names = every


async def test_p03_only_one_of_two_controllers_is_heard(build: Build) -> None:
    rig = await build()
    first, old = await served(rig)
    await old.write(0, content(0, 1, BLOCK))
    first.process.send(signal.SIGSTOP)
    _, new = await successor(rig)
    await new.write(0, content(0, 2, BLOCK))
    write, read = old.write(0, content(0, 3, BLOCK)), old.read(0, BLOCK)
    first.process.send(signal.SIGCONT)
    for request in (write, read):
        with pytest.raises(Lost):
            await asyncio.wait_for(request, DEADLINE)
    assert await new.read(0, BLOCK) == content(0, 2, BLOCK)


async def test_p04_what_was_under_way_at_a_crash_is_settled_before_it_is_read(build: Build) -> None:
    rig = await build()
    serving, client = await served(rig)
    await client.write(0, content(0, 1, BLOCK))
    serving.wires["r2"].swallow()
    unanswered = client.write(0, content(0, 2, BLOCK))
    async with asyncio.timeout(DEADLINE):
        while (rig.folder / "r0" / "layer-0.data").read_bytes()[:BLOCK] != content(0, 2, BLOCK):
            await asyncio.sleep(0.01)
    await serving.process.end()
    with pytest.raises(Lost):
        await unanswered
    serving, client = await successor(rig)
    await serving.process.until("settles")
    seen = await client.read(0, BLOCK)
    await client.flush()
    assert set(await held_by_each(rig, 0, BLOCK)) == {seen}


async def test_p05_a_write_that_fails_leaves_the_replicas_alike(build: Build) -> None:
    rig = await build(faulty=True)
    _, client = await served(rig)
    await client.write(0, content(0, 1, 4 * BLOCK))
    for name in rig.replicas:
        rig.voters[name].send(signal.SIGUSR1)
    with pytest.raises(Refused) as refused:
        await asyncio.wait_for(client.write(0, content(0, 2, 4 * BLOCK)), DEADLINE)
    assert refused.value.code == Code.ENOSPC
    for name in rig.replicas:
        rig.voters[name].send(signal.SIGHUP)
    reads = [client.read(0, 4 * BLOCK) for _ in range(120)]
    assert len(set(await asyncio.gather(*reads))) == 1
    await client.write(0, content(0, 3, 4 * BLOCK))


async def test_p06_a_part_of_a_block_is_never_pieced_together_from_old_bytes(build: Build) -> None:
    rig = await build(Shape(size=16 * MIB, block_size=512))
    serving, client = await served(rig)
    for offset in range(0, 16 * MIB, MIB):
        await client.write(offset, content(offset // 512, 1, MIB))
    await rebuilding(rig, serving, "r2")
    # The far end is copied last: these fall on blocks that the replica does not have yet.
    for number, offset in enumerate(range(12 * MIB + 512, 16 * MIB, 64 * 1024)):
        await client.write(offset, content(number, 2, 512))
    await serving.ask(SetPace())
    await alike(rig, serving)
    block = await client.read(12 * MIB, BLOCK)
    assert block[512:1024] == content(0, 2, 512)
    assert block[1024:] == content(12 * MIB // 512, 1, MIB)[1024:BLOCK]


async def test_p07_a_flush_reaches_every_member_or_the_member_leaves(build: Build) -> None:
    rig = await build(faulty=True)
    _, client = await served(rig)
    await client.write(0, content(0, 1, BLOCK))
    rig.voters["r1"].send(signal.SIGUSR2)
    await asyncio.wait_for(client.flush(), DEADLINE)
    assert await records_of(rig, "r0", "r2") == [frozenset({"r0", "r2"})] * 2


async def test_p08_a_slow_member_is_not_waited_for(build: Build) -> None:
    rig = await build()
    serving, client = await served(rig)
    rig.voters["r1"].send(signal.SIGSTOP)
    await asyncio.wait_for(client.write(0, content(0, 1, BLOCK)), DEADLINE)
    await serving.process.until("removing r1")
    rig.voters["r1"].send(signal.SIGCONT)
    await until_in_sync(rig, "r0", "r1", "r2")


async def test_p09_a_minority_is_silent_until_an_operator_says_so(build: Build) -> None:
    rig = await build()
    serving, client = await served(rig)
    await client.write(0, content(0, 1, BLOCK))
    for name in ("r0", "r1"):
        await rig.kill_voter(name)
    assert await is_suspended(client.write(0, content(0, 2, BLOCK)), rig)
    await serving.process.end()
    rig.names = ["r2"]
    await until_leases_end(rig)
    # Whoever killed the others attests that they are gone.
    last = (await voters(rig))[0].identity
    assert last is not None
    assert not last.overrides
    await rig.run("volume", "force", "--voter", f"unix:{rig.socket('r2')}", "--why", "r0 and r1 burnt")
    forced = (await voters(rig))[0].identity
    assert forced is not None
    (override,) = forced.overrides
    assert override.why == "r0 and r1 burnt"
    assert override.who
    assert override.when > 0
    _, client = await successor(rig)
    assert await client.read(0, BLOCK) in (content(0, 1, BLOCK), content(0, 2, BLOCK))


async def test_p10_a_stranger_at_a_replicas_address_is_left_alone(build: Build) -> None:
    rig = await build()
    serving, client = await served(rig)
    await client.write(0, content(0, 1, BLOCK))
    await rig.kill_voter("r2")
    (rig.folder / "r2").rename(rig.folder / "elsewhere")
    await rig.run(
        "replica", "create", str(rig.folder / "r2"), "--of", "other", "--name", "r2", "--size", "16M"
    )
    await rig.start_voter("r2")
    await serving.process.until("r2: what answers there is of volume other; left alone")
    await client.write(0, content(0, 2, BLOCK))
    assert await records_of(rig, "r0", "r1") == [frozenset({"r0", "r1"})] * 2
    stranger = (await voters(rig))[2].identity
    assert stranger is not None
    assert stranger.record is None
    await rig.kill_voter("r2")
    shutil.rmtree(rig.folder / "r2")
    (rig.folder / "elsewhere").rename(rig.folder / "r2")
    await rig.start_voter("r2")
    await until_in_sync(rig, "r0", "r1", "r2")


async def test_p11_discards_and_zeroes_are_writes_in_order_with_the_copier(build: Build) -> None:
    rig = await build()
    serving, client = await served(rig)
    for offset in range(0, 16 * MIB, MIB):
        await client.write(offset, content(offset // BLOCK, 1, MIB))
    await rebuilding(rig, serving, "r0")
    for offset in range(0, 16 * MIB, 256 * 1024):
        act = client.zero if offset % MIB else client.discard
        await act(offset + 8 * BLOCK, 16 * BLOCK)
    await serving.ask(SetPace())
    await alike(rig, serving)
    assert await client.read(15 * MIB + 8 * BLOCK, 16 * BLOCK) == bytes(16 * BLOCK)
    assert await client.read(15 * MIB, 8 * BLOCK) == content(15 * MIB // BLOCK, 1, MIB)[: 8 * BLOCK]


async def test_p12_a_member_that_fails_the_cut_leaves_not_the_snapshot(build: Build) -> None:
    rig = await build()
    serving, client = await served(rig)
    await client.write(0, content(0, 1, BLOCK))
    rig.voters["r2"].send(signal.SIGSTOP)
    await serving.ask(TakeSnapshot("s"))
    assert [one.name for one in await serving.ask(ListSnapshots())] == ["s"]
    assert await records_of(rig, "r0", "r1") == [frozenset({"r0", "r1"})] * 2
    rig.voters["r2"].send(signal.SIGCONT)
    await until_in_sync(rig, "r0", "r1", "r2")


async def test_p13_a_size_is_published_once_all_members_have_it(build: Build) -> None:
    rig = await build()
    serving, client = await served(rig)
    with pytest.raises(Declined, match="not every replica can do it"):
        await serving.ask(Grow(1 << 49))
    assert {record.size for record in await records(rig) if record is not None} == {16 * MIB}
    await serving.ask(Grow(20 * MIB))
    assert {record.size for record in await records(rig) if record is not None} == {20 * MIB}
    assert client.size == 16 * MIB
    grown = await Client.connect(serving.socket)
    assert grown.size == 20 * MIB
    await grown.write(20 * MIB - BLOCK, content(1, 1, BLOCK))


async def test_p14_what_was_flushed_survives_the_loss_of_every_page_cache(build: Build) -> None:
    rig = await build(faulty=True)
    serving, client = await served(rig)
    await client.write(0, content(0, 1, 8 * BLOCK))
    await client.flush()
    await serving.process.end()
    # On these disks kill -9 is a loss of power: what was not synced is gone.
    for name in rig.names:
        await rig.kill_voter(name)
    for name in rig.names:
        await rig.start_voter(name)
    _, client = await successor(rig)
    assert await client.read(0, 8 * BLOCK) == content(0, 1, 8 * BLOCK)


async def test_p15_after_a_failed_sync_a_replica_stays_failed(build: Build) -> None:
    rig = await build(faulty=True)
    serving, client = await served(rig)
    await client.write(0, content(0, 1, BLOCK))
    rig.voters["r1"].send(signal.SIGUSR2)
    await asyncio.wait_for(client.flush(), DEADLINE)
    # The disk syncs again, as if nothing had been; a second sync would even succeed.
    rig.voters["r1"].send(signal.SIGHUP)
    for _ in range(2):
        failed = (await voters(rig))[1].identity
        assert failed is not None
        assert "failed for good" in failed.failure
        assert await records_of(rig, "r0", "r2") == [frozenset({"r0", "r2"})] * 2
        await rig.kill_voter("r1")
        await rig.start_voter("r1")
    await rig.kill_voter("r1")
    await rig.run("replica", "mend", str(rig.folder / "r1"))
    await rig.start_voter("r1")
    await serving.process.until("r1: in sync again")


async def test_p16_a_delayed_write_of_an_old_controller_never_lands(build: Build) -> None:
    rig = await build()
    first, old = await served(rig)
    await old.write(0, content(0, 1, BLOCK))
    for wire in first.wires.values():
        wire.hold()
    late = old.write(0, content(0, 2, BLOCK))
    _, new = await successor(rig)
    await new.write(0, content(0, 3, BLOCK))
    for wire in first.wires.values():
        wire.heal()
    with pytest.raises(Lost):
        await asyncio.wait_for(late, DEADLINE)
    reads = [new.read(0, BLOCK) for _ in range(200)]
    assert set(await asyncio.gather(*reads)) == {content(0, 3, BLOCK)}
    await new.flush()
    assert set(await held_by_each(rig, 0, BLOCK)) == {content(0, 3, BLOCK)}
