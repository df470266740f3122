"""A volume's bytes taken back to a snapshot, or copied into a new volume: jobs of a local engine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING
from urllib.parse import quote

from blockengine.control.engine import Impossible
from blockengine.control.jobs import Report
from blockengine.control.model import Clone, CreateVolume, Job
from blockengine.local.creating import Creating
from blockengine.local.viewing import view
from blockengine.local.volumes import LocalVolume
from blockengine.protocol.admin import DeleteSnapshot, RestoreSnapshot, SnapshotStatus, TakeSnapshot

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

        async def work(report: Report) -> str:
            with self._engine.busy(volume, "restoring"):
                order = RestoreSnapshot(snapshot.name, keep)
                await self._engine.order(volume, order, deadline=_LONGEST)
            kept = f"; what it was is snapshot {keep}" if keep else ""
            return f"it is what it was at snapshot {snapshot.name}{kept}"

        return self._engine.table.start("restore", volume.name, work)

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
        async def source() -> AsyncIterator[str]:
            """The export of the snapshot; one made for this goes when the clone is whole."""
            made = ""
            if not wanted.snapshot:
                made = f"clone-{wanted.name}"
                await self._engine.order(volume, TakeSnapshot(made))
            try:
                export = (await self.snapshot(volume, wanted.snapshot or made)).export
                yield f"nbd+unix:///{quote(export, safe='')}?socket={volume.nbd}"
            finally:
                if made:
                    await self._given_up(volume, made)

        return await Creating(self._engine).create(create, kind="clone", before=source)
