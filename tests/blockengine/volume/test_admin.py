"""A running controller, asked and told through its admin socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import signal
import stat
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from blockengine.cli.main import main
from blockengine.protocol import admin
from blockengine.protocol.admin import Events, Stats, Status, VolumeStatus
from blockengine.protocol.nbd_client import Client, Lost
from blockengine.verify.rig import Rig, Serving, Shape
from blockengine.volume.asking import Asker, Declined, Silent, asking, connect

DEADLINE = 60


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    folder = Path(tempfile.mkdtemp(prefix="nv-"))
    made = Rig(folder, Shape())
    await made.create()
    yield made
    await made.close()
    shutil.rmtree(folder)


async def served(rig: Rig) -> Serving:
    serving = await rig.start_controller()
    await serving.process.until("serving")
    return serving


async def until(asker: Asker, condition: object) -> VolumeStatus:
    assert callable(condition)
    async with asyncio.timeout(DEADLINE):
        while True:
            status = await asker.ask(Status(), deadline=DEADLINE)
            if condition(status):
                assert isinstance(status, VolumeStatus)
                return status
            await asyncio.sleep(0.05)


def roles(status: VolumeStatus) -> dict[str, str]:
    return {voter.id: voter.role for voter in status.voters}


async def test_the_status_follows_a_replica_that_dies_and_comes_back(rig: Rig) -> None:
    serving = await served(rig)
    client = await Client.connect(serving.socket)
    async with asking(serving.admin) as asker:
        status = await until(asker, lambda status: status.state == "serving")
        assert (status.volume, status.size, status.block_size) == ("scratch", 16 << 20, 4096)
        assert status.clients == 1
        assert status.pid == serving.process.process.pid
        assert roles(status) == dict.fromkeys(("r0", "r1", "r2"), "in-sync")
        before = (await asker.ask(Events(), deadline=DEADLINE))[-1].number
        waiting = asyncio.ensure_future(asker.ask(Events(before, 60), deadline=DEADLINE))
        await rig.kill_voter("r1")
        await client.write(0, bytes(4096))
        status = await until(asker, lambda status: roles(status)["r1"] == "out-of-sync")
        assert status.state == "serving"
        gone = next(voter for voter in status.voters if voter.id == "r1")
        assert not gone.connected
        assert gone.trouble
        assert "lost r1" in (await waiting)[0].text
        await rig.start_voter("r1")
        await until(asker, lambda status: roles(status)["r1"] == "in-sync")


async def test_a_volume_without_a_majority_says_that_it_is_suspended(rig: Rig) -> None:
    serving = await served(rig)
    async with asking(serving.admin) as asker:
        await rig.kill_voter("r1")
        await rig.kill_voter("r2")
        await until(asker, lambda status: status.state == "suspended")


async def test_a_second_controller_waits_and_says_for_what(rig: Rig) -> None:
    await served(rig)
    second = await rig.start_controller()
    await second.process.until("another controller's lease")
    async with asking(second.admin) as asker:
        status = await asker.ask(Status(), deadline=DEADLINE)
        assert status.state == "waiting"
        assert "another controller's lease" in status.words
        with pytest.raises(Declined, match="not served yet"):
            await asker.ask(Stats(), deadline=DEADLINE)


async def test_what_goes_through_is_counted(rig: Rig) -> None:
    serving = await served(rig)
    client = await Client.connect(serving.socket)
    await client.write(0, bytes(8192))
    await client.read(0, 4096)
    await client.zero(0, 4096)
    await client.discard(4096, 4096)
    await client.flush()
    async with asking(serving.admin) as asker:
        traffic = await asker.ask(Stats(), deadline=DEADLINE)
    assert (traffic.reads.count, traffic.reads.bytes) == (1, 4096)
    assert (traffic.writes.count, traffic.writes.bytes) == (2, 8192 + 4096)
    assert (traffic.discards.count, traffic.discards.bytes) == (1, 4096)
    assert traffic.flushes.count == 1
    assert traffic.reads.seconds > 0
    assert traffic.uptime > 0


async def test_nonsense_is_answered_and_hurts_nobody(rig: Rig) -> None:
    serving = await served(rig)
    assert stat.S_IMODE(serving.admin.stat().st_mode) == 0o600
    reader, writer = await asyncio.open_unix_connection(str(serving.admin))
    unknown = b'{"id":7,"ask":{"verb":"Explode"}}\n', b'{"id":8,"ask":{"verb":"Stats","x":1}}\n'
    writer.writelines((b"\n", b"[]\n", *unknown))
    told = [admin.decode_told(await reader.readline()) for _ in range(4)]
    assert all("not understood" in one.error for one in told)
    assert {one.id for one in told} == {0, 7, 8}
    writer.write(b"x" * (2 * admin.MAX_LINE))
    # It hangs up; whether we are reading or writing then decides how we notice.
    with contextlib.suppress(ConnectionError):
        assert await reader.read() == b""
    async with asking(serving.admin) as asker:
        assert (await asker.ask(Status(), deadline=DEADLINE)).state == "serving"


async def test_a_controller_that_ends_leaves_nobody_waiting(rig: Rig) -> None:
    serving = await served(rig)
    asker = await connect(serving.admin)
    waiting = asyncio.ensure_future(asker.ask(Events(10_000, 60), deadline=DEADLINE))
    await until(asker, lambda status: status.state == "serving")
    await serving.process.end()
    with pytest.raises(Silent):
        await waiting
    with pytest.raises(Silent):
        await asker.ask(Status(), deadline=DEADLINE)
    await asker.close()
    with pytest.raises(Silent):
        await connect(serving.admin)


async def test_a_controller_told_to_stop_hangs_up_in_order(rig: Rig) -> None:
    serving = await served(rig)
    client = await Client.connect(serving.socket)
    await client.write(0, bytes(4096))
    async with asking(serving.admin) as asker:
        waiting = asyncio.ensure_future(asker.ask(Events(10_000, 60), deadline=DEADLINE))
        await until(asker, lambda status: status.state == "serving")
        assert await serving.process.end(signal.SIGTERM) == 0
        with pytest.raises(Silent):
            await waiting
    said = "\n".join(serving.process.said)
    assert "Traceback" not in said
    assert "Cancelled" not in said


async def test_a_suspended_controller_told_to_stop_ends(rig: Rig) -> None:
    serving = await served(rig)
    client = await Client.connect(serving.socket)
    async with asking(serving.admin) as asker:
        await rig.kill_voter("r1")
        await rig.kill_voter("r2")
        await until(asker, lambda status: status.state == "suspended")
        written = asyncio.ensure_future(client.write(0, bytes(4096)))
        assert await serving.process.end(signal.SIGTERM) == 0
    # Nobody was told that it was written.
    with pytest.raises(Lost):
        await asyncio.wait_for(written, DEADLINE)
    said = "\n".join(serving.process.said)
    assert "ends without a last flush" in said
    assert "Traceback" not in said


async def test_it_can_be_asked_by_hand(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    serving = await served(rig)
    assert await asyncio.to_thread(main, ["ask", str(serving.admin), "Status"]) == 0
    assert json.loads(capsys.readouterr().out)["volume"] == "scratch"
    assert await asyncio.to_thread(main, ["ask", str(serving.admin), "Events", "after=x"]) == 1
    assert "int" in capsys.readouterr().err
