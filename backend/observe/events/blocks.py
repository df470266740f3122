"""The file of one cluster's stored events: sealed blocks one after the other, only ever appended to.

    file    ``NAVEVT1\\n``, when it was made (8 bytes, seconds), 16 random bytes that name it; then blocks
    block   length of the rest (4 bytes), checksum of length, file and number (4), nonce (24), ciphertext
    inside  zlib over MessagePack: a list of ``Seen``

Each block is sealed to its file and its number (XChaCha20-Poly1305), so blocks can't be moved, doubled or
taken out of the middle unseen; blocks cut off at the end can't be told from blocks never written. The
checksum tells a write that was broken off (an end that is too short: cut it off) from a damaged file.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from backend.observe.events.seen import Seen
from backend.vault.format import NONCE_BYTES, length_prefixed
from backend.vault.keys import Unauthentic, seal, unseal

MAGIC = b"NAVEVT1\n"
_HEADER = struct.Struct(">8sQ16s")
_HEAD = struct.Struct(">II")
HEADER_BYTES = _HEADER.size
MOST = 1000
"""Events in a block; some 60 kB."""
_LARGEST = 8 << 20
_LARGEST_INSIDE = 64 << 20
_SEARCHED = 256 << 10
"""Bytes that are searched for the next block after a damaged head."""
_seen = msgspec.msgpack.Decoder(list[Seen])


class NotOurs(ValueError):
    """The file does not begin as ours do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    made: int
    """Seconds since the epoch."""
    id: bytes


@dataclass(slots=True, kw_only=True)
class Walk:
    """How a walk over blocks ended."""

    end: int
    """Offset behind the last whole block."""
    number: int
    """Of the next block."""
    damaged: int = 0
    """Blocks that can't be opened."""
    torn: bool = False
    """The last write was broken off."""


def new_head(*, now: float) -> tuple[Head, bytes]:
    head = Head(made=int(now), id=os.urandom(16))
    return head, _HEADER.pack(MAGIC, head.made, head.id)


def read_head(data: bytes) -> Head:
    """Raises NotOurs."""
    if len(data) < HEADER_BYTES:
        raise NotOurs
    magic, made, file_id = _HEADER.unpack_from(data)
    if magic != MAGIC:
        raise NotOurs
    return Head(made=made, id=file_id)


def sealed_block(key: bytearray, events: Sequence[Seen], *, head: Head, tag: str, number: int) -> bytes:
    plain = zlib.compress(msgspec.msgpack.encode(events), 3)
    nonce, ct = seal(key, plain, aad=_aad(head, tag, number))
    length = len(nonce) + len(ct)
    return _HEAD.pack(length, _checksum(length, head, number)) + nonce + ct


def walk(
    key: bytearray, data: bytes, walked: Walk, *, head: Head, tag: str, offset: int = 0
) -> Iterator[list[Seen]]:
    """The events of each block from ``walked`` on, which is brought forward; damaged ones are left out.

    ``data`` begins at ``offset`` of the file.
    """
    at, size = walked.end - offset, len(data)
    while at < size:
        if size - at < _HEAD.size:
            walked.torn = True
            return
        length, checksum = _HEAD.unpack_from(data, at)
        if checksum != _checksum(length, head, walked.number) or not NONCE_BYTES < length <= _LARGEST:
            walked.damaged += 1
            found = _next_block(data, at + 1, head, walked.number + 1)
            if found is None:
                walked.end, walked.number = offset + size, walked.number + 1
                return
            at, walked.number = found, walked.number + 1
            continue
        begin = at + _HEAD.size
        if begin + length > size:
            walked.torn = True
            return
        try:
            yield _opened(key, data[begin : begin + length], _aad(head, tag, walked.number))
        except (Unauthentic, zlib.error, msgspec.MsgspecError):
            walked.damaged += 1
        at = begin + length
        walked.end, walked.number = offset + at, walked.number + 1


def _opened(key: bytearray, body: bytes, aad: bytes) -> list[Seen]:
    plain = unseal(key, nonce=body[:NONCE_BYTES], ct=body[NONCE_BYTES:], aad=aad)
    inflater = zlib.decompressobj()
    inside = inflater.decompress(plain, _LARGEST_INSIDE)
    if not inflater.eof:
        raise zlib.error("larger than any block")
    return _seen.decode(inside)


def _next_block(data: bytes, start: int, head: Head, number: int) -> int | None:
    for at in range(start, min(len(data) - _HEAD.size, start + _SEARCHED)):
        length, checksum = _HEAD.unpack_from(data, at)
        if NONCE_BYTES < length <= _LARGEST and checksum == _checksum(length, head, number):
            return at
    return None


def _checksum(length: int, head: Head, number: int) -> int:
    return zlib.crc32(struct.pack(">IQ", length, number) + head.id)


def _aad(head: Head, tag: str, number: int) -> bytes:
    return length_prefixed("navarch events 1", tag, head.id, head.made, number)
