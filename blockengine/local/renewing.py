"""A volume's processes restarted with the engine's own code, one at a time: a job of a local engine.

After an upgrade those that run go on with the code they were started with. A voter is restarted only
while all others are well, and the next one once it is in sync again; the controller comes last. So the
volume is served all the while, but for the moment in which its controller is replaced; what is attached
waits then. Who can't work with the new code at all is of no use as it is, and is restarted first.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from blockengine.control.engine import Impossible
from blockengine.control.jobs import Report
from blockengine.control.model import Job
from blockengine.local.hearing import CONTROLLER
from blockengine.local.viewing import replicas
from blockengine.local.volumes import LocalVolume
from blockengine.protocol.speech import ours
from blockengine.volume.asking import Declined, Silent

if TYPE_CHECKING:
    from blockengine.local.engine import LocalEngine

_LOOK_AGAIN = 0.2


class Renewing:
    """Carries it out."""

    def __init__(self, engine: LocalEngine) -> None:
        self._engine = engine

    async def renew(self, volume: LocalVolume) -> Job:
        """Raises: Impossible if there is nothing to restart, or something else is under way."""
        await volume.hearing.listen()
        names = volume.hearing.others
        if not names:
            raise Impossible(
                f"all processes of {volume.name} run the engine's own code, {ours().name}",
                "There is nothing to restart.",
            )
        if volume.busy:
            raise Impossible(f"{volume.name} is {volume.busy} just now", "navarch engine job list")

        async def work(report: Report) -> str:
            with self._engine.busy(volume, "renewing"):
                await self._renewed(volume, names, report)
            return f"{', '.join(names)} run {ours().name} now"

        return self._engine.table.start("renew", volume.name, work, unit="processes", stoppable=True)

    async def _renewed(self, volume: LocalVolume, names: list[str], report: Report) -> None:
        hearing = volume.hearing
        misfits = [name for name in names if hearing.misfit(name)]
        for name in misfits:
            report(names.index(name), len(names), f"restarting {name}, which can't be used as it is")
            await self._restarted(volume, name)
        usable = [name for name in names if name not in misfits]
        for done, name in enumerate(usable, len(misfits)):
            report(done, len(names), f"waiting until all but {name} are well")
            await self._until_well(volume, without=name)
            # A controller that lost its only replica was started again by that.
            if hearing.is_other(name):
                report(done, len(names), f"restarting {name}")
                await self._restarted(volume, name)
        report(len(names) - 1, len(names), "waiting until all are well")
        await self._until_well(volume)

    async def _restarted(self, volume: LocalVolume, name: str) -> None:
        child = volume.controller if name == CONTROLLER else volume.voters.get(name)
        if child is None:
            raise Impossible(f"{name} is not there any more", "navarch engine volume explain", status=500)
        # Whoever cancels the job does not want it to stay ended.
        await asyncio.shield(asyncio.ensure_future(child.restart()))
        while volume.hearing.speech(name) is None:
            await asyncio.sleep(_LOOK_AGAIN)
            await volume.hearing.listen()
        if volume.hearing.is_other(name):
            said = volume.hearing.speech(name)
            raise Impossible(
                f"{name} was restarted and runs {said.name if said is not None else 'other code'}, "
                f"the engine {ours().name}",
                "The engine is older than the program on the disk: navarch engine renew replaces it first.",
                status=500,
            )

    async def _until_well(self, volume: LocalVolume, *, without: str = "") -> None:
        """Until the volume is served, and every voter (but one) is in sync or votes."""
        # Nobody tells when a volume is well.
        while not await self._is_well(volume, without):  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_AGAIN)

    async def _is_well(self, volume: LocalVolume, without: str) -> bool:
        try:
            # What was told before the last restart does not count.
            await volume.look()
        except (Silent, Declined):
            return False
        others = [one for one in replicas(volume) if one.id != without]
        well = all(one.role in ("in-sync", "witness") and not one.trouble for one in others)
        return volume.status is not None and volume.status.state == "serving" and well
