"""Bringing replicas back: what they missed, or everything, while the volume is served."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from blockengine.membership import changes
from blockengine.membership import logs as rules
from blockengine.membership import term as terms
from blockengine.membership.ballot import Refused
from blockengine.membership.logs import MissedLog
from blockengine.membership.record import Voter
from blockengine.protocol.messages import Forget, Grow, Intent, Keep, Log
from blockengine.volume.device import Refusal
from blockengine.volume.filling import Filler
from blockengine.volume.jobs import Job, Jobs
from blockengine.volume.link import Unanswered
from blockengine.volume.office import Office
from blockengine.volume.pace import Pace
from blockengine.volume.peer import Peer
from blockengine.volume.rebuilding import Copying
from blockengine.volume.replicated import Replicated

REBUILD = "rebuild"
_PAUSE, _LONGEST = 0.2, 10.0


class Resync:
    """Looks for voters that came back, and brings them back, all at the same time."""

    def __init__(
        self,
        office: Office,
        device: Replicated,
        *,
        jobs: Jobs,
        pace: Pace,
        retain: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        self._office, self._device, self._jobs, self._pace = office, device, jobs, pace
        self._retain = retain
        self._told: dict[str, str] = {}
        self._patience: dict[str, tuple[float, float]] = {}

    async def for_ever(self) -> None:
        """Raises: Fenced."""
        office = self._office
        while True:
            await self._readmit()
            for absent in office.term.newest.absent:
                if office.peer(absent.id) is not None and absent.id not in office.leaving:
                    office.spawn(f"resync of {absent.id}", partial(self._try, absent.id))
            await asyncio.sleep(_PAUSE)

    def _tell(self, target: str, what: str) -> None:
        if self._told.get(target) != what:
            self._told[target] = what
            self._office.tell(f"{target}: {what}")

    async def _readmit(self) -> None:
        """A known voter that answers with a blank state may vote again, once all others agree."""
        office = self._office
        for peer in office.peers:
            identity = peer.identity
            if identity is None or peer.link is None or identity.record is not None:
                continue
            known = office.term.newest.incarnation(identity.voter)
            if known in (None, identity.incarnation) or identity.voter in office.obliged:
                continue
            if identity.volume != office.term.base.volume:
                self._tell(identity.voter, f"what answers there is of volume {identity.volume}; left alone")
                continue
            async with office.changing:
                if office.term.sent:
                    return
                at = terms.next_position(office.term)
                voter = Voter(identity.voter, identity.incarnation)
                office.tell(f"{voter.id} lost its state: it is let in again, and rebuilt in full")
                office.propose(changes.readmit(office.term.newest, voter, at))
                held = frozenset(office.sessions)
                await office.until(partial(_decided, office, peer, held))
            await peer.look()

    async def _try(self, target: str) -> None:
        """Bring a replica back, unless the last attempts failed only just now."""
        now = asyncio.get_running_loop().time()
        pause, again = self._patience.get(target, (_PAUSE, now))
        if now < again:
            return
        if await self._bring_back(target):
            self._patience.pop(target, None)
        else:
            self._patience[target] = (min(2 * pause, _LONGEST), now + pause)

    async def _bring_back(self, target: str) -> bool:
        job = self._jobs.add(REBUILD, target, acts=("pause",))
        try:
            if await self._resync(target, job):
                self._tell(target, "in sync again")
                job.end("done")
                await self._retain()
                return True
        except (Unanswered, Refusal) as error:
            self._tell(target, f"resync stopped: {error}")
            job.end("failed", str(error))
        finally:
            if not job.over and not job.total:
                # It never came to a copy: the next attempt says more.
                self._jobs.drop(job)
            elif not job.over:
                job.end("failed", "it was cut short; what was copied need not be copied again")
        if target not in self._office.obliged:
            self._office.lose(target, "its resync did not end")
            self._office.joining.discard(target)
        return False

    async def _resync(self, target: str, job: Job) -> bool:
        office = self._office
        await office.until(lambda: not office.term.sent)
        peer, absence = office.peer(target), office.term.newest.absence(target)
        if peer is None or peer.link is None or absence is None:
            return False
        answer = await peer.link.ask(Keep(office.term.base))
        if isinstance(answer, Refused) and answer.why != "older":
            self._tell(target, f"refused the record: {answer.why}")
            return False
        if not await office.open(target):
            return False
        filler = Filler(office, self._device, target)
        async with office.layering:
            if not await self._grown(target) or not await filler.align():
                return False
            await self._join(target)
        regions = await self._missed(target, anew=filler.anew)
        if regions is None:
            return False
        self._tell(target, f"resync of {len(regions)} regions")
        copying = Copying(office, self._device, filler, target=target, out=absence.out)
        await copying.run(regions, job, self._pace)
        return await self._promote(target, regions, filler)

    async def _grown(self, target: str) -> bool:
        """Have a target that was away while the volume grew make room."""
        why = await self._office.order(target, Grow(self._device.size, overcommit=True))
        if why:
            self._tell(target, f"can't hold {self._device.size} bytes: {why}")
        return not why

    async def _join(self, target: str) -> None:
        """The target takes every change from now on; those begun earlier end first."""
        self._office.joining.add(target)
        self._office.changed()
        await self._device.changes.drain()

    async def _missed(self, target: str, *, anew: bool) -> frozenset[int] | None:
        """What to copy: some source's log and the target's own intent, or everything."""
        office = self._office
        own = await office.ask(target, Intent())
        if own is None:
            return None
        for source in () if anew else sorted(office.readable):
            answer = await office.ask(source, Log(target))
            log = MissedLog(answer.tag, frozenset(answer.regions), answer.whole) if answer else None
            if log is not None and rules.covers(office.term.base, log, holder=source, target=target):
                return frozenset(log.regions | frozenset(own))
        return frozenset(range(self._device.geometry.regions))

    async def _promote(self, target: str, regions: frozenset[int], filler: Filler) -> bool:
        office = self._office
        if not await office.flush([target]):
            return False
        while True:
            # Another replica's promotion, or a removal, may be on its way.
            await office.until(lambda: not office.term.sent or target not in office.joining)
            async with office.changing:
                absence = office.term.newest.absence(target)
                if target not in office.joining or absence is None:
                    return False
                if office.term.sent:
                    continue
                if not await filler.give_list():
                    return False
                at = terms.next_position(office.term)
                office.propose(changes.promote(office.term.newest, target, office.boots[target], at))
                await office.until(partial(_settled, office, target))
                office.joining.discard(target)
                break
        # Its promotion can't be taken back; if it left meanwhile, its removal follows.
        await office.until(lambda: not office.term.sent)
        if office.term.base.member(target) is None:
            return False
        office.writes.alike(regions)
        holders = sorted(office.term.base.member_ids)
        await office.each(holders, lambda name: office.ask(name, Forget(target, absence.out)))
        return True


def _decided(office: Office, peer: Peer, held: frozenset[str]) -> bool:
    """Whether a record is in force, or what it waits for is gone: a lost member is removed first."""
    return not office.term.sent or peer.link is None or not held <= office.sessions.keys()


def _settled(office: Office, target: str) -> bool:
    return not office.term.sent or not (office.obliged | {target}) <= office.sessions.keys()
