"""An NBD export as a source of bytes: what a clone is filled from. It may be any server's."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, unquote, urlsplit

from blockengine.protocol import nbd
from blockengine.protocol.nbd import Answer, Chunk, Code, Command, Info, Option
from blockengine.volume.device import Refusal

_GREETING = 18
_STATUS_AT_ONCE = 1 << 30
_DEADLINE = 30.0


class NbdSource:
    """One connection; one request at a time. Use `connect`. Methods raise Refusal."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._lock = asyncio.Lock()
        self._cookie = 0
        self._mapped = False
        self.size = 0

    @classmethod
    async def connect(cls, uri: str) -> NbdSource:
        """Connect to `nbd+unix:///EXPORT?socket=PATH` or `nbd://HOST:PORT/EXPORT`.

        Raises: ValueError for another URI; OSError, Refusal.
        """
        parts = urlsplit(uri)
        export = unquote(parts.path.removeprefix("/"))
        socket = parse_qs(parts.query).get("socket")
        if parts.scheme == "nbd+unix" and socket:
            source = cls(*await asyncio.open_unix_connection(socket[0]))
        elif parts.scheme == "nbd" and parts.hostname:
            source = cls(*await asyncio.open_connection(parts.hostname, parts.port or 10809))
        else:
            raise ValueError(
                f"{uri!r} is no NBD URI: nbd+unix:///EXPORT?socket=PATH or nbd://HOST:PORT/EXPORT"
            )
        try:
            await asyncio.wait_for(source._negotiate(export), _DEADLINE)
        except BaseException:
            source.close()
            raise
        return source

    async def _negotiate(self, export: str) -> None:
        try:
            greeting = await self._reader.readexactly(_GREETING)
            if greeting[:16] != nbd.GREETING_MAGIC + nbd.OPTION_MAGIC:
                raise Refusal(Code.EINVAL, "it does not speak NBD (fixed newstyle)")
            self._writer.write(struct.pack(">I", nbd.FIXED_NEWSTYLE | nbd.NO_ZEROES))
            name = struct.pack(">I", len(export.encode())) + export.encode()
            if await self._option(Option.STRUCTURED_REPLY, b"") is None:
                raise Refusal(Code.ENOTSUP, "it has no structured replies")
            context = nbd.ALLOCATION.encode()
            query = struct.pack(">I", 1) + struct.pack(">I", len(context)) + context
            self._mapped = bool(await self._option(Option.SET_META_CONTEXT, name + query))
            replies = await self._option(Option.GO, name + b"\0\0")
        except (OSError, asyncio.IncompleteReadError) as error:
            raise Refusal(Code.EIO, f"the source hung up: {error}") from None
        for kind, body in replies or ():
            if kind == Answer.INFO and struct.unpack_from(">H", body)[0] == Info.EXPORT:
                (self.size,) = struct.unpack_from(">Q", body, 2)
        if not self.size:
            raise Refusal(Code.EINVAL, f"there is no export {export!r} with bytes in it")

    async def _option(self, option: int, payload: bytes) -> list[tuple[int, bytes]] | None:
        """The replies before an option's ACK; None if it was refused."""
        self._writer.write(nbd.OPTION.pack(nbd.OPTION_MAGIC, option, len(payload)) + payload)
        replies: list[tuple[int, bytes]] = []
        while True:
            head = await self._reader.readexactly(nbd.OPTION_REPLY.size)
            _, _, kind, length = nbd.OPTION_REPLY.unpack(head)
            body = await self._reader.readexactly(min(length, nbd.MAX_PAYLOAD))
            if kind == Answer.ACK:
                return replies
            if kind & 1 << 31:
                return None
            replies.append((kind, body))

    @property
    def lost(self) -> bool:
        """Whether the connection is over."""
        return self._writer.is_closing()

    async def stretches(self, offset: int = 0) -> AsyncIterator[tuple[int, int]]:
        """(offset, length) of all, from an offset on, that may hold something but zeroes."""
        while offset < self.size:
            length = min(_STATUS_AT_ONCE, self.size - offset)
            for size, zero in await self.status(offset, length):
                if not zero:
                    yield offset, min(size, self.size - offset)
                offset += size

    async def status(self, offset: int, length: int) -> list[tuple[int, bool]]:
        """(bytes, whether they are zeroes for sure) from `offset` on; maybe less or more than `length`."""
        if not self._mapped:
            return [(length, False)]
        _, body = await self._ask(Command.BLOCK_STATUS, offset, length)
        found = [struct.unpack_from(">II", body, place) for place in range(4, len(body), 8)]
        if not found or any(not size for size, _ in found):
            raise Refusal(Code.EIO, "the source's map of its blocks makes no sense")
        return [(size, bool(flags & 2)) for size, flags in found]

    async def read(self, offset: int, length: int) -> bytes:
        """Bytes."""
        data = bytearray(length)
        for place, body in await self._chunks(Command.READ, offset, length):
            start = place - offset
            if start < 0 or start + len(body) > length:
                raise Refusal(Code.EIO, "the source answered with bytes that nobody asked for")
            data[start : start + len(body)] = body
        return bytes(data)

    async def _ask(self, command: int, offset: int, length: int) -> tuple[int, bytes]:
        (answer,) = await self._chunks(command, offset, length) or [(0, b"")]
        return answer

    async def _chunks(self, command: int, offset: int, length: int) -> list[tuple[int, bytes]]:
        """(offset, bytes) of each chunk that carries something. Raises: Refusal."""
        async with self._lock:
            self._cookie += 1
            self._writer.write(nbd.REQUEST.pack(nbd.REQUEST_MAGIC, 0, command, self._cookie, offset, length))
            try:
                return await asyncio.wait_for(self._answer(), _DEADLINE)
            except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
                self.close()
                raise Refusal(Code.EIO, f"the source hung up: {error or 'no answer'}") from None

    async def _answer(self) -> list[tuple[int, bytes]]:
        found: list[tuple[int, bytes]] = []
        wrong = ""
        while True:
            magic, flags, kind, cookie, length = nbd.CHUNK.unpack(
                await self._reader.readexactly(nbd.CHUNK.size)
            )
            if magic != nbd.CHUNK_MAGIC or cookie != self._cookie or length > nbd.MAX_PAYLOAD + 64:
                raise OSError("an answer that is none")
            body = await self._reader.readexactly(length)
            if kind & 1 << 15:
                wrong = body[6:].decode(errors="replace") or f"error {int.from_bytes(body[:4], 'big')}"
            elif kind == Chunk.OFFSET_DATA:
                found.append((int.from_bytes(body[:8], "big"), body[8:]))
            elif kind == Chunk.BLOCK_STATUS:
                found.append((0, body))
            if flags & nbd.CHUNK_DONE:
                if wrong:
                    raise Refusal(Code.EIO, f"the source: {wrong}")
                return found

    def close(self) -> None:
        """Hang up."""
        self._writer.close()
