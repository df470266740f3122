"""A small value that changes atomically: two checksummed slots in one file.

Both are written, one after the other, before `save` returns. A crash tears at most one; rot
in one does not make the other silently old.
"""

from __future__ import annotations

import struct
from typing import Generic, TypeVar

import msgspec
from xxhash import xxh3_64_intdigest

from blockengine.replica.files import Directory, File

SLOT = 64 * 1024
_HEAD = struct.Struct("<8sHHIQQ")  # magic, format, reserved, payload length, counter, checksum
MAGIC, FORMAT = b"NVSLOT\0\0", 1

Value = TypeVar("Value")


class Damaged(Exception):
    """A file of the replica is not what it must be; the message says which and why."""


class Slots(Generic[Value]):
    """One value of a msgspec type. Offsets 0 and 64 KiB hold the two slots."""

    def __init__(self, file: File, name: str, kind: type[Value]) -> None:
        self._file, self._name, self._kind = file, name, kind
        self._counter = 0

    @classmethod
    def create(cls, directory: Directory, name: str, value: Value) -> Slots[Value]:
        """A new file, durable once the directory is synced."""
        made = cls(directory.create(name), name, type(value))
        # Filled at once, so that a later save needs no space that a full disk may not have.
        made._file.pwrite(bytes(2 * SLOT), 0)
        made.save(value)
        return made

    def load(self) -> Value:
        """The newest intact slot; the other one is mended.

        Raises: Damaged if neither is intact, or a newer program wrote them.
        """
        found = self._intact()
        self._counter, payload = max(found)
        if len(found) < 2 or found[0] != found[1]:
            self._write(payload)
        return self._decoded(payload)

    def peek(self) -> Value:
        """The newest intact slot; nothing is mended, because another process may be writing.

        Raises: Damaged.
        """
        return self._decoded(max(self._intact())[1])

    def _decoded(self, payload: bytes) -> Value:
        try:
            return msgspec.msgpack.decode(payload, type=self._kind)
        except msgspec.DecodeError as error:
            raise Damaged(f"{self._name}: {error}. A newer navarch may have written it") from None

    def _intact(self) -> list[tuple[int, bytes]]:
        found = [intact for slot in (0, 1) if (intact := self._read(slot)) is not None]
        if not found:
            raise Damaged(f"{self._name}: both copies are damaged; rebuild this replica from another one")
        return found

    def save(self, value: Value) -> None:
        """Replace the value; it is durable, in both slots, on return."""
        self._counter += 1
        self._write(msgspec.msgpack.encode(value))

    def _write(self, payload: bytes) -> None:
        head = _HEAD.pack(MAGIC, FORMAT, 0, len(payload), self._counter, self._sum(self._counter, payload))
        if len(head) + len(payload) > SLOT:
            raise ValueError(f"{self._name}: {len(payload)} bytes don't fit a slot")
        for slot in (self._counter % 2, 1 - self._counter % 2):
            self._file.pwrite(head + payload, slot * SLOT)
            self._file.sync()

    def _read(self, slot: int) -> tuple[int, bytes] | None:
        head = self._file.pread(_HEAD.size, slot * SLOT)
        magic, version, _, length, counter, checksum = _HEAD.unpack(head)
        if magic != MAGIC or length > SLOT - _HEAD.size:
            return None
        payload = self._file.pread(length, slot * SLOT + _HEAD.size)
        if self._sum(counter, payload) != checksum:
            return None
        if version != FORMAT:
            raise Damaged(f"{self._name}: format {version}; this program reads {FORMAT}. Use a newer navarch")
        return counter, payload

    @staticmethod
    def _sum(counter: int, payload: bytes) -> int:
        return xxh3_64_intdigest(payload, seed=counter)

    def close(self) -> None:
        self._file.close()
