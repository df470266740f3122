"""A kubeconfig in memory: ``navarch --kubeconfig FILE``. Nothing is stored; plugins run only after a yes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from backend.text import SafeStr, safe_text
from console.sessions.memory import MemorySession

if TYPE_CHECKING:
    from backend.fleet.fleet import Fleet
    from backend.fleet.member import Member
    from backend.fleet.programs import Program


class FileSession(MemorySession):
    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        super().__init__(read_only=read_only)
        self.path = path
        self.title = path.name
        self.notices: list[str] = []
        """What of the file can't be used."""
        self._agreed: frozenset[str] = frozenset()
        """Fingerprints of the programs that may run in this session."""
        self._members: Sequence[Member] = ()

    async def open_fleet(self) -> Fleet:
        self._members = await asyncio.to_thread(self._read)
        return self._fleet(self._members)

    def _read(self) -> list[Member]:
        from backend.fleet.inmemory import members_of

        members, self.notices = members_of(self.path)
        if not any(member.access.exec for member in members):
            return members
        from backend.fleet.programs import agreed_in_vault, allowed

        return allowed(members, self._agreed | agreed_in_vault())

    async def programs(self) -> Sequence[Program]:
        """Those of the fleet as it was opened last."""
        members = self._members
        if not any(member.access.exec for member in members):
            return ()
        from backend.fleet.programs import wanting

        return await asyncio.to_thread(wanting, members)

    async def allow(self, programs: Sequence[Program]) -> None:
        for program in programs:
            self._agreed |= program.fingerprints

    def login_advice(self, member: Member) -> SafeStr:
        if member.access.exec is None:
            return safe_text("Renew the credential in the kubeconfig; press r to read it again.")
        if member.access.exec.approval is None:
            return safe_text("Press P to see the program that it wants to run, and to let it.")
        return safe_text("Press L: its program gets the terminal and asks you.")
