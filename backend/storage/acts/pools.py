"""What is done to pools: taken into use, and out of it."""

from __future__ import annotations

from pathlib import Path

from backend.storage.acts.plan import Plan, Told, plan
from backend.storage.system import StorageSystem


async def add(system: StorageSystem, path: Path, name: str = "") -> Plan:
    """A directory as a pool; ``path`` is absolute."""

    async def run(told: Told) -> str:
        pool = await system.add_pool(path, name)
        return f"pool {pool.name}: {pool.path}"

    effect = "it keeps replicas from now on; one that is a pool already is taken with all that is in it"
    return plan("engine pool add", f"directory {path}", effect, run)


async def remove(system: StorageSystem, name: str) -> Plan:
    """A pool without replicas, used no more."""
    pool = await system.pool(name)

    async def run(told: Told) -> str:
        await system.remove_pool(pool.id)
        return f"pool {pool.name} is used no more"

    warnings = (f"It keeps {pool.replicas} replicas: it will be refused.",) if pool.replicas else ()
    effect = f"it is used no more; {pool.path} stays as it is"
    return plan("engine pool remove", f"pool {pool.name}", effect, run, warnings=warnings)
