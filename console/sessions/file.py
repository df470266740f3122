"""A kubeconfig in memory: ``navarch --kubeconfig FILE``. Nothing is stored, no plugin runs."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from console.sessions.memory import MemorySession

if TYPE_CHECKING:
    from backend.fleet.fleet import Fleet


class FileSession(MemorySession):
    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        super().__init__(read_only=read_only)
        self.path = path
        self.title = path.name
        self.notices: list[str] = []
        """What of the file can't be used."""

    async def open_fleet(self) -> Fleet:
        from backend.fleet.fleet import Fleet
        from backend.fleet.inmemory import members_of

        members, self.notices = await asyncio.to_thread(members_of, self.path)
        return Fleet(members)
