"""Snapshots of a volume that is served: one moment on all members, a list that a record names.

A cut is made in a moment without changes, on every member, under an id that was never used before. Only
the record whose list has the id makes it a snapshot: if the controller goes before that, the cut means
nothing, and members merge it away. Deleting is a list without the snapshot; each member then merges
on its own.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple, NoReturn

import msgspec
from msgspec.structs import replace

from blockengine.membership import catalog as catalogs
from blockengine.membership import changes, policy
from blockengine.membership.catalog import Catalog, Snapshot
from blockengine.protocol.messages import Cut, KeepList, Layers, ReadList, Retain
from blockengine.volume.agreeing import agree, on_all
from blockengine.volume.device import Device
from blockengine.volume.founding import Impossible
from blockengine.volume.jobs import Job, Jobs, Stopped
from blockengine.volume.merges import MergeWatch
from blockengine.volume.office import Office
from blockengine.volume.pace import Pace
from blockengine.volume.replicated import Replicated
from blockengine.volume.restoring import RESTORE, Front, Interrupted, restore, restoring
from blockengine.volume.snapshot_device import SnapshotDevice

EXPORT = "@"


class SnapshotState(NamedTuple):
    """A snapshot as people see it: `bytes` is what its layer takes up on one member, -1 for unknown.

    `attached` counts the clients that have it open.
    """

    snapshot: Snapshot
    bytes: int
    attached: int


class Snapshots:
    """Operations on one volume's snapshots, one at a time."""

    def __init__(self, office: Office, device: Replicated, *, jobs: Jobs, pace: Pace) -> None:
        self._office, self._device, self._jobs, self._pace = office, device, jobs, pace
        self._attached: Counter[str] = Counter()
        self.merges = MergeWatch(office, jobs)
        # Why clients can't have the volume itself now; empty if they can.
        self.withheld = ""
        # Whether it is being taken back just now: withheld without that, another restore is needed.
        self.restoring = False

    # The list.

    async def load(self) -> None:
        """Read the list from a member that has it intact, and give it to those that don't. Raises: Fenced."""
        office = self._office
        digest = office.term.base.snapshots
        raw = b"" if not digest else None
        members = sorted(office.obliged)
        for name in members if digest else ():
            answer = await self._read_list(name)
            if answer is not None and catalogs.digest(answer) == digest:
                raw = answer
                break
        if raw is None:
            office.tell("the list of snapshots is damaged on every member; they are left alone")
            return
        try:
            office.catalog = catalogs.decoded(raw) if raw else Catalog()
        except msgspec.DecodeError as error:
            office.tell(f"the list of snapshots can't be read: {error}; they are left alone")
            return
        if raw:
            await on_all(office, KeepList(raw))

    async def _read_list(self, name: str) -> bytes | None:
        session = self._office.sessions.get(name)
        if session is None:
            return None
        raw = await self._office.look(name, ReadList())
        return raw if isinstance(raw, bytes) else None

    @property
    def catalog(self) -> Catalog:
        """The list in force. Raises: Impossible if it could not be read."""
        if self._office.catalog is None:
            raise Impossible("the list of snapshots is damaged on every replica; they are left alone")
        return self._office.catalog

    async def states(self) -> list[SnapshotState]:
        """All snapshots, oldest first. Raises: Impossible."""
        sizes: dict[int, int] = {}
        for name in sorted(self._office.readable):
            layers = await self._office.look(name, Layers())
            if isinstance(layers, list):
                sizes = {layer.snapshot: layer.bytes for layer in layers}
                break
        return [
            SnapshotState(snapshot, sizes.get(snapshot.id, -1), self._attached[snapshot.name])
            for snapshot in self.catalog.snapshots
        ]

    # Changing it.

    async def take(self, name: str) -> Snapshot:
        """Snapshot what is acknowledged now.

        Raises: Impossible for a name that is taken or can't be, or without space; Fenced.
        """
        self._check_free()
        async with self._office.layering:
            return await self._take(name)

    async def _take(self, name: str) -> Snapshot:
        office = self._office
        draft = self._draft(name)
        # What can be flushed before need not be waited for while changes are held.
        await self._device.flush()
        async with self._device.changes.quiet():
            await self._cut(draft.id)
            snapshot = replace(draft, at=office.term.base.position, size=self._device.size)
        try:
            await self._publish(self.catalog.added(snapshot))
        except Impossible:
            await self._retain()
            raise
        office.tell(f"snapshot {name}")
        return snapshot

    def _draft(self, name: str) -> Snapshot:
        """A new snapshot, not cut yet. Raises: Impossible."""
        at, size = self._office.term.base.position, self._device.size
        draft = Snapshot(secrets.randbits(63) | 1, name, size, int(time.time()), at)
        try:
            self.catalog.added(draft)
        except ValueError as error:
            raise Impossible(str(error)) from None
        return draft

    async def _cut(self, snapshot: int) -> None:
        """Every obliged replica cuts; those that can't leave, unless none can."""
        office = self._office
        done: set[str] = set()
        while True:
            await office.until(lambda: office.steady)
            whys = await on_all(office, Cut(snapshot), done)
            done |= {name for name, why in whys.items() if not why}
            declined = {name: why for name, why in whys.items() if why and name in office.obliged}
            if declined and not done & office.obliged:
                told = "; ".join(f"{name}: {why}" for name, why in sorted(declined.items()))
                raise Impossible(f"no replica can take a snapshot ({told})")
            for name, why in declined.items():
                office.lose(name, f"it can't take the snapshot: {why}")
            if office.steady and office.obliged <= done:
                return

    async def delete(self, name: str) -> None:
        """Give a snapshot up; its space comes back as members merge, in the background.

        Raises: Impossible if there is none of this name, or a client has it open; Fenced.
        """
        self._check_free()
        async with self._office.layering:
            self.find(name)
            if count := self._attached[name]:
                raise Impossible(f"snapshot {name} is attached by {count} clients; detach it first")
            await self._publish(self.catalog.without(name))
            await self._retain()
            self._office.tell(f"deleted snapshot {name}; its layers are merged")

    async def restore(self, name: str, front: Front | None, *, keep: str, disconnect: bool) -> None:
        """Take the volume back to a snapshot; what it was is kept as snapshot `keep`, if that is a name.

        Clients that have the volume open keep it from being done, or are disconnected; they may come
        back when it is over.

        Raises: Impossible; Fenced.
        """
        office = self._office
        self._check_free()
        async with office.layering:
            snapshot = self.find(name)
            users = front.users if front is not None else 0
            if users and not disconnect:
                raise Impossible(
                    f"{users} clients have the volume open; disconnect them first, or say that they may be"
                )
            with self._taking_back(name):
                if front is not None:
                    await front.hang_up()
                await self._device.changes.end()
                kept = await self._take(keep) if keep else None
                await self._restore(snapshot, kept)

    @contextlib.contextmanager
    def _taking_back(self, name: str) -> Iterator[None]:
        """Nobody is served meanwhile; nor afterwards, if it did not come to an end."""
        self.withheld = f"the volume is being taken back to snapshot {name}"
        self.restoring = True
        try:
            yield
        finally:
            self.restoring = False
            if not restoring(self._office.term.base):
                self.withheld = ""

    async def _restore(self, snapshot: Snapshot, undo: Snapshot | None) -> None:
        """Do it, or go back to `undo` if that is not possible or not wanted any more.

        Raises: Impossible, also if it was stopped; Fenced.
        """
        acts = ("pause", "stop") if undo is not None else ("pause",)
        try:
            with self._jobs.working(RESTORE, snapshot.name, acts=acts) as job:
                try:
                    way_back = undo.id if undo is not None else 0
                    await restore(self._office, self._device, snapshot, job, pace=self._pace, undo=way_back)
                except (Interrupted, Stopped) as error:
                    if undo is None:
                        raise
                    await self._back(undo, str(error) or "it was cancelled", job)
        except Stopped as stopped:
            raise Impossible(f"the restore was cancelled: {stopped}") from None
        except Interrupted as error:
            self.withheld = f"{error}; restore another snapshot"
            raise Impossible(self.withheld) from None

    async def _back(self, undo: Snapshot, why: str, job: Job) -> NoReturn:
        """Live bytes become again what they were. Raises: Stopped when they are; Interrupted; Fenced."""
        self._office.tell(f"{why}; back to what was there")
        job.turn_back(f"goes back to snapshot {undo.name}")
        await restore(self._office, self._device, undo, job, pace=self._pace)
        raise Stopped(f"{why}; the volume is as it was")

    async def finish_restore(self) -> None:
        """End what an earlier controller began, before anybody is served. Raises: Fenced."""
        base = self._office.term.base
        wanted = restoring(base)
        if not wanted:
            return
        found = self._by_id(wanted)
        if found is None:
            self.withheld = "the snapshot that the volume was being taken back to is gone; restore another"
            self._office.tell(self.withheld)
            return
        async with self._office.layering:
            with self._taking_back(found.name):
                try:
                    await self._restore(found, self._by_id(policy.undo(base.policy)))
                except Impossible as error:
                    self._office.tell(str(error))

    def _by_id(self, wanted: int) -> Snapshot | None:
        catalog = self._office.catalog
        known = catalog.snapshots if catalog is not None else ()
        return next((snapshot for snapshot in known if snapshot.id == wanted), None)

    def _check_free(self) -> None:
        if self.withheld and self._office.layering.locked():
            raise Impossible(f"{self.withheld}; wait for its end")

    async def _publish(self, catalog: Catalog) -> None:
        raw = catalogs.encoded(catalog) if catalog.snapshots else b""
        digest = catalogs.digest_of(catalog)
        await agree(
            self._office,
            KeepList(raw),
            lambda record, at: changes.list_snapshots(record, digest, at),
            eject=True,
        )
        self._office.catalog = catalog

    async def retain(self) -> None:
        """Tell every member which layers are snapshots; all others are merged away."""
        async with self._office.layering:
            await self._retain()

    async def _retain(self) -> None:
        catalog = self._office.catalog
        if catalog is not None:
            office = self._office
            await self.merges.tell_pace()
            names = sorted(office.term.base.member_ids & office.sessions.keys())
            await office.each(names, lambda name: office.order(name, Retain(catalog.ids)))
            self.merges.look()

    # Looking at one.

    def find(self, name: str) -> Snapshot:
        """The snapshot of this name. Raises: Impossible."""
        snapshot = self.catalog.named(name)
        if snapshot is None:
            raise Impossible(f"there is no snapshot {name[:80]!r}")
        return snapshot

    def device(self, name: str) -> SnapshotDevice:
        """A read-only device of it. Raises: Impossible."""
        return SnapshotDevice(self._office, self.find(name), self._device.block_size)

    # `nbd_server.Exports`.

    def names(self) -> list[str]:
        """The exports that there are beside the volume itself: `@` and a snapshot's name."""
        catalog = self._office.catalog
        return [f"{EXPORT}{snapshot.name}" for snapshot in catalog.snapshots] if catalog is not None else []

    def export(self, name: str) -> Device | None:
        """The device of an export's name."""
        if not name.startswith(EXPORT):
            return None
        try:
            return self.device(name[len(EXPORT) :])
        except Impossible:
            return None

    def opened(self, name: str, change: int) -> None:
        """A client came to an export (1) or went (-1)."""
        self._attached[name[len(EXPORT) :]] += change
