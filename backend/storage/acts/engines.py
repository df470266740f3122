"""What is done to the engine of this machine as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from backend.storage.acts.plan import Plan, Told, plan
from backend.storage.engine import BlockEngine
from backend.storage.failures import NoEngine
from backend.storage.system import StorageSystem
from backend.text import counted


async def start(pools: int = 3) -> Plan:
    """It runs, with so many pools to begin with if there are none."""

    async def run(told: Told) -> str:
        from backend.storage import local

        return await local.start(pools)

    effect = "it runs on in the background, with every volume that stands in its pools"
    return plan("engine local up", "the block engine", effect, run)


async def end(*, force: bool = False) -> Plan:
    """It ends with all its processes; pools and volumes stay."""
    system = BlockEngine()
    try:
        found = await system.inventory()
    except NoEngine as error:
        if not error.left:
            raise
        return _end_what_is_left(system, error.left, force=force)

    async def run(told: Told) -> str:
        from backend.storage import local

        await local.down(system, force=force)
        return "the block engine has ended"

    used = [volume.name for volume in found.volumes if volume.attachment is not None]
    used += [f"{volume.name}@{one.snapshot}" for volume in found.volumes for one in volume.attached_snapshots]
    others = [volume.name for volume in found.volumes if volume.clients and volume.name not in used]
    warnings = []
    if used and force:
        warnings.append(f"What uses them gets errors: {', '.join(used)}")
    elif used:
        warnings.append(f"Attached: {', '.join(used)}. It is refused until they are detached.")
    if others:
        warnings.append(f"Clients that speak NBD get errors: {', '.join(others)}")
    running = [job for job in found.jobs if not job.ended]
    if running:
        warnings.append(f"{counted(len(running), 'job')} under way; rebuilds go on after the next start.")
    return plan(
        "engine local down",
        "the block engine",
        f"all its processes end; {counted(len(found.volumes), 'volume')} and all bytes stay",
        run,
        warnings=tuple(warnings),
        danger=bool(used and force),
    )


def _end_what_is_left(system: BlockEngine, left: int, *, force: bool) -> Plan:
    """Its supervisor was killed: only another one knows how to end what goes on."""

    async def run(told: Told) -> str:
        from backend.storage import local

        await local.up(system)
        await local.down(system, force=force)
        return "the block engine has ended"

    effect = f"its supervisor is gone: it is started again, and ends {left} processes"
    return plan("engine local down", "the block engine", effect, run)


async def recover(system: StorageSystem, paths: Sequence[Path], *, moved: bool) -> Plan:
    """Pools and volumes found again on disks; ``paths`` are absolute."""

    async def run(told: Told) -> str:
        job = await system.finished(await system.recover(paths, moved=moved), told)
        return f"recovered: {job.text}"

    where = ", ".join(map(str, paths)) or "the known pools"
    falls = ("Two copies of a replica that run at once destroy a volume.",) if moved else ()
    effect = f"pools and volumes are looked for in {where}"
    if moved:
        effect += "; copied or moved replicas start where they are"
    return plan("engine recover", "the block engine", effect, run, falls=falls, danger=moved)
