"""Little proxies that really forward: HTTP CONNECT (plain or TLS) and SOCKS5, with or without a login."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from tests.kube.wire_server import Peer, WireServer, serve


@dataclass
class Proxy:
    login: tuple[str, str] | None = None
    targets: list[str] = field(default_factory=list)
    connect_to: tuple[str, int] | None = None
    """Where every tunnel really leads; names are not resolved in tests."""

    @contextlib.asynccontextmanager
    async def http(self, context: ssl.SSLContext | None = None) -> AsyncIterator[WireServer]:
        async with serve(self._connect, context=context) as server:
            yield server

    @contextlib.asynccontextmanager
    async def socks5(self) -> AsyncIterator[WireServer]:
        async with serve(self._socks5) as server:
            yield server

    async def _connect(self, peer: Peer) -> None:
        head = (await peer.request()).decode()
        if self.login:
            wanted = "Basic " + base64.b64encode(":".join(self.login).encode()).decode()
            if f"Proxy-Authorization: {wanted}\r\n" not in head:
                await peer.answer(status="407 Proxy Authentication Required")
                return
        method, target, _ = head.split(" ", 2)
        if method != "CONNECT":
            await peer.answer(status="405 Method Not Allowed")
            return
        self.targets.append(target)
        try:
            outward = await self._outward(target.rpartition(":")[2])
        except OSError:
            await peer.answer(status="502 Bad Gateway")
            return
        await peer.raw(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await _forward(peer, outward)

    async def _socks5(self, peer: Peer) -> None:
        _, count = await peer.reader.readexactly(2)
        methods = await peer.reader.readexactly(count)
        if self.login:
            if 2 not in methods:
                await peer.raw(b"\x05\xff")
                return
            await peer.raw(b"\x05\x02")
            await peer.reader.readexactly(1)
            user = await peer.reader.readexactly((await peer.reader.readexactly(1))[0])
            password = await peer.reader.readexactly((await peer.reader.readexactly(1))[0])
            good = (user.decode(), password.decode()) == self.login
            await peer.raw(b"\x01\x00" if good else b"\x01\x01")
            if not good:
                return
        else:
            await peer.raw(b"\x05\x00")
        _, _, _, kind = await peer.reader.readexactly(4)
        if kind == 3:
            host = (await peer.reader.readexactly((await peer.reader.readexactly(1))[0])).decode()
        elif kind == 1:
            host = socket.inet_ntop(socket.AF_INET, await peer.reader.readexactly(4))
        else:
            host = socket.inet_ntop(socket.AF_INET6, await peer.reader.readexactly(16))
        port = int.from_bytes(await peer.reader.readexactly(2), "big")
        self.targets.append(f"{host}:{port}")
        try:
            outward = await self._outward(str(port))
        except OSError:
            await peer.raw(b"\x05\x05\x00\x01" + bytes(6))
            return
        # A domain name as the bound address: its length must be honoured.
        await peer.raw(b"\x05\x00\x00\x03\x05proxy\x00\x01")
        await _forward(peer, outward)

    async def _outward(self, port: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, number = self.connect_to or ("127.0.0.1", int(port))
        return await asyncio.open_connection(host, number)


async def _forward(peer: Peer, outward: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
    reader, writer = outward

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()

    tasks = [asyncio.create_task(pump(peer.reader, writer)), asyncio.create_task(pump(reader, peer.writer))]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        writer.close()
