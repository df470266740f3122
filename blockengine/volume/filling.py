"""Bringing the snapshots that a replica missed to it, region by region, while it is resynced.

The target has a layer for every snapshot before it joins, and takes part in every cut from then
on. What a block is at a snapshot follows from the one before, unless the source or the target has
something to say about it in between: only that is copied. Live bytes are treated as the last
snapshot, but under their locks (`volume.resync`).
"""

from __future__ import annotations

from typing import NamedTuple

from blockengine.membership import catalog as catalogs
from blockengine.protocol.messages import Align, Changed, Fill, KeepList
from blockengine.volume.copying import zero_runs
from blockengine.volume.link import Unanswered
from blockengine.volume.office import Office
from blockengine.volume.replicated import Replicated
from blockengine.volume.snapshot_device import SnapshotDevice

Stretch = tuple[int, int]


class Part(NamedTuple):
    """Bytes to copy: of a snapshot, or (no `source`) live ones."""

    source: SnapshotDevice | None
    offset: int
    length: int


class Filler:
    """One attempt to bring one target back. `anew` says that all of it has to be copied."""

    def __init__(self, office: Office, device: Replicated, target: str) -> None:
        self._office, self._device, self._target = office, device, target
        self.anew = False
        absence = office.term.base.absence(target)
        # What was cut while the target was in sync is whole there; that is never so for one that never was.
        self._away_since = absence.out if absence is not None and absence.since is not None else None

    async def align(self) -> bool:
        """Have the target make its layers; whether it did. Nothing is cut and no list changes meanwhile."""
        catalog = self._office.catalog
        if catalog is None:
            self._office.tell(f"{self._target}: can't come back while the list of snapshots is damaged")
            return False
        anew = await self._office.look(self._target, Align(catalog.ids))
        if anew is None:
            return False
        if anew:
            self.anew, self._away_since = True, None
        return True

    async def plan(self, offset: int, length: int) -> list[Part]:
        """What to copy of the snapshots in a region, oldest first.

        Raises: Unanswered if the target or a source does not say what changed.
        """
        catalog = self._office.catalog
        parts: list[Part] = []
        since = 0
        for snapshot in catalog.snapshots if catalog is not None else ():
            if self._away_since is None or snapshot.at >= self._away_since:
                source = SnapshotDevice(self._office, snapshot, self._device.block_size)
                stretches = await self._differing(snapshot.id, since, offset, length)
                parts += [Part(source, *stretch) for stretch in stretches]
            since = snapshot.id
        return parts

    async def plan_live(self, offset: int, length: int) -> list[Part]:
        """What to copy of live bytes, once the snapshots in the region are copied; never before.

        A client that changes a part of a block has the target put it together from what the last snapshot
        has there: if that was not copied yet, the block has to be copied as well, and is in the answer.

        Raises: as `plan`.
        """
        catalog = self._office.catalog
        if catalog is None or not catalog.snapshots:
            return [Part(None, offset, length)]
        since = catalog.snapshots[-1].id
        return [Part(None, *stretch) for stretch in await self._differing(0, since, offset, length)]

    async def _differing(self, view: int, since: int, offset: int, length: int) -> list[Stretch]:
        """Where source or target have something that the earlier snapshot has not."""
        office = self._office
        message = Changed(view, since, offset, length)
        stretches: list[Stretch] = []
        for name in (min(office.readable), self._target):
            answer = await office.look(name, message)
            if answer is None:
                raise Unanswered(f"{name} does not say what changed")
            start = offset
            for size, differs in answer:
                if differs:
                    stretches.append((start, size))
                start += size
        return _merged(stretches)

    async def fill(self, part: Part) -> None:
        """Copy a part of a snapshot.

        Raises: Unanswered if the target failed; Refusal if no source has it intact.
        """
        _, offset, length = part
        assert part.source is not None
        data, view = await part.source.read(offset, length), part.source.snapshot.id
        for start, size, zero in zero_runs(data):
            held = b"" if zero else data[start : start + size]
            why = await self._office.order(self._target, Fill(view, offset + start, size, held))
            if why:
                raise Unanswered(why)

    async def give_list(self) -> bool:
        """The target holds the list of snapshots before a record calls it in sync."""
        catalog = self._office.catalog
        if catalog is None:
            return False
        raw = catalogs.encoded(catalog) if catalog.snapshots else b""
        return not await self._office.order(self._target, KeepList(raw))


def _merged(stretches: list[Stretch]) -> list[Stretch]:
    merged: list[Stretch] = []
    for start, size in sorted(stretches):
        if merged and start <= merged[-1][0] + merged[-1][1]:
            end = max(merged[-1][0] + merged[-1][1], start + size)
            merged[-1] = (merged[-1][0], end - merged[-1][0])
        else:
            merged.append((start, size))
    return merged
