"""Snapshots under load: each must be one moment that the volume was in, and stay as it is."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from blockengine.cli.place import here
from blockengine.protocol.admin import (
    Act,
    DeleteSnapshot,
    Jobs,
    ListSnapshots,
    RestoreSnapshot,
    TakeSnapshot,
)
from blockengine.protocol.nbd_client import Client, Lost, Refused
from blockengine.replica.files import RealDirectory
from blockengine.replica.replica import Replica
from blockengine.verify.judge import Taken, Violation
from blockengine.volume.asking import Declined, Silent

if TYPE_CHECKING:
    from blockengine.verify.campaign import Campaign
    from blockengine.verify.rig import Serving

_MOST = 5
# How many restores keep what was, and how many of these are cancelled.
_KEPT, _CANCELLED = 0.5, 0.6


class _Restore(NamedTuple):
    """To which snapshot, and which one keeps what was (empty: none); the judge's numbers.

    `restored` and `begun`: how often controllers had told of a restore's end and beginning before.
    """

    name: str
    keep: str
    restored: int
    begun: int
    numbers: list[int]


class Snapshotter:
    """Takes, reads, deletes and restores snapshots of a campaign's volume. `known` were answered."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign = campaign
        self.known: dict[str, Taken] = {}
        self._count = 0
        # One that was asked for and not answered.
        self._restoring: _Restore | None = None

    async def work(self) -> None:
        """One operation after the other, as a person would, on whoever serves."""
        draw = self._campaign.draw
        while True:
            await asyncio.sleep(draw.uniform(0, self._campaign.load.snapshots))
            serving = self._campaign.serving
            if serving is None or not serving.process.alive:
                continue
            with suppress(Silent, Declined, Lost, Refused, OSError):
                kind = draw.random()
                if kind < 0.45 and len(self.known) < _MOST:
                    await self._take()
                elif kind < 0.6:
                    await self._delete()
                elif kind < 0.6 + self._campaign.load.restores and self.known:
                    await self._restore(draw.choice(list(self.known)))
                elif self.known:
                    await self.look(draw.choice(list(self.known)))

    async def _take(self) -> None:
        campaign = self._campaign
        serving = campaign.serving
        assert serving is not None
        self._count += 1
        name = f"s{self._count}"
        taking = campaign.judge.snapshot_begins()
        try:
            await serving.ask(TakeSnapshot(name))
        finally:
            taken = campaign.judge.snapshot_ends(taking)
        # Another controller may serve by now: then nobody knows when the moment was.
        if taken is not None and campaign.serving is serving:
            self.known[name] = taken
            campaign.report.snapshots += 1
            await self.look(name)

    async def _delete(self) -> None:
        """One that is known, or one whose taking was never answered."""
        serving = self._campaign.serving
        assert serving is not None
        listed = [one.name for one in await serving.ask(ListSnapshots())]
        missing = self.known.keys() - set(listed)
        if missing and self._campaign.serving is serving:
            raise Violation(f"snapshots {', '.join(sorted(missing))} are gone")
        strange = [name for name in listed if name not in self.known]
        if name := (strange or listed[:1] or [""])[0]:
            self.known.pop(name, None)
            await serving.ask(DeleteSnapshot(name))

    async def _restore(self, name: str) -> None:
        """Take the volume back to one that was read: what each unit held is known. Some are cancelled."""
        campaign = self._campaign
        serving, taken = campaign.serving, self.known[name]
        if serving is None or not taken.values or self._restoring is not None:
            return
        self._count += 1
        keep = f"k{self._count}" if campaign.draw.random() < _KEPT else ""
        before = self._said(f"restored snapshot {name}"), self._said(f"restores snapshot {name}")
        self._restoring = _Restore(name, keep, *before, campaign.judge.restore_begins(taken))
        asked = asyncio.ensure_future(serving.ask(RestoreSnapshot(name, keep, disconnect=True)))
        try:
            if keep and campaign.draw.random() < _CANCELLED:
                await self._cancel(serving, asked)
            await asked
        except Declined as error:
            if not str(error).startswith("the restore was cancelled") or campaign.serving is not serving:
                raise
            self._withdrawn(self._restoring)
        else:
            # What was answered before clients were hung up on has been looked at by then.
            await asyncio.sleep(0.05)
            if campaign.serving is not serving:
                return
            self._restored(self._restoring)
        finally:
            asked.cancel()
        await campaign.reconnect()

    async def _cancel(self, serving: Serving, asked: asyncio.Future[object]) -> None:
        """Stop a restore as soon as it is seen, if it is before it ends."""
        await asyncio.sleep(self._campaign.draw.uniform(0, 0.05))
        while not asked.done():
            jobs = [one for one in await serving.ask(Jobs()) if "stop" in one.acts and not one.ended]
            if jobs:
                with suppress(Declined):
                    await serving.ask(Act(jobs[-1].number, "stop"))
                return
            await asyncio.sleep(0.002)

    def _said(self, words: str) -> int:
        """How often controllers told of this."""
        lines = (line for serving in self._campaign.rig.controllers for line in serving.process.said)
        return sum(line.endswith(words) for line in lines)

    def taken_over(self) -> None:
        """Another controller serves. What was begun before must be whole, one way or the other."""
        restore, self._restoring = self._restoring, None
        if restore is None:
            return
        if restore.keep and self._said(f"restored snapshot {restore.keep}"):
            self._withdrawn(restore)
        elif self._said(f"restored snapshot {restore.name}") > restore.restored or (
            # Its record was in force, and nothing else can have become of it.
            not restore.keep and self._said(f"restores snapshot {restore.name}") > restore.begun
        ):
            self._restored(restore)
        else:
            self._campaign.judge.restore_unknown()

    def _restored(self, restore: _Restore) -> None:
        self._restoring = None
        self._campaign.judge.restore_ends(restore.numbers)
        self._campaign.report.restores += 1

    def _withdrawn(self, restore: _Restore) -> None:
        self._restoring = None
        self._campaign.judge.restore_withdrawn(restore.numbers)
        self._campaign.report.cancelled += 1

    async def look(self, name: str) -> None:
        """Read all of it, from whichever members. Raises: Violation; Lost, Refused, OSError."""
        campaign = self._campaign
        serving = campaign.serving
        assert serving is not None
        client = await Client.connect(serving.socket, f"@{name}")
        try:
            pieces = [client.read(offset, length) for offset, length in campaign.places()]
            data = await asyncio.gather(*pieces)
        finally:
            client.close()
        if name in self.known:
            campaign.judge.snapshot_read(name, self.known[name], b"".join(data), campaign.unit_size)

    async def compare(self) -> None:
        """After the end of all processes: every replica's account of every snapshot. Raises: Violation."""
        rig = self._campaign.rig
        found: dict[str, dict[str, bytes]] = {}
        for name in rig.replicas:
            replica = Replica.open(RealDirectory(rig.folder / name), here())
            record = replica.ballot.record
            listed = replica.lists.catalog(record.snapshots if record is not None else "").snapshots
            for one in listed:
                found.setdefault(one.name, {})[name] = replica.read(0, one.size, one.id)
            found.setdefault("live", {})[name] = replica.read(0, replica.header.size)
            replica.close()
        for view, copies in found.items():
            if len(copies) < len(rig.replicas) or len(set(copies.values())) > 1:
                raise Violation(f"the replicas differ in {view}")
