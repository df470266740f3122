"""What is done with snapshots: taken, restored, cloned, given up."""

from __future__ import annotations

from collections.abc import Sequence

from backend.storage.acts.plan import Plan, Told, plan
from backend.storage.system import StorageSystem


async def take(system: StorageSystem, volume: str, name: str) -> Plan:
    """What is acknowledged now, kept under a name."""

    async def run(told: Told) -> str:
        taken = await system.take_snapshot(volume, name)
        return f"snapshot {taken.name} of {volume} is kept"

    effect = "what is acknowledged now is kept; a file system should be synced first"
    return plan("engine snapshot create", f"snapshot {name} of {volume}", effect, run)


async def restore(system: StorageSystem, volume: str, name: str, *, keep: str = "") -> Plan:
    """A volume as it was. Without ``keep``, the volume's name has to be typed."""

    async def run(told: Told) -> str:
        done = await system.finished(await system.restore(volume, name, keep=keep), told)
        return f"volume {volume}: {done.text}"

    falls = () if keep else (f"all that was written to {volume} since {name}",)
    kept = f"what it is now is kept as snapshot {keep}" if keep else "what was written since is lost"
    return plan(
        "engine snapshot restore",
        f"volume {volume}",
        f"volume {volume} is taken back to snapshot {name}; {kept}",
        run,
        falls=falls,
        warnings=("Nobody can use it meanwhile. Refused while it is attached or used.",),
        must_type="" if keep else volume,
        danger=True,
    )


async def delete(system: StorageSystem, volume: str, name: str) -> Plan:
    """A snapshot given up."""

    async def run(told: Told) -> str:
        await system.delete_snapshot(volume, name)
        return f"snapshot {name} of {volume} is given up"

    return plan(
        "engine snapshot delete",
        f"snapshot {name} of {volume}",
        "it can't be restored or read any more; its space comes back in the background",
        run,
        danger=True,
    )


async def clone(
    system: StorageSystem,
    volume: str,
    name: str,
    *,
    snapshot: str = "",
    replicas: int = 0,
    pools: Sequence[str] = (),
) -> Plan:
    """A new volume with the bytes of another."""

    async def run(told: Told) -> str:
        job = await system.clone(volume, name, snapshot=snapshot, replicas=replicas, pools=pools)
        return f"volume {name}: {(await system.finished(job, told)).text}"

    source = f"snapshot {snapshot} of {volume}" if snapshot else f"{volume} as it is now"
    effect = f"a new volume with the bytes of {source}; both stand alone afterwards"
    return plan("engine clone", f"volume {name}", effect, run)
