"""Scratch volumes of real processes, for tests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from blockengine.membership.record import Record
from blockengine.protocol.address import parse
from blockengine.protocol.nbd_client import Client
from blockengine.verify.rig import Rig, Serving, Shape
from blockengine.volume.founding import Reached, reach

DEADLINE = 60
Made = Callable[[Shape], Awaitable[Rig]]


async def served(rig: Rig) -> tuple[Serving, Client]:
    serving = await rig.start_controller()
    await serving.process.until("serving")
    return serving, await Client.connect(serving.socket)


async def voters(rig: Rig) -> list[Reached]:
    found = await reach([parse(f"unix:{rig.socket(name)}") for name in rig.names], tls=None, deadline=5)
    for one in found:
        one.link.fail("seen")
    return found


async def records(rig: Rig) -> list[Record | None]:
    return [one.identity.record for one in await voters(rig) if one.identity is not None]


async def until_in_sync(rig: Rig, *names: str) -> None:
    """Until every voter's record says that exactly these are in sync."""
    async with asyncio.timeout(DEADLINE):
        while True:
            held = await records(rig)
            if held and all(record is not None and record.member_ids == set(names) for record in held):
                return
            await asyncio.sleep(0.05)


async def until_leases_end(rig: Rig) -> None:
    """Until no voter that answers keeps a lease of a controller that was killed."""
    async with asyncio.timeout(DEADLINE):
        while any(one.identity is not None and one.identity.leased is not None for one in await voters(rig)):
            await asyncio.sleep(0.05)


async def is_suspended(request: asyncio.Future[bytes], rig: Rig) -> bool:
    """Whether a request is still unanswered well after leases and deadlines ran out."""
    await asyncio.wait([request], timeout=3 * rig.shape.lease / 1000 + rig.shape.deadline)
    return not request.done()
