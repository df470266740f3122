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
from blockengine.protocol.messages import Control, Share
from blockengine.protocol.segment import Segment
from blockengine.protocol.stream import LARGE, Stream, widen
from blockengine.protocol.tls import VOTER, peer_is
from blockengine.protocol.wire import ISSUED, Kind, Malformed, Status
from blockengine.replica.files import Bytes

Body = bytes | bytearray
# Told about a subject: who answered, how, and with what.
Done = Callable[[Any, "Link", int, Body], None]
OUTSIDE = bytes(ISSUED.size)
_HEAD = wire.REPLY.size


class Unanswered(Exception):
    """The connection ended, or the voter failed, before it answered."""


class Link(Stream):
    """A connection; `voter` is who answers there, once that is known.

    `lost` is told once, with the reason, before any pending request fails. `segment` is what the voter
    maps, if it does.
    """

    def __init__(self, *, deadline: float, lost: Callable[[Link, str], None]) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._deadline, self._lost = deadline, lost
        self._pending: dict[int, tuple[Done, Any, float, tuple[Segment, memoryview] | None]] = {}
        self.segment: Segment | None = None
        self._cookie = 0
        self._due = 0.0
        self._out: list[Bytes] = []
        self._coming: tuple[int, int] = (0, 0)
        self.voter = ""
        self._transport: asyncio.Transport | None = None
        self.why = ""

    # The transport.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not derive from asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        widen(transport)
        self._transport.set_write_buffer_limits(high=64 * 1024 * 1024)
        if not peer_is(self._transport, VOTER):
            self.fail("its certificate is not a voter's")

    def connection_lost(self, error: Exception | None) -> None:
        self.fail(str(error) if error else "the connection was closed")

    def _work(self) -> None:
        try:
            self._cut()
        except Malformed as error:
            self.fail(str(error))

    def _parse(self, place: int) -> int:
        began, end, inbox, parse = place, self._end, self._inbox, wire.parse_reply
        while end - place >= _HEAD and not self._halted:
            cookie, status, length = parse(inbox, place)
            start = place + _HEAD
            if end - start >= length:
                place = start + length
                self._replied(cookie, status, inbox[start:place] if length else b"")
            elif length < LARGE:
                break
            else:
                self._coming = (cookie, status)
                return self._receive(start, length)
        return place - began

    def _received(self, payload: bytearray | memoryview) -> None:
        assert isinstance(payload, bytearray)
        self._replied(*self._coming, payload)

    def _replied(self, cookie: int, status: int, body: Body) -> None:
        pending = self._pending.pop(cookie, None)
        if pending is not None:
            done, subject, _, _ = pending
            done(subject, self, status, body)

    # Requests.

    def send(self, kind: int, rest: bytes, payload: Bytes, done: Done, subject: object) -> None:
        """Send a request (`rest` as for `wire.request`); `done(subject, link, status, body)` is called once.

        Never before this returns. A payload that stands in shared memory stays there; so does what a READ
        asks for if the room for it is its payload.
        """
        if self.why:
            self._loop.call_soon(done, subject, self, Status.BROKEN, b"")
            return
        self._cookie = cookie = self._cookie + 1
        out = self._out
        if not out:
            self._due = self._loop.time() + self._deadline
            self._loop.call_soon(self._flush)
        if type(payload) is memoryview and self.segment is not None:
            place = self.segment.place(payload)
            if place:
                self._pending[cookie] = (done, subject, self._due, (self.segment, payload))
                out.append(wire.request(kind, cookie, rest, place))
                return
        self._pending[cookie] = (done, subject, self._due, None)
        out.append(wire.request(kind, cookie, rest))
        if payload:
            out.append(payload)

    def room(self, length: int) -> Bytes:
        """Room in shared memory for what a READ of so many bytes asks for; nothing if there is none."""
        return (self.segment.take(length) if self.segment is not None else None) or b""

    def share(self, segment: Segment) -> None:
        """Offer memory to the voter.

        Until it has answered no request names a place: it would look in what it mapped before, or not yet.
        """
        self.segment = None
        message = messages.encode(Share(segment.where))
        self.send(Kind.CONTROL, OUTSIDE + wire.tail(length=len(message)), message, _shared, segment)

    def _flush(self) -> None:
        out, self._out = self._out, []
        if out and self._transport is not None and not self._transport.is_closing():
            self._transport.writelines(out)

    def call(
        self,
        kind: int,
        issued: bytes,
        *,
        offset: int = 0,
        writes: int = 0,
        length: int = 0,
        payload: Bytes = b"",
    ) -> asyncio.Future[tuple[int, Body]]:
        """(status, body) of a request, which is on its way already; as `send`."""
        answer: asyncio.Future[tuple[int, Body]] = self._loop.create_future()
        tail = wire.tail(offset, writes, length or len(payload))
        self.send(kind, issued + tail, payload, _answered, answer)
        return answer

    def words(self, status: int, body: Body) -> str:
        """What went wrong, from an answer that is not OK."""
        if status == Status.REFUSED:
            return f"refused ({messages.decode_refused(body).why})"
        return bytes(body).decode(errors="replace") or self.why

    async def ask(self, message: Control, issued: bytes = OUTSIDE) -> Any | Refused:
        """The answer to a control message.

        Raises: Unanswered.
        """
        status, body = await self.call(Kind.CONTROL, issued, payload=messages.encode(message))
        try:
            if status == Status.OK:
                return messages.decode_answer(type(message), body)
            if status == Status.REFUSED:
                return messages.decode_refused(body)
        except msgspec.DecodeError as error:
            self.fail(f"an answer that is none: {error}")
        raise Unanswered(self.why or bytes(body).decode(errors="replace"))

    # Its end.

    def check(self) -> None:
        """End the connection if its oldest request is overdue."""
        for _, _, due, _ in self._pending.values():
            if due < self._loop.time():
                self.fail(f"no answer within {self._deadline:g} s")
            return

    def fail(self, why: str) -> None:
        """End the connection; everything pending fails, soon."""
        if self.why:
            return
        self.why = why or "unknown"
        self._halted = True
        if self._transport is not None:
            self._transport.abort()
        self._lost(self, self.why)
        self._loop.call_soon(self._fail_pending)

    def _fail_pending(self) -> None:
        pending, self._pending = self._pending, {}
        for done, subject, _, shared in pending.values():
            if shared is not None:
                segment, payload = shared
                segment.lose(payload)
            done(subject, self, Status.BROKEN, b"")


def _shared(segment: Segment, link: Link, status: int, body: Body) -> None:
    if status == Status.OK:
        segment.known = True
        link.segment = segment


def _answered(answer: asyncio.Future[tuple[int, Body]], link: Link, status: int, body: Body) -> None:
    if not answer.done():
        answer.set_result((status, body))
