"""Growing a volume while it is served: members first, then the record, then the front end."""

from __future__ import annotations

from blockengine.membership import changes
from blockengine.protocol.messages import Grow
from blockengine.replica.identity import check_geometry
from blockengine.volume.agreeing import agree
from blockengine.volume.founding import Impossible
from blockengine.volume.office import Office
from blockengine.volume.replicated import Replicated


async def grow(office: Office, device: Replicated, size: int, *, overcommit: bool = False) -> None:
    """Make the volume `size` bytes large; returns once that is in force.

    Nothing has to be taken back if a member refuses: one that grew has room that no record speaks of,
    and the same growth may be asked for again. With `overcommit` the size may exceed the whole file
    system of a replica.

    Raises: Impossible with the reason (smaller, odd, refused by a member); Fenced.
    """
    _check(device, size)
    await agree(office, Grow(size, overcommit), lambda record, at: changes.resize(record, size, at))
    device.resize(size)
    office.tell(f"grew to {size} bytes; clients that are connected see it when they connect again")


def _check(device: Replicated, size: int) -> None:
    try:
        check_geometry(size, device.block_size, device.geometry.region_size)
    except ValueError as error:
        raise Impossible(str(error)) from None
    if size < device.size:
        raise Impossible(
            f"the volume has {device.size} bytes and can't shrink to {size}: what lies beyond would be "
            "lost. Copy it to a smaller volume instead"
        )
    if size == device.size:
        raise Impossible(f"the volume has {size} bytes already")
