"""What the shell offers after TAB: volumes and pools of a running engine; silent if there is none."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

_DEADLINE = 2.0


def volumes(ctx: Any, args: list[str], incomplete: str) -> list[str]:
    """Names of volumes."""
    return _starting(_asked(_volumes()), incomplete)


def attachable(ctx: Any, args: list[str], incomplete: str) -> list[str]:
    """Volumes, and snapshots as VOLUME@SNAPSHOT."""
    return _starting(_asked(_attachable()), incomplete)


def attached(ctx: Any, args: list[str], incomplete: str) -> list[str]:
    """What is attached of these."""
    return _starting(_asked(_attached()), incomplete)


def pools(ctx: Any, args: list[str], incomplete: str) -> list[str]:
    """Names of pools."""
    return _starting(_asked(_pools()), incomplete)


def subjects(ctx: Any, args: list[str], incomplete: str) -> list[str]:
    """Both."""
    return _starting([*_asked(_volumes()), *_asked(_pools())], incomplete)


def snapshots(ctx: Any, args: list[str], incomplete: str) -> list[str]:
    """Snapshots of the volume that was typed before."""
    return _starting(_asked(_snapshots(str(ctx.params.get("volume") or ""))), incomplete)


def jobs(ctx: Any, args: list[str], incomplete: str) -> list[str]:
    """All jobs that are known."""
    return _starting(_asked(_jobs()), incomplete)


def acting_jobs(ctx: Any, args: list[str], incomplete: str) -> list[str]:
    """Jobs that have not ended."""
    return _starting(_asked(_jobs(ended=False)), incomplete)


def replicas(ctx: Any, args: list[str], incomplete: str) -> list[str]:
    """Replicas of the volume that was typed before."""
    return _starting(_asked(_replicas(str(ctx.params.get("volume") or ""))), incomplete)


async def _snapshots(volume: str) -> list[str]:
    from console.cli.engine.asking import engine

    return [snapshot.name for snapshot in await engine().snapshots(volume)]


async def _replicas(volume: str) -> list[str]:
    from console.cli.engine.asking import engine

    return [replica.id for replica in (await engine().volume(volume)).replicas]


async def _volumes() -> list[str]:
    from console.cli.engine.asking import engine

    return [volume.name for volume in await engine().volumes()]


async def _attachable() -> list[str]:
    from backend.storage.failures import StorageFailure
    from console.cli.engine.asking import engine

    asked = engine()
    found = []
    for volume in await asked.volumes():
        found.append(volume.name)
        # A volume that is not served now can't tell; its neighbours can.
        with contextlib.suppress(StorageFailure):
            if volume.snapshots:
                found += [f"{volume.name}@{one.name}" for one in await asked.snapshots(volume.name)]
    return found


async def _attached() -> list[str]:
    from console.cli.engine.asking import engine

    found = []
    for volume in await engine().volumes():
        found += [volume.name] if volume.attachment is not None else []
        found += [f"{volume.name}@{one.snapshot}" for one in volume.attached_snapshots]
    return found


async def _jobs(*, ended: bool = True) -> list[str]:
    from console.cli.engine.asking import engine

    return [job.id for job in await engine().jobs() if ended or not job.ended]


async def _pools() -> list[str]:
    from console.cli.engine.asking import engine

    return [pool.name for pool in await engine().pools()]


def _asked(work: Coroutine[Any, Any, list[str]]) -> list[str]:
    from backend.storage.failures import StorageFailure
    from backend.text import safe_text

    try:
        return [safe_text(name) for name in asyncio.run(asyncio.wait_for(work, _DEADLINE))]
    except (StorageFailure, OSError, TimeoutError):
        return []


def _starting(names: list[str], incomplete: str) -> list[str]:
    return sorted(name for name in names if name.startswith(incomplete))
