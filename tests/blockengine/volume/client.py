"""A small NBD client that can also say what no client should."""

from __future__ import annotations

import asyncio
import struct

from blockengine.protocol import nbd
from blockengine.protocol.nbd import Chunk, Command, Option


class RawClient:
    """Speaks byte by byte; `structured` after `go`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.cookie = 0

    @classmethod
    async def connect(cls, path: str) -> RawClient:
        client = cls(*await asyncio.open_unix_connection(path))
        await client.reader.readexactly(18)
        client.writer.write(struct.pack(">I", 3))
        return client

    async def option(self, option: int, payload: bytes = b"") -> list[tuple[int, bytes]]:
        """The replies to one option, up to its ACK or error."""
        self.writer.write(nbd.OPTION.pack(nbd.OPTION_MAGIC, option, len(payload)) + payload)
        replies = []
        while True:
            _, _, kind, length = nbd.OPTION_REPLY.unpack(await self.reader.readexactly(20))
            replies.append((kind, await self.reader.readexactly(length)))
            if kind == nbd.Answer.ACK or kind & 1 << 31:
                return replies

    async def go(self, name: str = "") -> list[tuple[int, bytes]]:
        await self.option(Option.STRUCTURED_REPLY)
        contexts = struct.pack(">II", 0, 1) + struct.pack(">I", 15) + b"base:allocation"
        await self.option(Option.SET_META_CONTEXT, contexts)
        raw = name.encode()
        return await self.option(Option.GO, struct.pack(">I", len(raw)) + raw + b"\0\0")

    def send(self, command: int, offset: int, length: int, *, flags: int = 0, data: bytes = b"") -> int:
        self.cookie += 1
        head = nbd.REQUEST.pack(nbd.REQUEST_MAGIC, flags, command, self.cookie, offset, length)
        self.writer.write(head + data)
        return self.cookie

    async def answer(self) -> tuple[int, int, bytes]:
        """(cookie, error, data) of the next reply."""
        (magic,) = struct.unpack(">I", await self.reader.readexactly(4))
        if magic == nbd.SIMPLE_MAGIC:
            code, cookie = struct.unpack(">IQ", await self.reader.readexactly(12))
            return cookie, code, b""
        _, kind, cookie, length = struct.unpack(">HHQI", await self.reader.readexactly(16))
        body = await self.reader.readexactly(length)
        if kind == Chunk.ERROR:
            return cookie, struct.unpack_from(">I", body)[0], body[6:]
        return cookie, 0, body[8:] if kind == Chunk.OFFSET_DATA else body

    async def ask(
        self, command: int, offset: int, length: int, *, flags: int = 0, data: bytes = b""
    ) -> tuple[int, bytes]:
        """(error, data) of one request."""
        cookie = self.send(command, offset, length, flags=flags, data=data)
        got, code, body = await self.answer()
        assert got == cookie
        return code, body

    async def write(self, offset: int, data: bytes, *, flags: int = 0) -> int:
        return (await self.ask(Command.WRITE, offset, len(data), flags=flags, data=data))[0]

    async def read(self, offset: int, length: int) -> bytes:
        code, body = await self.ask(Command.READ, offset, length)
        assert not code
        return body

    def close(self) -> None:
        self.writer.close()
