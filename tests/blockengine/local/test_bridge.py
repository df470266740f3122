"""The bridge passes on what is allocated, from this controller and from the next one."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from blockengine.local.bridge import Bridge
from blockengine.replica.files import Bytes
from blockengine.volume.device import Refusal
from blockengine.volume.nbd_server import Server

BLOCK = 4096
SIZE = 64 * BLOCK


class Disk:
    """Has something in every block whose number is in `there`."""

    block_size, read_only, size = BLOCK, False, SIZE

    def __init__(self, *there: int, tells: bool = True) -> None:
        self.there, self.tells = there, tells

    def read(self, offset: int, length: int) -> bytes:
        return bytes(length)

    def write(self, offset: int, data: Bytes, *, durable: bool) -> None:
        return None

    def zero(self, offset: int, length: int, *, durable: bool) -> None:
        return None

    discard = zero

    async def flush(self) -> None:
        return None

    def allocation(self, offset: int, length: int) -> list[tuple[int, bool]]:
        if not self.tells:
            raise Refusal(22, "not here")
        found: list[tuple[int, bool]] = []
        for block in range(offset // BLOCK, (offset + length) // BLOCK):
            has = block in self.there
            if found and found[-1][1] == has:
                found[-1] = (found[-1][0] + BLOCK, has)
            else:
                found.append((BLOCK, has))
        return found


@pytest.fixture
def socket() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="nv-"))
    yield folder / "nbd"
    shutil.rmtree(folder)


async def test_holes_are_holes_behind_a_bridge(socket: Path) -> None:
    server = Server(Disk(0, 1, 9))
    await server.listen_unix(str(socket))
    bridge = Bridge(socket, block_size=BLOCK)
    wanted = [(2 * BLOCK, True), (7 * BLOCK, False), (BLOCK, True), (54 * BLOCK, False)]
    assert await bridge.allocation(0, SIZE) == wanted
    assert await bridge.allocation(BLOCK, 4 * BLOCK) == [(BLOCK, True), (3 * BLOCK, False)]
    # The controller goes; who asks meanwhile is answered by the next one.
    await server.stop()
    asked = asyncio.ensure_future(bridge.allocation(0, 2 * BLOCK))
    await asyncio.wait([asked], timeout=0.2)
    assert not asked.done()
    socket.unlink(missing_ok=True)
    server = Server(Disk(1))
    await server.listen_unix(str(socket))
    async with asyncio.timeout(60):
        assert await asked == [(BLOCK, False), (BLOCK, True)]
    bridge.close()
    await server.stop()


async def test_what_is_not_told_counts_as_data(socket: Path) -> None:
    server = Server(Disk(tells=False))
    await server.listen_unix(str(socket))
    bridge = Bridge(socket, block_size=BLOCK)
    assert await bridge.allocation(0, SIZE) == [(SIZE, True)]
    bridge.close()
    await server.stop()
