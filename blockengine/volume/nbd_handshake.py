"""What an NBD client and the server agree on before the first request."""

from __future__ import annotations

from typing import NamedTuple

from blockengine.protocol import nbd
from blockengine.protocol.nbd import Answer, Export, Malformed, Option, Transmission
from blockengine.volume.device import Device, Exports

_OFFERED = (
    Transmission.HAS_FLAGS
    | Transmission.SEND_FLUSH
    | Transmission.SEND_FUA
    | Transmission.SEND_TRIM
    | Transmission.SEND_WRITE_ZEROES
    | Transmission.SEND_DF
    | Transmission.CAN_MULTI_CONN
)
_FLAGS = 4  # bytes of the client's flags


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


class Handshake:
    """One client's. Once it `chose`, there is a `device`; one that `left` is hung up on."""

    def __init__(self, offer: Offer) -> None:
        self._offer = offer
        self.device, self.export = offer.device, _export(offer.name, offer.device)
        self.structured = self.contexts = self.chose = self.left = False
        self._greeted = self._no_zeroes = False
        self._skip = 0

    def take(self, data: memoryview) -> tuple[int, bytes]:
        """How many of these bytes it used (0: it needs more), and what to answer. Raises: Malformed."""
        if self._skip:
            step = min(self._skip, len(data))
            self._skip -= step
            return step, b""
        if len(data) < (nbd.OPTION.size if self._greeted else _FLAGS):
            return 0, b""
        if not self._greeted:
            self._no_zeroes, self._greeted = nbd.client_flags(bytes(data[:_FLAGS])), True
            return _FLAGS, b""
        magic, option, length = nbd.OPTION.unpack_from(data)
        if magic != nbd.OPTION_MAGIC:
            raise Malformed("no option where one must be")
        whole: int = nbd.OPTION.size + length
        if length > nbd.MAX_OPTION:
            self._skip = length
            return nbd.OPTION.size, nbd.option_reply(option, Answer.TOO_BIG, b"8 KiB at most")
        if len(data) < whole:
            return 0, b""
        return whole, self._option(option, bytes(data[nbd.OPTION.size : whole]))

    def _option(self, option: int, payload: bytes) -> bytes:
        if option == Option.EXPORT_NAME:
            if not self._choose(payload.decode(errors="replace")):
                raise Malformed("EXPORT_NAME can only be refused by hanging up")
            return nbd.export_name_reply(self.export, no_zeroes=self._no_zeroes)
        if option == Option.ABORT:
            self.left = True
            return nbd.option_reply(option, Answer.ACK)
        try:
            return self._answer(option, payload)
        except Malformed as error:
            return nbd.option_reply(option, Answer.INVALID, str(error).encode())

    def _answer(self, option: int, payload: bytes) -> bytes:
        ack = nbd.option_reply(option, Answer.ACK)
        if option in (Option.LIST, Option.STRUCTURED_REPLY):
            if payload:
                raise Malformed("an option that takes nothing")
            if option == Option.STRUCTURED_REPLY:
                self.structured = True
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
            return nbd.info_replies(option, _export(wanted or self._offer.name, device), pieces) + ack
        if option in (Option.LIST_META_CONTEXT, Option.SET_META_CONTEXT):
            return self._contexts(option, payload) + ack
        return nbd.option_reply(option, Answer.UNSUPPORTED)

    def _choose(self, name: str) -> bool:
        """Serve the export of this name from now on; False if there is none."""
        device = self._offer.find(name)
        if device is None:
            return False
        self.device, self.export = device, _export(name or self._offer.name, device)
        self.chose = True
        if self._offer.others is not None and device is not self._offer.device:
            self._offer.others.opened(name, 1)
        return True

    def gone(self) -> None:
        """The client hung up, or was hung up on."""
        if self._offer.others is not None and self.device is not self._offer.device:
            self._offer.others.opened(self.export.name, -1)

    def _contexts(self, option: int, payload: bytes) -> bytes:
        name, queries = nbd.parse_contexts(payload)
        if not self.structured:
            raise Malformed("meta contexts need structured replies first")
        if self._offer.find(name) is None:
            return nbd.option_reply(option, Answer.UNKNOWN, b"no such export")
        listing = option == Option.LIST_META_CONTEXT
        found = nbd.ALLOCATION in queries or (listing and (not queries or "base:" in queries))
        if not listing:
            self.contexts = found
        return nbd.context_reply(option) if found else b""


def _export(name: str, device: Device) -> Export:
    flags = _OFFERED | (Transmission.READ_ONLY if device.read_only else 0)
    return Export(name, device.size, device.block_size, flags)
