"""What sessions without a vault have in common: nothing to unlock, nothing stored, no journal."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from backend.secret import Secret
from backend.text import SafeStr, safe_text
from console.session import Decision, Gate, ImportReview, JournalEntry, Refused
from console.sessions.belongings import Belongings, InMemory

if TYPE_CHECKING:
    from backend.fleet.attributed import AttributedJournal
    from backend.fleet.fleet import Fleet
    from backend.fleet.marks import Marks
    from backend.fleet.member import Member
    from backend.fleet.programs import Program
    from backend.journal.journal import Verdict
    from backend.kube.access import Impersonation
    from backend.kube.client import Client


class MemorySession:
    """Base of sessions that live in memory only."""

    title = "in memory"

    def __init__(self, *, read_only: bool = False) -> None:
        self.read_only = read_only
        self.belongings: Belongings = InMemory()
        self.acting_as: Impersonation | None = None
        self._before: Fleet | None = None

    can_import = False
    keeps_approvals = False
    keeper = None

    def gate(self) -> Gate:
        return Gate.OPEN

    def now(self) -> float:
        return time.time()

    def lock_seconds(self) -> float | None:
        return None

    def touch(self) -> None:
        """Nothing locks itself here."""

    async def unlock(self, passphrase: Secret) -> Sequence[SafeStr]:
        return ()

    async def create_vault(self, passphrase: Secret) -> Secret:
        raise Refused("There is no vault in this session", "Start navarch without --kubeconfig.")

    async def lock(self) -> None:
        return None

    async def verify(self, cluster_id: str, client: Client) -> SafeStr:
        """Nothing is remembered, so nothing can be compared."""
        return safe_text("")

    async def programs(self) -> Sequence[Program]:
        return ()

    async def allow(self, programs: Sequence[Program]) -> None:
        raise Refused("No program waits to be allowed in this session")

    def login_advice(self, member: Member) -> SafeStr:
        return safe_text("Start this session again; its credentials are made when it starts.")

    def default_kubeconfig(self) -> SafeStr:
        return safe_text("")

    async def review(self, path: str) -> ImportReview:
        raise Refused("Nothing is stored in this session", "Start navarch without --kubeconfig to import.")

    async def discover(self, fleet: Fleet) -> ImportReview:
        raise Refused("Nothing is stored in this session", "Start navarch without --kubeconfig to import.")

    async def accept(self, decisions: Sequence[Decision]) -> Sequence[SafeStr]:
        raise Refused("Nothing is stored in this session", "Start navarch without --kubeconfig to import.")

    async def mark(self, clusters: Sequence[str], marks: Marks) -> Sequence[Member]:
        raise Refused("Nothing is stored in this session", "Start navarch without --kubeconfig to keep tags.")

    async def start_demo(self) -> None:
        raise Refused("This session has its fleet already", "Run: navarch demo")

    def _fleet(self, members: Sequence[Member]) -> Fleet:
        """A fleet of these, as whom the session acts; it knows what the one before had learnt."""
        from backend.fleet.acting import acting_as
        from backend.fleet.fleet import Fleet

        self._before = Fleet(acting_as(members, self.acting_as), after=self._before)
        return self._before

    async def journal_verdict(self) -> Verdict | None:
        return None

    async def journal(self) -> Sequence[JournalEntry]:
        return ()

    def fleet_journal(self) -> AttributedJournal | None:
        """Where acts are noted: nowhere."""
        return None

    async def note(self, *, act: str, cluster: str, object: str) -> None:
        """Without a vault there is no journal to write into."""

    async def close(self) -> None:
        return None
