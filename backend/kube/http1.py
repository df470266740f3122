"""One HTTP/1.1 connection over a byte stream, and the connections of one cluster that may be used again.

h11 does the protocol; what is left is reading and writing. A general client's pool was not used because a
watch console cancels requests all day: a cancelled request must never leave a connection or a place in
the pool behind, and a retry must know whether the connection was fresh.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass

import anyio
import h11
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSAttribute

from backend.secret import Secret

READ_SIZE = 256 * 1024
MAX_HEAD = 100 * 1024
"""Longest status line plus headers, in bytes."""


class ConnectionLost(Exception):
    """The peer closed or reset the connection.

    ``before_answer``: not one byte of the answer had arrived, so an idempotent request may be sent again.
    """

    def __init__(self, *, before_answer: bool) -> None:
        super().__init__("connection lost")
        self.before_answer = before_answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as it goes on the wire; ``target`` is percent-encoded."""

    method: str
    target: str
    headers: Sequence[tuple[str, bytes]]
    """Without Content-Length and Authorization, which ``send`` adds."""
    body: bytes | None = None


class Connection:
    """One request at a time; raises ConnectionLost, h11.RemoteProtocolError and the stream's OSErrors."""

    def __init__(self, stream: ByteStream, *, generation: int = 0) -> None:
        self._stream = stream
        self._tls: ssl.SSLObject | None = stream.extra(TLSAttribute.ssl_object, None)  # noqa: S610  no Django
        self._h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD)
        self._idle_since = time.monotonic()
        self._answered = False
        self._ended = False
        self._body_read = False
        self.generation = generation
        """Which credential's certificate it was opened with."""
        self.used = False
        """Has carried a request before."""

    async def send(self, request: Request, *, authorization: Secret | None = None) -> h11.Response:
        """Send a request and return the answer's head; interim (1xx) answers are skipped."""
        self._answered = False
        self._body_read = False
        headers = [(name.encode(), value) for name, value in request.headers]
        if request.body is not None or request.method not in {"GET", "HEAD"}:
            headers.append((b"Content-Length", str(len(request.body or b"")).encode()))
        if authorization is not None:
            headers.append((b"Authorization", authorization.reveal()))
        head = h11.Request(method=request.method, target=request.target, headers=headers)
        data = self._h11.send(head) or b""
        if request.body:
            data += self._h11.send(h11.Data(data=request.body)) or b""
        data += self._h11.send(h11.EndOfMessage()) or b""
        # A server may answer (413, 429) and close before it read everything: its answer counts, so a failed
        # write is only reported if no answer follows.
        with contextlib.suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            await self._stream.send(data)
        while not isinstance(event := self._parse(), h11.Response):
            if event is h11.NEED_DATA:
                await self._receive()
        return event

    async def read_body(self, idle: float) -> bytes:
        """What has come of the body, at least one byte; empty at its end.

        An API server's chunks are small: all that were received together are returned together. Raises
        TimeoutError after ``idle`` seconds without a byte.
        """
        pieces: list[bytes] = []
        while not self._body_read:
            event = self._parse()
            if isinstance(event, h11.Data):
                pieces.append(bytes(event.data))
            elif event is not h11.NEED_DATA:
                self._body_read = True
            elif pieces:
                break
            else:
                with anyio.fail_after(idle):
                    await self._receive()
        return b"".join(pieces)

    async def _receive(self) -> None:
        """Take what the network has, waiting for at least one byte or the end."""
        try:
            data = await self._stream.receive(READ_SIZE)
            data = self._with_decrypted(data)
        except anyio.EndOfStream:
            data = b""
        except (anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
            raise ConnectionLost(before_answer=not self._answered) from error
        if not data and self._h11.their_state is h11.SEND_RESPONSE:
            raise ConnectionLost(before_answer=not self._answered)
        if not self._answered and not data.startswith(b"HTTP/"[: len(data)]):
            raise h11.RemoteProtocolError(f"the answer begins with {data[:40]!r}")
        self._answered = self._answered or bool(data)
        self._ended = not data
        self._h11.receive_data(data)

    def _with_decrypted(self, data: bytes) -> bytes:
        """Add the TLS records that came along: one receive gives one record, and servers write 4 KiB ones.

        Errors and the end are left for the next receive, which meets them again.
        """
        if self._tls is None:
            return data
        pieces = [data]
        size = len(data)
        with contextlib.suppress(ssl.SSLError):
            while size < READ_SIZE and (more := self._tls.read(READ_SIZE)):
                pieces.append(more)
                size += len(more)
        return b"".join(pieces)

    def _parse(self) -> object:
        try:
            return self._h11.next_event()
        except h11.RemoteProtocolError as error:
            if self._ended:  # the end came before the promised length
                raise ConnectionLost(before_answer=False) from error
            raise

    def rest(self) -> bool:
        """Prepare for another request; False if this connection can't carry one."""
        if self._h11.our_state is not h11.DONE or self._h11.their_state is not h11.DONE:
            return False
        self._h11.start_next_cycle()
        self._idle_since = time.monotonic()
        self.used = True
        return True

    def fit(self, max_idle: float) -> bool:
        """Can it be used again? An idle connection that has something to read was closed by the server."""
        return time.monotonic() - self._idle_since <= max_idle and not self._readable()

    def _readable(self) -> bool:
        sock: socket.socket | None = self._stream.extra(SocketAttribute.raw_socket, None)  # noqa: S610  no Django
        if sock is None:  # a stream through SSH: only trying tells
            return False
        if sock.fileno() < 0:
            return True
        poll = select.poll()
        poll.register(sock.fileno(), select.POLLIN)
        return bool(poll.poll(0))

    async def aclose(self) -> None:
        """Close at once, without a TLS farewell, also when the task is being cancelled."""
        with anyio.move_on_after(2, shield=True):
            await self._stream.aclose()


class IdleConnections:
    """Connections between two requests, the most recently used first."""

    def __init__(self, *, most: int = 8, max_idle: float = 50.0) -> None:
        self._idle: list[Connection] = []
        self._most = most
        self._max_idle = max_idle

    async def take(self, generation: int) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.generation == generation and connection.fit(self._max_idle):
                return connection
            await connection.aclose()
        return None

    async def put(self, connection: Connection, generation: int) -> None:
        """Keep a connection whose answer was read whole; close it otherwise."""
        if connection.generation != generation or not connection.rest():
            await connection.aclose()
            return
        await self.add(connection)

    async def add(self, connection: Connection) -> None:
        """Keep a connection that is ready for a request."""
        self._idle.append(connection)
        while len(self._idle) > self._most:
            await self._idle.pop(0).aclose()

    async def clear(self) -> None:
        idle, self._idle = self._idle, []
        for connection in idle:
            await connection.aclose()

    def __len__(self) -> int:
        return len(self._idle)
