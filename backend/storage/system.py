"""The seam between a screen or a command and a storage engine of any make."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from backend.storage.model import (
    Attachment,
    Event,
    Finding,
    Inventory,
    Job,
    Pace,
    Pool,
    Snapshot,
    Volume,
)


class StorageSystem(Protocol):
    """What every engine's adapter can say and do. Raises ``StorageFailure``."""

    name: str

    async def inventory(self) -> Inventory:
        """Pools, volumes, work and what is wrong, now."""
        ...

    async def explain(self, volume: str) -> list[Finding]:
        """Why a volume is not as it should be; the worst first."""
        ...

    async def events(self, after: int = 0, *, wait: float = 0, about: str = "") -> list[Event]:
        """What happened after an event; waits up to ``wait`` seconds for the first."""
        ...

    async def volume(self, name: str) -> Volume: ...

    async def pool(self, name: str) -> Pool: ...

    async def job(self, job: str) -> Job: ...

    # What changes it. Volumes and pools go by name or id, replicas and jobs by id.

    async def add_pool(self, path: Path | None, name: str) -> Pool: ...

    async def remove_pool(self, name: str) -> None: ...

    async def create(
        self, name: str, *, size: int, replicas: int, block_size: int, pools: Sequence[str]
    ) -> Job: ...

    async def delete(self, name: str) -> Job: ...

    async def resize(self, name: str, size: int, *, overcommit: bool = False) -> Volume: ...

    async def set_pace(self, name: str, pace: Pace) -> Volume: ...

    async def attach(self, name: str, *, by: str = "auto") -> Attachment: ...

    async def detach(self, name: str) -> None: ...

    async def take_snapshot(self, volume: str, name: str) -> Snapshot: ...

    async def delete_snapshot(self, volume: str, name: str) -> None: ...

    async def restore(self, volume: str, snapshot: str, *, keep: str = "") -> Job: ...

    async def clone(
        self, volume: str, name: str, *, snapshot: str = "", replicas: int = 0, pools: Sequence[str] = ()
    ) -> Job: ...

    async def add_replica(self, volume: str, *, pool: str = "", witness: bool = False) -> Job: ...

    async def remove_replica(self, volume: str, replica: str, *, force: bool) -> Job: ...

    async def rebuild(self, volume: str, replica: str) -> Job: ...

    async def scrub(self, volume: str) -> Job: ...

    async def pause(self, job: str) -> Job: ...

    async def resume(self, job: str) -> Job: ...

    async def cancel(self, job: str) -> Job: ...

    async def recover(self, paths: Sequence[Path], *, moved: bool) -> Job: ...

    async def finished(self, job: Job, told: Callable[[Job], Any] = ...) -> Job:
        """A job once it ended; ``told`` hears of its progress."""
        ...
