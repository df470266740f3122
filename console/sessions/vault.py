"""The user's vault: clusters, approvals and the journal, behind a passphrase."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from backend.secret import Secret
from backend.text import SafeStr, safe_text
from console.session import Candidate, Consent, Decision, Gate, ImportReview, JournalEntry, Refused
from console.sessions.belongings import Belongings, InMemory, InVault
from console.sessions.demo import DemoSession
from console.sessions.keeper import Keeper

if TYPE_CHECKING:
    from backend.fleet.attributed import AttributedJournal
    from backend.fleet.fleet import Fleet
    from backend.fleet.marks import Marks
    from backend.fleet.member import Member
    from backend.fleet.programs import Program
    from backend.fleet.registry import Review
    from backend.journal import Journal
    from backend.journal.journal import Verdict
    from backend.kube.access import Impersonation
    from backend.kube.client import Client
    from backend.vault import Vault

_JOURNAL_LINES = 5000


class VaultSession:
    """Locked until somebody unlocks it, or the unlock cache still holds the key."""

    title = "vault"
    can_import = True
    keeps_approvals = True

    def __init__(self, *, read_only: bool = False, path: Path | None = None) -> None:
        self.read_only = read_only
        self.acting_as: Impersonation | None = None
        self._before: Fleet | None = None
        self.keeper = Keeper(path)
        self._in_memory = InMemory()
        self._demo: DemoSession | None = None
        self._review: Review | None = None
        self.keeper.open_cached()

    @property
    def _vault(self) -> Vault | None:
        return self.keeper.vault

    @property
    def belongings(self) -> Belongings:
        return self._in_memory if self._vault is None or self._demo is not None else InVault(self._vault)

    # --- the gate

    def gate(self) -> Gate:
        if self._demo is not None:
            return Gate.OPEN
        if self._vault is None:
            return Gate.LOCKED if self.keeper.exists else Gate.FIRST_START
        return Gate.LOCKED if self._vault.locked else Gate.OPEN

    def now(self) -> float:
        return time.time()

    def lock_seconds(self) -> float | None:
        if self._demo is not None or not self.keeper.is_open:
            return None
        left = self.keeper.timers.vault_left()
        return left if left is not None else float("inf")

    def touch(self) -> None:
        self.keeper.timers.touch()

    async def unlock(self, passphrase: Secret) -> Sequence[SafeStr]:
        return await self.keeper.unlock(passphrase)

    async def create_vault(self, passphrase: Secret) -> Secret:
        return await self.keeper.create(passphrase)

    async def lock(self) -> None:
        self._before = None
        self.keeper.lock()

    # --- the fleet

    async def open_fleet(self) -> Fleet:
        from backend.fleet.acting import acting_as
        from backend.fleet.fleet import Fleet

        if self._demo is not None:
            self._demo.acting_as = self.acting_as
            return await self._demo.open_fleet()
        found = acting_as(await asyncio.to_thread(self.keeper.members), self.acting_as)
        self._before = Fleet(found, after=self._before)
        return self._before

    async def verify(self, cluster_id: str, client: Client) -> SafeStr:
        from backend.fleet.registry import Registry, identity

        if self._vault is None or self._vault.locked or self._demo is not None:
            return safe_text("")
        return await identity.verify(Registry(self._vault), cluster_id, client)

    async def programs(self) -> Sequence[Program]:
        """Those that were not agreed to at import or at a login, or are not what was agreed to then."""
        from backend.fleet.programs import wanting

        found = self._before.members if self._before is not None and self._demo is None else []
        if not any(member.access.exec for member in found):
            return ()
        return await asyncio.to_thread(wanting, found)

    async def allow(self, programs: Sequence[Program]) -> None:
        from backend.fleet.registry import Registry

        vault = self._vault
        if vault is None or vault.locked:
            raise Refused("The vault is locked", "Unlock it, then press P again.")
        await asyncio.to_thread(Registry(vault).approve_all, programs)

    def login_advice(self, member: Member) -> SafeStr:
        from shlex import quote

        name = quote(member.name)
        if member.access.exec is not None and member.access.exec.approval is not None:
            return safe_text("Press L: its program gets the terminal and asks you.")
        if member.access.exec is not None:
            return safe_text("Press P to see the program that it wants to run, and to let it.")
        return safe_text(f"Renew its kubeconfig, then: navarch cluster refresh {name}   then press r here.")

    async def start_demo(self) -> None:
        demo = DemoSession(read_only=self.read_only)
        await demo.start_demo()
        self._demo, self.title = demo, "demo"

    # --- import

    def default_kubeconfig(self) -> SafeStr:
        return safe_text(_default_kubeconfig())

    async def review(self, path: str) -> ImportReview:
        from backend.fleet.registry import Registry, review

        vault = self._vault
        known = [] if vault is None or vault.locked else [(k.id, k.record) for k in Registry(vault).known()]
        where = _named(path) if path else _default_kubeconfig()
        if not await asyncio.to_thread(where.exists):
            raise Refused(f"There is no file {where}", "Add another file by its path, or try the demo fleet.")
        self._review = await asyncio.to_thread(lambda: review(where, known=known))
        return _shown(self._review)

    async def discover(self, fleet: Fleet) -> ImportReview:
        from backend.fleet.registry import Registry
        from backend.fleet.registry.discover import ask_hubs, review_profiles
        from console.providers import settings_providers
        from console.settings.store import users_settings

        assert self._vault is not None
        hubs = await ask_hubs(fleet.clusters)
        if not any(hub.serves for hub in hubs):
            raise Refused(
                "No cluster that answered has ClusterProfiles",
                "Hubs serve them: clusterprofiles.multicluster.x-k8s.io. From a kubeconfig works always.",
            )
        known = [(k.id, k.record) for k in Registry(self._vault).known()]
        self._review = review_profiles(hubs, settings_providers(users_settings()), known=known)
        return _shown(self._review)

    async def accept(self, decisions: Sequence[Decision]) -> Sequence[SafeStr]:
        from backend.fleet.registry import Choice, accept

        review, vault = self._review, self._vault
        assert review is not None
        assert vault is not None
        choices = [
            Choice(
                context=decision.id,
                consents=frozenset(decision.consents),
                approve_program=decision.approve_program,
            )
            for decision in decisions
        ]
        done = await asyncio.to_thread(accept, vault, review, choices)
        count = len(done.added)
        said = [safe_text(f"{count} cluster{'' if count == 1 else 's'} imported.")]
        return said + [safe_text(f"{context} was left out: {why}") for context, why in done.left_out]

    # --- what is said about clusters

    async def mark(self, clusters: Sequence[str], marks: Marks) -> Sequence[Member]:
        from backend.fleet.registry import Registry, mark, members

        vault = self._vault
        if vault is None or self._demo is not None:
            raise Refused("Nothing is stored in this session", "Open the vault: start navarch without demo.")

        def keep() -> Sequence[Member]:
            mark(Registry(vault), clusters, marks)
            return [member for member in members(vault) if member.id in set(clusters)]

        return await asyncio.to_thread(keep)

    # --- the journal

    def _journal(self) -> Journal | None:
        from backend.journal import Journal

        return Journal(self._vault) if self._vault is not None and self._demo is None else None

    def fleet_journal(self) -> AttributedJournal | None:
        from backend.fleet.attributed import AttributedJournal

        journal, fleet = self._journal(), self._before
        return AttributedJournal(journal, fleet.members if fleet else ()) if journal else None

    async def journal_verdict(self) -> Verdict | None:
        journal = self._journal()
        return None if journal is None else await asyncio.to_thread(journal.verify)

    async def journal(self) -> Sequence[JournalEntry]:
        journal = self._journal()
        if journal is None:
            return ()
        entries = await asyncio.to_thread(lambda: list(journal.read())[-_JOURNAL_LINES:])
        return [
            JournalEntry(
                number=entry.seq,
                when=datetime.fromisoformat(entry.time).timestamp(),
                who=safe_text(entry.who),
                act=safe_text(entry.act),
                cluster=safe_text(entry.cluster),
                object=safe_text(entry.object),
                outcome=safe_text(entry.outcome.value),
                detail=safe_text(entry.detail, multiline=True),
            )
            for entry in reversed(entries)
        ]

    async def note(self, *, act: str, cluster: str, object: str) -> None:
        journal = self.fleet_journal()
        if journal is not None:
            await asyncio.to_thread(lambda: journal.append(act, cluster=cluster, object=object))

    async def close(self) -> None:
        """Forget the key here; the shared unlock cache ends by its own timeout."""
        if self._demo is not None:
            await self._demo.close()
        self.keeper.close()


def _named(path: str) -> Path:
    return Path(path).expanduser()


def _default_kubeconfig() -> Path:
    """The first file of ``KUBECONFIG``, or kubectl's default."""
    import os

    named = os.environ.get("KUBECONFIG", "").split(os.pathsep)[0]
    return Path(named).expanduser() if named else Path.home() / ".kube" / "config"


def _shown(review: Review) -> ImportReview:
    """The registry's review as the screen shows it."""
    from backend.fleet.registry.review import Weight

    candidates = []
    for found in review.candidates:
        refusals = [c.sentence for c in found.concerns if c.weight is Weight.REFUSE]
        candidates.append(
            Candidate(
                id=found.context,
                name=found.name,
                server=safe_text(found.record.server, limit=300),
                facts=(
                    safe_text(f"signs in by: {found.authentication}"),
                    *(c.sentence for c in found.concerns if c.weight is Weight.SHOW),
                ),
                consents=tuple(
                    Consent(c.code, c.sentence) for c in found.concerns if c.weight is Weight.CONSENT
                ),
                program=found.command,
                known=bool(found.known),
                refused=safe_text(" ".join(refusals)),
            )
        )
    problems = tuple(safe_text(f"{p.where}: {p.sentence}") for p in review.problems)
    return ImportReview(source=review.source, candidates=tuple(candidates), problems=problems)
