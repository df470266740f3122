"""The NBD front end: listens, and knows who is connected."""

from __future__ import annotations

import asyncio

from blockengine.protocol.stream import Room
from blockengine.volume.device import Device, Exports
from blockengine.volume.nbd_connection import Connection
from blockengine.volume.nbd_handshake import Offer


class Server:
    """Listens on a UNIX socket or a TCP address for one device; `room` makes memory for clients' payloads."""

    def __init__(
        self, device: Device, name: str = "", others: Exports | None = None, *, room: Room = bytearray
    ) -> None:
        self._room = room
        self._offer = Offer(device, name, others)
        self._alive: set[Connection] = set()
        self._listener: asyncio.Server | None = None

    async def listen_unix(self, path: str) -> None:
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_unix_server(self._connection, path)

    async def listen_tcp(self, host: str, port: int) -> int:
        """Listen; the port, which the system chose if `port` is 0."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._connection, host, port)
        chosen: int = self._listener.sockets[0].getsockname()[1]
        return chosen

    def _connection(self) -> Connection:
        return Connection(self._offer, self._alive, self._room)

    @property
    def clients(self) -> int:
        """How many are connected."""
        return len(self._alive)

    @property
    def users(self) -> int:
        """How many have the device itself open."""
        return len(self._users())

    def _users(self) -> list[Connection]:
        return [connection for connection in self._alive if connection.uses(self._offer.device)]

    async def hang_up(self) -> None:
        """Cut off those who have the device itself open; nothing of theirs is under way on return."""
        for connection in self._users():
            await connection.cut()

    def abort(self) -> None:
        """Take no more clients, and hang up on those there are: nothing may be answered any more."""
        if self._listener is not None:
            self._listener.close()
        for connection in list(self._alive):
            connection.abort()

    async def stop(self, *, patience: float = 10) -> None:
        """Take no more clients, answer what was asked, hang up.

        A client that takes no answer within `patience` seconds is cut off; what it asked for
        is still carried out before this returns, so that the device may be closed then.
        """
        if self._listener is not None:
            self._listener.close()
        for connection in list(self._alive):
            connection.end()
        leaving = [asyncio.create_task(connection.gone.wait()) for connection in self._alive]
        if leaving:
            await asyncio.wait(leaving, timeout=patience)
        for task in leaving:
            task.cancel()
        for connection in list(self._alive):
            await connection.cut()
