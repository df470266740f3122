"""The replica protocol's frames: what a controller and a voter send each other.

Fixed binary heads, little-endian. Bytes of the volume and control messages (MessagePack,
`protocol.messages`) travel as payloads. docs/engine-protocol.md has the tables.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from functools import partial
from typing import NamedTuple

REQUEST_MAGIC, REPLY_MAGIC = b"NVRQ", b"NVRP"
REQUEST = struct.Struct("<4sBBHQQQQQQQII")
REPLY = struct.Struct("<4sBBHQI4x")
ISSUED = struct.Struct("<QQQQ")  # nonce, epoch number, controller id, seq
MAX_PAYLOAD = 33 * 1024 * 1024


class Kind(IntEnum):
    """What a request asks for. Those with a payload carry `length` bytes after the head."""

    CONTROL = 0
    READ = 1
    WRITE = 2
    ZERO = 3
    DISCARD = 4
    FLUSH = 5
    ALLOCATION = 6
    INSPECT = 7
    SUMS = 8


class Status(IntEnum):
    """How a request ended. `BROKEN` never travels: the connection ended first."""

    OK = 0
    REFUSED = 1
    INVALID = 2
    ROTTEN = 3
    FULL = 4
    FAILED = 5
    BROKEN = 255


class Malformed(Exception):
    """Bytes that no peer which speaks this protocol sends; the connection ends."""


class Request(NamedTuple):
    """A request's head. `issued` is packed: the session's nonce and the record's position.

    `writes` is the region's write count (`membership.logs.RegionWrites`); a request that
    changes bytes stays within one region. Where `place` is not 0, a READ's or WRITE's bytes
    stand there in shared memory (`protocol.segment`), and none are in the frame.
    """

    magic: bytes
    kind: int
    cookie: int
    issued: bytes
    offset: int
    writes: int
    length: int
    place: int


# The same bytes as REQUEST and REPLY, with what several requests share as one field.
_REQUEST = struct.Struct("<4sB3xQ32sQQII")
_HEAD = struct.Struct("<4sB3xQ")
_TAIL = struct.Struct("<QQI4x")
_PLACE = struct.Struct("<I")
_LAST = int(Kind.SUMS)
_REPLY = struct.Struct("<4sB3xQI4x")
# As `Request._make`, which is written in Python.
_made = partial(tuple.__new__, Request)


def request(kind: int, cookie: int, rest: bytes, place: int = 0) -> bytes:
    """A request's head; `rest` is its `issued` and its `tail`.

    A CONTROL's payload follows, and a WRITE's that has no `place`.
    """
    if place:
        rest = rest[: -_PLACE.size] + _PLACE.pack(place)
    return _HEAD.pack(REQUEST_MAGIC, kind, cookie) + rest


def tail(offset: int = 0, writes: int = 0, length: int = 0) -> bytes:
    """What of a request's head is the same for all members that a change goes to."""
    return _TAIL.pack(offset, writes, length)


def parse_request(buffer: bytes | bytearray, place: int) -> Request:
    """The head at `place`, of which `REQUEST.size` bytes must be there.

    Raises: Malformed.
    """
    found = _made(_REQUEST.unpack_from(buffer, place))
    if found.magic != REQUEST_MAGIC or found.kind > _LAST:
        raise Malformed("no request where one must be")
    if found.length > MAX_PAYLOAD:
        raise Malformed(f"a request of {found.length} bytes")
    return found


def reply(cookie: int, status: int, length: int = 0) -> bytes:
    """A reply's head; `length` bytes follow."""
    return _REPLY.pack(REPLY_MAGIC, status, cookie, length)


def parse_reply(buffer: bytearray, place: int) -> tuple[int, int, int]:
    """(cookie, status, length of the payload).

    Raises: Malformed.
    """
    magic, status, cookie, length = _REPLY.unpack_from(buffer, place)
    if magic != REPLY_MAGIC or length > MAX_PAYLOAD:
        raise Malformed("no reply where one must be")
    return cookie, status, length
