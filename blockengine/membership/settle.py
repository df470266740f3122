"""Which copy of an unverified block wins after an unclean stop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, NamedTuple, TypeVar

Bytes = TypeVar("Bytes")


class Copy(NamedTuple, Generic[Bytes]):
    """A member's copy of one block, and whether its checksum verifies."""

    content: Bytes
    verified: bool


def choose(copies: Mapping[str, Copy[Bytes]]) -> tuple[str, Copy[Bytes]]:
    """The member whose copy all others get.

    Any would do, because nobody has read the block since; but one that verifies beats one
    that does not: bytes and checksum are not written atomically, and a disk may rot. Where
    none verifies, the bytes are taken as they are and the checksum is made anew.

    Raises: ValueError without copies.
    """
    if not copies:
        raise ValueError("no member in sync has a copy")
    return min(copies.items(), key=lambda entry: (not entry[1].verified, entry[0]))
