"""Volumes made, deleted and recovered: jobs of a local engine."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from blockengine.control import placement
from blockengine.control.engine import Impossible
from blockengine.control.jobs import Report
from blockengine.control.model import CreateVolume, Job, Recover
from blockengine.local import making
from blockengine.local.finding import find
from blockengine.local.pools import Pool, read_marker_quietly
from blockengine.local.volumes import LocalVolume
from blockengine.volume.cloning import FILLING
from blockengine.volume.restoring import SERVING

if TYPE_CHECKING:
    from blockengine.local.engine import LocalEngine

Before = Callable[[Report], AbstractAsyncContextManager[str]]
_SERVED_DEADLINE = 120.0
_LOOK_AGAIN = 0.2


class Creating:
    """Carries out what makes and unmakes whole volumes."""

    def __init__(self, engine: LocalEngine) -> None:
        self._engine = engine

    # Making.

    async def create(
        self, wanted: CreateVolume, *, kind: str = "create", before: Before | None = None
    ) -> Job:
        """Raises: Impossible, before anything is made, if it can't be.

        What `before` gives, when the job runs, is the NBD URI that the volume is filled from; what it
        holds until then is let go when its context ends.
        """
        engine = self._engine
        making.check(wanted.name, wanted.size, wanted.block_size)
        if not 1 <= wanted.replicas <= 3:
            raise Impossible(f"{wanted.replicas} replicas are not possible: 1, 2 or 3", status=400)
        if any(volume.name == wanted.name for volume in engine.kept.values()):
            raise Impossible(f"there is a volume {wanted.name} already", "navarch engine volume list")
        await engine.store.look_at_all()
        chosen = self._chosen(wanted)
        volume = engine.new_volume(secrets.token_hex(8))
        volume.given_name, volume.busy = wanted.name, "creating"
        engine.kept[volume.id] = volume

        async def work(report: Report) -> str:
            if before is None:
                return await self._make(volume, wanted, chosen, report)
            try:
                async with before(report) as uri:
                    volume.fill_from = uri
                    report.remember(volume=volume.id, fill_from=uri)
                    return await self._make(volume, wanted, chosen, report)
            finally:
                volume.fill_from = ""
                if volume.busy == "creating":
                    engine.kept.pop(volume.id, None)

        return engine.table.start(kind, wanted.name, work, unit="steps", stoppable=True)

    def _chosen(self, wanted: CreateVolume) -> list[tuple[Pool, bool]]:
        """(pool, whether it gets a witness)."""
        engine = self._engine
        pools = engine.pools()
        chosen = placement.choose(pools, count=wanted.replicas, size=wanted.size, named=wanted.pools)
        places = [(engine.store.all[pool.id], False) for pool in chosen]
        if wanted.replicas == 2:
            places.append((engine.store.all[placement.for_witness(pools, chosen).id], True))
        return places

    async def _make(
        self, volume: LocalVolume, wanted: CreateVolume, places: Sequence[tuple[Pool, bool]], report: Report
    ) -> str:
        engine, steps = self._engine, len(places) + 2
        folders: list[tuple[Path, Pool]] = []
        try:
            for number, (pool, witness) in enumerate(places):
                report(
                    number,
                    steps,
                    f"making {'a witness' if witness else 'a replica'} in pool {pool.known.name}",
                )
                name = making.new_id("w" if witness else "r")
                folder = await asyncio.to_thread(self._made, volume, wanted, pool, name)
                folders.append((folder, pool))
                volume.start_voter(name, folder)
            report(len(places), steps, "making them one volume")
            state = FILLING if volume.fill_from else SERVING
            await making.first_record(list(volume.voters), name=wanted.name, state=state)
            await engine.store.look_at_all()
            volume.places = find(engine.store).get(volume.id, {})
            report(len(places) + 1, steps, "copying" if volume.fill_from else "starting its controller")
            volume.start_controller()
            await self.until_served(volume, report)
        except BaseException:
            await asyncio.shield(self._undo(volume, folders))
            raise
        volume.busy = ""
        engine.wake()
        names = ", ".join(pool.known.name for pool, witness in places if not witness)
        return f"{placement.gib(wanted.size)} in pool{'s' if wanted.replicas > 1 else ''} {names}"

    def _made(self, volume: LocalVolume, wanted: CreateVolume, pool: Pool, name: str) -> Path:
        place = self._engine.place
        if name.startswith("w-"):
            return making.make_witness(pool, volume.id, name, place=place)
        return making.make_replica(
            pool, volume.id, name, size=wanted.size, block_size=wanted.block_size, place=place
        )

    async def until_served(self, volume: LocalVolume, report: Report) -> None:
        """Wait for it; how far it is filled is told. Raises: Impossible if it can't be served."""
        loop = asyncio.get_running_loop()
        end = loop.time() + _SERVED_DEADLINE
        while volume.status is None or volume.status.state != "serving":
            if work := volume.work("fill"):
                report.follow(volume.id, work)
            ends_again = volume.controller is not None and volume.controller.view().restarts > 2
            if ends_again or (loop.time() > end and not volume.fill_from):
                raise Impossible(f"it was made, but is not served: {volume.silence}", status=500)
            await asyncio.sleep(_LOOK_AGAIN)

    async def _undo(self, volume: LocalVolume, folders: Sequence[tuple[Path, Pool]]) -> None:
        await volume.stop()
        for folder, pool in folders:
            try:
                await asyncio.to_thread(making.throw_away, folder, pool)
            except OSError as error:
                self._engine.tell(volume.name, f"{folder} is left over: {error}", "warning")
        self._engine.kept.pop(volume.id, None)

    # Deleting.

    async def delete(self, name: str) -> Job:
        """Raises: Impossible while it is attached or in other work."""
        engine = self._engine
        volume = engine.find(name)
        if volume.busy:
            raise Impossible(f"{volume.name} is {volume.busy} just now", "navarch engine job list")
        for attachment in volume.attachments:
            name = f"{volume.name}@{attachment.snapshot}" if attachment.snapshot else volume.name
            raise Impossible(
                f"{name} is attached as {attachment.device}", f"navarch engine volume detach {name}"
            )
        volume.busy = "deleting"

        async def work(report: Report) -> str:
            return await self._unmake(volume, report)

        return engine.table.start("delete", volume.name, work, unit="steps", stoppable=True)

    async def _unmake(self, volume: LocalVolume, report: Report) -> str:
        engine = self._engine
        folders = [
            (seen.path, pool)
            for pool in engine.store.all.values()
            for seen in pool.seen.values()
            if seen.header is not None and seen.header.volume == volume.id and not seen.misplaced
        ]
        try:
            report(0, len(folders) + 1, "ending its processes")
            # Cancelled, it goes on being served: its processes are started again. But first they end.
            stopping = asyncio.ensure_future(volume.stop())
            try:
                await asyncio.shield(stopping)
            except asyncio.CancelledError:
                await stopping
                raise
            report.no_way_back()
            usable = [pool for pool in engine.store.all.values() if pool.usable]
            away = any(not pool.usable for pool in engine.store.all.values())
            if away:
                await asyncio.to_thread(making.bury, volume.id, usable)
            for number, (folder, pool) in enumerate(folders):
                report(number + 1, len(folders) + 1, f"removing {folder.name} from pool {pool.known.name}")
                if pool.usable:
                    await asyncio.to_thread(making.throw_away, folder, pool)
            await engine.store.look_at_all()
            engine.kept.pop(volume.id, None)
        finally:
            volume.busy = ""
        left = [pool.known.name for pool in engine.store.all.values() if not pool.usable]
        return f"deleted; what pool {', '.join(left)} may still have of it is not used" if left else "deleted"

    # Recovering.

    async def recover(self, wanted: Recover) -> Job:
        """Look for pools in the directories given, in our home, and where known pools point to."""

        async def work(report: Report) -> str:
            return await self._recover(wanted, report)

        return self._engine.table.start("recover", "engine", work, unit="directories", stoppable=True)

    async def _recover(self, wanted: Recover, report: Report) -> str:
        engine = self._engine
        before = set(engine.store.all)
        queue = [Path(path) for path in wanted.paths]
        queue += sorted(engine.layout.pools.iterdir()) if engine.layout.pools.is_dir() else []
        queue += [pool.path for pool in engine.store.all.values()]
        done: set[Path] = set()
        missing: list[str] = []
        while queue:
            path = queue.pop(0)
            if path in done:
                continue
            done.add(path)
            report(len(done), len(done) + len(queue), f"looking at {path}")
            marker = await asyncio.to_thread(read_marker_quietly, path)
            if marker is None:
                missing += [str(path)] if str(path) in wanted.paths else []
                continue
            queue += [Path(kin) for kin in marker.kin]
            await engine.store.take(path, marker)
        if missing:
            raise Impossible(
                f"no pool in {', '.join(missing)}", "A pool has a file called navarch-pool in it"
            )
        await engine.store.look_at_all()
        moved = await self._take_moved() if wanted.moved else 0
        engine.wake()
        volumes = find(engine.store)
        replicas = sum(len(voters) for voters in volumes.values())
        fresh = len(set(engine.store.all) - before)
        told = f"{len(engine.store.all)} pools ({fresh} new), {len(volumes)} volumes, {replicas} voters"
        return f"{told}, {moved} of them taken as moved" if moved else told

    async def _take_moved(self) -> int:
        """Let replicas start where they are now: their operator says that the originals are gone."""
        engine, count = self._engine, 0
        for id, voters in find(engine.store).items():
            for voter, place in voters.items():
                if place.seen.misplaced:
                    await asyncio.to_thread(making.settle_in, place.seen.path, engine.place)
                    engine.tell(id, f"{voter} was moved to {place.seen.path}, its operator says", "warning")
                    count += 1
        await engine.store.look_at_all()
        return count
