"""A volume's bytes taken back to a snapshot, or copied into a new volume: jobs of a local engine."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

from blockengine.control.engine import Impossible
from blockengine.control.jobs import Cancelled, Report
from blockengine.control.model import Clone, CreateVolume, Job
from blockengine.local.creating import Creating
from blockengine.local.viewing import view
from blockengine.local.volumes import LocalVolume
from blockengine.protocol.admin import DeleteSnapshot, Progress, RestoreSnapshot, SnapshotStatus, TakeSnapshot
from blockengine.volume.asking import Declined, Silent

if TYPE_CHECKING:
    from blockengine.local.engine import LocalEngine

_LONGEST = 7 * 24 * 3600.0
_LET_GO_DEADLINE, _LOOK_AGAIN = 30.0, 0.2


class Copying:
    """Carries out restores and clones."""

    def __init__(self, engine: LocalEngine) -> None:
        self._engine = engine

    async def snapshot(self, volume: LocalVolume, name: str) -> SnapshotStatus:
        """Raises: Impossible."""
        for snapshot in await self._engine.snapshots(volume.id):
            if name in (snapshot.name, snapshot.id):
                return snapshot
        advice = f"navarch engine snapshot list {volume.name}"
        raise Impossible(f"{volume.name} has no snapshot {name}", advice, status=404)

    async def restore(self, volume: LocalVolume, name: str, *, keep: str) -> Job:
        """Raises: Impossible while it is attached or used, or if there is no such snapshot."""
        snapshot = await self.snapshot(volume, name)
        if volume.attachment is not None:
            raise Impossible(
                f"{volume.name} is attached as {volume.attachment.device}, and would change under it",
                f"navarch engine volume detach {volume.name}",
            )

        kept = f"; what it was is snapshot {keep}" if keep else ""

        async def work(report: Report) -> str:
            report.remember(volume=volume.id)
            with self._engine.busy(volume, "restoring"):
                await self._taken_back(volume, RestoreSnapshot(snapshot.name, keep), report)
            return f"it is what it was at snapshot {snapshot.name}{kept}"

        return self._engine.table.start("restore", volume.name, work, unit="bytes", target=snapshot.name)

    async def _taken_back(self, volume: LocalVolume, order: RestoreSnapshot, report: Report) -> None:
        """Have it done, and tell how far it is. Raises: Impossible."""
        began = time.time()
        asked = asyncio.ensure_future(volume.ask(order, deadline=_LONGEST))
        try:
            while not asked.done():
                if work := volume.work("restore", order.name):
                    report.follow(volume.id, work)
                await asyncio.wait([asked], timeout=_LOOK_AGAIN)
        finally:
            asked.cancel()
        try:
            await asked
        except Declined as error:
            if await _cancelled(volume, order.name, began):
                raise Cancelled(str(error)) from None
            raise Impossible(str(error)) from None
        except Silent:
            # The next controller ends what this one began.
            await self._ended_by_the_next(volume, order.name, began, report)

    async def _ended_by_the_next(
        self, volume: LocalVolume, snapshot: str, began: float, report: Report
    ) -> None:
        """Wait for the end of a restore that nobody answers for any more. Raises: Impossible."""
        while True:
            await volume.until_told()
            if work := volume.work("restore", snapshot):
                report.follow(volume.id, work)
            elif volume.status is not None and volume.status.state in ("serving", "withheld"):
                break
            await asyncio.sleep(_LOOK_AGAIN)
        mine = _restores(volume, snapshot, began)
        if not mine:
            raise Impossible(
                "its controller ended before it began with it: the volume is as it was",
                f"navarch engine snapshot restore {volume.name} {snapshot}",
                status=500,
            )
        if mine[-1].state == "stopped":
            raise Cancelled(mine[-1].words)
        if mine[-1].state != "done":
            raise Impossible(mine[-1].words, f"navarch engine volume explain {volume.name}", status=500)

    async def restored(self, volume: LocalVolume, job: Job, report: Report) -> str:
        """A restore that an earlier engine began. Raises: Impossible."""
        with self._engine.busy(volume, "restoring"):
            await self._ended_by_the_next(volume, job.target, job.started, report)
        return f"it is what it was at snapshot {job.target}"

    async def filled(self, volume: LocalVolume, facts: Mapping[str, str], report: Report) -> str:
        """A clone that an earlier engine began; its snapshot goes when it is whole. Raises: Impossible."""
        try:
            await volume.until_told()
            await Creating(self._engine).until_served(volume, report)
        finally:
            volume.fill_from = ""
            source = self._engine.kept.get(facts.get("source", ""))
            if source is not None and "snapshot" in facts:
                await asyncio.shield(self._given_up(source, facts["snapshot"]))
        return "filled"

    async def _given_up(self, volume: LocalVolume, snapshot: str) -> None:
        """A snapshot made for a clone goes, once its controller saw that the copying ended."""
        loop = asyncio.get_running_loop()
        end = loop.time() + _LET_GO_DEADLINE
        while True:
            try:
                await self._engine.order(volume, DeleteSnapshot(snapshot))
                return
            except Impossible as error:
                if loop.time() > end:
                    self._engine.tell(volume.name, f"snapshot {snapshot} is left over: {error}", "warning")
                    return
            await asyncio.sleep(_LOOK_AGAIN)

    async def clone(self, volume: LocalVolume, wanted: Clone) -> Job:
        """Raises: Impossible, before anything is made, if it can't be."""
        seen = view(volume, self._engine.layout.run)
        size = seen.size
        if wanted.snapshot:
            size = (await self.snapshot(volume, wanted.snapshot)).size
        replicas = wanted.replicas or seen.wanted
        create = CreateVolume(wanted.name, size, replicas, seen.block_size, wanted.pools)

        @contextlib.asynccontextmanager
        async def source(report: Report) -> AsyncIterator[str]:
            """The export of the snapshot; one made for this goes when the clone is whole."""
            made = ""
            if not wanted.snapshot:
                made = f"clone-{wanted.name}"
                report.remember(source=volume.id, snapshot=made)
                await self._engine.order(volume, TakeSnapshot(made))
            try:
                export = (await self.snapshot(volume, wanted.snapshot or made)).export
                yield f"nbd+unix:///{quote(export, safe='')}?socket={volume.nbd}"
            finally:
                if made:
                    await self._given_up(volume, made)

        return await Creating(self._engine).create(create, kind="clone", before=source)


def _restores(volume: LocalVolume, snapshot: str, since: float) -> list[Progress]:
    """The works of its controller that took it back to a snapshot, the newest last."""
    works = [one for one in volume.works if (one.what, one.target) == ("restore", snapshot)]
    return [one for one in works if one.began >= since]


async def _cancelled(volume: LocalVolume, snapshot: str, since: float) -> bool:
    """Whether a restore that did not come to its end was stopped by a person."""
    with contextlib.suppress(Silent, Declined):
        await volume.see_works()
    return any(one.state == "stopped" for one in _restores(volume, snapshot, since))
