"""A scrub of a whole volume, as a job of a local engine; its controller does the work."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from blockengine.control.engine import Impossible
from blockengine.control.jobs import Report
from blockengine.control.model import Job
from blockengine.local.volumes import LocalVolume
from blockengine.protocol.admin import Act, Jobs, Progress, Scrub

if TYPE_CHECKING:
    from blockengine.local.engine import LocalEngine

_LOOK_AGAIN = 0.5


class Scrubbing:
    """Starts it, follows it, and stops it when the job is cancelled."""

    def __init__(self, engine: LocalEngine) -> None:
        self._engine = engine

    async def scrub(self, volume: LocalVolume) -> Job:
        """Raises: Impossible if the volume is not served."""
        number: int = await self._engine.order(volume, Scrub())

        async def work(report: Report) -> str:
            report.remember(volume=volume.id)
            return await self._watched(volume, number, report)

        return self._engine.table.start("scrub", volume.name, work, unit="bytes", stoppable=True)

    async def _watched(self, volume: LocalVolume, number: int, report: Report) -> str:
        try:
            return await self._followed(volume, number, report)
        except asyncio.CancelledError:
            await self._engine.order(volume, Act(number, "stop"))
            raise

    async def _followed(self, volume: LocalVolume, number: int, report: Report) -> str:
        began = 0.0
        while True:
            jobs: list[Progress] = await self._engine.order(volume, Jobs())
            # Another controller counts from 1 again.
            now = next((job for job in jobs if job.number == number and began in (0.0, job.began)), None)
            if now is None:
                raise Impossible("its controller was replaced meanwhile", "Begin it again.", status=500)
            began = now.began
            report.follow(volume.id, now)
            if now.ended:
                return _told(now)
            await asyncio.sleep(_LOOK_AGAIN)

    async def follow(self, volume: LocalVolume, report: Report) -> str:
        """The scrub that an earlier engine began, if it is still under way. Raises: Impossible."""
        await volume.until_told()
        work = volume.work("scrub")
        if work is None:
            raise Impossible("its controller was replaced meanwhile", "Begin it again.", status=500)
        return await self._watched(volume, work.number, report)


def _told(ended: Progress) -> str:
    """What it found. Raises: Impossible if it did not end well, or left something unmended."""
    if ended.state != "done":
        raise Impossible(f"it is {ended.state}: {ended.words}", status=500)
    if not ended.found:
        return "every block of every replica is as it should be"
    places = ", ".join(
        f"byte {one.offset}{f' of snapshot {one.snapshot}' if one.snapshot else ''} on "
        f"{' and '.join(one.members)} ({one.kind}{', mended' if one.mended else ''})"
        for one in ended.findings[-5:]
    )
    if not all(one.mended for one in ended.findings):
        raise Impossible(f"{ended.found} bad places, not all of them could be mended: {places}", status=500)
    return f"{ended.found} bad places, all mended: {places}"
