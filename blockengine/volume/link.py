"""One connection to a voter: requests go out in batches, answers come back in any order.

A connection that breaks, or whose oldest request is overdue, fails everything pending on it
at once; it is never waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import msgspec

from blockengine.membership.ballot import Refused
from blockengine.protocol import messages, wire
from blockengine.protocol.messages import Control
from blockengine.protocol.tls import VOTER, peer_is
from blockengine.protocol.wire import ISSUED, Kind, Malformed, Status

Done = Callable[[int, bytes], None]
OUTSIDE = bytes(ISSUED.size)
_HEAD = wire.REPLY.size


class Unanswered(Exception):
    """The connection ended, or the voter failed, before it answered."""


class Link(asyncio.Protocol):
    """`lost` is told once, with the reason, before any pending request fails."""

    def __init__(self, *, deadline: float, lost: Callable[[Link, str], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._deadline, self._lost = deadline, lost
        self._pending: dict[int, tuple[Done, float]] = {}
        self._cookie = 0
        self._buffer = bytearray()
        self._out: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self.why = ""

    # The transport.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not derive from asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=64 * 1024 * 1024)
        if not peer_is(self._transport, VOTER):
            self.fail("its certificate is not a voter's")

    def connection_lost(self, error: Exception | None) -> None:
        self.fail(str(error) if error else "the connection was closed")

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        place, end = 0, len(buffer)
        try:
            while end - place >= _HEAD:
                cookie, status, length = wire.parse_reply(buffer, place)
                start = place + _HEAD
                if end - start < length:
                    break
                place = start + length
                pending = self._pending.pop(cookie, None)
                if pending is not None:
                    pending[0](status, bytes(buffer[start:place]) if length else b"")
        except Malformed as error:
            self.fail(str(error))
        del buffer[:place]

    # Requests.

    def send(
        self,
        kind: int,
        issued: bytes,
        done: Done,
        *,
        offset: int = 0,
        writes: int = 0,
        length: int = 0,
        payload: bytes = b"",
    ) -> None:
        """Send a request; `done(status, body)` is called once, never before this returns."""
        if self.why:
            self._loop.call_soon(done, Status.BROKEN, b"")
            return
        self._cookie = cookie = self._cookie + 1
        self._pending[cookie] = (done, self._loop.time() + self._deadline)
        out = self._out
        if not out:
            self._loop.call_soon(self._flush)
        out.append(
            wire.request(kind, cookie, issued, offset=offset, writes=writes, length=length or len(payload))
        )
        if payload:
            out.append(payload)

    def _flush(self) -> None:
        out, self._out = self._out, []
        if out and self._transport is not None and not self._transport.is_closing():
            self._transport.writelines(out)

    async def call(
        self,
        kind: int,
        issued: bytes,
        *,
        offset: int = 0,
        writes: int = 0,
        length: int = 0,
        payload: bytes = b"",
    ) -> tuple[int, bytes]:
        """(status, body) of a request; as `send`."""
        answer: asyncio.Future[tuple[int, bytes]] = self._loop.create_future()
        done = _into(answer)
        self.send(kind, issued, done, offset=offset, writes=writes, length=length, payload=payload)
        return await answer

    def words(self, status: int, body: bytes) -> str:
        """What went wrong, from an answer that is not OK."""
        if status == Status.REFUSED:
            return f"refused ({messages.decode_refused(body).why})"
        return body.decode(errors="replace") or self.why

    async def ask(self, message: Control, issued: bytes = OUTSIDE) -> Any | Refused:
        """The answer to a control message.

        Raises: Unanswered.
        """
        answer: asyncio.Future[tuple[int, bytes]] = self._loop.create_future()
        self.send(Kind.CONTROL, issued, _into(answer), payload=messages.encode(message))
        status, body = await answer
        try:
            if status == Status.OK:
                return messages.decode_answer(type(message), body)
            if status == Status.REFUSED:
                return messages.decode_refused(body)
        except msgspec.DecodeError as error:
            self.fail(f"an answer that is none: {error}")
        raise Unanswered(self.why or body.decode(errors="replace"))

    # Its end.

    def check(self) -> None:
        """End the connection if its oldest request is overdue."""
        for _, due in self._pending.values():
            if due < self._loop.time():
                self.fail(f"no answer within {self._deadline:g} s")
            return

    def fail(self, why: str) -> None:
        """End the connection; everything pending fails, soon."""
        if self.why:
            return
        self.why = why or "unknown"
        if self._transport is not None:
            self._transport.abort()
        self._lost(self, self.why)
        self._loop.call_soon(self._fail_pending)

    def _fail_pending(self) -> None:
        pending, self._pending = self._pending, {}
        for done, _ in pending.values():
            done(Status.BROKEN, b"")


def _into(answer: asyncio.Future[tuple[int, bytes]]) -> Done:
    def done(status: int, body: bytes) -> None:
        if not answer.done():
            answer.set_result((status, body))

    return done
