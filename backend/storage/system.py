"""The seam between a screen or a command and a storage engine of any make."""

from __future__ import annotations

from typing import Protocol

from backend.storage.model import Event, Finding, Inventory


class StorageSystem(Protocol):
    """What every engine's adapter can say. Raises ``StorageFailure``."""

    name: str

    async def inventory(self) -> Inventory:
        """Pools, volumes and what is wrong, now."""
        ...

    async def explain(self, volume: str) -> list[Finding]:
        """Why a volume is not as it should be; the worst first."""
        ...

    async def events(self, after: int = 0, *, wait: float = 0, about: str = "") -> list[Event]:
        """What happened after an event; waits up to ``wait`` seconds for the first."""
        ...
