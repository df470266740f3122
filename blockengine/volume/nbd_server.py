"""The NBD front end: one asyncio protocol object per connection.

Many requests are parsed per buffer and answered in one write; what has to wait calls back.
Memory is bounded: requests under way, and replies up to the transport's high-water mark; beyond
that the connection is not read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from functools import partial
from typing import NamedTuple, cast

from blockengine.protocol import nbd
from blockengine.protocol.nbd import (
    Answer,
    Code,
    Command,
    CommandFlag,
    Export,
    Malformed,
    Option,
    Request,
    Transmission,
)
from blockengine.protocol.stream import LARGE, Stream, widen
from blockengine.volume.device import Device, Exports, Refusal
from blockengine.volume.pending import Pending

_MOST_UNDER_WAY = 128
_HEAD = nbd.REQUEST.size
_OFFERED = (
    Transmission.HAS_FLAGS
    | Transmission.SEND_FLUSH
    | Transmission.SEND_FUA
    | Transmission.SEND_TRIM
    | Transmission.SEND_WRITE_ZEROES
    | Transmission.SEND_DF
    | Transmission.CAN_MULTI_CONN
)
# Plain numbers: an enum's operators cost as much as the rest of a small request, and `~` of a
# flag leaves out the bits that it does not know.
_FUA, _REQ_ONE = int(CommandFlag.FUA), int(CommandFlag.REQ_ONE)
_KNOWN_FLAGS = int(CommandFlag.FUA | CommandFlag.NO_HOLE | CommandFlag.DF | CommandFlag.REQ_ONE)
_READ, _WRITE, _FLUSH, _DISCONNECT = (
    int(command) for command in (Command.READ, Command.WRITE, Command.FLUSH, Command.DISCONNECT)
)
_TRIM, _WRITE_ZEROES, _BLOCK_STATUS = (
    int(command) for command in (Command.TRIM, Command.WRITE_ZEROES, Command.BLOCK_STATUS)
)
_CHANGES = frozenset((_WRITE, _TRIM, _WRITE_ZEROES))


class Offer(NamedTuple):
    """What clients may choose from: one device, also under the empty name, and perhaps others."""

    device: Device
    name: str
    others: Exports | None

    def find(self, name: str) -> Device | None:
        """The device of an export's name."""
        if name in ("", self.name):
            return None if self.why else self.device
        return self.others.export(name) if self.others is not None else None

    @property
    def why(self) -> str:
        """Why the device itself can't be had now; empty if it can."""
        return self.others.withheld if self.others is not None else ""

    def names(self) -> list[str]:
        """Every export's name."""
        return [self.name, *(self.others.names() if self.others is not None else ())]


class Connection(Stream):
    """One client. `alive` holds the server's open connections."""

    def __init__(self, offer: Offer, alive: set[Connection]) -> None:
        super().__init__()
        self._offer = offer
        self._device, self._export = offer.device, _export(offer.name, offer.device)
        self._alive = alive
        self._loop = asyncio.get_running_loop()
        self._phase = self._parse_client_flags
        self._out: list[bytes | bytearray] = []
        self._structured = self._contexts = self._no_zeroes = False
        self._skip = 0
        self._tasks: set[asyncio.Future[object]] = set()
        self._under_way = 0
        self._writing = nbd.Request(0, 0, 0, 0, 0)
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
        self._ended = True
        self._alive.discard(self)
        if self._offer.others is not None and self._device is not self._offer.device:
            self._offer.others.opened(self._export.name, -1)
        self.gone.set()

    def pause_writing(self) -> None:
        self._clogged = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._clogged = False
        self._go_on()

    def _go_on(self) -> None:
        if self._willing():
            self._transport.resume_reading()
            self._work()

    def _willing(self) -> bool:
        return not self._ended and not self._clogged and self._under_way < _MOST_UNDER_WAY

    def _work(self) -> None:
        """Parse and serve what is here, then send all answers at once."""
        try:
            self._cut()
        except Malformed:
            self.end()
        self._send()
        if self._under_way >= _MOST_UNDER_WAY:
            self._transport.pause_reading()

    def _parse(self, place: int) -> int:
        used = self._phase(place)
        if len(self._out) > 256:
            self._send()
        return used

    def _send(self) -> None:
        if self._out:
            if not self._transport.is_closing():
                self._transport.writelines(self._out)
            self._out = []

    def end(self) -> None:
        """Answer what was asked, then hang up."""
        self._ended = True
        if not self._under_way:
            self._send()
            self._transport.close()

    def abort(self) -> None:
        """Hang up at once, whatever is under way."""
        self._ended = True
        self._transport.abort()

    def uses(self, device: Device) -> bool:
        """Whether the client has this device open."""
        return self._phase == self._parse_request and self._device is device

    async def cut(self) -> None:
        """Hang up without sending what is left, once nothing works on the device any more."""
        self._transport.abort()
        while self._under_way:
            self._idle = self._loop.create_future()
            await self._idle

    # Negotiation.

    def _parse_client_flags(self, place: int) -> int:
        if self._end - place < 4:
            return 0
        self._no_zeroes = nbd.client_flags(bytes(self._view[place : place + 4]))
        self._phase = self._parse_option
        return 4

    def _parse_option(self, place: int) -> int:
        if self._skip:
            return self._skip_over(place)
        if self._end - place < nbd.OPTION.size:
            return 0
        magic, option, length = nbd.OPTION.unpack_from(self._inbox, place)
        if magic != nbd.OPTION_MAGIC:
            raise Malformed("no option where one must be")
        whole: int = nbd.OPTION.size + length
        if length > nbd.MAX_OPTION:
            self._out.append(nbd.option_reply(option, Answer.TOO_BIG, b"8 KiB at most"))
            self._skip = length
            return nbd.OPTION.size
        if self._end - place < whole:
            return 0
        self._option(option, bytes(self._view[place + nbd.OPTION.size : place + whole]))
        return whole

    def _skip_over(self, place: int) -> int:
        step = min(self._skip, self._end - place)
        self._skip -= step
        return step

    def _option(self, option: int, payload: bytes) -> None:
        if option == Option.EXPORT_NAME:
            if not self._choose(payload.decode(errors="replace")):
                raise Malformed("EXPORT_NAME can only be refused by hanging up")
            self._out.append(nbd.export_name_reply(self._export, no_zeroes=self._no_zeroes))
            self._phase = self._parse_request
            return
        if option == Option.ABORT:
            self._out.append(nbd.option_reply(option, Answer.ACK))
            self.end()
            return
        try:
            self._out.append(self._answer_option(option, payload))
        except Malformed as error:
            self._out.append(nbd.option_reply(option, Answer.INVALID, str(error).encode()))

    def _answer_option(self, option: int, payload: bytes) -> bytes:
        ack = nbd.option_reply(option, Answer.ACK)
        if option in (Option.LIST, Option.STRUCTURED_REPLY):
            if payload:
                raise Malformed("an option that takes nothing")
            if option == Option.STRUCTURED_REPLY:
                self._structured = True
                return ack
            listed = [name.encode() for name in self._offer.names()]
            return b"".join(nbd.export_reply(option, name) for name in listed) + ack
        if option in (Option.INFO, Option.GO):
            wanted, pieces = nbd.parse_info(payload)
            device = self._offer.find(wanted)
            if device is None:
                why = self._offer.why or "no such export"
                return nbd.option_reply(option, Answer.UNKNOWN, why.encode())
            if option == Option.GO:
                self._choose(wanted)
                self._phase = self._parse_request
            return nbd.info_replies(option, _export(wanted or self._offer.name, device), pieces) + ack
        if option in (Option.LIST_META_CONTEXT, Option.SET_META_CONTEXT):
            return self._contexts_answer(option, payload) + ack
        return nbd.option_reply(option, Answer.UNSUPPORTED)

    def _choose(self, name: str) -> bool:
        """Serve the export of this name from now on; False if there is none."""
        device = self._offer.find(name)
        if device is None:
            return False
        self._device, self._export = device, _export(name or self._offer.name, device)
        if self._offer.others is not None and device is not self._offer.device:
            self._offer.others.opened(name, 1)
        return True

    def _contexts_answer(self, option: int, payload: bytes) -> bytes:
        name, queries = nbd.parse_contexts(payload)
        if not self._structured:
            raise Malformed("meta contexts need structured replies first")
        if self._offer.find(name) is None:
            return nbd.option_reply(option, Answer.UNKNOWN, b"no such export")
        listing = option == Option.LIST_META_CONTEXT
        found = nbd.ALLOCATION in queries or (listing and (not queries or "base:" in queries))
        if not listing:
            self._contexts = found
        return nbd.context_reply(option) if found else b""

    # Transmission.

    def _parse_request(self, place: int) -> int:
        if self._skip:
            return self._skip_over(place)
        if self._end - place < _HEAD:
            return 0
        magic, flags, command, cookie, offset, length = nbd.REQUEST.unpack_from(self._inbox, place)
        if magic != nbd.REQUEST_MAGIC:
            raise Malformed("no request where one must be")
        request = nbd.Request(flags, command, cookie, offset, length)
        if command == _WRITE:
            return self._parse_write(place, request)
        self._request(request, None)
        return _HEAD

    def _parse_write(self, place: int, request: Request) -> int:
        length = request.length
        if length > nbd.MAX_PAYLOAD:
            self._skip = length
            message = f"a write of {length} bytes; {nbd.MAX_PAYLOAD} at most"
            self._fail(request.cookie, Code.EOVERFLOW, message)
            return _HEAD
        start = place + _HEAD
        if self._end >= start + length:
            self._request(request, bytes(self._view[start : start + length]))
            return int(_HEAD + length)
        if length < LARGE:
            return 0
        self._writing = request
        return self._receive(start, length)

    def _received(self, payload: bytearray) -> None:
        self._request(self._writing, payload)

    def _request(self, request: Request, payload: bytes | bytearray | None) -> None:
        try:
            if request.command == _DISCONNECT:
                self.end()
                return
            self._check(request)
            result = self._serve(request, payload)
            if type(result) is Pending:
                self._under_way += 1
                result.then(partial(self._waited, request))
            elif isinstance(result, Awaitable):
                self._under_way += 1
                self._later(request, result)
            else:
                self._reply(request, result)
        except Refusal as refusal:
            self._fail(request.cookie, refusal.code, str(refusal))

    def _check(self, request: Request) -> None:
        """Refuse what can't be served, before anything is changed."""
        flags, command, _, offset, length = request
        if flags & ~_KNOWN_FLAGS:
            raise Refusal(Code.EINVAL, f"unknown flags {flags:#x}")
        if command == _FLUSH:
            return
        device = self._device
        if command == _READ and length > nbd.MAX_PAYLOAD:
            raise Refusal(Code.EOVERFLOW, f"a read of {length} bytes; {nbd.MAX_PAYLOAD} at most")
        if length == 0 or offset % device.block_size or length % device.block_size:
            message = f"offset {offset} and length {length} must be multiples of {device.block_size}"
            raise Refusal(Code.EINVAL, message)
        writes = command in _CHANGES
        if offset + length > device.size:
            code = Code.ENOSPC if writes else Code.EINVAL
            raise Refusal(code, f"{offset} + {length} is beyond the end, {device.size}")
        if writes and device.read_only:
            raise Refusal(Code.EPERM, "the export is read-only")

    def _serve(self, request: Request, payload: bytes | bytearray | None) -> object:
        flags, command, _, offset, length = request
        device, durable = self._device, bool(flags & _FUA)
        if command == _READ:
            return device.read(offset, length)
        if command == _WRITE:
            assert payload is not None
            return device.write(offset, payload, durable=durable)
        if command == _FLUSH:
            return device.flush()
        if command == _TRIM:
            return device.discard(offset, length, durable=durable)
        if command == _WRITE_ZEROES:
            return device.zero(offset, length, durable=durable)
        if command == _BLOCK_STATUS and self._contexts:
            return device.allocation(offset, length)
        raise Refusal(Code.EINVAL, f"command {command} was not agreed on")

    def _reply(self, request: Request, result: object) -> None:
        flags, command, cookie, offset, _ = request
        if command == _READ:
            assert isinstance(result, bytes | bytearray)
            head = (
                nbd.data_head(cookie, offset, len(result)) if self._structured else nbd.simple_reply(cookie)
            )
            self._out += (head, result)
        elif command == _BLOCK_STATUS:
            assert isinstance(result, list)
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
        if self._idle is not None and not self._under_way and not self._idle.done():
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


def _export(name: str, device: Device) -> Export:
    flags = _OFFERED | (Transmission.READ_ONLY if device.read_only else 0)
    return Export(name, device.size, device.block_size, flags)


class Server:
    """Listens on a UNIX socket or a TCP address for one device."""

    def __init__(self, device: Device, name: str = "", others: Exports | None = None) -> None:
        self._offer = Offer(device, name, others)
        self._alive: set[Connection] = set()
        self._listener: asyncio.Server | None = None

    async def listen_unix(self, path: str) -> None:
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_unix_server(self._connection, path)

    async def listen_tcp(self, host: str, port: int) -> int:
        """Listen; the port, which the system chose if `port` is 0."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._connection, host, port)
        chosen: int = self._listener.sockets[0].getsockname()[1]
        return chosen

    def _connection(self) -> Connection:
        return Connection(self._offer, self._alive)

    @property
    def clients(self) -> int:
        """How many are connected."""
        return len(self._alive)

    @property
    def users(self) -> int:
        """How many have the device itself open."""
        return len(self._users())

    def _users(self) -> list[Connection]:
        return [connection for connection in self._alive if connection.uses(self._offer.device)]

    async def hang_up(self) -> None:
        """Cut off those who have the device itself open; nothing of theirs is under way on return."""
        for connection in self._users():
            await connection.cut()

    def abort(self) -> None:
        """Take no more clients, and hang up on those there are: nothing may be answered any more."""
        if self._listener is not None:
            self._listener.close()
        for connection in list(self._alive):
            connection.abort()

    async def stop(self, *, patience: float = 10) -> None:
        """Take no more clients, answer what was asked, hang up.

        A client that takes no answer within `patience` seconds is cut off; what it asked for
        is still carried out before this returns, so that the device may be closed then.
        """
        if self._listener is not None:
            self._listener.close()
        for connection in list(self._alive):
            connection.end()
        leaving = [asyncio.create_task(connection.gone.wait()) for connection in self._alive]
        if leaving:
            await asyncio.wait(leaving, timeout=patience)
        for task in leaving:
            task.cancel()
        for connection in list(self._alive):
            await connection.cut()
