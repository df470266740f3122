"""Logs on disk: which regions may differ (intent), and which a replica missed.

One byte per region, zero for clean. Anything else means marked, so that rot can only cost
work, never hide a region.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable

from xxhash import xxh3_64_intdigest

from blockengine.membership.logs import MissedLog
from blockengine.membership.record import Epoch, Position
from blockengine.replica.files import Directory, File

MARKED = 0xA5
_HEAD = struct.Struct("<8sHHIQQQQ")  # magic, format, flags, regions, epoch number, controller, seq, checksum
_MAGIC, _FORMAT = b"NVMISSED", 1
HEAD_SIZE = 4096
_WHOLE = 1
ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_NAME = re.compile(rf"missed\.({ID.pattern})\.[0-9a-f.]+")


class RegionLog:
    """A set of regions that survives crashes as far as it was synced."""

    def __init__(self, file: File, regions: int, *, start: int = 0) -> None:
        self._file, self._start = file, start
        raw = file.pread(regions, start)
        self.marked = {region for region, byte in enumerate(raw) if byte}
        self._unsynced = False

    def mark(self, regions: Iterable[int]) -> bool:
        """Add regions; whether any was new. Not durable yet."""
        new = [region for region in regions if region not in self.marked]
        for region in new:
            self._file.pwrite(bytes((MARKED,)), self._start + region)
            self.marked.add(region)
            self._unsynced = True
        return bool(new)

    def clear(self, regions: Iterable[int]) -> None:
        """Drop regions. A clear that a crash undoes does no harm, so it is not synced."""
        for region in regions:
            if region in self.marked:
                self._file.pwrite(b"\0", self._start + region)
                self.marked.discard(region)

    @property
    def synced(self) -> bool:
        """Whether the disk has every mark."""
        return not self._unsynced

    def sync(self) -> None:
        """Every mark made so far survives power loss on return."""
        if self._unsynced:
            self._unsynced = False
            self._file.sync()

    def close(self) -> None:
        self._file.close()


class MissedFile(RegionLog):
    """The missed log of one absent replica; the tag stands in the file's head and name."""

    def __init__(self, file: File, regions: int, *, name: str, tag: Position, whole: bool) -> None:
        super().__init__(file, regions, start=HEAD_SIZE)
        self.name, self.tag, self.whole = name, tag, whole

    @classmethod
    def create(cls, directory: Directory, target: str, log: MissedLog, *, regions: int) -> MissedFile:
        """A new log, durable on return, name included."""
        tag, epoch = log.tag, log.tag.epoch
        name = f"missed.{target}.{epoch.number:x}.{epoch.controller:x}.{tag.seq:x}"
        if name in directory.names():
            directory.remove(name)
        draft = f"{name}.new"
        if draft in directory.names():
            directory.remove(draft)
        file = directory.create(draft)
        flags = _WHOLE if log.whole else 0
        body = _HEAD.pack(_MAGIC, _FORMAT, flags, regions, epoch.number, epoch.controller, tag.seq, 0)[:-8]
        file.pwrite(body + struct.pack("<Q", xxh3_64_intdigest(body)), 0)
        made = cls(file, regions, name=name, tag=tag, whole=log.whole)
        made.mark(log.regions)
        file.sync()
        directory.rename(draft, name)
        directory.sync()
        return made

    @classmethod
    def open(cls, directory: Directory, name: str, regions: int) -> tuple[str, MissedFile] | None:
        """The target and its log; None if the file is not an intact log."""
        matched = _NAME.fullmatch(name)
        if matched is None:
            return None
        file = directory.open(name)
        head = file.pread(_HEAD.size, 0)
        magic, version, flags, _, number, controller, seq, total = _HEAD.unpack(head)
        if magic != _MAGIC or version != _FORMAT or total != xxh3_64_intdigest(head[:-8]):
            file.close()
            return None
        tag = Position(Epoch(number, controller), seq)
        return matched[1], cls(file, regions, name=name, tag=tag, whole=bool(flags & _WHOLE))
