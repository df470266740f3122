"""The NBD protocol's formats: fixed newstyle, structured replies, base:allocation.

Source: the NBD project's doc/proto.md. Numbers are big-endian. TLS and extended headers are
not spoken; what a client asks for beyond this is refused with the protocol's own errors.
"""

from __future__ import annotations

import struct
from enum import IntEnum, IntFlag
from functools import partial
from typing import NamedTuple

GREETING_MAGIC, OPTION_MAGIC, OPTION_REPLY_MAGIC = b"NBDMAGIC", b"IHAVEOPT", 0x0003E889045565A9
REQUEST_MAGIC, SIMPLE_MAGIC, CHUNK_MAGIC = 0x25609513, 0x67446698, 0x668E33EF

FIXED_NEWSTYLE, NO_ZEROES = 1, 2
MAX_PAYLOAD = 32 * 1024 * 1024
MAX_OPTION = 8192
MAX_STATUS = 4096

OPTION = struct.Struct(">8sII")
OPTION_REPLY = struct.Struct(">QIII")
REQUEST = struct.Struct(">IHHQQI")
SIMPLE = struct.Struct(">IIQ")
CHUNK = struct.Struct(">IHHQI")
DATA_CHUNK = struct.Struct(">IHHQIQ")
ALLOCATION, ALLOCATION_ID = "base:allocation", 1


class Option(IntEnum):
    EXPORT_NAME = 1
    ABORT = 2
    LIST = 3
    STARTTLS = 5
    INFO = 6
    GO = 7
    STRUCTURED_REPLY = 8
    LIST_META_CONTEXT = 9
    SET_META_CONTEXT = 10


class Answer(IntEnum):
    ACK = 1
    SERVER = 2
    INFO = 3
    META_CONTEXT = 4
    UNSUPPORTED = 1 << 31 | 1
    POLICY = 1 << 31 | 2
    INVALID = 1 << 31 | 3
    UNKNOWN = 1 << 31 | 6
    TOO_BIG = 1 << 31 | 9


class Info(IntEnum):
    EXPORT = 0
    NAME = 1
    DESCRIPTION = 2
    BLOCK_SIZE = 3


class Transmission(IntFlag):
    HAS_FLAGS = 1 << 0
    READ_ONLY = 1 << 1
    SEND_FLUSH = 1 << 2
    SEND_FUA = 1 << 3
    SEND_TRIM = 1 << 5
    SEND_WRITE_ZEROES = 1 << 6
    SEND_DF = 1 << 7
    CAN_MULTI_CONN = 1 << 8


class Command(IntEnum):
    READ = 0
    WRITE = 1
    DISCONNECT = 2
    FLUSH = 3
    TRIM = 4
    CACHE = 5
    WRITE_ZEROES = 6
    BLOCK_STATUS = 7


class CommandFlag(IntFlag):
    FUA = 1 << 0
    NO_HOLE = 1 << 1
    DF = 1 << 2
    REQ_ONE = 1 << 3


class Chunk(IntEnum):
    NONE = 0
    OFFSET_DATA = 1
    BLOCK_STATUS = 5
    ERROR = 1 << 15 | 1


CHUNK_DONE = 1


class Code(IntEnum):
    """Errors on the wire; they are Linux's numbers on every platform."""

    EPERM = 1
    EIO = 5
    EINVAL = 22
    ENOSPC = 28
    EOVERFLOW = 75
    ENOTSUP = 95
    ESHUTDOWN = 108


class Malformed(Exception):
    """Bytes that no client which speaks NBD sends; the connection ends."""


class Request(NamedTuple):
    """One request of the transmission phase."""

    magic: int
    flags: int
    command: int
    cookie: int
    offset: int
    length: int


# As `Request._make`, which is written in Python.
_made = partial(tuple.__new__, Request)


def parse_request(buffer: bytes | bytearray, place: int) -> Request:
    """The request at `place`, of which `REQUEST.size` bytes must be there.

    Raises: Malformed.
    """
    found = _made(REQUEST.unpack_from(buffer, place))
    if found.magic != REQUEST_MAGIC:
        raise Malformed("no request where one must be")
    return found


class Export(NamedTuple):
    """What one export offers. Sizes are bytes."""

    name: str
    size: int
    block_size: int
    flags: Transmission


def greeting() -> bytes:
    """The first bytes of a server."""
    return GREETING_MAGIC + OPTION_MAGIC + struct.pack(">H", FIXED_NEWSTYLE | NO_ZEROES)


def client_flags(raw: bytes) -> bool:
    """Whether the client wants no 124 zeroes after EXPORT_NAME.

    Raises: Malformed for a client that does not speak fixed newstyle.
    """
    (flags,) = struct.unpack(">I", raw)
    if not flags & FIXED_NEWSTYLE or flags & ~(FIXED_NEWSTYLE | NO_ZEROES):
        raise Malformed(f"client flags {flags:#x}")
    return bool(flags & NO_ZEROES)


def option_reply(option: int, answer: Answer, payload: bytes = b"") -> bytes:
    """One reply during negotiation."""
    return OPTION_REPLY.pack(OPTION_REPLY_MAGIC, option, answer, len(payload)) + payload


def export_reply(option: int, name: bytes) -> bytes:
    """One export of a list."""
    return option_reply(option, Answer.SERVER, len(name).to_bytes(4, "big") + name)


def export_name_reply(export: Export, *, no_zeroes: bool) -> bytes:
    """The answer to EXPORT_NAME, which has no header."""
    body = struct.pack(">QH", export.size, export.flags)
    return body if no_zeroes else body + bytes(124)


def parse_info(payload: bytes) -> tuple[str, list[int]]:
    """The export's name and the pieces of information that INFO or GO asks for.

    Raises: Malformed.
    """
    name, rest = _string(payload)
    if len(rest) < 2:
        raise Malformed("INFO or GO without a count")
    (count,) = struct.unpack_from(">H", rest)
    if len(rest) != 2 + 2 * count:
        raise Malformed("INFO or GO with a wrong count")
    return name, list(struct.unpack_from(f">{count}H", rest, 2))


def info_replies(option: int, export: Export, wanted: list[int]) -> bytes:
    """What INFO and GO answer before their ACK."""
    pieces = [struct.pack(">HQH", Info.EXPORT, export.size, export.flags)]
    pieces.append(struct.pack(">HIII", Info.BLOCK_SIZE, export.block_size, 4096, MAX_PAYLOAD))
    if Info.NAME in wanted:
        pieces.append(struct.pack(">H", Info.NAME) + export.name.encode())
    return b"".join(option_reply(option, Answer.INFO, piece) for piece in pieces)


def parse_contexts(payload: bytes) -> tuple[str, list[str]]:
    """The export's name and the queries of LIST_ or SET_META_CONTEXT.

    Raises: Malformed.
    """
    name, rest = _string(payload)
    if len(rest) < 4:
        raise Malformed("meta context without a count")
    (count,) = struct.unpack_from(">I", rest)
    rest = rest[4:]
    queries = []
    while rest:
        query, rest = _string(rest)
        queries.append(query)
    if len(queries) != count:
        raise Malformed("meta context with a wrong count")
    return name, queries


def context_reply(option: int) -> bytes:
    """The one context there is."""
    number = ALLOCATION_ID if option == Option.SET_META_CONTEXT else 0
    return option_reply(option, Answer.META_CONTEXT, struct.pack(">I", number) + ALLOCATION.encode())


def _string(payload: bytes) -> tuple[str, bytes]:
    if len(payload) < 4:
        raise Malformed("a string without a length")
    (length,) = struct.unpack_from(">I", payload)
    if length > min(4096, len(payload) - 4):
        raise Malformed("a string longer than its message")
    try:
        return payload[4 : 4 + length].decode(), payload[4 + length :]
    except UnicodeDecodeError:
        raise Malformed("a string that is not UTF-8") from None


def simple_reply(cookie: int, code: int = 0) -> bytes:
    """An answer without structure."""
    return SIMPLE.pack(SIMPLE_MAGIC, code, cookie)


def data_head(cookie: int, offset: int, length: int) -> bytes:
    """What stands before the bytes of a structured read; one chunk answers it."""
    return DATA_CHUNK.pack(CHUNK_MAGIC, CHUNK_DONE, Chunk.OFFSET_DATA, cookie, length + 8, offset)


def done_chunk(cookie: int) -> bytes:
    """A structured answer that carries nothing."""
    return CHUNK.pack(CHUNK_MAGIC, CHUNK_DONE, Chunk.NONE, cookie, 0)


def error_chunk(cookie: int, code: int, message: str) -> bytes:
    """A structured error, with words for a person."""
    text = message.encode()[:1024]
    body = struct.pack(">IH", code, len(text)) + text
    return CHUNK.pack(CHUNK_MAGIC, CHUNK_DONE, Chunk.ERROR, cookie, len(body)) + body


def status_chunk(cookie: int, stretches: list[tuple[int, bool]]) -> bytes:
    """base:allocation of a range: (length, whether it has data)."""
    body = struct.pack(">I", ALLOCATION_ID)
    body += b"".join(struct.pack(">II", length, 0 if data else 3) for length, data in stretches)
    return CHUNK.pack(CHUNK_MAGIC, CHUNK_DONE, Chunk.BLOCK_STATUS, cookie, len(body)) + body
