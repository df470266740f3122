"""One client of the NBD front end, as an asyncio protocol object.

Many requests are parsed per buffer and answered in one write; what has to wait calls back.
Memory is bounded: requests under way, and replies up to the transport's high-water mark; beyond
that the connection is not read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from functools import partial
from typing import Any, cast

from blockengine.protocol import nbd
from blockengine.protocol.nbd import Code, Command, CommandFlag, Malformed, Request
from blockengine.protocol.stream import LARGE, Room, Stream, widen
from blockengine.replica.files import Bytes
from blockengine.volume.device import Device, Refusal
from blockengine.volume.nbd_handshake import Handshake, Offer
from blockengine.volume.pending import Pending

_MOST_UNDER_WAY, _MOST_UNSENT = 128, 256
_HEAD = nbd.REQUEST.size
# Plain numbers: an enum's operators cost as much as the rest of a small request, and `~` of a
# flag leaves out the bits that it does not know.
_FUA, _REQ_ONE = int(CommandFlag.FUA), int(CommandFlag.REQ_ONE)
_UNKNOWN_FLAGS = ~int(CommandFlag.FUA | CommandFlag.NO_HOLE | CommandFlag.DF | CommandFlag.REQ_ONE)
_READ, _WRITE, _FLUSH, _DISCONNECT = (
    int(command) for command in (Command.READ, Command.WRITE, Command.FLUSH, Command.DISCONNECT)
)
_TRIM, _WRITE_ZEROES, _BLOCK_STATUS = (
    int(command) for command in (Command.TRIM, Command.WRITE_ZEROES, Command.BLOCK_STATUS)
)
_CHANGES = frozenset((_WRITE, _TRIM, _WRITE_ZEROES))
# What an answer that needs no wait is made of.
_AT_ONCE = frozenset((bytes, bytearray, list, type(None)))


class Connection(Stream):
    """One client. `alive` holds the server's open connections."""

    def __init__(self, offer: Offer, alive: set[Connection], room: Room = bytearray) -> None:
        super().__init__(room)
        self._handshake = Handshake(offer)
        self._agreed = False
        self._device, self._unit = offer.device, offer.device.block_size
        self._alive = alive
        self._loop = asyncio.get_running_loop()
        self._out: list[Bytes] = []
        self._structured = False
        self._skip = 0
        self._tasks: set[asyncio.Future[object]] = set()
        self._under_way = 0
        self._writing = nbd.Request(0, 0, 0, 0, 0, 0)
        self._idle: asyncio.Future[None] | None = None
        self._clogged = self._ended = self._sending = False
        self.gone = asyncio.Event()

    # The transport.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not derive from asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        widen(transport)
        self._alive.add(self)
        self._transport.write(nbd.greeting())

    def connection_lost(self, error: Exception | None) -> None:
        self._ended = self._halted = True
        self._alive.discard(self)
        self._handshake.gone()
        self.gone.set()

    def pause_writing(self) -> None:
        self._clogged = self._halted = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._clogged = False
        self._go_on()

    def _go_on(self) -> None:
        self._halted = self._ended or self._clogged or self._under_way >= _MOST_UNDER_WAY
        if not self._halted:
            self._transport.resume_reading()
            self._work()

    def _work(self) -> None:
        """Parse and serve what is here, then send all answers at once."""
        try:
            self._cut()
        except Malformed:
            self.end()
        self._send()
        if self._under_way >= _MOST_UNDER_WAY:
            self._transport.pause_reading()

    def _send(self) -> None:
        if self._out:
            if not self._transport.is_closing():
                self._transport.writelines(self._out)
            self._out = []

    def end(self) -> None:
        """Answer what was asked, then hang up."""
        self._ended = self._halted = True
        if not self._under_way:
            self._send()
            self._transport.close()

    def abort(self) -> None:
        """Hang up at once, whatever is under way."""
        self._ended = self._halted = True
        self._transport.abort()

    def uses(self, device: Device) -> bool:
        """Whether the client has this device open."""
        return self._agreed and self._device is device

    async def cut(self) -> None:
        """Hang up without sending what is left, once nothing works on the device any more."""
        self._transport.abort()
        while self._under_way:
            self._idle = self._loop.create_future()
            await self._idle

    # Requests.

    def _parse(self, place: int) -> int:
        if not self._agreed:
            return self._negotiate(place)
        if self._skip:
            return self._skip_over(place)
        began, end = place, self._end
        while end - place >= _HEAD and not self._halted and not self._skip:
            request = nbd.parse_request(self._inbox, place)
            start, length = place + _HEAD, request.length
            if request.command != _WRITE:
                place = start
                self._request(request, None)
            elif length > nbd.MAX_PAYLOAD:
                place, self._skip = start, length
                message = f"a write of {length} bytes; {nbd.MAX_PAYLOAD} at most"
                self._fail(request.cookie, Code.EOVERFLOW, message)
            elif end - start >= length:
                place = start + length
                self._request(request, bytes(self._view[start:place]))
            elif length < LARGE:
                break
            else:
                self._writing = request
                return self._receive(start, length)
        return place - began

    def _negotiate(self, place: int) -> int:
        handshake = self._handshake
        used, answer = handshake.take(self._view[place : self._end])
        if answer:
            self._out.append(answer)
        if handshake.left:
            self.end()
        if handshake.chose:
            self._agreed, self._structured = True, handshake.structured
            self._device, self._unit = handshake.device, handshake.device.block_size
        return used

    def _skip_over(self, place: int) -> int:
        step = min(self._skip, self._end - place)
        self._skip -= step
        return step

    def _received(self, payload: bytearray | memoryview) -> None:
        self._request(self._writing, payload)

    def _request(self, request: Request, payload: Bytes | None) -> None:
        if request.command == _DISCONNECT:
            self.end()
            return
        try:
            result = self._serve(request, payload)
        except Refusal as refusal:
            self._fail(request.cookie, refusal.code, str(refusal))
            return
        kind = type(result)
        if kind in _AT_ONCE:
            self._reply(request, result)
            if len(self._out) > _MOST_UNSENT:
                self._send()
            return
        self._under_way += 1
        if self._under_way >= _MOST_UNDER_WAY:
            self._halted = True
        if isinstance(result, Pending):
            result.then(partial(self._waited, request))
        else:
            self._later(request, result)

    def _serve(self, request: Request, payload: Bytes | None) -> Any:
        """What the device answers. Raises: Refusal, before anything is changed."""
        _, flags, command, _, offset, length = request
        device = self._device
        if flags & _UNKNOWN_FLAGS:
            raise Refusal(Code.EINVAL, f"unknown flags {flags:#x}")
        if command == _FLUSH:
            return device.flush()
        if command == _READ and length > nbd.MAX_PAYLOAD:
            raise Refusal(Code.EOVERFLOW, f"a read of {length} bytes; {nbd.MAX_PAYLOAD} at most")
        if length == 0 or (offset | length) % self._unit:
            message = f"offset {offset} and length {length} must be multiples of {self._unit}"
            raise Refusal(Code.EINVAL, message)
        if offset + length > device.size:
            code = Code.ENOSPC if command in _CHANGES else Code.EINVAL
            raise Refusal(code, f"{offset} + {length} is beyond the end, {device.size}")
        if command == _READ:
            return device.read(offset, length)
        if command == _BLOCK_STATUS and self._handshake.contexts:
            return device.allocation(offset, length)
        if command not in _CHANGES:
            raise Refusal(Code.EINVAL, f"command {command} was not agreed on")
        if device.read_only:
            raise Refusal(Code.EPERM, "the export is read-only")
        durable = bool(flags & _FUA)
        if command == _WRITE:
            assert payload is not None
            return device.write(offset, payload, durable=durable)
        if command == _TRIM:
            return device.discard(offset, length, durable=durable)
        return device.zero(offset, length, durable=durable)

    def _reply(self, request: Request, result: Any) -> None:
        _, flags, command, cookie, offset, _ = request
        if command == _READ:
            head = (
                nbd.data_head(cookie, offset, len(result)) if self._structured else nbd.simple_reply(cookie)
            )
            self._out += (head, result)
        elif command == _BLOCK_STATUS:
            most = 1 if flags & _REQ_ONE else nbd.MAX_STATUS
            self._out.append(nbd.status_chunk(cookie, result[:most]))
        else:
            self._out.append(nbd.simple_reply(cookie))

    def _fail(self, cookie: int, code: int, message: str) -> None:
        if self._structured:
            self._out.append(nbd.error_chunk(cookie, code, message))
        else:
            self._out.append(nbd.simple_reply(cookie, code))

    def _later(self, request: Request, result: Awaitable[object]) -> None:
        waited = asyncio.ensure_future(result)
        self._tasks.add(waited)

        def ended(waited: asyncio.Future[object]) -> None:
            self._tasks.discard(waited)
            if waited.cancelled():
                self._ended_one()
                self.end()
            else:
                self._waited(request, waited)

        waited.add_done_callback(ended)

    def _ended_one(self) -> None:
        self._under_way -= 1
        if not self._under_way and self._idle is not None and not self._idle.done():
            self._idle.set_result(None)

    def _waited(self, request: Request, waited: Pending[object] | asyncio.Future[object]) -> None:
        self._ended_one()
        error = waited.exception()
        if error is None:
            self._reply(request, waited.result())
        elif isinstance(error, Refusal):
            self._fail(request.cookie, error.code, str(error))
        else:
            self.end()
            return
        if not self._sending:
            self._sending = True
            self._loop.call_soon(self._send_soon)

    def _send_soon(self) -> None:
        """One write for all that was answered in this turn of the loop."""
        self._sending = False
        self._send()
        if self._ended:
            self.end()
        else:
            self._go_on()
