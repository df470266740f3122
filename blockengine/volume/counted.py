"""A device that counts what goes through it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from functools import partial
from time import perf_counter

from blockengine.protocol.admin import Flow, Traffic
from blockengine.replica.files import Bytes
from blockengine.volume.device import Device
from blockengine.volume.pending import Pending

# So many requests of a kind are timed at once: all of them while little is asked for, a sample under load.
_TIMED_AT_ONCE = 2


class _Meter:
    """One kind of request."""

    __slots__ = ("_under_way", "bytes", "count", "timed", "timed_seconds")

    def __init__(self) -> None:
        self.count = self.bytes = self.timed = self._under_way = 0
        self.timed_seconds = 0.0

    def add(self, length: int, answer: object) -> None:
        self.count += 1
        self.bytes += length
        if self._under_way < _TIMED_AT_ONCE:
            if isinstance(answer, Pending):
                self._under_way += 1
                answer.then(partial(self._ended, perf_counter()))
            elif isinstance(answer, asyncio.Future):
                self._under_way += 1
                answer.add_done_callback(partial(self._ended, perf_counter()))

    def _ended(self, began: float, _: object) -> None:
        self._under_way -= 1
        self.timed += 1
        self.timed_seconds += perf_counter() - began

    def flow(self) -> Flow:
        mean = self.timed_seconds / self.timed if self.timed else 0.0
        return Flow(self.count, self.bytes, mean * self.count)


class Counted:
    """A `Device` over another one."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self.block_size, self.read_only = device.block_size, device.read_only
        self._began = perf_counter()
        self._reads, self._writes, self._discards, self._flushes = _Meter(), _Meter(), _Meter(), _Meter()

    @property
    def size(self) -> int:
        return self._device.size

    def traffic(self) -> Traffic:
        """What went through since this was made."""
        return Traffic(
            perf_counter() - self._began,
            self._reads.flow(),
            self._writes.flow(),
            self._discards.flow(),
            self._flushes.flow(),
        )

    def read(self, offset: int, length: int) -> Bytes | Awaitable[Bytes]:
        answer = self._device.read(offset, length)
        self._reads.add(length, answer)
        return answer

    def write(self, offset: int, data: Bytes, *, durable: bool) -> Awaitable[None] | None:
        answer = self._device.write(offset, data, durable=durable)
        self._writes.add(len(data), answer)
        return answer

    def zero(self, offset: int, length: int, *, durable: bool) -> Awaitable[None] | None:
        answer = self._device.zero(offset, length, durable=durable)
        self._writes.add(length, answer)
        return answer

    def discard(self, offset: int, length: int, *, durable: bool) -> Awaitable[None] | None:
        answer = self._device.discard(offset, length, durable=durable)
        self._discards.add(length, answer)
        return answer

    def flush(self) -> Awaitable[None]:
        answer = self._device.flush()
        self._flushes.add(0, answer)
        return answer

    def allocation(
        self, offset: int, length: int
    ) -> list[tuple[int, bool]] | Awaitable[list[tuple[int, bool]]]:
        return self._device.allocation(offset, length)
