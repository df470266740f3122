"""What a front end needs of a volume. Answers come at once where they can."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from blockengine.replica.files import Bytes


class Refusal(Exception):
    """A request that can't be served as asked; `code` is one of `protocol.nbd.Code`."""

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        super().__init__(message)


class Exports(Protocol):
    """What a front end offers beside its one device: more of them, by name."""

    @property
    def withheld(self) -> str:
        """Why its own device can't be had now; empty if it can."""
        ...

    def names(self) -> list[str]: ...

    def export(self, name: str) -> Device | None: ...

    def opened(self, name: str, change: int) -> None:
        """A client came to one of them (1) or went (-1)."""
        ...


class Device(Protocol):
    """A block device. Ranges are bytes, checked by the front end against `size` and `block_size`.

    Each method raises Refusal (or its awaitable does). A result that needs no wait is returned
    as it is, and one that waits for one answer is a `Pending`: a task per request costs more than
    the request. `data` is the device's to keep.
    """

    block_size: int
    read_only: bool

    @property
    def size(self) -> int: ...

    def read(self, offset: int, length: int) -> Bytes | Awaitable[Bytes]: ...

    def write(self, offset: int, data: Bytes, *, durable: bool) -> Awaitable[None] | None: ...

    def zero(self, offset: int, length: int, *, durable: bool) -> Awaitable[None] | None: ...

    def discard(self, offset: int, length: int, *, durable: bool) -> Awaitable[None] | None: ...

    def flush(self) -> Awaitable[None]: ...

    def allocation(
        self, offset: int, length: int
    ) -> list[tuple[int, bool]] | Awaitable[list[tuple[int, bool]]]: ...
