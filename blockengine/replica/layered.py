"""A replica's side of snapshots: cutting, reading, filling, and merging in the background."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from blockengine.protocol.messages import (
    Align,
    Changed,
    Control,
    Cut,
    Fill,
    KeepList,
    Layers,
    LayerSize,
    LookView,
    MapView,
    Mend,
    ReadList,
    ReadView,
    Rest,
    Retain,
)
from blockengine.replica import filling, mending
from blockengine.replica.layer import BLOCK, sums_of
from blockengine.replica.merging import merging
from blockengine.replica.replica import Failed, Replica, Rotten

# After a merge that failed (a full disk, most likely) it is tried again.
_AGAIN = 10.0
# The part of the time that a merge takes, as long as nobody says otherwise.
_SHARE = 0.5
_LOOK_AGAIN = 0.5


class LayerService:
    """Carries out messages that were admitted. `disk` keeps changes of layers apart from flushes."""

    def __init__(self, replica: Replica, disk: asyncio.Lock) -> None:
        self._replica, self._disk = replica, disk
        self._merging: asyncio.Task[None] | None = None
        # What a merge under way leaves alone: a cut adds to it.
        self._wanted: set[int] = set()
        self._rest = Rest(paused=False, limit=0, share=_SHARE)
        self._may_merge = asyncio.Event()
        self._may_merge.set()
        self._handlers: dict[type[Control], Callable[[Any], object]] = {
            KeepList: lambda message: replica.keep_list(message.raw),
            ReadList: lambda _: self._list(),
            Cut: lambda message: self._cut(message.snapshot),
            Changed: lambda message: filling.changed(
                replica, message.view, message.since, message.offset, message.length
            ),
            Fill: self._fill,
            Retain: lambda message: self._retain(set(message.snapshots)),
            Rest: self._told_to_rest,
            Layers: lambda _: self._sizes(),
        }

    async def answer(self, message: Control) -> object:
        """The answer. Raises: ValueError, Rotten, Failed, OSError."""
        if isinstance(message, ReadView):
            # Frozen bytes stay as they are: no flush or vote is in their way.
            warm = self._replica.warming(message.offset, message.length, message.view)
            await asyncio.to_thread(warm)
            return self._replica.read(message.offset, message.length, message.view)
        if isinstance(message, MapView):
            return self._replica.allocation(message.offset, message.length, message.view)
        if isinstance(message, LookView):
            return await self._look(message)
        if isinstance(message, Align):
            await self.stop()
        async with self._disk:
            if isinstance(message, Align):
                return filling.align(self._replica, message.snapshots)
            if isinstance(message, Mend):
                return await self._mend(message)
            return self._handlers[type(message)](message)

    async def _look(self, message: LookView) -> bytes:
        replica, first, count = self._replica, message.offset // BLOCK, message.length // BLOCK
        # A damaged map names no place to read from; the look finds it.
        with contextlib.suppress(Rotten):
            await asyncio.to_thread(replica.warming(message.offset, message.length, message.view))
        marks, blocks = mending.look(replica, first, count, view=message.view, since=message.since)
        sums = bytearray(sums_of(memoryview(blocks), first))
        for place, mark in enumerate(marks):
            if mark == mending.EARLIER:
                sums[place * 8 : place * 8 + 8] = bytes(8)
        return bytes(marks + sums)

    async def _mend(self, message: Mend) -> int:
        merges = self._merging is not None and not self._merging.done()

        def dead(snapshot: int) -> bool:
            return not snapshot or (merges and snapshot not in self._wanted)

        mended = mending.mend(
            self._replica, message.view, message.offset, memoryview(message.data), dead=dead
        )
        if mended:
            for step in self._replica.flushing():
                await asyncio.to_thread(step)
        return mended

    def _list(self) -> bytes:
        held = self._replica.ballot.record
        return self._replica.lists.read(held.snapshots if held is not None else "")

    def _fill(self, message: Fill) -> None:
        if message.data:
            if len(message.data) != message.length:
                raise ValueError("a fill whose data is not as long as it says")
            filling.fill(self._replica, message.view, message.offset, message.data)
        else:
            filling.fill_zero(self._replica, message.view, message.offset, message.length)

    def _sizes(self) -> list[LayerSize]:
        layers = self._replica.layers
        ids = (*layers.snapshots, 0)
        return [
            LayerSize(snapshot, layer.allocated(), layers.moved if layer.name == layers.moving else 0)
            for snapshot, layer in zip(ids, layers.store.layers, strict=True)
        ]

    # Merging.

    def _cut(self, snapshot: int) -> None:
        self._wanted.add(snapshot)
        self._replica.cut(snapshot)

    def _retain(self, snapshots: set[int]) -> None:
        self._wanted = snapshots
        if self._merging is not None:
            self._merging.cancel()
        self._merging = asyncio.get_running_loop().create_task(self._merge_for_ever(snapshots))

    async def _merge_for_ever(self, snapshots: Collection[int]) -> None:
        while True:
            try:
                await self._merge(snapshots)
                return
            except OSError as error:
                print(f"merging layers stopped: {error}; it is tried again", file=sys.stderr, flush=True)
                await asyncio.sleep(_AGAIN)
            except Failed as failed:
                print(f"merging layers ended: {failed}", file=sys.stderr, flush=True)
                return

    def _told_to_rest(self, message: Rest) -> None:
        if message.limit < 0 or not 0 < message.share <= 1:
            raise ValueError("a pace that can't be kept")
        self._rest = message
        if message.paused:
            self._may_merge.clear()
        else:
            self._may_merge.set()

    async def _merge(self, snapshots: Collection[int]) -> None:
        """Step by step, with a rest after each."""
        steps = merging(self._replica, snapshots)
        clock = asyncio.get_running_loop().time
        while True:
            await self._may_merge.wait()
            began, before = clock(), self._replica.layers.moved
            async with self._disk:
                step = next(steps, None)
                if step is None:
                    return
                await _whole(step)
            moved = max(self._replica.layers.moved - before, 0)
            await self._rested(clock() - began, moved)

    async def _rested(self, took: float, moved: int) -> None:
        """As long a rest as the pace wants after such a step; a new pace is not slept through for long."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        await asyncio.sleep(0)
        while True:
            rest = self._rest
            wanted = took * (1 / rest.share - 1)
            if rest.limit:
                wanted = max(wanted, moved / rest.limit - took)
            left = began + wanted - loop.time()
            if left <= 0:
                return
            await asyncio.sleep(min(left, _LOOK_AGAIN))

    async def stop(self) -> None:
        """Give up merging; what is done stays done."""
        task, self._merging = self._merging, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _whole(step: Callable[[], None]) -> None:
    """A step in another thread, to its end even if whoever waits for it is cancelled."""
    running = asyncio.get_running_loop().run_in_executor(None, partial(step))
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise
