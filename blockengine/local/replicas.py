"""Replicas of a volume that is there: rebuilt from the others; jobs of a local engine."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from blockengine.control import placement
from blockengine.control.engine import Impossible
from blockengine.control.jobs import Report
from blockengine.control.model import AddReplica, Job, Replica, Volume
from blockengine.local import making
from blockengine.local.finding import find
from blockengine.local.layout import socket_name
from blockengine.local.pools import Pool
from blockengine.local.viewing import STOPPED, view
from blockengine.local.volumes import LocalVolume
from blockengine.protocol.admin import AddVoter, RemoveVoter

if TYPE_CHECKING:
    from blockengine.local.engine import LocalEngine

_LOOK_AGAIN = 0.5


class Replicas:
    """Carries out what changes a volume's replicas."""

    def __init__(self, engine: LocalEngine) -> None:
        self._engine = engine

    def seen(self, volume: LocalVolume) -> Volume:
        """The volume as the API shows it."""
        return view(volume, self._engine.layout.run)

    def one(self, volume: LocalVolume, name: str) -> Replica:
        """A replica by its id. Raises: Impossible."""
        for replica in self.seen(volume).replicas:
            if replica.id == name:
                return replica
        known = ", ".join(replica.id for replica in self.seen(volume).replicas)
        raise Impossible(f"{volume.name} has no replica {name}", f"It has {known}", status=404)

    async def add(self, volume: LocalVolume, wanted: AddReplica) -> Job:
        """One more voter, in a pool of its own. Raises: Impossible."""
        await self._look_anew(volume)
        seen = self.seen(volume)
        if seen.state != "serving":
            raise Impossible(f"{volume.name} is {seen.state}", f"navarch engine volume explain {volume.name}")
        if volume.busy:
            raise Impossible(f"{volume.name} is {volume.busy} just now", "navarch engine job list")
        kind: Literal["replica", "witness"] = "witness" if wanted.witness else "replica"
        new = Replica(making.new_id(kind[0]), kind, wanted.pool, "", "missing", STOPPED)
        pool = self._named(wanted.pool, seen) if wanted.pool else self._pool_for(volume, new, seen)
        self._check_room(pool, new, seen)
        volume.busy = "getting a replica more"

        async def work(report: Report) -> str:
            return await self._added(volume, new, pool, report)

        return self._engine.table.start("add replica", volume.name, work, unit="bytes", target=new.id)

    def _check_room(self, pool: Pool, replica: Replica, seen: Volume) -> None:
        """Refuse a copy that would fill its pool before it is whole. Raises: Impossible."""
        if replica.kind == "witness":
            return
        used = {one.id: one.used for one in seen.replicas}
        taken = max((size for id, size in used.items() if id != replica.id), default=0)
        # What is left of the old one goes first.
        free = pool.free + (used.get(replica.id, 0) if replica.pool == pool.known.name else 0)
        if free < taken:
            raise Impossible(
                f"pool {pool.known.name} has {placement.gib(free)} free, and replicas of {seen.name} take "
                f"{placement.gib(taken)}",
                "Free space there, or name another pool (navarch engine pool list)",
            )

    async def _look_anew(self, volume: LocalVolume) -> None:
        """What stands in the pools now."""
        store = self._engine.store
        await store.look_at_all()
        volume.places = find(store).get(volume.id, {})

    def _named(self, name: str, seen: Volume) -> Pool:
        pool = self._engine.store.find(name)
        if pool.state != "healthy":
            raise Impossible(f"pool {name} is {pool.state}: {pool.reason}", "navarch engine pool list")
        if any(one.pool == pool.known.name for one in seen.replicas):
            raise Impossible(f"pool {name} has a replica of {seen.name} already", "Name another pool.")
        return pool

    async def _added(self, volume: LocalVolume, new: Replica, pool: Pool, report: Report) -> str:
        engine = self._engine
        entered = False
        folder: Path | None = None
        try:
            report(0, 0, f"making {new.id} in pool {pool.known.name}")
            folder = await asyncio.to_thread(self._made, volume, new, pool)
            volume.start_voter(new.id, folder)
            making.hang_up(await making.reached([new.id]))
            await engine.order(volume, AddVoter(f"unix:{socket_name('voter', new.id)}"))
            entered = True
            report.remember(volume=volume.id, made=new.id)
            await self._look_anew(volume)
        finally:
            volume.busy = ""
            if not entered:
                await asyncio.shield(self._dropped(volume, new.id, folder, pool))
        await self.until_in_sync(volume, new.id, report)
        return f"{new.id} in pool {pool.known.name}"

    async def _dropped(self, volume: LocalVolume, name: str, folder: Path | None, pool: Pool) -> None:
        await volume.stop_voter(name)
        if folder is not None:
            with contextlib.suppress(OSError):
                await asyncio.to_thread(making.throw_away, folder, pool)

    async def remove(self, volume: LocalVolume, name: str, *, force: bool) -> Job:
        """Take a voter off for good, and its directory away. Raises: Impossible."""
        replica = self.one(volume, name)
        if volume.busy:
            raise Impossible(f"{volume.name} is {volume.busy} just now", "navarch engine job list")
        volume.busy = "losing a replica"

        async def work(report: Report) -> str:
            try:
                report(0, 0, f"taking {name} off")
                if replica.role != "unknown":
                    await self._engine.order(volume, RemoveVoter(name, force))
                await volume.stop_voter(name)
                await self._cleared(volume, name)
                await self._engine.store.look_at_all()
            finally:
                volume.busy = ""
                self._engine.wake()
            return f"{name} is taken off"

        return self._engine.table.start("remove replica", volume.name, work, target=name)

    async def rebuild(self, volume: LocalVolume, name: str) -> Job:
        """Make a replica anew, blank, and have it copied from the others. Raises: Impossible."""
        await self._look_anew(volume)
        seen, replica = self.seen(volume), self.one(volume, name)
        others = [one for one in seen.replicas if one.role == "in-sync" and one.id != name]
        if replica.kind == "replica" and replica.role == "in-sync":
            raise Impossible(
                f"{name} is in sync: there is nothing to rebuild",
                f"navarch engine scrub {volume.name} verifies it",
            )
        if not others or seen.state not in ("serving", "suspended"):
            raise Impossible(
                f"there is no replica in sync to rebuild {name} from",
                f"navarch engine volume explain {volume.name}",
            )
        if volume.busy:
            raise Impossible(f"{volume.name} is {volume.busy} just now", "navarch engine job list")
        pool = self._pool_for(volume, replica, seen)
        self._check_room(pool, replica, seen)
        volume.busy = "rebuilding"

        async def work(report: Report) -> str:
            return await self._rebuilt(volume, replica, pool, report)

        return self._engine.table.start("rebuild", volume.name, work, unit="bytes", target=name)

    def _pool_for(self, volume: LocalVolume, replica: Replica, seen: Volume) -> Pool:
        """Where it was, if that pool is well; else where it fits, apart from the others."""
        engine = self._engine
        for pool in engine.store.all.values():
            if pool.known.name == replica.pool and pool.state == "healthy":
                return pool
        taken = {one.pool for one in seen.replicas if one.id != replica.id}
        free = [pool for pool in engine.pools() if pool.name not in taken]
        if replica.kind == "witness":
            return engine.store.all[placement.for_witness(free, []).id]
        return engine.store.all[placement.choose(free, count=1, size=seen.size)[0].id]

    async def _rebuilt(self, volume: LocalVolume, replica: Replica, pool: Pool, report: Report) -> str:
        try:
            report(0, 0, f"making {replica.id} anew in pool {pool.known.name}")
            await volume.stop_voter(replica.id)
            await self._cleared(volume, replica.id)
            folder = await asyncio.to_thread(self._made, volume, replica, pool)
            await self._look_anew(volume)
            volume.start_voter(replica.id, folder)
            report.remember(volume=volume.id, made=replica.id)
        finally:
            volume.busy = ""
        await self.until_in_sync(volume, replica.id, report)
        return f"{replica.id} is whole again, in pool {pool.known.name}"

    async def _cleared(self, volume: LocalVolume, name: str) -> None:
        """Whatever is left of the old one goes, in every pool that can be reached. Raises: Impossible."""
        for pool in self._engine.store.all.values():
            for seen in list(pool.seen.values()):
                if seen.header is None or (seen.header.volume, seen.header.replica) != (volume.id, name):
                    continue
                if not pool.usable:
                    continue
                try:
                    await asyncio.to_thread(making.throw_away, seen.path, pool)
                except OSError as error:
                    raise Impossible(f"{seen.path} can't be cleared: {error.strerror}", status=500) from None

    def _made(self, volume: LocalVolume, replica: Replica, pool: Pool) -> Path:
        if replica.kind == "witness":
            return making.make_witness(pool, volume.id, replica.id, place=self._engine.place)
        headers = [place.seen.header for place in volume.places.values() if place.seen.keeps_data]
        record = volume.record
        if record is None or not headers or headers[0] is None:
            raise Impossible(f"nothing is known of the shape of {volume.name}", status=500)
        return making.make_replica(
            pool,
            volume.id,
            replica.id,
            size=max(record.size, volume.status.size if volume.status is not None else 0),
            block_size=headers[0].block_size,
            place=self._engine.place,
        )

    async def until_in_sync(self, volume: LocalVolume, name: str, report: Report) -> None:
        """Wait for its bytes; what is copied is told. Raises: Impossible if it can't go on."""
        while True:
            replica = self.one(volume, name)
            if replica.role in ("missing", "refused"):
                raise Impossible(f"{name} is {replica.role}: {replica.trouble}", status=500)
            if replica.role in ("in-sync", "witness") and not replica.trouble:
                return
            if work := volume.work("rebuild", name):
                report.follow(volume.id, work)
            await asyncio.sleep(_LOOK_AGAIN)
