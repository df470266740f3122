"""The engine of one machine, as the control API knows it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from blockengine import VERSION
from blockengine.control.engine import Impossible
from blockengine.control.explain import explain, explain_pool, overall
from blockengine.control.model import (
    AddPool,
    AddReplica,
    Attach,
    Attachment,
    Clone,
    CreateVolume,
    EngineInfo,
    Event,
    Finding,
    Job,
    Pace,
    Recover,
    Resize,
    Restore,
    Volume,
)
from blockengine.control.model import Pool as PoolView
from blockengine.local.copying import Copying
from blockengine.local.creating import Creating
from blockengine.local.finding import stray
from blockengine.local.hearing import CONTROLLER
from blockengine.local.renewing import Renewing
from blockengine.local.replicas import Replicas
from blockengine.local.resuming import resume
from blockengine.local.scrubbing import Scrubbing
from blockengine.local.tending import Tending
from blockengine.local.viewing import view
from blockengine.local.volumes import LocalVolume, VolumeSnapshot
from blockengine.protocol.admin import (
    DeleteSnapshot,
    Grow,
    ListSnapshots,
    SetPace,
    SnapshotStatus,
    TakeSnapshot,
    Verb,
)
from blockengine.protocol.speech import ours
from blockengine.volume.asking import Declined, Silent

_ORDER_DEADLINE = 120.0
_START_DEADLINE, _LOOK_AGAIN = 45.0, 0.2


class LocalEngine(Tending):
    """`control.engine.Engine` on processes of this machine."""

    # What is asked.

    def info(self) -> EngineInfo:
        volumes = self.volumes()
        return EngineInfo(
            VERSION,
            os.getpid(),
            str(self.layout.home),
            time.monotonic() - self._began,
            overall(self.pools(), volumes),
            len(self.store.all),
            len(volumes),
            sum(len(volume.attachments) for volume in self.kept.values()),
            ours().name,
            [f"{one.name} {name}" for one in self.kept.values() for name in one.hearing.others],
        )

    def pools(self) -> list[PoolView]:
        return sorted((pool.view() for pool in self.store.all.values()), key=lambda pool: pool.name)

    def pool(self, name: str) -> PoolView:
        return self.store.find(name).view()

    async def add_pool(self, wanted: AddPool) -> PoolView:
        if not wanted.path and not wanted.name:
            raise Impossible("a pool needs a path or a name", status=400)
        path = Path(wanted.path) if wanted.path else self.layout.pools / wanted.name
        if not wanted.path:
            self.layout.pools.mkdir(mode=0o700, exist_ok=True)
        known = set(self.store.all)
        pool = await self.store.add(path, wanted.name)
        if pool.known.id not in known:
            self.tell(pool.known.name, f"pool added: {path}")
        self.wake()
        return pool.view()

    async def remove_pool(self, name: str) -> None:
        pool = self.store.find(name)
        if pool.seen and pool.usable:
            raise Impossible(
                f"pool {pool.known.name} keeps {len(pool.seen)} replicas",
                "Remove them first: navarch engine volume list shows whose they are",
            )
        self.store.forget(pool)
        self.tell(pool.known.name, f"pool removed; {pool.path} was left as it is")
        self.wake()

    def volumes(self) -> list[Volume]:
        found = (view(volume, self.layout.run) for volume in self.kept.values())
        return sorted(found, key=lambda volume: (volume.name, volume.id))

    def find(self, name: str) -> LocalVolume:
        """By name or id. Raises: Impossible."""
        if name in self.kept:
            return self.kept[name]
        named = [volume for volume in self.kept.values() if volume.name == name]
        if len(named) > 1:
            ids = ", ".join(sorted(volume.id for volume in named))
            raise Impossible(f"{len(named)} volumes are called {name}", f"Use an id: {ids}")
        if not named:
            raise Impossible(f"there is no volume {name}", "navarch engine volume list", status=404)
        return named[0]

    def volume(self, name: str) -> Volume:
        return view(self.find(name), self.layout.run)

    def explain(self, name: str) -> list[Finding]:
        return explain(self.volume(name), self.pools(), sorted(self.find(name).lineages))

    def findings(self) -> list[Finding]:
        pools = self.pools()
        found = [finding for pool in pools for finding in explain_pool(pool)]
        for volume in self.kept.values():
            found += explain(view(volume, self.layout.run), pools, sorted(volume.lineages))
        return found + stray(self.store)

    # What is done.

    async def create(self, wanted: CreateVolume) -> Job:
        return await Creating(self).create(wanted)

    async def delete(self, name: str) -> Job:
        return await Creating(self).delete(name)

    async def resize(self, name: str, wanted: Resize) -> Volume:
        volume = self.find(name)
        await self._until_started(volume)
        with self.busy(volume, "growing"):
            await self.order(volume, Grow(wanted.size, wanted.overcommit))
            with contextlib.suppress(Silent, Declined):
                await volume.look()
        return view(volume, self.layout.run)

    async def set_pace(self, name: str, wanted: Pace) -> Volume:
        volume = self.find(name)
        if wanted.limit < 0 or not 0 < wanted.share <= 1:
            what = f"a limit of {wanted.limit} bytes a second and a share of {wanted.share} can't be kept"
            raise Impossible(what, "The limit is 0 or more, the share above 0 and at most 1.", status=400)
        await self.order(volume, SetPace(wanted.limit, wanted.share))
        with contextlib.suppress(Silent, Declined):
            await volume.look()
        limit = f"{wanted.limit} bytes a second" if wanted.limit else "no limit"
        self.tell(volume.name, f"background work: {limit}, {wanted.share:.0%} of the time")
        return view(volume, self.layout.run)

    async def order(self, volume: LocalVolume, verb: Verb, *, deadline: float = _ORDER_DEADLINE) -> Any:
        """Tell the volume's controller something; its answer. Raises: Impossible."""
        try:
            return await volume.ask(verb, deadline=deadline)
        except Declined as error:
            raise Impossible(str(error), _older(volume, str(error))) from None
        except Silent as error:
            advice = f"navarch engine volume explain {volume.name}"
            raise Impossible(f"{volume.name} is not served now: {error}", advice) from None

    async def snapshots(self, name: str) -> list[SnapshotStatus]:
        volume = self.find(name)
        found: list[SnapshotStatus] = await self.order(volume, ListSnapshots())
        volume.snapshots = found
        return found

    async def take_snapshot(self, name: str, snapshot: str) -> SnapshotStatus:
        volume = self.find(name)
        await self._until_started(volume)
        taken: SnapshotStatus = await self.order(volume, TakeSnapshot(snapshot))
        self.tell(volume.name, f"snapshot {snapshot} taken")
        return taken

    async def delete_snapshot(self, name: str, snapshot: str) -> None:
        volume = self.find(name)
        await self._until_started(volume)
        async with self.changing:
            # The controller knows of clients only while they are connected, and a bridge may be waiting.
            attachment = volume.snapshot(snapshot).attachment
            if attachment is not None:
                what = f"{volume.name}@{snapshot}"
                advice = f"navarch engine volume detach {what}"
                raise Impossible(f"{what} is attached as {attachment.device}", advice)
            await self.order(volume, DeleteSnapshot(snapshot))
        self.tell(volume.name, f"snapshot {snapshot} given up")

    async def restore(self, name: str, snapshot: str, wanted: Restore) -> Job:
        return await Copying(self).restore(self.find(name), snapshot, keep=wanted.keep)

    async def clone(self, name: str, wanted: Clone) -> Job:
        return await Copying(self).clone(self.find(name), wanted)

    async def add_replica(self, name: str, wanted: AddReplica) -> Job:
        return await Replicas(self).add(self.find(name), wanted)

    async def remove_replica(self, name: str, replica: str, *, force: bool) -> Job:
        return await Replicas(self).remove(self.find(name), replica, force=force)

    async def scrub(self, name: str) -> Job:
        return await Scrubbing(self).scrub(self.find(name))

    async def rebuild(self, name: str, replica: str) -> Job:
        return await Replicas(self).rebuild(self.find(name), replica)

    async def renew(self, name: str) -> Job:
        return await Renewing(self).renew(self.find(name))

    async def recover(self, wanted: Recover) -> Job:
        return await Creating(self).recover(wanted)

    async def attach(self, name: str, how: Attach) -> Attachment:
        return await self._attach(self.find(name), "", how)

    async def attach_snapshot(self, name: str, snapshot: str, how: Attach) -> Attachment:
        return await self._attach(self.find(name), snapshot, how)

    async def _attach(self, volume: LocalVolume, snapshot: str, how: Attach) -> Attachment:
        """The volume, or a snapshot of it. Raises: Impossible."""
        await self._until_started(volume)
        async with self.changing:
            seen = view(volume, self.layout.run)
            if seen.health in ("failed", "suspended", "starting", "restoring"):
                raise Impossible(
                    f"{seen.name} is {seen.health}: {seen.words}",
                    f"navarch engine volume explain {seen.name}",
                )
            with self.busy(volume, "attaching"):
                one: LocalVolume | VolumeSnapshot = volume
                if snapshot:
                    one = volume.snapshot((await Copying(self).snapshot(volume, snapshot)).name)
                attachment = await self.attacher.attach(one, by=how.by, block_size=seen.block_size)
                if isinstance(one, VolumeSnapshot):
                    volume.attached_snapshots[one.snapshot] = one
            whose = f"snapshot {attachment.snapshot} " if attachment.snapshot else ""
            self.tell(seen.name, f"{whose}attached as {attachment.device} by {attachment.by}")
            return attachment

    async def _until_started(self, volume: LocalVolume) -> None:
        """Wait for a volume whose controller is just taking over: who wants something should not have to."""
        loop = asyncio.get_running_loop()
        end = loop.time() + _START_DEADLINE
        # Health is made of what several processes say: nobody tells of a change of it.
        while view(volume, self.layout.run).health == "starting" and loop.time() < end:  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_AGAIN)

    async def detach(self, name: str) -> None:
        await self._detach(self.find(name), "")

    async def detach_snapshot(self, name: str, snapshot: str) -> None:
        await self._detach(self.find(name), snapshot)

    async def _detach(self, volume: LocalVolume, snapshot: str) -> None:
        async with self.changing:
            one = volume.snapshot(snapshot) if snapshot else volume
            device = one.attachment.device if one.attachment is not None else ""
            with self.busy(volume, "detaching"):
                await self.attacher.detach(one)
                volume.attached_snapshots.pop(snapshot, None)
            whose = f"snapshot {snapshot} " if snapshot else ""
            self.tell(volume.name, f"{whose}detached from {device}")

    @contextlib.contextmanager
    def busy(self, volume: LocalVolume, what: str) -> Iterator[None]:
        """No care for a volume meanwhile: what is half done must not be tidied up. Raises: Impossible."""
        if volume.busy:
            raise Impossible(f"{volume.name} is {volume.busy} just now", "navarch engine job list")
        volume.busy = what
        try:
            yield
        finally:
            volume.busy = ""

    # Jobs and events.

    def resume(self) -> None:
        resume(self)

    def jobs(self) -> list[Job]:
        return self.table.all()

    def job(self, id: str) -> Job:
        return self.table.one(id)

    async def wait_for_job(self, id: str, *, wait: float) -> Job:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.table.wait(id), wait)
        return self.table.one(id)

    async def cancel_job(self, id: str) -> Job:
        if self.table.is_stopped_by_us(id):
            return await self.table.cancel(id)
        return await self._act(id, "stop")

    async def pause_job(self, id: str) -> Job:
        return await self._act(id, "pause")

    async def resume_job(self, id: str) -> Job:
        return await self._act(id, "resume")

    async def _act(self, id: str, action: str) -> Job:
        """Upon the work of a controller that is behind a job. Raises: Impossible."""
        whose, number = self.table.behind(id, action)
        volume = self.find(whose)
        try:
            await volume.act(number, action)
        except (Declined, Silent) as error:
            advice = _older(volume, str(error)) or f"navarch engine volume explain {volume.name}"
            raise Impossible(str(error), advice) from None
        job = self.table.one(id)
        self.tell(volume.name, f"{job.kind}: told to {action}")
        return job

    async def events(self, after: int, *, wait: float, about: str) -> list[Event]:
        return await self.log.after(after, wait=wait, about=about)


def _older(volume: LocalVolume, refusal: str) -> str:
    """What to do if a controller of other code does not know what it is asked; else nothing."""
    if "not understood" not in refusal or not volume.hearing.is_other(CONTROLLER):
        return ""
    speech = volume.hearing.speech(CONTROLLER)
    what = speech.name if speech is not None else "other code"
    return f"Its controller runs {what}, the engine {ours().name}: navarch engine renew {volume.name}"
