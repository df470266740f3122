"""A kubeconfig in memory: ``navarch --kubeconfig FILE``. Nothing is stored, no plugin runs."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from console.session import Refused
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
        from backend.fleet.registry import members_of_file

        members, problems = await asyncio.to_thread(members_of_file, self.path)
        if not members:
            advice = problems[0].sentence if problems else "It names no contexts."
            raise Refused(f"No context of {self.path} can be used", advice)
        self.notices = [f"{problem.where}: {problem.sentence}" for problem in problems]
        return Fleet(members)
