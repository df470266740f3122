"""Memory that a controller shares with voters on its machine: sockets then carry places, not payloads.

The controller makes a segment, a file without a name, and voters that can reach it by `/proc` map it. It
can't shrink, so that nobody who maps it can be hurt by its end.

What nobody refers to is free: a client's connection, a change and a request under way each hold the
payload that they work on. A voter that never answered may yet carry out what it was asked for, however
late, and would find other bytes in the place, or leave some there. So a link that ends gives what was under
way on it to `lose`, and that is never used again; a segment of which much is lost is `worn`, and another
takes its place.
"""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
import secrets
import weakref
from functools import cache, partial
from typing import Any

from msgspec import Struct

_UNIT, _UNITS = 128 * 1024, 128
_SIZE = _UNIT * _UNITS
# Of these the first holds the token, by which a voter sees that it mapped what was meant.
_TAKEABLE = (1 << _UNITS) - 2
_MOST = 1 << 30
_TOKEN = 16
AVAILABLE = hasattr(os, "memfd_create") and hasattr(fcntl, "F_ADD_SEALS") and os.path.isdir("/proc/self/fd")


class Where(Struct, frozen=True):
    """A segment for whoever is to map it: file `descriptor` of process `pid`, beginning with `token`."""

    pid: int
    descriptor: int
    token: bytes


@cache
def _room(units: int) -> Any:
    return ctypes.c_char * (units * _UNIT)


class Segment:
    """The controller's side. `_free` has a bit for each unit of 128 KiB."""

    def __init__(self) -> None:
        """Raises: OSError."""
        self._descriptor = os.memfd_create("navarch", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        weakref.finalize(self, os.close, self._descriptor)
        os.ftruncate(self._descriptor, _SIZE)
        fcntl.fcntl(self._descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL)
        self._map = mmap.mmap(self._descriptor, _SIZE)
        self._token = secrets.token_bytes(_TOKEN)
        self._map[:_TOKEN] = self._token
        self._begin = ctypes.addressof(ctypes.c_char.from_buffer(self._map))
        self._free = _TAKEABLE
        self._watched: dict[int, weakref.ref[Any]] = {}
        self._lost: list[memoryview] = []
        # Whether a voter has mapped it.
        self.known = False

    def take(self, length: int) -> memoryview | None:
        """Room for a payload, until nothing refers to it any more; None if there is none."""
        count = -(-length // _UNIT)
        begins = self._free
        for further in range(1, count):
            begins &= self._free >> further
        if not begins:
            return None
        first = (begins & -begins).bit_length() - 1
        units = ((1 << count) - 1) << first
        self._free ^= units
        room = _room(count).from_buffer(self._map, first * _UNIT)
        self._watched[units] = weakref.ref(room, partial(self._give, units))
        return memoryview(room).cast("B")[:length]

    def _give(self, units: int, _: object) -> None:
        del self._watched[units]
        self._free |= units

    def place(self, payload: memoryview) -> int:
        """Where in the segment a payload stands, in bytes; 0 if it is elsewhere."""
        if payload.readonly:
            return 0
        place = ctypes.addressof(ctypes.c_char.from_buffer(payload)) - self._begin
        return place if 0 < place < _SIZE else 0

    @property
    def where(self) -> Where:
        """How a voter finds it."""
        return Where(os.getpid(), self._descriptor, self._token)

    def lose(self, payload: memoryview) -> None:
        """A voter that ended without an answer may still use this: nobody else ever may."""
        self._lost.append(payload)

    @property
    def worn(self) -> bool:
        """Whether so much is lost that another segment should take over."""
        return len(self._lost) > _UNITS // 8


class Mapped:
    """A voter's side."""

    def __init__(self, where: Where) -> None:
        """Raises: ValueError if it is not what the controller means; OSError if it can't be reached."""
        path, flags = f"/proc/{where.pid}/fd/{where.descriptor}", os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK
        descriptor = os.open(path, flags)
        try:
            if not fcntl.fcntl(descriptor, fcntl.F_GET_SEALS) & fcntl.F_SEAL_SHRINK:
                raise ValueError("the memory could shrink")
            size = os.fstat(descriptor).st_size
            if not _TOKEN < size <= _MOST:
                raise ValueError(f"a segment of {size} bytes")
            self._view = memoryview(mmap.mmap(descriptor, size))
        finally:
            os.close(descriptor)
        if self._view[:_TOKEN] != where.token:
            raise ValueError("other memory than was meant")

    def at(self, place: int, length: int) -> memoryview:
        """What stands at a place. Raises: ValueError if that is not inside."""
        if place + length > len(self._view):
            raise ValueError(f"{length} bytes at {place} of {len(self._view)} bytes of shared memory")
        return self._view[place : place + length]


class Memory:
    """The segment that a controller uses now. Voters come to know it one by one, if at all."""

    def __init__(self) -> None:
        self._segment: Segment | None = None

    def segment(self) -> Segment | None:
        """The one to offer to voters; None where there is no such thing."""
        if AVAILABLE and (self._segment is None or self._segment.worn):
            try:
                self._segment = Segment()
            except OSError:
                return None
        return self._segment

    def room(self, length: int) -> bytearray | memoryview:
        """Room for a payload that is about to come: shared, if any voter shares it and there is some left."""
        segment = self._segment
        taken = segment.take(length) if segment is not None and segment.known else None
        return bytearray(length) if taken is None else taken
