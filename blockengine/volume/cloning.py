"""Making a volume a copy of a snapshot: filled before anybody is served, and on its own afterwards."""

from __future__ import annotations

from blockengine.volume.copying import copy
from blockengine.volume.device import Refusal
from blockengine.volume.founding import Impossible
from blockengine.volume.jobs import Jobs
from blockengine.volume.nbd_source import NbdSource
from blockengine.volume.office import Office
from blockengine.volume.replicated import Replicated
from blockengine.volume.restoring import SERVING, say

FILLING = "filling"
FILL = "fill"


async def fill(office: Office, device: Replicated, uri: str, jobs: Jobs) -> None:
    """Copy an NBD export into a volume that was made to be filled; until that has ended its record says so.

    Begun again, it begins anew.

    Raises: Impossible (no such source, or too large, or it failed: try again); Fenced.
    """
    try:
        source = await NbdSource.connect(uri)
    except (OSError, ValueError, Refusal) as error:
        raise Impossible(f"the volume is not filled: {error}") from None
    try:
        if source.size > device.size:
            raise Impossible(f"the source has {source.size} bytes, the volume {device.size}; make it larger")
        office.tell(f"fills {device.size} bytes from {uri}")
        with jobs.working(FILL) as job:
            await copy(source, device, source.stretches, job)
    except Refusal as refusal:
        raise Impossible(f"the volume is not filled yet: {refusal}; start it again") from None
    finally:
        source.close()
    await say(office, SERVING)
    office.tell("filled")
