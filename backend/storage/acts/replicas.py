"""What is done to a volume's replicas: added, made anew, taken off."""

from __future__ import annotations

from backend.storage import words
from backend.storage.acts.plan import Plan, Told, plan
from backend.storage.failures import Refused
from backend.storage.model import Replica, Volume
from backend.storage.system import StorageSystem


def _of(volume: Volume, id: str) -> Replica:
    found = next((one for one in volume.replicas if one.id == id), None)
    if found is None:
        known = ", ".join(one.id for one in volume.replicas)
        raise Refused(f"{volume.name} has no replica {id}", f"It has {known}", status=404)
    return found


async def add(system: StorageSystem, volume: str, *, pool: str = "", witness: bool = False) -> Plan:
    """One replica or witness more."""

    async def run(told: Told) -> str:
        done = await system.finished(await system.add_replica(volume, pool=pool, witness=witness), told)
        return f"volume {volume}: {done.text}"

    what = "a witness, which votes and keeps no data" if witness else "a replica more, copied from the others"
    effect = f"{what}, in {f'pool {pool}' if pool else 'a pool that the engine chooses'}"
    return plan("engine replica add", f"volume {volume}", effect, run)


async def remove(system: StorageSystem, volume: str, replica: str, *, force: bool = False) -> Plan:
    """A replica or witness taken off for good."""
    seen = await system.volume(volume)
    one = _of(seen, replica)

    async def run(told: Told) -> str:
        done = await system.finished(await system.remove_replica(seen.id, one.id, force=force), told)
        return f"volume {seen.name}: {done.text}"

    falls = (f"its {words.size(one.used)} of bytes in pool {one.pool or '(gone)'}",)
    left = [each for each in seen.replicas if each.role == "in-sync" and each.id != one.id]
    warnings = ("A single copy in sync would be left.",) if len(left) == 1 else ()
    return plan(
        "engine replica remove",
        f"{one.kind} {one.id} of {seen.name}",
        f"it is taken off for good; {len(left)} in sync are left",
        run,
        falls=falls if one.kind == "replica" else (),
        warnings=warnings,
        danger=True,
    )


async def rebuild(system: StorageSystem, volume: str, replica: str) -> Plan:
    """A replica made anew from the others."""
    seen = await system.volume(volume)
    one = _of(seen, replica)

    async def run(told: Told) -> str:
        done = await system.finished(await system.rebuild(seen.id, one.id), told)
        return f"volume {seen.name}: {done.text}"

    return plan(
        "engine replica rebuild",
        f"{one.kind} {one.id} of {seen.name}",
        "it is made anew, and copied from the other replicas while the volume is used",
        run,
        falls=("what is left of the old one",),
        danger=True,
    )
