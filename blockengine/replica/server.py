"""The network side of a voter: one asyncio protocol object per connection.

Many frames are parsed per buffer and answered in one write. What changes a record or a
session is a barrier: what came behind it on the same connection waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
from collections.abc import Awaitable
from functools import partial
from pathlib import Path
from typing import cast

import msgspec

from blockengine.membership.ballot import Refused
from blockengine.protocol import messages, wire
from blockengine.protocol.messages import Enter, Hello, Keep, Open, Share
from blockengine.protocol.segment import Mapped
from blockengine.protocol.stream import LARGE, Stream, is_local, widen
from blockengine.protocol.tls import CONTROLLER, peer_is
from blockengine.protocol.wire import Kind, Malformed, Request, Status
from blockengine.replica.files import Bytes
from blockengine.replica.replica import Failed, Rotten
from blockengine.replica.service import Answer, ReplicaService, failed
from blockengine.replica.voting import Voting

_HEAD = wire.REQUEST.size
_MOST_UNSENT = 256
_BARRIERS = (Keep, Open, Enter)
_READ, _WRITE = int(Kind.READ), int(Kind.WRITE)
_WITH_PAYLOAD = frozenset((_WRITE, int(Kind.CONTROL)))


class Connection(Stream):
    """One controller, or a person's tool. `alive` holds the server's open connections."""

    def __init__(self, service: Voting, alive: set[Connection]) -> None:
        super().__init__()
        self._service, self._alive = service, alive
        self._replica = service if isinstance(service, ReplicaService) else None
        self._out: list[Bytes] = []
        self._coming = wire.Request(b"", 0, 0, b"", 0, 0, 0, 0)
        self._mapped: Mapped | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._held = self._clogged = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not derive from asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        widen(transport)
        if not peer_is(self._transport, CONTROLLER):
            self.cut()
            return
        self._alive.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._halted = True
        self._alive.discard(self)
        self._forget()

    def pause_writing(self) -> None:
        self._clogged = self._halted = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._clogged = False
        self._transport.resume_reading()
        self._go_on()

    def _go_on(self) -> None:
        self._halted = self._held or self._clogged or self._transport.is_closing()
        self._work()

    def _work(self) -> None:
        """Carry out what is here, then send all answers at once."""
        try:
            self._cut()
        except Malformed:
            self.cut()
        self._send()

    def _send(self) -> None:
        if self._out and not self._transport.is_closing():
            self._transport.writelines(self._out)
        self._out = []

    def _parse(self, place: int) -> int:
        began, end = place, self._end
        while end - place >= _HEAD and not self._halted:
            request = wire.parse_request(self._inbox, place)
            start, length = place + _HEAD, request.length
            if request.kind not in _WITH_PAYLOAD:
                place = start
                self._bytes(request, None)
            elif request.place and request.kind == _WRITE:
                place = start
                self._bytes(request, self._shared(request))
            elif end - start >= length:
                place = start + length
                payload = self._view[start:place]
                if request.kind == _WRITE:
                    self._bytes(request, payload)
                else:
                    self._control(request, payload)
            elif length < LARGE:
                break
            else:
                self._coming = request
                return self._receive(start, length)
        return place - began

    def _received(self, payload: bytearray | memoryview) -> None:
        take = self._bytes if self._coming.kind == _WRITE else self._control
        take(self._coming, memoryview(payload))

    def _bytes(self, request: Request, payload: memoryview | None) -> None:
        if self._replica is None:
            self._reply(request.cookie, (Status.INVALID, b"a witness keeps no data"))
            return
        into = self._shared(request) if request.place and request.kind == _READ else None
        answer = self._replica.serve(request, payload if into is None else into)
        if isinstance(answer, tuple):
            self._reply(request.cookie, answer, into)
            if len(self._out) > _MOST_UNSENT:
                self._send()
        else:
            self._later(request.cookie, answer, into)

    def _shared(self, request: Request) -> memoryview:
        """Where in the controller's memory the bytes of a request stand, or are to be put."""
        try:
            if self._mapped is None:
                raise ValueError("no memory is shared")
            return self._mapped.at(request.place, request.length)
        except ValueError as error:
            raise Malformed(str(error)) from None

    def _control(self, request: Request, payload: memoryview) -> None:
        try:
            message = messages.decode_request(payload)
        except msgspec.DecodeError as error:
            raise Malformed(str(error)) from None
        if isinstance(message, Hello):
            self._reply(request.cookie, self._greeted(message))
            return
        if isinstance(message, Share):
            self._reply(request.cookie, self._map(message))
            return
        self._held = isinstance(message, _BARRIERS)
        self._halted = self._halted or self._held
        self._later(request.cookie, self._answer(message, request.issued), barrier=self._held)

    def _map(self, message: Share) -> Answer:
        try:
            if not is_local(self._transport):
                raise ValueError("memory is shared on one machine only")
            self._mapped = Mapped(message.where)
        except (ValueError, OSError) as error:
            return Status.INVALID, str(error).encode()
        return Status.OK, messages.encode(None)

    def _greeted(self, message: Hello) -> Answer:
        try:
            return Status.OK, messages.encode(self._service.greet(message))
        except ValueError as error:
            return failed(error)

    async def _answer(self, message: messages.Request, issued: bytes) -> Answer:
        try:
            if self._replica is not None:
                answer = await self._replica.answer(message, issued)
            else:
                answer = await self._service.answer(message)
        except (ValueError, Rotten, Failed, OSError) as error:
            return failed(error)
        status = Status.REFUSED if isinstance(answer, Refused) else Status.OK
        return status, messages.encode(answer)

    def _reply(self, cookie: int, answer: Answer, into: memoryview | None = None) -> None:
        status, body = answer
        if into is not None and status == Status.OK:
            if body is not into:
                into[:] = body
            body = b""
        self._out.append(wire.reply(cookie, status, len(body)))
        if body:
            self._out.append(body)

    def _later(
        self,
        cookie: int,
        answer: Awaitable[Answer],
        into: memoryview | None = None,
        *,
        barrier: bool = False,
    ) -> None:
        async def wait() -> None:
            self._reply(cookie, await answer, into)

        task = asyncio.get_running_loop().create_task(wait())
        self._tasks.add(task)
        task.add_done_callback(partial(self._waited, barrier=barrier))

    def _waited(self, task: asyncio.Task[None], *, barrier: bool) -> None:
        self._tasks.discard(task)
        self._send()
        if barrier:
            self._held = False
            self._go_on()

    def cut(self) -> None:
        """Hang up."""
        self._halted = True
        self._transport.abort()

    @property
    def tasks(self) -> frozenset[asyncio.Task[None]]:
        """What is under way for this connection."""
        return frozenset(self._tasks)


class Server:
    """Listens for one voter, on a UNIX socket or a TCP address (with mutual TLS)."""

    def __init__(self, service: Voting) -> None:
        self._service = service
        self._alive: set[Connection] = set()
        self._listener: asyncio.Server | None = None

    def _connection(self) -> Connection:
        return Connection(self._service, self._alive)

    async def listen_unix(self, path: Path) -> None:
        """Listen on a socket that only this user can reach; one left over is replaced."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_unix_server(self._connection, str(path))
        os.chmod(path, 0o600)

    async def listen_tcp(self, host: str, port: int, tls: ssl.SSLContext | None) -> int:
        """Listen; the port, which the system chose if `port` is 0."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._connection, host, port, ssl=tls)
        chosen: int = self._listener.sockets[0].getsockname()[1]
        return chosen

    async def stop(self) -> None:
        """Take no more connections, end those there are, and wait for what is under way."""
        if self._listener is not None:
            self._listener.close()
        tasks = {task for connection in self._alive for task in connection.tasks}
        for connection in list(self._alive):
            connection.cut()
        if tasks:
            await asyncio.wait(tasks)
