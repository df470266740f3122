"""Merges, restores and clones tell how far they are, and what a volume is meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from blockengine.protocol.admin import (
    Act,
    DeleteSnapshot,
    Jobs,
    Progress,
    RestoreSnapshot,
    SetPace,
    Status,
    TakeSnapshot,
)
from blockengine.protocol.messages import LayerSize
from blockengine.protocol.nbd_client import Client
from blockengine.replica.layer import BLOCK
from blockengine.verify.blocks import content
from blockengine.verify.rig import Serving, Shape
from blockengine.volume.asking import Asker, Declined, Silent, asking
from blockengine.volume.merges import left
from tests.blockengine.volume.rigs import DEADLINE, Made, served, until_in_sync
from tests.blockengine.volume.test_restoring import clone_of

MIB = 1 << 20
SIZE = 32 * MIB
LARGE = 96 * MIB
"""Enough for a merge, which copies within one machine, to be seen on its way."""


async def write(client: Client, count: int, number: int) -> None:
    for unit in range(count):
        await client.write(unit * MIB, content(unit * MIB // BLOCK, number, MIB))
    await client.flush()


async def seen(asker: Asker, what: str, during: asyncio.Future[object] | None = None) -> list[Progress]:
    """Every progress of the newest job of a kind, until it is over."""
    told: list[Progress] = []
    async with asyncio.timeout(DEADLINE):
        while not told or not told[-1].ended:
            found = [one for one in await asker.ask(Jobs(), deadline=DEADLINE) if one.what == what]
            told += found[-1:]
            if during is not None and during.done() and not found:
                break
            await asyncio.sleep(0.005)
    return told


async def newest(asker: Asker, what: str, fits: Callable[[Progress], bool]) -> Progress:
    """The newest job of a kind, once it fits."""
    async with asyncio.timeout(DEADLINE):
        while True:
            found = [one for one in await asker.ask(Jobs(), deadline=DEADLINE) if one.what == what]
            if found and fits(found[-1]):
                return found[-1]
            await asyncio.sleep(0.02)


def grows(told: list[Progress], total: int) -> bool:
    """It was seen on its way, never went back, and ended with all of it."""
    done = [one.done for one in told]
    on_the_way = any(0 < one.done < one.total for one in told)
    return done == sorted(done) and on_the_way and (told[-1].done, told[-1].total) == (total, total)


async def two_states(serving: Serving, client: Client, size: int = SIZE) -> None:
    """Snapshot `s`, and as much written since."""
    await write(client, size // MIB, 1)
    await serving.ask(TakeSnapshot("s"))
    await write(client, size // MIB, 2)


async def test_a_merge_tells_how_far_it_is(made: Made) -> None:
    rig = await made(Shape(size=LARGE))
    serving, client = await served(rig)
    await two_states(serving, client, LARGE)
    async with asking(serving.admin) as asker:
        await serving.ask(DeleteSnapshot("s"))
        told = await seen(asker, "merge")
        assert told[-1].state == "done"
        assert told[-1].total >= LARGE
        assert grows(told, told[-1].total)
        assert any(one.rate for one in told)
        assert (await asker.ask(Status(), deadline=DEADLINE)).state == "serving"


async def test_a_restore_is_a_state_and_tells_how_far_it_is(made: Made) -> None:
    rig = await made(Shape(size=SIZE, deadline=8))
    serving, client = await served(rig)
    await two_states(serving, client)
    async with asking(serving.admin) as asker:
        restoring = asyncio.ensure_future(serving.ask(RestoreSnapshot("s", disconnect=True)))
        states = {"serving"}
        told = []
        async with asyncio.timeout(DEADLINE):
            while not told or not told[-1].ended:
                status = await asker.ask(Status(), deadline=DEADLINE)
                if not restoring.done():
                    states.add(status.state)
                told += [one for one in await asker.ask(Jobs(), deadline=DEADLINE) if one.what == "restore"]
        await restoring
        assert "restoring" in states
        assert told[-1].target == "s"
        assert grows(told, SIZE)
        assert (await asker.ask(Status(), deadline=DEADLINE)).state == "serving"
        with pytest.raises(Declined, match="is over"):
            await asker.ask(Act(told[-1].number, "pause"), deadline=DEADLINE)


async def answers(socket: Path) -> None:
    """Until somebody listens there; the path is there a moment before."""
    while True:
        try:
            async with asking(socket):
                return
        except Silent:
            await asyncio.sleep(0.01)


async def test_a_clone_is_filling_until_it_is_whole(made: Made) -> None:
    rig = await made(Shape(size=SIZE))
    serving, client = await served(rig)
    await two_states(serving, client)
    clone = await clone_of(rig, f"nbd+unix:///@s?socket={serving.socket}", size=SIZE)
    try:
        (filled,) = clone.controllers
        async with asyncio.timeout(DEADLINE):
            await answers(filled.admin)
        async with asking(filled.admin) as asker:
            states, told = [], []
            async with asyncio.timeout(DEADLINE):
                while "serving" not in states:
                    states.append((await asker.ask(Status(), deadline=DEADLINE)).state)
                    told += [one for one in await asker.ask(Jobs(), deadline=DEADLINE) if one.what == "fill"]
            assert "filling" in states
            assert states.index("filling") < states.index("serving")
            assert grows(told, SIZE)
    finally:
        await clone.close()


def test_what_is_left_to_merge() -> None:
    layers = [LayerSize(7, 100), LayerSize(8, 50, 20), LayerSize(9, 40), LayerSize(0, 10)]
    assert left(layers, (7, 8, 9)) == 0
    assert left(layers, (8, 9)) == 30
    assert left(layers, (8,)) == 30 + 10
    assert left([LayerSize(7, 1), LayerSize(0, 0)], ()) == 1


async def test_a_merge_rests_when_told_to_and_keeps_to_the_limit(made: Made) -> None:
    rig = await made(Shape(size=SIZE))
    serving, client = await served(rig)
    await two_states(serving, client)
    limit = 8 * MIB
    await serving.ask(SetPace(limit=limit))
    loop = asyncio.get_running_loop()
    began = loop.time()
    await serving.ask(DeleteSnapshot("s"))
    async with asking(serving.admin) as asker:
        merge = await newest(asker, "merge", lambda one: 0 < one.done < one.total)
        number = merge.number
        assert merge.acts == ("pause",)
        with pytest.raises(Declined, match="given up before it began"):
            await asker.ask(Act(number, "stop"), deadline=DEADLINE)
        await asker.ask(Act(number, "pause"), deadline=DEADLINE)
        still = (await newest(asker, "merge", lambda one: one.state == "paused")).done
        # What was under way may still end; then nothing moves, on no member.
        async with asyncio.timeout(DEADLINE):
            while (now := (await newest(asker, "merge", lambda one: True)).done) != still:
                still = now
                await asyncio.sleep(1)
        # A replica that comes back meanwhile is told as well.
        await rig.kill_voter("r1")
        await rig.start_voter("r1")
        await until_in_sync(rig, *rig.names)
        merge = await newest(asker, "merge", lambda one: True)
        assert (merge.state, merge.done < merge.total) == ("paused", True)
        await asker.ask(Act(number, "resume"), deadline=DEADLINE)
        merge = await newest(asker, "merge", lambda one: bool(one.ended))
        assert merge.state == "done"
        assert loop.time() - began >= SIZE / limit - 1
    client.close()
