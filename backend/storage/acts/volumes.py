"""What is done to volumes: made, grown, attached, looked through, deleted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from backend.storage import words
from backend.storage.acts.plan import Plan, Told, plan
from backend.storage.model import Attachment, Pace, Volume
from backend.storage.system import StorageSystem
from backend.text import counted


async def create(
    system: StorageSystem,
    name: str,
    *,
    size: int,
    replicas: int = 3,
    block_size: int = 4096,
    pools: Sequence[str] = (),
) -> Plan:
    """A new volume."""

    async def run(told: Told) -> str:
        job = await system.create(name, size=size, replicas=replicas, block_size=block_size, pools=pools)
        return f"volume {name}: {(await system.finished(job, told)).text}"

    where = f" in {', '.join(pools)}" if pools else ""
    effect = f"a new volume of {words.size(size)} with {counted(replicas, 'replica')}{where}"
    single = ("A single replica: what its disk loses is lost.",) if replicas == 1 else ()
    return plan("engine volume create", f"volume {name}", effect, run, warnings=single)


async def delete(system: StorageSystem, name: str) -> Plan:
    """A volume and all its bytes. Its name has to be typed."""
    volume = await system.volume(name)

    async def run(told: Told) -> str:
        done = await system.finished(await system.delete(volume.id), told)
        return f"volume {volume.name}: {done.text}"

    falls = [f"{words.size(used(volume))} of bytes on {volume.wanted} replicas"]
    if volume.snapshots:
        names = ", ".join(one.name for one in volume.snapshot_list[:5])
        count = counted(volume.snapshots, "snapshot")
        falls.append(f"{count}: {names}" if names else count)
    return plan(
        "engine volume delete",
        f"volume {volume.name}",
        f"volume {volume.name} ({words.size(volume.size)}) goes for good",
        run,
        falls=tuple(falls),
        warnings=_in_use(volume),
        must_type=volume.name,
    )


def used(volume: Volume) -> int:
    """What a replica of it takes up."""
    return max((replica.used for replica in volume.replicas), default=0)


def _in_use(volume: Volume) -> tuple[str, ...]:
    places = [*([volume.attachment] if volume.attachment is not None else []), *volume.attached_snapshots]
    found = [f"It is attached as {one.device}: it will be refused until that is detached." for one in places]
    if not places and volume.clients:
        found.append(f"{volume.clients} clients have it open, which will get errors.")
    return tuple(found)


async def resize(system: StorageSystem, name: str, size: int, *, overcommit: bool = False) -> Plan:
    """A larger volume."""
    volume = await system.volume(name)

    async def run(told: Told) -> str:
        now = await system.resize(volume.id, size, overcommit=overcommit)
        return f"volume {now.name} has {words.size(now.size)} now"

    place = volume.attachment
    warnings = (f"{place.device} shows it after detach and attach.",) if place is not None else ()
    effect = f"{words.size(volume.size)} → {words.size(size)}; a volume never shrinks again"
    return plan("engine volume resize", f"volume {volume.name}", effect, run, warnings=warnings)


async def attach(
    system: StorageSystem,
    target: str,
    *,
    by: str = "auto",
    made: Callable[[Attachment], object] = lambda attachment: None,
) -> Plan:
    """A volume, or ``volume@snapshot``, as a device of this machine; ``made`` hears which."""

    async def run(told: Told) -> str:
        attachment = await system.attach(target, by=by)
        made(attachment)
        return f"{target} is {attachment.device}, by {words.way(attachment)}"

    what = "snapshot" if "@" in target else "volume"
    only_read = ", that can only be read" if "@" in target else ""
    effect = f"a block device of this machine{only_read}"
    return plan("engine volume attach", f"{what} {target}", effect, run)


async def detach(system: StorageSystem, target: str) -> Plan:
    """The device goes; the bytes stay."""

    async def run(told: Told) -> str:
        await system.detach(target)
        return f"{what} {target} is detached"

    what = "snapshot" if "@" in target else "volume"
    effect = "its device goes, its bytes stay; refused while it is mounted"
    return plan("engine volume detach", f"{what} {target}", effect, run)


async def pace(system: StorageSystem, name: str, wanted: Pace) -> Plan:
    """How fast rebuilds, scrubs, merges and restores may go."""
    volume = await system.volume(name)

    async def run(told: Told) -> str:
        await system.set_pace(volume.id, wanted)
        return f"background work of {volume.name}: {words.pace(wanted)}"

    return plan("engine volume pace", f"volume {volume.name}", words.pace(wanted), run)


async def scrub(system: StorageSystem, name: str) -> Plan:
    """Every block of every replica, read and compared."""

    async def run(told: Told) -> str:
        done = await system.finished(await system.scrub(name), told)
        return f"volume {name}: {done.text}"

    effect = "every block of every replica is read, verified and compared; bad ones are mended from another"
    return plan("engine scrub", f"volume {name}", effect, run)
