"""A volume's snapshots: the list whose digest stands in the record.

The list is a file of its own on every replica, named by its digest. It is never changed: a
controller writes another one, and the record that names it brings it into force.
"""

from __future__ import annotations

import re

import msgspec
from msgspec import Struct
from xxhash import xxh3_128_hexdigest

from blockengine.membership.record import Position

MOST = 250
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


class Snapshot(Struct, frozen=True):
    """One moment of the volume. `id` is random and never used again; `size` is the volume's then, in bytes.

    `at` is the record that was in force when it was cut: a replica that was in sync then has it
    whole. `created` counts seconds since 1970.
    """

    id: int
    name: str
    size: int
    created: int
    at: Position


class Catalog(Struct, frozen=True):
    """All snapshots, in the order in which they were cut."""

    snapshots: tuple[Snapshot, ...] = ()

    @property
    def ids(self) -> tuple[int, ...]:
        """The ids, oldest first."""
        return tuple(snapshot.id for snapshot in self.snapshots)

    def named(self, name: str) -> Snapshot | None:
        """The snapshot of this name."""
        return next((snapshot for snapshot in self.snapshots if snapshot.name == name), None)

    def added(self, snapshot: Snapshot) -> Catalog:
        """The list with one more.

        Raises: ValueError for a name that is taken or can't be, or beyond `MOST` snapshots.
        """
        check_name(snapshot.name)
        if self.named(snapshot.name) is not None:
            raise ValueError(f"there is a snapshot {snapshot.name} already")
        if len(self.snapshots) >= MOST:
            raise ValueError(f"the volume has {MOST} snapshots, which is the most; delete one first")
        return Catalog((*self.snapshots, snapshot))

    def without(self, name: str) -> Catalog:
        """The list without one."""
        return Catalog(tuple(snapshot for snapshot in self.snapshots if snapshot.name != name))


def check_name(name: str) -> None:
    """Raises: ValueError for a name that a shell, a URI or a terminal could trip over."""
    if not NAME.fullmatch(name):
        raise ValueError(
            f"{name[:80]!r} can't be a snapshot's name: letters, digits, '.', '_' and '-', beginning with a "
            "letter or digit, 63 at most"
        )


def encoded(catalog: Catalog) -> bytes:
    """The list as it stands in its file."""
    return msgspec.msgpack.encode(catalog)


def decoded(raw: bytes | memoryview) -> Catalog:
    """Raises: msgspec.DecodeError."""
    return msgspec.msgpack.decode(raw, type=Catalog)


def digest(raw: bytes) -> str:
    """What names a list; the empty list has no file, and the empty digest."""
    return xxh3_128_hexdigest(raw)


def digest_of(catalog: Catalog) -> str:
    """The digest that a record carries for this list."""
    return digest(encoded(catalog)) if catalog.snapshots else ""
