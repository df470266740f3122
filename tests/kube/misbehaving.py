"""An API server that misbehaves on real sockets: each request is answered by the next act of a script.

    async with misbehaving(status(429, headers="Retry-After: 1\\r\\n"), reply(b"{}")) as server:
        client = Client(server.access)

The last act is repeated for every request that follows.
"""

from __future__ import annotations

import asyncio
import gzip
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from backend.kube.access import ClusterAccess
from tests.kube.collection import status_body
from tests.kube.wire_server import Peer, WireServer, serve

Act = Callable[[Peer], Awaitable[None]]
JSON = "Content-Type: application/json\r\n"


@dataclass
class Misbehaving:
    server: WireServer

    @property
    def access(self) -> ClusterAccess:
        return ClusterAccess(id="bad", name="bad", server=f"http://127.0.0.1:{self.server.port}")

    @property
    def asked(self) -> list[str]:
        """The request lines so far."""
        return [request.partition(b"\r\n")[0].decode() for request in self.server.requests]

    def header(self, index: int, name: str) -> str:
        for line in self.server.requests[index].decode("latin-1").split("\r\n"):
            key, _, value = line.partition(":")
            if key.lower() == name:
                return value.strip()
        return ""

    def body(self, index: int) -> bytes:
        return self.server.requests[index].partition(b"\r\n\r\n")[2]


@asynccontextmanager
async def misbehaving(*acts: Act) -> AsyncIterator[Misbehaving]:
    waiting = list(acts)

    async def handler(peer: Peer) -> None:
        while True:
            await peer.request()
            await (waiting.pop(0) if len(waiting) > 1 else waiting[0])(peer)

    async with serve(handler) as server:
        yield Misbehaving(server)


def reply(body: bytes, *, code: str = "200 OK", headers: str = JSON) -> Act:
    return lambda peer: peer.answer(body, status=code, headers=headers)


def status(
    code: int, reason: str = "Reason", *, headers: str = "", message: str = "no", **details: object
) -> Act:
    return reply(status_body(code, reason, message, **details), code=f"{code} X", headers=JSON + headers)


def redirect(place: str) -> Act:
    return reply(b"", code="302 Found", headers=f"Location: {place}\r\n")


def login_page() -> Act:
    return reply(
        b"<html><title>Sign in</title>\x1b]52;c;aGk=\x07</html>", headers="Content-Type: text/html\r\n"
    )


def zipped(body: bytes, *, cut: int = 0) -> Act:
    packed = gzip.compress(body)
    return reply(packed[: len(packed) - cut], headers=JSON + "Content-Encoding: gzip\r\n")


def chunked(*chunks: bytes, end: bool = True, pause: float = 0.0) -> Act:
    """A body in chunks of its own cutting; ``end`` False: the connection closes in the middle."""

    async def act(peer: Peer) -> None:
        await peer.raw(f"HTTP/1.1 200 OK\r\n{JSON}Transfer-Encoding: chunked\r\n\r\n".encode())
        for chunk in chunks:
            await peer.raw(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
            if pause:
                await asyncio.sleep(pause)
        if end:
            await peer.raw(b"0\r\n\r\n")
        else:
            peer.writer.close()

    return act


def byte_by_byte(body: bytes) -> Act:
    return chunked(*(body[i : i + 1] for i in range(len(body))))


def cut_off(body: bytes, *, announced: int) -> Act:
    """Announces more than it sends, then closes."""

    async def act(peer: Peer) -> None:
        await peer.raw(f"HTTP/1.1 200 OK\r\n{JSON}Content-Length: {announced}\r\n\r\n".encode() + body)
        peer.writer.close()

    return act


async def reset(peer: Peer) -> None:
    """Ends the connection with a RST, without an answer."""
    sock: socket.socket = peer.writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.writer.transport.abort()


async def silent(peer: Peer) -> None:
    """Reads the request and never answers."""
    await peer.gone()


def half_open(*chunks: bytes) -> Act:
    """Begins an answer, and then says nothing for ever."""

    async def act(peer: Peer) -> None:
        await chunked(*chunks, end=True)(_Endless(peer.reader, peer.writer, peer.requests))
        await peer.gone()

    return act


class _Endless(Peer):
    async def raw(self, data: bytes) -> None:
        if data != b"0\r\n\r\n":
            await super().raw(data)


async def slow_loris(peer: Peer) -> None:
    """An answer whose body drips one byte at a time, for ever."""
    await peer.raw(f"HTTP/1.1 200 OK\r\n{JSON}Content-Length: 100000\r\n\r\n".encode())
    while True:
        await peer.raw(b" ")
        await asyncio.sleep(0.02)


async def rubbish(peer: Peer) -> None:
    """Something that is no HTTP."""
    await peer.raw(b"SSH-2.0-OpenSSH_9.2\r\n")
    peer.writer.close()
