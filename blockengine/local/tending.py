"""What keeps a local engine going: pools are looked at, and what stands in them is kept running.

One turn of `_tend` a second compares what the pools hold with what runs. Nothing else is
remembered: an engine that lost everything but its pools does the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time

from blockengine.cli.place import here
from blockengine.control.engine import Impossible
from blockengine.control.events import EventLog
from blockengine.control.jobs import Jobs
from blockengine.control.model import (
    Job,
    Severity,
)
from blockengine.local import making
from blockengine.local.attaching import Attacher
from blockengine.local.finding import deleted, find
from blockengine.local.layout import Layout
from blockengine.local.pools import Pools, read_marker_quietly
from blockengine.local.resuming import fills
from blockengine.local.volumes import LocalVolume
from blockengine.protocol.speech import ours

_TURN = 1.0
_GONE_LOOKS = 2
_UNFINISHED = 10.0


class Tending:
    """The care for everything that stands in the pools. The process must run in `layout.run`."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.place = here()
        self.log = EventLog(layout.state / "events.jsonl")
        self.table = Jobs(self._job_ended, layout.state / "jobs.json")
        self.store = Pools(layout.state / "pools.json", self.place)
        self.kept: dict[str, LocalVolume] = {}
        self.attacher = Attacher(layout)
        self.changing = asyncio.Lock()
        self.stopped = asyncio.Event()
        self._began = time.monotonic()
        self._tending: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._states: dict[str, str] = {}

    # Life.

    async def start(self) -> None:
        """Look at the pools, and start what stands in them."""
        self.store.load()
        await self._own_pools()
        await self.store.look_at_all()
        for pool in self.store.all.values():
            await asyncio.to_thread(making.empty_trash, pool)
        self.tell("engine", f"engine {ours().name} started (process {os.getpid()})")
        await self._turn()
        await self._hear()
        self.resume()
        self._tending = asyncio.get_running_loop().create_task(self._tend())

    async def _hear(self) -> None:
        """Which code those run that an earlier engine started: whoever starts this one is told."""
        await asyncio.sleep(0)  # they are found again
        await asyncio.gather(*(volume.hearing.listen() for volume in self.kept.values()))
        for volume in self.kept.values():
            if others := volume.hearing.others:
                names = ", ".join(others)
                what = f"of other code than the engine: {names}; navarch engine renew restarts them"
                self.tell(volume.name, what, "warning")

    async def _own_pools(self) -> None:
        """Pools in the engine's home need no list."""
        if not self.layout.pools.is_dir():
            return
        for path in sorted(self.layout.pools.iterdir()):
            marker = read_marker_quietly(path)
            if marker is not None and marker.id not in self.store.all:
                with contextlib.suppress(Impossible):
                    await self.store.take(path, marker)

    async def stop(self, *, force: bool) -> None:
        """End everything. Raises: Impossible if volumes are attached, without `force`."""
        attached = [
            (one, one.attachment.device)
            for volume in self.kept.values()
            for one in volume.attachable
            if one.attachment is not None
        ]
        if attached and not force:
            told = ", ".join(f"{one.name} ({device})" for one, device in attached)
            raise Impossible(
                f"attached: {told}", "navarch engine volume detach …, or --force, which breaks what uses them"
            )
        self.tell("engine", "told to stop")
        await self._end_tending()
        await self.table.close()
        for one, _ in attached:
            with contextlib.suppress(Impossible):
                await self.attacher.detach(one, force=True)
        await asyncio.gather(*(volume.stop() for volume in self.kept.values()))
        self.stopped.set()

    async def leave_all(self) -> None:
        """End without ending what runs. Raises: Impossible while there is work that would end with it."""
        own = [job for job in self.table.all() if not job.ended and self.table.is_own(job.id)]
        ends = [f"{job.kind} of {job.about}" for job in own if "stop" in job.acts]
        if ends:
            raise Impossible(f"under way: {', '.join(ends)}", "Wait for it: navarch engine job list")
        self.tell("engine", "told to leave; volumes are served on, and the next engine takes them over")
        await self.leave()
        self.stopped.set()

    async def leave(self) -> None:
        """End without ending what runs: the next engine takes it over."""
        await self._end_tending()
        await self.table.close()
        await asyncio.gather(*(volume.leave() for volume in self.kept.values()))
        self.attacher.close()

    async def _end_tending(self) -> None:
        tending, self._tending = self._tending, None
        if tending is not None:
            tending.cancel()
            await asyncio.gather(tending, return_exceptions=True)

    def tell(self, about: str, text: str, severity: Severity = "info") -> None:
        """An event."""
        self.log.add(about, text, severity=severity)

    def _job_ended(self, job: Job) -> None:
        if job.state == "failed":
            self.tell(job.about, f"{job.kind} failed: {job.error}", "warning")
        else:
            self.tell(job.about, f"{job.kind} {job.state}" + (f": {job.text}" if job.text else ""))

    # Tending.

    async def _tend(self) -> None:
        while True:
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), _TURN)
            await self.store.look_at_all()
            try:
                await self._turn()
            except Exception as error:
                # One odd directory must not end the care for all others.
                self.tell("engine", f"a turn of care failed: {error!r}", "failing")

    def wake(self) -> None:
        """Look now."""
        self._wake.set()

    async def _turn(self) -> None:
        self._tell_pools()
        await self._forget_deleted()
        for id, places in find(self.store).items():
            volume = self.kept.get(id)
            if volume is None:
                volume = self.kept[id] = self.new_volume(id)
                volume.fill_from = fills(self.table).get(id, "")
            volume.places = places
        for volume in list(self.kept.values()):
            volume.hearing.look()
            if not volume.busy:
                await self._care_for(volume)

    def resume(self) -> None:
        """Go on with jobs that an earlier engine left."""

    def new_volume(self, id: str) -> LocalVolume:
        """A volume in our care, of which nothing is known yet."""

        def worked(volume: LocalVolume) -> None:
            self.table.observe(volume.id, volume.name, volume.works)

        return LocalVolume(id, self.layout, self.tell, worked)

    async def _forget_deleted(self) -> None:
        """What a pool that was away still has of volumes that were deleted meanwhile."""
        for pool, seen in deleted(self.store):
            self.tell(pool.known.name, f"{seen.path.name} is removed: its volume was deleted meanwhile")
            with contextlib.suppress(OSError):
                await asyncio.to_thread(making.throw_away, seen.path, pool)
            pool.seen = {entry: other for entry, other in pool.seen.items() if other is not seen}

    def _tell_pools(self) -> None:
        for pool in self.store.all.values():
            before = self._states.get(pool.known.id, "healthy")
            if pool.state != before and (pool.usable or pool.gone >= _GONE_LOOKS):
                self._states[pool.known.id] = pool.state
                severity: Severity = "info" if pool.state == "healthy" else "failing"
                self.tell(
                    pool.known.name,
                    f"pool is {pool.state}" + (f": {pool.reason}" if pool.reason else ""),
                    severity,
                )

    async def _care_for(self, volume: LocalVolume) -> None:
        """Bring what runs of a volume in line with what stands on disk."""
        if self._never_made(volume):
            await self._tidy_up(volume)
            return
        present = {pool.known.name: pool for pool in self.store.all.values()}
        volume.lost = {}
        for voter, place in list(volume.places.items()):
            pool = present.get(place.pool)
            gone = pool is None or (not pool.usable and pool.gone >= _GONE_LOOKS)
            if gone or place.seen.trouble:
                await volume.stop_voter(voter)
                if gone:
                    del volume.places[voter]
                    reason = f"pool {place.pool} {'is ' + pool.state if pool is not None else 'was removed'}"
                    volume.lost[voter] = (
                        f"{reason}: {pool.reason}" if pool is not None and pool.reason else reason
                    )
            else:
                volume.start_voter(voter, place.seen.path)
        for voter in list(volume.voters):
            if voter not in volume.places:
                await volume.stop_voter(voter)
        if not volume.places:
            await self._nothing_left(volume)
        elif volume.record is not None:
            volume.start_controller()
        self.attacher.find_snapshots(volume)
        for one in volume.attachable:
            said = await self.attacher.look(one)
            if said:
                broken = one.attachment is not None and one.attachment.state == "broken"
                whose = f"snapshot {one.export[1:]}: " if one.export else ""
                self.tell(volume.name, whose + said, "failing" if broken else "info")

    def _never_made(self, volume: LocalVolume) -> bool:
        """Whether a kill cut its creation: no voter has a record, so nobody ever wrote to it."""
        pools_there = all(pool.usable for pool in self.store.all.values())
        blank = all(
            place.seen.ballot is not None and place.seen.record is None for place in volume.places.values()
        )
        return bool(volume.places) and pools_there and blank

    async def _tidy_up(self, volume: LocalVolume) -> None:
        """What was never made goes, once it is clear that nobody is about to go on with it."""
        now = time.monotonic()
        volume.blank_since = volume.blank_since or now
        if now - volume.blank_since < _UNFINISHED:
            return
        await volume.stop()
        pools = {pool.known.name: pool for pool in self.store.all.values()}
        for place in volume.places.values():
            with contextlib.suppress(OSError):
                await asyncio.to_thread(making.throw_away, place.seen.path, pools[place.pool])
        del self.kept[volume.id]
        self.tell(
            volume.name, "its creation was never finished; nothing was in it, and it is gone", "warning"
        )

    async def _nothing_left(self, volume: LocalVolume) -> None:
        """No pool has anything of it: it stays in view while a pool is away that may."""
        if all(pool.usable for pool in self.store.all.values()):
            await volume.stop()
            del self.kept[volume.id]
            self.tell(volume.name, "no pool has anything of this volume any more", "warning")
