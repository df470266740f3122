"""Keeps an attached volume usable while its controller is away: requests wait, and are asked again.

A kernel or nbdfuse that loses its server gives errors to the file system for ever. So they are
connected to this small process, which outlives controllers. Asking again is safe: what was not
answered may have happened or not, and the replicas take no delayed write of an earlier
controller (their session is over).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import quote

from blockengine.protocol.nbd import Code
from blockengine.protocol.nbd_client import Client, Lost, Refused
from blockengine.replica.files import Bytes
from blockengine.volume.device import Refusal
from blockengine.volume.nbd_source import NbdSource

_AGAIN_FIRST, _AGAIN_LAST = 0.05, 1.0

Call = Callable[[Client], asyncio.Future[bytes]]


class Bridge:
    """A `Device` over whatever serves at an NBD socket. `size` is what was there first.

    `export` names a snapshot's; that one can only be read.
    """

    def __init__(self, socket: Path, *, block_size: int, export: str = "") -> None:
        self._socket, self.block_size = socket, block_size
        self._export, self.read_only = export, bool(export)
        self.size = 0
        self._client: Client | None = None
        self._connecting = asyncio.Lock()
        self._map: NbdSource | None = None
        self._mapping = asyncio.Lock()

    async def connected(self) -> Client:
        """The connection, made anew as often as it takes."""
        async with self._connecting:
            pause = _AGAIN_FIRST
            while self._client is None or self._client.lost:
                try:
                    self._client = await Client.connect(self._socket, self._export)
                    self.size = self.size or self._client.size
                except (OSError, Lost):
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, _AGAIN_LAST)
            return self._client

    async def _do(self, call: Call) -> bytes:
        """An answer, from this controller or from one that comes after it. Raises: Refusal."""
        while True:
            client = self._client
            if client is None or client.lost:
                client = await self.connected()
            try:
                return await call(client)
            except Lost:
                continue
            except Refused as refused:
                if refused.code != Code.ESHUTDOWN:
                    raise Refusal(refused.code, "the volume refused it") from None
                client.close()

    async def _change(self, call: Call, *, durable: bool) -> None:
        await self._do(call)
        if durable:
            await self.flush()

    def read(self, offset: int, length: int) -> Awaitable[bytes]:
        return self._do(lambda client: client.read(offset, length))

    def write(self, offset: int, data: Bytes, *, durable: bool) -> Awaitable[None]:
        payload = bytes(data)
        return self._change(lambda client: client.write(offset, payload), durable=durable)

    def zero(self, offset: int, length: int, *, durable: bool) -> Awaitable[None]:
        return self._change(lambda client: client.zero(offset, length), durable=durable)

    def discard(self, offset: int, length: int, *, durable: bool) -> Awaitable[None]:
        return self._change(lambda client: client.discard(offset, length), durable=durable)

    async def flush(self) -> None:
        await self._do(lambda client: client.flush())

    async def allocation(self, offset: int, length: int) -> list[tuple[int, bool]]:
        """(bytes, whether there is something) of a range, as whoever serves it says."""
        found: list[tuple[int, bool]] = []
        left = length
        while left:
            try:
                told = await (await self._mapper()).status(offset, left)
            except Refusal:
                if self._map is None or not self._map.lost:
                    # It won't tell: then all counts as data, and reads give zeroes where there is none.
                    return [*found, (left, True)]
                continue
            for size, zero in told:
                here = min(size, left)
                if here:
                    found.append((here, not zero))
                offset, left = offset + here, left - here
        return found

    async def _mapper(self) -> NbdSource:
        """A connection for block status, which needs structured replies: made anew as often as it takes."""
        async with self._mapping:
            pause = _AGAIN_FIRST
            while self._map is None or self._map.lost:
                self._map = None
                try:
                    self._map = await NbdSource.connect(
                        f"nbd+unix:///{quote(self._export, safe='')}?socket={quote(str(self._socket))}"
                    )
                except (OSError, Refusal):
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, _AGAIN_LAST)
            return self._map

    def close(self) -> None:
        """Hang up."""
        if self._client is not None:
            self._client.close()
        if self._map is not None:
            self._map.close()
