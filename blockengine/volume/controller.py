"""A volume's controller: takes over, settles, serves, brings replicas back, until it is fenced."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Coroutine, Sequence
from functools import partial
from typing import Any, TypeVar

from msgspec.structs import replace

from blockengine.membership import policy
from blockengine.membership.catalog import Snapshot
from blockengine.membership.policy import Budget
from blockengine.membership.record import Position, Record
from blockengine.protocol.address import Address
from blockengine.protocol.admin import Progress
from blockengine.protocol.messages import Identity
from blockengine.protocol.segment import Memory
from blockengine.volume import voters
from blockengine.volume.agreeing import agree
from blockengine.volume.cloning import FILL, fill, filling
from blockengine.volume.founding import Impossible
from blockengine.volume.geometry import Geometry
from blockengine.volume.growing import grow
from blockengine.volume.jobs import Job, Jobs, Stopped
from blockengine.volume.link import Link
from blockengine.volume.merges import MERGE
from blockengine.volume.office import Fenced, Office, Tell
from blockengine.volume.pace import SHARE, Pace
from blockengine.volume.peer import Peer
from blockengine.volume.replicated import Replicated
from blockengine.volume.restoring import RESTORE, Front
from blockengine.volume.resync import REBUILD, Resync
from blockengine.volume.scrubbing import SCRUB, scrub
from blockengine.volume.settling import settle_all
from blockengine.volume.snapshots import Snapshots, SnapshotState
from blockengine.volume.takeover import Strangers, open_sessions, take_office

Result = TypeVar("Result")
_WHY_NOT_STOPPED = {
    REBUILD: "the volume needs this replica; take it off if it is not wanted",
    MERGE: "its snapshot was given up before it began, and the space comes back by it alone",
    RESTORE: "there is no snapshot of what the volume was, or it goes back to it already",
    FILL: "a clone that is filled in part is of no use; delete it if it is not wanted",
}
_PAST = {"pause": "paused", "resume": "resumed", "stop": "stopped"}


class Controller:
    """One term of office. `deadline` (seconds) is how long a replica may take for any answer.

    `share` is what rebuilds and scrubs may take of the time (`volume.pace`), unless a person set it. A
    volume that was made to be filled is, from the NBD URI `fill_from` (or from where an earlier controller
    began to), before it is served.
    """

    def __init__(
        self,
        addresses: Sequence[Address],
        *,
        tls: ssl.SSLContext | None,
        deadline: float,
        tell: Tell,
        fill_from: str = "",
        share: float = SHARE,
    ) -> None:
        self._tell, self._fill_from, self._share = tell, fill_from, share
        self._tls, self._deadline = tls, deadline
        # What voters on this machine share: payloads of clients are received there.
        self.memory = Memory()
        self.peers = [self._made(address) for address in addresses]
        self._keeping: dict[Peer, asyncio.Task[None]] = {}
        self._working: set[asyncio.Task[Any]] = set()
        self.office: Office | None = None
        self.device: Replicated | None = None
        self.snapshots: Snapshots | None = None
        self.block_size = 0
        self._jobs = Jobs()
        self.pace: Pace | None = None

    async def start(self) -> Replicated:
        """Take over and settle; the volume, ready to be served. It may wait for voters for ever.

        A restore that was under way is ended, and a clone filled.

        Raises: Fenced, LineagesDiffer, Strangers; Impossible if there is nothing to fill it from.
        """
        loop = asyncio.get_running_loop()
        self._keeping = {peer: loop.create_task(peer.keep_connected()) for peer in self.peers}
        self.office = office = await take_office(self.peers, self._tell)
        office.spawn("renewal of leases", office.renew_for_ever)
        await _unless_ended(office, open_sessions(office))
        geometry = self._geometry(office)
        await _unless_ended(office, settle_all(office, geometry))
        if missing := office.obliged - office.sessions.keys():
            raise Fenced(f"{', '.join(sorted(missing))} failed during the take-over")
        self.device = device = Replicated(office, geometry)
        kept = policy.budget(office.term.base.policy) or Budget(share=self._share)
        self.pace = pace = Pace(lambda: device.asked, limit=kept.limit, share=kept.share)
        self.snapshots = snapshots = Snapshots(office, device, jobs=self._jobs, pace=pace)
        await snapshots.load()
        office.serving = True
        office.changed()
        office.spawn("idle flushes", device.flush_when_idle)
        office.spawn("merging", snapshots.retain)
        office.spawn("watching merges", snapshots.merges.for_ever)
        resync = Resync(office, device, jobs=self._jobs, pace=pace, retain=snapshots.retain)
        office.spawn("resync", resync.for_ever)
        await _unless_ended(office, self._finish(office, device, snapshots, pace))
        return device

    async def _finish(self, office: Office, device: Replicated, snapshots: Snapshots, pace: Pace) -> None:
        """What has to end before anybody is served."""
        await snapshots.finish_restore()
        if filling(office.term.base.state) is not None:
            await fill(office, device, self._fill_from, self._jobs, pace)

    def _geometry(self, office: Office) -> Geometry:
        """The volume's shape, on which all members must agree. Raises: Strangers."""
        shapes = {
            (peer.identity.block_size, peer.identity.region)
            for peer in self.peers
            if peer.identity is not None and peer.identity.voter in office.obliged
        }
        if len(shapes) != 1:
            raise Strangers(f"the replicas differ in block or region size: {sorted(shapes)}")
        block_size, region = shapes.pop()
        self.block_size = block_size
        return Geometry(office.term.base.size, block_size, region)

    def jobs(self) -> tuple[Progress, ...]:
        """Rebuilds, scrubs, merges, restores, the filling of a clone: under way, and the last that ended."""
        return self._jobs.progress()

    # What an operator may ask of a volume that is served. All of it may wait, for a member that is
    # being removed or for a majority, and all of it raises Impossible (with the reason; nothing was
    # changed, or the message says what was) and Fenced.

    async def grow(self, size: int, *, overcommit: bool = False) -> None:
        """Make the volume `size` bytes large, live; `volume.growing` tells how.

        Clients that are connected see the new size when they connect again.
        """
        office, device = self._in_office()
        await self._to_its_end(grow(office, device, size, overcommit=overcommit))

    async def take_snapshot(self, name: str) -> Snapshot:
        """Snapshot what is acknowledged now, on every member at one moment; writes wait for it shortly.

        Refused for a name that is taken or can't be one (`membership.catalog.check_name`), beyond 250
        snapshots, and if no replica has space. A replica that alone can't is removed and rebuilt.
        """
        return await self._to_its_end(self._snapshots().take(name))

    async def list_snapshots(self) -> list[SnapshotState]:
        """All snapshots, oldest first, with what their layers take up and how many clients have each open."""
        return await self._snapshots().states()

    async def delete_snapshot(self, name: str) -> None:
        """Give a snapshot up. Its name is free on return; its space comes back as members merge layers.

        Refused while a client has it open.
        """
        await self._to_its_end(self._snapshots().delete(name))

    async def restore(
        self, name: str, front: Front | None, *, keep: str = "", disconnect: bool = False
    ) -> None:
        """Take the volume back to a snapshot; returns when it is served again.

        What it was before is kept as snapshot `keep`, unless that is empty. Refused while clients of
        `front` have the volume open, unless they may be disconnected. A controller that dies meanwhile
        is succeeded by one that ends it first.
        """
        snapshots = self._snapshots()
        await self._to_its_end(snapshots.restore(name, front, keep=keep, disconnect=disconnect))

    def _snapshots(self) -> Snapshots:
        if self.snapshots is None or self.office is None or not self.office.serving:
            raise Impossible("the volume is not served yet")
        return self.snapshots

    async def scrub(self) -> int:
        """Begin to look at every block of every member; the job's number."""
        office, device = self._in_office()
        if running := self._jobs.running(SCRUB):
            raise Impossible(f"a scrub is under way already (job {running.number}, {running.state})")
        assert self.pace is not None
        job = self._jobs.add(SCRUB, acts=("pause", "stop"))
        office.spawn(f"scrub {job.number}", partial(self._scrub, office, device, self.pace, job))
        return job.number

    async def _scrub(self, office: Office, device: Replicated, pace: Pace, job: Job) -> None:
        try:
            await scrub(office, device, pace, job)
            job.end("done", f"{job.found} findings")
            office.tell(f"scrub {job.number}: done, {job.found} findings")
        except Stopped:
            job.end("stopped")
        finally:
            if not job.over:
                job.end("failed", "the controller ended")

    def act_on(self, number: int, action: str) -> None:
        """`pause`, `resume` or `stop` a job; what can't be stopped says why."""
        if action not in ("pause", "resume", "stop"):
            raise Impossible(f"a job can be paused, resumed and stopped, not {action!r}")
        job = self._jobs.get(number)
        if job.over:
            raise Impossible(f"job {number} is over: {job.state}")
        if action == "stop" and "stop" not in job.acts and job.what in _WHY_NOT_STOPPED:
            raise Impossible(f"it can be paused, not stopped: {_WHY_NOT_STOPPED[job.what]}")
        if ("pause" if action == "resume" else action) not in job.acts:
            raise Impossible(f"a {job.what} can't be {_PAST[action]}: it goes to its end")
        getattr(job, action)()

    async def set_pace(self, *, limit: int, share: float) -> None:
        """The budget of work beside clients (`volume.pace`): at once, and by a record for later controllers.

        Raises: ValueError.
        """
        office, _ = self._in_office()
        assert self.pace is not None
        self.pace.set(limit=limit, share=share)

        def change(record: Record, at: Position) -> Record:
            kept = policy.with_budget(record.policy, Budget(limit, share))
            return replace(record, position=at, policy=kept)

        await self._to_its_end(agree(office, None, change))
        await self._snapshots().merges.tell_pace()

    async def add_voter(self, address: Address) -> str:
        """Let the blank replica or witness at this address vote; its id. A replica is rebuilt afterwards.

        Whoever starts this volume's controllers has to name the address from now on.
        """
        return await self._to_its_end(self._add_voter(address))

    async def _add_voter(self, address: Address) -> str:
        office, device = self._in_office()
        peer = self._peer(address)
        try:
            who = await self._heard(peer)
            await voters.enter(office, who, device.geometry)
        except Impossible:
            await self._hang_up(peer)
            raise
        return who.voter

    async def remove_voter(self, name: str, *, force: bool = False) -> None:
        """Take a voter off for good; `volume.voters` tells what is refused, and what `force` allows."""
        office, _ = self._in_office()
        await self._to_its_end(voters.leave(office, name, force=force))
        for peer in [peer for peer in self.peers if peer.id == name]:
            await self._hang_up(peer)

    def _peer(self, address: Address) -> Peer:
        """A further address to stay connected to."""
        if any(peer.address == address for peer in self.peers):
            raise Impossible(f"{address} is a voter's address already")
        peer = self._made(address)
        self.peers.append(peer)
        self._keeping[peer] = asyncio.get_running_loop().create_task(peer.keep_connected())
        return peer

    def _made(self, address: Address) -> Peer:
        return Peer(address, tls=self._tls, deadline=self._deadline, watcher=self, memory=self.memory)

    async def _heard(self, peer: Peer) -> Identity:
        """Who answers there."""
        office, _ = self._in_office()
        loop = asyncio.get_running_loop()
        until = loop.time() + self._deadline
        while peer.identity is None:
            if loop.time() > until:
                raise Impossible(f"nobody answers at {peer.address}: {peer.trouble}")
            await asyncio.wait([office.ended], timeout=0.05)
        return peer.identity

    async def _hang_up(self, peer: Peer) -> None:
        task = self._keeping.pop(peer)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self.peers.remove(peer)
        peer.close()

    async def _to_its_end(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Do what changes the volume, whether or not whoever asked for it still waits."""
        task = asyncio.get_running_loop().create_task(work)
        self._working.add(task)
        task.add_done_callback(self._worked)
        return await asyncio.shield(task)

    def _worked(self, task: asyncio.Task[Any]) -> None:
        self._working.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._tell(f"refused: {error}")

    def _in_office(self) -> tuple[Office, Replicated]:
        if self.office is None or self.device is None:
            raise Impossible("the volume is not served yet")
        return self.office, self.device

    # `peer.Watcher`.

    def arrived(self, peer: Peer) -> None:
        if self.office is not None:
            self.office.changed()

    def left(self, peer: Peer, link: Link, why: str) -> None:
        if self.office is not None:
            self.office.link_left(link, why)

    async def stop(self) -> None:
        """End the term and hang up."""
        if self.office is not None:
            await self.office.close()
        tasks = [*self._keeping.values(), *self._working]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for peer in self.peers:
            peer.close()


async def _unless_ended(office: Office, work: Coroutine[None, None, None]) -> None:
    """Do a step of the take-over, or raise Fenced as soon as the office ends."""
    task = asyncio.get_running_loop().create_task(work)
    waiting: list[asyncio.Future[Any]] = [task, office.ended]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    if not task.done():
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise Fenced(office.ended.result())
    task.result()
