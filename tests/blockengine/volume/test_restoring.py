"""Volumes taken back to a snapshot, and new ones made from one."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable

import pytest

from blockengine.protocol.admin import (
    Act,
    DeleteSnapshot,
    Jobs,
    ListSnapshots,
    Progress,
    RestoreSnapshot,
    SetPace,
    Status,
    TakeSnapshot,
)
from blockengine.protocol.nbd_client import Client, Lost
from blockengine.replica.layer import BLOCK
from blockengine.verify.blocks import content
from blockengine.verify.rig import Rig, Serving, Shape
from blockengine.volume import cloning
from blockengine.volume.asking import Declined, Silent
from tests.blockengine.volume.rigs import DEADLINE, Made, records, served, until_in_sync
from tests.blockengine.volume.test_snapshots import on_each_replica, snapshot_bytes

MIB = 1 << 20
pytestmark = pytest.mark.timeout(400)


async def test_a_volume_is_taken_back_and_can_be_taken_forth_again(made: Made) -> None:
    rig = await made(Shape())
    serving, client = await served(rig)
    for unit in range(100):
        await client.write(unit * BLOCK, content(unit, 1, BLOCK))
    old = await client.read(0, 120 * BLOCK)
    await serving.ask(TakeSnapshot("s"))
    for unit in range(90, 120):
        await client.write(unit * BLOCK, content(unit, 2, BLOCK))
    await client.discard(0, 7 * BLOCK)
    new = await client.read(0, 120 * BLOCK)
    client.close()
    async with asyncio.timeout(DEADLINE):
        while (await serving.ask(Status())).clients:
            await asyncio.sleep(0.05)
    await serving.ask(RestoreSnapshot("s", keep="later"))
    client = await Client.connect(serving.socket)
    assert await client.read(0, 120 * BLOCK) == old
    await client.write(0, content(0, 3, BLOCK))
    assert await snapshot_bytes(serving, "s", 0, 120 * BLOCK) == old
    client.close()
    await serving.ask(RestoreSnapshot("later", disconnect=True))
    client = await Client.connect(serving.socket)
    assert await client.read(0, 120 * BLOCK) == new
    client.close()
    found = await on_each_replica(rig, serving)
    assert found["r0"] == found["r1"] == found["r2"]


async def test_clients_keep_a_volume_from_being_restored_unless_they_may_be_cut_off(made: Made) -> None:
    rig = await made(Shape())
    serving, client = await served(rig)
    await client.write(0, content(0, 1, BLOCK))
    await serving.ask(TakeSnapshot("s"))
    await client.write(0, content(0, 2, BLOCK))
    with pytest.raises(Declined, match="1 clients have the volume open"):
        await serving.ask(RestoreSnapshot("s"))
    with pytest.raises(Declined, match="no snapshot"):
        await serving.ask(RestoreSnapshot("none", disconnect=True))
    assert await client.read(0, BLOCK) == content(0, 2, BLOCK)
    # Those of a snapshot are in nobody's way.
    reader = await Client.connect(serving.socket, "@s")
    writes = [client.write(unit * BLOCK, content(unit, 3, BLOCK)) for unit in range(200)]
    await serving.ask(RestoreSnapshot("s", disconnect=True))
    assert client.lost
    await asyncio.gather(*writes, return_exceptions=True)
    assert await reader.read(0, BLOCK) == content(0, 1, BLOCK)
    again = await Client.connect(serving.socket)
    assert await again.read(0, 200 * BLOCK) == content(0, 1, BLOCK) + bytes(199 * BLOCK)


async def test_a_restore_outlives_its_controller(made: Made) -> None:
    rig = await made(Shape(size=64 * MIB, deadline=8))
    serving, client = await served(rig)
    for number in (1, 2):
        for unit in range(64):
            await client.write(unit * MIB, content(unit, number, MIB))
        await client.flush()
        if number == 1:
            await serving.ask(TakeSnapshot("s"))
    asking = asyncio.ensure_future(serving.ask(RestoreSnapshot("s", disconnect=True)))
    await serving.process.until("restores snapshot s")
    with pytest.raises(Lost):
        await Client.connect(serving.socket)
    await serving.process.end()
    with pytest.raises(Silent):
        await asking
    assert any(record is not None and record.state.startswith("restoring") for record in await records(rig))
    serving, client = await served(rig)
    assert "restored snapshot s" in " ".join(serving.process.said)
    for unit in range(64):
        assert await client.read(unit * MIB, MIB) == content(unit, 1, MIB)


async def test_a_replica_that_was_away_learns_of_a_restore(made: Made) -> None:
    rig = await made(Shape())
    serving, client = await served(rig)
    await client.write(0, content(0, 1, BLOCK))
    await serving.ask(TakeSnapshot("s"))
    await client.write(0, content(0, 2, BLOCK))
    await client.flush()
    await rig.kill_voter("r1")
    await client.write(5 * BLOCK, content(5, 3, BLOCK))
    await serving.ask(RestoreSnapshot("s", disconnect=True))
    await rig.start_voter("r1")
    await until_in_sync(rig, "r0", "r1", "r2")
    found = await on_each_replica(rig, serving)
    assert found["r0"] == found["r1"] == found["r2"]
    assert found["r1"][1] == found["r1"][0]


async def clone_of(rig: Rig, uri: str, *, size: int) -> Rig:
    """Another volume, made to be filled from `uri`; its controller was started."""
    (rig.folder / "clone").mkdir()
    clone = Rig(rig.folder / "clone", Shape(size=size))
    await clone.create(clone=True)
    await clone.start_controller(fill_from=uri)
    return clone


async def test_a_clone_has_the_snapshot_and_stands_alone(made: Made) -> None:
    rig = await made(Shape())
    serving, client = await served(rig)
    for unit in range(0, 400, 3):
        await client.write(unit * BLOCK, content(unit, 1, BLOCK))
    old = await client.read(0, 400 * BLOCK)
    await serving.ask(TakeSnapshot("s"))
    await client.write(0, content(0, 2, BLOCK))
    clone = await clone_of(rig, f"nbd+unix:///@s?socket={serving.socket}", size=2 * rig.shape.size)
    try:
        (filled,) = clone.controllers
        await filled.process.until("serving")
        await serving.ask(DeleteSnapshot("s"))
        await serving.process.end()
        copy = await Client.connect(filled.socket)
        assert await copy.read(0, 400 * BLOCK) == old
        await copy.write(0, content(0, 3, BLOCK))
        assert await filled.ask(ListSnapshots()) == []
        # It needs no source any more.
        await filled.process.end()
        again, copy = await served(clone)
        assert await copy.read(0, BLOCK) == content(0, 3, BLOCK)
        assert again.process.alive
    finally:
        await clone.close()


async def test_a_clone_is_not_served_before_it_is_filled(made: Made) -> None:
    rig = await made(Shape())
    serving, client = await served(rig)
    await client.write(0, content(0, 1, BLOCK))
    await serving.ask(TakeSnapshot("s"))
    clone = await clone_of(rig, f"nbd+unix:///@none?socket={serving.socket}", size=rig.shape.size)
    try:
        await clone.controllers[-1].process.until("is not filled: there is no export")
        await (await clone.start_controller()).process.until("made to be filled: say from what")
        await (await clone.start_controller(fill_from="nbd+unix:///?socket=/none")).process.until(
            "not filled"
        )
        filled = await clone.start_controller(fill_from=f"nbd+unix:///@s?socket={serving.socket}")
        await filled.process.until("serving")
        assert await (await Client.connect(filled.socket)).read(0, BLOCK) == content(0, 1, BLOCK)
    finally:
        await clone.close()


async def test_a_clone_goes_on_where_its_controller_died(made: Made) -> None:
    rig = await made(Shape(replicas=1, size=96 * MIB, deadline=20))
    serving, client = await served(rig)
    for offset in range(0, rig.shape.size, MIB):
        await client.write(offset, content(offset // BLOCK, 1, MIB))
    await serving.ask(TakeSnapshot("s"))
    (rig.folder / "clone").mkdir()
    clone = Rig(rig.folder / "clone", Shape(replicas=1, size=rig.shape.size, deadline=20))
    await clone.create(clone=True)
    try:
        filling = await clone.start_controller(fill_from=f"nbd+unix:///@s?socket={serving.socket}")
        work = await progress(filling, lambda one: 0 < one.done < one.total)
        assert (work.what, work.total) == ("fill", rig.shape.size)
        while not (await how_far(clone)).offset:
            await asyncio.sleep(0.02)
        # Its source hangs, so that it can't come to its end before it is killed.
        serving.process.send(signal.SIGSTOP)
        await filling.process.end()
        done = await how_far(clone)
        assert 0 < done.offset < rig.shape.size
        serving.process.send(signal.SIGCONT)
        # Nobody says again from where.
        again = await clone.start_controller()
        assert f"from byte {done.offset} on" in await again.process.until("fills")
        await again.process.until("serving")
        copy = await Client.connect(again.socket)
        for offset in range(0, rig.shape.size, MIB):
            assert await copy.read(offset, MIB) == content(offset // BLOCK, 1, MIB)
        assert (await records(clone))[0].state == "serving"  # type: ignore[union-attr]
    finally:
        await clone.close()


async def how_far(clone: Rig) -> cloning.Progress:
    """What the record of a clone that is being filled says."""
    [record] = await records(clone)
    assert record is not None
    found = cloning.filling(record.state)
    assert found is not None
    return found


async def progress(serving: Serving, fits: Callable[[Progress], bool]) -> Progress:
    """How far a volume is that is not served yet, once that fits."""
    async with asyncio.timeout(DEADLINE):
        while True:
            with contextlib.suppress(Silent):
                for work in (await serving.ask(Status())).work:
                    if fits(work):
                        assert isinstance(work, Progress)
                        return work
            await asyncio.sleep(0.02)


def test_how_far_a_clone_is_stands_in_its_state() -> None:
    half = cloning.Progress(1 << 30, "nbd+unix:///@s?socket=/tmp/nbd")
    assert cloning.filling(half.state) == half
    assert cloning.filling("filling") == cloning.Progress(0, "")
    assert cloning.filling("serving") is None
    assert cloning.filling("restoring 5") is None


async def test_a_clone_that_is_too_small_is_refused(made: Made) -> None:
    rig = await made(Shape())
    serving, _ = await served(rig)
    await serving.ask(TakeSnapshot("s"))
    clone = await clone_of(rig, f"nbd+unix:///@s?socket={serving.socket}", size=rig.shape.size // 2)
    try:
        await clone.controllers[-1].process.until("make it larger")
    finally:
        await clone.close()


SLOW = SetPace(limit=8 * MIB)


async def two_states(serving: Serving, client: Client, units: int) -> tuple[bytes, bytes]:
    """Snapshot `s`, and other bytes since; both."""
    states = []
    for number in (1, 2):
        for unit in range(units):
            await client.write(unit * MIB, content(unit, number, MIB))
        await client.flush()
        states.append(await client.read(0, 2 * MIB))
        if number == 1:
            await serving.ask(TakeSnapshot("s"))
    return states[0], states[1]


async def restore_job(serving: Serving, fits: Callable[[Progress], bool]) -> Progress:
    """The newest restore, once it fits."""
    async with asyncio.timeout(DEADLINE):
        while True:
            with contextlib.suppress(Silent):
                found = [one for one in await serving.ask(Jobs()) if one.what == "restore"]
                if found and fits(found[-1]):
                    assert isinstance(found[-1], Progress)
                    return found[-1]
            await asyncio.sleep(0.02)


def on_its_way(one: Progress) -> bool:
    return 0 < one.done < one.total


async def test_a_restore_keeps_to_the_limit_and_rests_when_told_to(made: Made) -> None:
    rig = await made(Shape(size=64 * MIB, deadline=8))
    serving, client = await served(rig)
    old, _ = await two_states(serving, client, 64)
    await serving.ask(SLOW)
    loop = asyncio.get_running_loop()
    began = loop.time()
    asking = asyncio.ensure_future(serving.ask(RestoreSnapshot("s", disconnect=True)))
    job = await restore_job(serving, on_its_way)
    assert job.acts == ("pause",)
    await serving.ask(Act(job.number, "pause"))
    # What was under way may still end; then nothing moves.
    still = (await restore_job(serving, lambda one: one.state == "paused")).done
    async with asyncio.timeout(DEADLINE):
        while (now := (await restore_job(serving, lambda one: True)).done) != still:
            still = now
            await asyncio.sleep(1)
    assert still < job.total
    assert (await serving.ask(Status())).state == "restoring"
    with pytest.raises(Declined, match="no snapshot of what the volume was"):
        await serving.ask(Act(job.number, "stop"))
    await serving.ask(Act(job.number, "resume"))
    moved = await restore_job(serving, lambda one: one.done >= 24 * MIB)
    # No faster than the limit says, give or take what is under way at once.
    assert loop.time() - began >= (moved.done - 8 * MIB) / SLOW.limit
    await serving.ask(SetPace(limit=0))
    await asking
    client = await Client.connect(serving.socket)
    assert await client.read(0, 2 * MIB) == old
    client.close()


async def test_a_restore_that_is_cancelled_leaves_the_volume_as_it_was(made: Made) -> None:
    rig = await made(Shape(size=64 * MIB, deadline=8))
    serving, client = await served(rig)
    _, new = await two_states(serving, client, 64)
    await serving.ask(SLOW)
    asking = asyncio.ensure_future(serving.ask(RestoreSnapshot("s", keep="kept", disconnect=True)))
    job = await restore_job(serving, on_its_way)
    assert job.acts == ("pause", "stop")
    await serving.ask(Act(job.number, "stop"))
    back = await restore_job(serving, lambda one: one.words.startswith("goes back") or bool(one.ended))
    assert not back.ended
    assert (await serving.ask(Status())).state == "restoring"
    with pytest.raises(Declined, match=r"cancelled.*as it was"):
        await asking
    assert (await restore_job(serving, lambda one: bool(one.ended))).state == "stopped"
    assert (await serving.ask(Status())).state == "serving"
    client = await Client.connect(serving.socket)
    for unit in range(64):
        assert await client.read(unit * MIB, MIB) == content(unit, 2, MIB)
    assert await client.read(0, 2 * MIB) == new
    client.close()
    assert [one.name for one in await serving.ask(ListSnapshots())] == ["s", "kept"]
    found = await on_each_replica(rig, serving)
    assert found["r0"] == found["r1"] == found["r2"]


async def test_a_restore_can_be_cancelled_under_the_next_controller(made: Made) -> None:
    """The record remembers the way back; and who dies on it is succeeded by one that goes it to its end."""
    rig = await made(Shape(size=64 * MIB, deadline=8))
    serving, client = await served(rig)
    await two_states(serving, client, 64)
    await serving.ask(SLOW)
    asking = asyncio.ensure_future(serving.ask(RestoreSnapshot("s", keep="kept", disconnect=True)))
    await restore_job(serving, on_its_way)
    await serving.process.end()
    with pytest.raises(Silent):
        await asking
    second = await rig.start_controller()
    job = await restore_job(second, on_its_way)
    await second.ask(Act(job.number, "stop"))
    await restore_job(second, lambda one: one.words.startswith("goes back") and on_its_way(one))
    await second.process.end()
    third = await rig.start_controller()
    job = await restore_job(third, lambda one: one.target == "kept")
    # From the way back there is none.
    assert "stop" not in job.acts
    await third.ask(SetPace(limit=0))
    await third.process.until("serving")
    client = await Client.connect(third.socket)
    for unit in range(64):
        assert await client.read(unit * MIB, MIB) == content(unit, 2, MIB)
    client.close()
