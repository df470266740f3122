"""What is done to the engine of this machine as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from backend.storage.acts.plan import Plan, Told, plan
from backend.storage.engine import BlockEngine
from backend.storage.failures import NoEngine
from backend.storage.model import Volume
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


async def renew(system: BlockEngine, volumes: Sequence[str]) -> Plan:
    """What runs an older program is restarted with this one: the supervisor, then one process at a time.

    ``volumes`` by name or id; none: all.
    """
    from backend.storage import local

    info, program = await system.info(), await local.code()
    wanted = [await system.volume(name) for name in volumes] or await system.volumes()
    supervisor = info.code != program

    async def run(told: Told) -> str:
        done = []
        if supervisor:
            pid = (await local.replace_supervisor(system)).pid
            done.append(f"the engine runs {program} (process {pid})")
        for volume in wanted:
            # A new supervisor knows better than the old one did who runs what.
            now = await system.volume(volume.id)
            if not _of_other_code(now):
                continue
            job = await system.finished(await system.renew(now.id), told)
            done.append(f"{now.name}: {job.text}")
        return "; ".join(done) or f"everything runs {info.code} already"

    old = {volume.name: _of_other_code(volume) for volume in wanted}
    effects = [
        f"{name}: {', '.join(names)} {'is' if len(names) == 1 else 'are'} restarted one at a time"
        for name, names in old.items()
        if names
    ]
    if supervisor:
        effects.insert(0, f"the engine's supervisor ({info.code or info.version}) is replaced by {program}")
        if not old or not any(old.values()):
            effects.append("then whatever runs another code than that, one process at a time")
    used = [volume.name for volume in wanted if volume.clients and volume.attachment is None]
    warnings = (f"NBD clients of {', '.join(used)} have to connect again once.",) if used else ()
    effect = "; ".join(effects) or "nothing: everything runs this program already"
    about = ", ".join(volume.name for volume in wanted) if volumes else "the block engine"
    return plan("engine renew", about, effect, run, warnings=warnings)


def _of_other_code(volume: Volume) -> list[str]:
    names = [one.id for one in volume.replicas if one.process.other_code]
    return [*names, *(["its controller"] if volume.controller.other_code else [])]


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
