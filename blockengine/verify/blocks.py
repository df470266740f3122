"""Blocks that describe themselves: which write made them, where, and whether they are whole."""

from __future__ import annotations

import struct

from xxhash import xxh3_128_digest

_HEAD = struct.Struct("<8sQQQ")  # magic, unit, operation, 0
_MAGIC = b"NVVERIFY"
ZEROES = 0


class Torn(Exception):
    """Bytes that no write ever made."""


def content(unit: int, operation: int, size: int) -> bytes:
    """What operation number `operation` (from 1) writes at unit `unit`; `size` bytes of 16 at least 48."""
    head = _HEAD.pack(_MAGIC, unit, operation, 0)
    filling = xxh3_128_digest(head)
    return head + filling * ((size - len(head)) // len(filling))


def operation(unit: int, data: bytes) -> int:
    """Which operation wrote these bytes at this unit; ZEROES for zeroes.

    Raises: Torn if none did.
    """
    magic, _, number, _ = _HEAD.unpack_from(data)
    if magic != _MAGIC:
        if data.count(0) == len(data):
            return ZEROES
        raise Torn(f"unit {unit} holds bytes that nobody wrote: {data[:48].hex()}")
    if data != content(unit, number, len(data)):
        raise Torn(
            f"unit {unit} holds parts of different writes: it begins as {_HEAD.unpack_from(data)[1:3]}"
        )
    return int(number)
