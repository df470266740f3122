"""How far members are with merging the layers of snapshots that were given up: for people.

Each member merges on its own (`replica.layered`), and nobody waits for it. So it is looked at from
time to time; the one that has most left tells how far the volume is. Members are told how fast they may, and
to rest while a person wants that; one of older code does not know how.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from functools import partial
from itertools import pairwise

from blockengine.membership import policy
from blockengine.protocol.messages import Layers, LayerSize, Rest
from blockengine.protocol.speech import REST
from blockengine.volume.jobs import Job, Jobs
from blockengine.volume.office import Office

MERGE = "merge"
_AGAIN = 0.2
# While nobody set a pace: what a member does by itself.
_SHARE = 0.5


class MergeWatch:
    """Keeps one job while any member has something to merge."""

    def __init__(self, office: Office, jobs: Jobs) -> None:
        self._office, self._jobs = office, jobs
        self._job: Job | None = None
        self._told = asyncio.Event()

    def look(self) -> None:
        """Members were told what to keep: there may be something to merge."""
        self._told.set()

    async def for_ever(self) -> None:
        """Wait until there may be something; then look until it is done."""
        while True:
            await self._told.wait()
            self._told.clear()
            # Members don't tell when they are done: nobody could set an event.
            while self._note(await self._left()):  # noqa: ASYNC110
                await asyncio.sleep(_AGAIN)

    def _note(self, left: int | None) -> bool:
        """Whether there is something left, or nobody knows."""
        if left and self._job is None:
            office = self._office
            restful = all(office.can(name, REST) for name in office.readable)
            self._job = self._jobs.add(MERGE, acts=("pause",) if restful else ())
            self._job.changed = lambda: office.spawn("rest of merges", self.tell_pace)
            self._job.start(left)
        elif self._job is not None and left is not None:
            self._job.reach(left)
            if not left:
                self._job.end("done")
                if self._job.total == 1:
                    self._jobs.drop(self._job)  # nothing was in it: no news
                self._job = None
        return left != 0

    async def tell_pace(self) -> None:
        """Members hear how fast they may merge, and whether at all."""
        office = self._office
        told: Rest | None = None
        # Who pauses and resumes does not wait for us.
        while (now := self._rest()) != told:
            told = now
            names = [name for name in sorted(office.sessions) if office.can(name, REST)]
            await office.each(names, partial(_told, office, now))

    def _rest(self) -> Rest:
        kept = policy.budget(self._office.term.base.policy)
        paused = self._job is not None and self._job.state == "paused"
        return Rest(paused, kept.limit if kept else 0, kept.share if kept else _SHARE)

    async def _left(self) -> int | None:
        """Bytes that the slowest member still has to merge; None if none of them tells."""
        office = self._office
        if office.catalog is None:
            return None
        wanted = office.catalog.ids
        answers = [await office.look(name, Layers()) for name in sorted(office.readable)]
        told = [left(answer, wanted) for answer in answers if isinstance(answer, list)]
        return max(told, default=None)


async def _told(office: Office, rest: Rest, name: str) -> str:
    return await office.order(name, rest)


def left(layers: Sequence[LayerSize], wanted: Collection[int]) -> int:
    """Bytes of layers, the oldest first, that are to be one with the layer below and are not yet.

    At least one while any is: an empty one has to go as well.
    """
    gone = [upper for lower, upper in pairwise(layers) if lower.snapshot not in wanted]
    return max(sum(max(upper.bytes - upper.merged, 0) for upper in gone), 1) if gone else 0
