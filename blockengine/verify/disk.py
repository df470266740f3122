"""A simulated disk: everything that was not synced may be lost, torn or reordered.

`kill -9` cannot show a missing fsync, because the page cache survives it. Here a crash keeps,
per 512-byte sector, any one of the contents that the sector had since the last sync. Names
behave as on a file system with an ordered metadata journal: after a crash the directory is as
it was at some moment since its last sync.
"""

from __future__ import annotations

import errno
import random

from blockengine.replica.files import Bytes

SECTOR = 512


class Crashed(Exception):
    """The machine stopped here."""


class _Node:
    """One file's bytes: as the running machine sees them, and what may be on the platter."""

    def __init__(self) -> None:
        self.live = bytearray()
        self.durable = bytearray()
        self.pending: list[tuple[int, bytes]] = []
        self.sizes: list[int] = []


class SimulatedDisk:
    """A `Directory` on a machine that stops after `stop_after` changes (0: never)."""

    def __init__(self, stop_after: int = 0, *, fail_syncs: bool = False) -> None:
        self.stop_after, self.fail_syncs = stop_after, fail_syncs
        self.changes = 0
        self._names: dict[str, _Node] = {}
        self._history: list[dict[str, _Node]] = [{}]

    # The directory.

    def create(self, name: str) -> SimulatedFile:
        if name in self._names:
            raise FileExistsError(errno.EEXIST, "exists", name)
        self._names[name] = _Node()
        self._renamed()
        return SimulatedFile(self, self._names[name])

    def open(self, name: str) -> SimulatedFile:
        if name not in self._names:
            raise FileNotFoundError(errno.ENOENT, "no such file", name)
        return SimulatedFile(self, self._names[name])

    def names(self) -> list[str]:
        return sorted(self._names)

    def rename(self, old: str, new: str) -> None:
        self._names[new] = self._names.pop(old)
        self._renamed()

    def remove(self, name: str) -> None:
        del self._names[name]
        self._renamed()

    def sync(self) -> None:
        self._history = [dict(self._names)]
        self.changed()

    def place(self) -> tuple[int, int]:
        return 1, 1

    def capacity(self) -> int:
        return 1 << 40

    def _renamed(self) -> None:
        self._history.append(dict(self._names))
        self.changed()

    def changed(self) -> None:
        """One more change happened; perhaps it was the last."""
        self.changes += 1
        if self.changes == self.stop_after:
            raise Crashed

    # What a crash leaves.

    def after_power_loss(self, seed: int) -> SimulatedDisk:
        """The disk as the next boot finds it; `seed` draws what survived."""
        draw = random.Random(seed)  # noqa: S311 (a test's dice)
        after = SimulatedDisk()
        names = draw.choice(self._history)
        likely = draw.choice([0.0, 0.1, 0.5, 0.9, 1.0])
        for name, node in names.items():
            kept = _Node()
            kept.durable = bytearray(node.durable)
            if node.sizes and draw.random() < likely:
                _resize(kept.durable, draw.choice(node.sizes))
            for offset, data in node.pending:
                if draw.random() < likely:
                    _resize(kept.durable, max(len(kept.durable), offset + len(data)))
                    kept.durable[offset : offset + len(data)] = data
            kept.live = bytearray(kept.durable)
            after._names[name] = kept
        after._history = [dict(after._names)]
        return after

    def after_kill(self) -> SimulatedDisk:
        """The disk for the next process on the same boot: the page cache lives on."""
        after = SimulatedDisk()
        after._names = dict(self._names)
        after._history = [dict(names) for names in self._history]
        return after

    def rot(self, name: str, offset: int) -> None:
        """Flip a bit that nobody wrote."""
        node = self._names[name]
        node.live[offset] ^= 0x10
        if offset < len(node.durable):
            node.durable[offset] ^= 0x10


class SimulatedFile:
    """A `File` of a simulated disk."""

    def __init__(self, disk: SimulatedDisk, node: _Node) -> None:
        self._disk, self._node = disk, node

    def pread(self, length: int, offset: int) -> bytes:
        data = bytes(self._node.live[offset : offset + length])
        return data + bytes(length - len(data))

    def pread_cached(self, length: int, offset: int, into: memoryview | None = None) -> bytes | None:
        return self.pread(length, offset)

    def pwrite(self, data: Bytes, offset: int, *, durable: bool = False) -> None:
        view = bytes(data)
        node = self._node
        _resize(node.live, max(len(node.live), offset + len(view)))
        node.live[offset : offset + len(view)] = view
        for start, piece in _sectors(offset, view):
            node.pending.append((start, piece))
        self._disk.changed()
        if durable:
            self._settle(offset, len(view))
            self._disk.changed()

    def punch(self, offset: int, length: int) -> None:
        length = max(0, min(length, len(self._node.live) - offset))
        if length:
            self.pwrite(bytes(length), offset)

    def truncate(self, size: int) -> None:
        _resize(self._node.live, size)
        self._node.sizes.append(size)
        self._disk.changed()

    def allocated(self) -> int:
        return len(self._node.live)

    def sync(self) -> None:
        if self._disk.fail_syncs:
            raise OSError(errno.EIO, "simulated device error")
        self._node.durable = bytearray(self._node.live)
        self._node.pending, self._node.sizes = [], []
        self._disk.changed()

    def close(self) -> None:
        """Nothing to give back."""

    def _settle(self, offset: int, length: int) -> None:
        """Make the sectors of a range durable: what they held before can't come back."""
        node = self._node
        first = offset // SECTOR * SECTOR
        last = min(-(-(offset + length) // SECTOR) * SECTOR, len(node.live))
        _resize(node.durable, max(len(node.durable), last))
        node.durable[first:last] = node.live[first:last]
        node.pending = [
            (start, piece)
            for start, piece in node.pending
            if not (first <= start and start + len(piece) <= last)
        ]


def _sectors(offset: int, data: bytes) -> list[tuple[int, bytes]]:
    """A write cut at the sector borders of its file."""
    pieces = []
    end = offset + len(data)
    start = offset
    while start < end:
        stop = min(end, (start // SECTOR + 1) * SECTOR)
        pieces.append((start, data[start - offset : stop - offset]))
        start = stop
    return pieces


def _resize(data: bytearray, size: int) -> None:
    if size < len(data):
        del data[size:]
    else:
        data.extend(bytes(size - len(data)))
