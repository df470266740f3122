"""Taking a volume back to a snapshot: in place, over a controller's death, undone by another snapshot.

While it lasts the record says so, and nobody is served: not even the next controller's clients, before
that one has ended it. What differs is copied as any other change, so that members stay alike and
absent ones know what they missed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Protocol

from msgspec.structs import replace

from blockengine.membership import policy
from blockengine.membership.catalog import Snapshot
from blockengine.membership.record import Position, Record
from blockengine.protocol.messages import Changed
from blockengine.volume.agreeing import agree
from blockengine.volume.copying import copy
from blockengine.volume.device import Refusal
from blockengine.volume.jobs import Job
from blockengine.volume.office import Office
from blockengine.volume.pace import Pace
from blockengine.volume.replicated import Replicated
from blockengine.volume.snapshot_device import SnapshotDevice

SERVING = "serving"
RESTORE = "restore"
_RESTORING = "restoring "
_AT_ONCE = 64 * 1024 * 1024


class Front(Protocol):
    """Who serves the volume to clients."""

    @property
    def users(self) -> int:
        """How many clients have the volume itself open."""
        ...

    async def hang_up(self) -> None:
        """End their connections; nothing that they asked for is under way on return."""
        ...


class Interrupted(Exception):
    """A restore could not be ended; the volume is neither what it was nor what it was to be."""


def restoring(record: Record) -> int:
    """The id of the snapshot that a volume is being taken back to; 0 for none."""
    words = record.state.removeprefix(_RESTORING)
    return int(words, 16) if words != record.state else 0


async def restore(
    office: Office, device: Replicated, snapshot: Snapshot, job: Job, *, pace: Pace, undo: int = 0
) -> None:
    """Make live bytes those of the snapshot; the record says so meanwhile. Beyond its size there are zeroes.

    The record also says what the way back is: `undo`, the id of a snapshot of what was there (0: none). It
    is not gone here: that is another restore.

    Raises: Interrupted; Stopped; Impossible; Fenced.
    """
    await say(office, f"{_RESTORING}{snapshot.id:x}", undo=undo)
    office.tell(f"restores snapshot {snapshot.name}")
    source = SnapshotDevice(office, snapshot, device.block_size)
    try:
        await copy(source, device, partial(_differing, office, device, snapshot), job, pace=pace)
    except Refusal as refusal:
        raise Interrupted(f"snapshot {snapshot.name} can't be read whole: {refusal}") from None
    await say(office, SERVING)
    office.tell(f"restored snapshot {snapshot.name}")


async def say(office: Office, state: str, *, undo: int = 0) -> None:
    """Have a record in force with this state, and this way back from it. Raises: Fenced."""

    def change(record: Record, at: Position) -> Record:
        return replace(record, position=at, state=state, policy=policy.with_undo(record.policy, undo))

    newest = office.term.newest
    if newest.state != state or policy.undo(newest.policy) != undo:
        await agree(office, None, change)


async def _differing(
    office: Office, device: Replicated, snapshot: Snapshot
) -> AsyncIterator[tuple[int, int]]:
    """Where live bytes may differ from the snapshot. Any member's account will do: their bytes are alike."""
    for offset in range(0, device.size, _AT_ONCE):
        length = min(_AT_ONCE, device.size - offset)
        start = offset
        for size, differs in await _changed(office, Changed(0, snapshot.id, offset, length)):
            if differs:
                yield start, size
            start += size


async def _changed(office: Office, message: Changed) -> list[tuple[int, bool]]:
    while True:
        await office.until(lambda: office.steady)
        found = await office.look(min(office.readable), message)
        if isinstance(found, list):
            return found
