"""A pipelined NBD client, for the bridge and for the programs that judge a volume."""

from __future__ import annotations

import asyncio
import struct
from pathlib import Path
from typing import cast

from blockengine.protocol import nbd
from blockengine.protocol.nbd import Answer, Command, Option

_GREETING = 18


class Lost(Exception):
    """The connection ended before the answer."""


class Refused(Exception):
    """The server answered with an error; `code` is the protocol's."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(f"error {code}")


class Client(asyncio.Protocol):
    """One connection. Use `connect`. Methods raise Lost and Refused."""

    def __init__(self, export: str = "") -> None:
        self._export = export.encode()
        self._buffer = bytearray()
        self._pending: dict[int, tuple[asyncio.Future[bytes], int]] = {}
        self._cookie = 0
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._greeted = False
        self.size = 0
        self.lost = False

    @classmethod
    async def connect(cls, socket: Path, export: str = "") -> Client:
        """Connect and negotiate with simple replies. Raises: OSError, Lost."""
        client = cls(export)
        await asyncio.get_running_loop().create_unix_connection(lambda: client, str(socket))
        await client._ready
        return client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not derive from asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        go = struct.pack(">I", len(self._export)) + self._export + struct.pack(">H", 0)
        head = nbd.OPTION.pack(nbd.OPTION_MAGIC, Option.GO, len(go))
        self._transport.write(struct.pack(">I", nbd.FIXED_NEWSTYLE | nbd.NO_ZEROES) + head + go)

    def connection_lost(self, error: Exception | None) -> None:
        self.lost = True
        pending, self._pending = self._pending, {}
        for answer, _ in pending.values():
            if not answer.done():
                answer.set_exception(Lost())
        if not self._ready.done():
            self._ready.set_exception(Lost())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while not self.lost:
            used = self._reply() if self._ready.done() else self._negotiate()
            if not used:
                return
            del self._buffer[:used]

    def _negotiate(self) -> int:
        if not self._greeted:
            self._greeted = len(self._buffer) >= _GREETING
            return _GREETING if self._greeted else 0
        if len(self._buffer) < nbd.OPTION_REPLY.size:
            return 0
        _, _, kind, length = nbd.OPTION_REPLY.unpack_from(self._buffer)
        whole: int = nbd.OPTION_REPLY.size + length
        if len(self._buffer) < whole:
            return 0
        body = self._buffer[nbd.OPTION_REPLY.size : whole]
        if kind == Answer.INFO and body[:2] == b"\0\0":
            self.size = struct.unpack_from(">Q", body, 2)[0]
        elif kind == Answer.ACK:
            self._ready.set_result(None)
        elif kind & 1 << 31:
            self._transport.abort()
        return whole

    def _reply(self) -> int:
        if len(self._buffer) < nbd.SIMPLE.size:
            return 0
        _, code, cookie = nbd.SIMPLE.unpack_from(self._buffer)
        answer, length = self._pending[cookie]
        whole: int = nbd.SIMPLE.size + (0 if code else length)
        if len(self._buffer) < whole:
            return 0
        del self._pending[cookie]
        if not answer.done():
            if code:
                answer.set_exception(Refused(code))
            else:
                answer.set_result(bytes(self._buffer[nbd.SIMPLE.size : whole]))
        return whole

    def _ask(self, command: int, offset: int, length: int, data: bytes = b"") -> asyncio.Future[bytes]:
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        if self.lost:
            answer.set_exception(Lost())
            return answer
        self._cookie += 1
        self._pending[self._cookie] = (answer, length if command == Command.READ else 0)
        head = nbd.REQUEST.pack(nbd.REQUEST_MAGIC, 0, command, self._cookie, offset, length)
        self._transport.write(head + data)
        return answer

    def read(self, offset: int, length: int) -> asyncio.Future[bytes]:
        return self._ask(Command.READ, offset, length)

    def write(self, offset: int, data: bytes) -> asyncio.Future[bytes]:
        return self._ask(Command.WRITE, offset, len(data), data)

    def zero(self, offset: int, length: int) -> asyncio.Future[bytes]:
        return self._ask(Command.WRITE_ZEROES, offset, length)

    def discard(self, offset: int, length: int) -> asyncio.Future[bytes]:
        return self._ask(Command.TRIM, offset, length)

    def flush(self) -> asyncio.Future[bytes]:
        return self._ask(Command.FLUSH, 0, 0)

    def abandon(self) -> None:
        """Give up what is pending, but stay connected: answers to it are not looked at."""
        for answer, _ in self._pending.values():
            if not answer.done():
                answer.set_exception(Lost())

    def close(self) -> None:
        """Hang up."""
        self._transport.abort()
