"""Making a volume a copy of a snapshot: filled before anybody is served, and on its own afterwards.

How far it is, and from what, stands in the record's state: `filling OFFSET URI`, the offset in
hexadecimal. So the next controller goes on, also if nobody tells it the source again.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import NamedTuple

from blockengine.volume.copying import copy
from blockengine.volume.device import Refusal
from blockengine.volume.founding import Impossible
from blockengine.volume.jobs import Jobs
from blockengine.volume.nbd_source import NbdSource
from blockengine.volume.office import Office
from blockengine.volume.pace import Pace
from blockengine.volume.replicated import Replicated
from blockengine.volume.restoring import SERVING, say

FILLING, FILL = "filling", "fill"
_LONGEST_URI = 4000
_AGAIN = 1.0


class Progress(NamedTuple):
    """Everything before `offset` is filled, durably, from `uri` (empty: nothing was begun)."""

    offset: int
    uri: str

    @property
    def state(self) -> str:
        return f"{FILLING} {self.offset:x} {self.uri}"


def filling(state: str) -> Progress | None:
    """How far a volume is that has to be filled first; None if it has not."""
    word, _, rest = state.partition(" ")
    if word != FILLING:
        return None
    offset, _, uri = rest.partition(" ")
    return Progress(int(offset, 16), uri) if uri else Progress(0, "")


async def fill(office: Office, device: Replicated, uri: str, jobs: Jobs, pace: Pace) -> None:
    """Copy an NBD export into a volume that was made to be filled; until that has ended its record says so.

    It goes on where an earlier controller was, if the source is still that one; without `uri` it is. Then
    it also waits for the source to be served again.

    Raises: Impossible (no such source, or too large, or it failed: try again); Fenced.
    """
    begun = filling(office.term.newest.state) or Progress(0, "")
    if not (uri or begun.uri):
        raise Impossible("the volume was made to be filled: say from what (--fill-from)")
    if len(uri) > _LONGEST_URI:
        raise Impossible("the address of what it is filled from is too long")
    if uri in ("", begun.uri):
        source = await _connected(office, begun.uri, patient=not uri)
    else:
        begun = Progress(0, uri)
        source = await _connected(office, uri, patient=False)
    try:
        await _fill(office, device, source, begun, jobs=jobs, pace=pace)
    except Refusal as refusal:
        raise Impossible(f"the volume is not filled yet: {refusal}; start it again") from None
    finally:
        source.close()
    await say(office, SERVING)
    office.tell("filled")


async def _fill(
    office: Office, device: Replicated, source: NbdSource, begun: Progress, *, jobs: Jobs, pace: Pace
) -> None:
    if source.size > device.size:
        raise Impossible(f"the source has {source.size} bytes, the volume {device.size}; make it larger")
    await say(office, begun.state)
    whence = f", from byte {begun.offset} on" if begun.offset else ""
    office.tell(f"fills {source.size} bytes from {begun.uri}{whence}")

    async def note(offset: int) -> None:
        await say(office, begun._replace(offset=offset).state)

    with jobs.working(FILL, acts=("pause",)) as job:
        known = partial(source.stretches, begun.offset)
        await copy(source, device, known, job, pace=pace, note=note)


async def _connected(office: Office, uri: str, *, patient: bool) -> NbdSource:
    """The source; with patience, once it is there. Raises: Impossible."""
    told = False
    while True:
        try:
            return await NbdSource.connect(uri)
        except (OSError, ValueError, Refusal) as error:
            if not patient:
                raise Impossible(f"the volume is not filled: {error}") from None
            if not told:
                office.tell(f"waits for {uri}, which it is filled from: {error}")
                told = True
        await asyncio.sleep(_AGAIN)
