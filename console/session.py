"""What the console needs of the world behind it: a vault or a file, a fleet, a journal.

The console is given one of these and never asks where clusters come from; tests give it their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from backend.secret import Secret
from backend.text import SafeStr, safe_text

if TYPE_CHECKING:
    from backend.fleet.attributed import AttributedJournal
    from backend.fleet.fleet import Fleet
    from backend.fleet.marks import Marks
    from backend.fleet.member import Member
    from backend.fleet.programs import Program
    from backend.journal.journal import Verdict
    from backend.kube.access import Impersonation
    from backend.kube.client import Client
    from console.sessions.belongings import Belongings
    from console.sessions.keeper import Keeper


_NOTHING = SafeStr("")


class Gate(Enum):
    """What stands between the person and their fleet."""

    FIRST_START = "first start"
    """No vault: offer to import, to add a file, or the demo."""
    LOCKED = "locked"
    OPEN = "open"


class Refused(Exception):
    """The session can't do what was asked; ``sentence`` says why, ``advice`` what to do."""

    def __init__(self, sentence: object, advice: object = "") -> None:
        self.sentence = safe_text(sentence)
        self.advice = safe_text(advice)
        super().__init__(self.sentence)


@dataclass(frozen=True, slots=True)
class Consent:
    """Something about a cluster that a person must agree to before it is stored."""

    code: str
    sentence: SafeStr


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a person decided about one candidate that they want."""

    id: str
    consents: tuple[str, ...] = ()
    """Codes agreed to."""
    approve_program: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A cluster that an import found."""

    id: str
    """Names it within this review."""
    name: SafeStr
    server: SafeStr
    facts: tuple[SafeStr, ...] = ()
    """What a person should know before accepting: authentication, certificate, warnings."""
    program: SafeStr = _NOTHING
    """The exec plugin that would run, with its arguments; empty: none. Needs an approval of its own."""
    consents: tuple[Consent, ...] = ()
    """What must be agreed to, each for itself."""
    known: bool = False
    """The vault already has it."""
    refused: SafeStr = _NOTHING
    """Why it can't be imported at all; empty: it can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReview:
    """What a kubeconfig offers, before anything is stored."""

    source: SafeStr
    candidates: tuple[Candidate, ...]
    problems: tuple[SafeStr, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    number: int
    when: float
    """Seconds since the epoch."""
    who: SafeStr
    act: SafeStr
    cluster: SafeStr
    object: SafeStr
    outcome: SafeStr
    detail: SafeStr = _NOTHING


class Session(Protocol):
    """Slow calls are coroutines; everything else answers from memory at once."""

    title: str
    """Where the fleet comes from: ``vault``, ``demo``, a file's name."""
    read_only: bool
    can_import: bool
    """Whether clusters can be added."""
    acting_as: Impersonation | None
    """With whose rights every cluster is reached; None: with those of its kubeconfig. The next fleet that is
    opened obeys."""

    @property
    def keeper(self) -> Keeper | None:
        """The vault, its timers and what other windows do to it; None: this fleet comes from none."""
        ...

    @property
    def belongings(self) -> Belongings:
        """What the console keeps for its user; only while the gate is open."""
        ...

    def gate(self) -> Gate: ...

    def now(self) -> float:
        """Seconds since the epoch; tests freeze it."""
        ...

    def lock_seconds(self) -> float | None:
        """Until the vault locks itself (infinite: never); None: there is no vault, or it is locked."""
        ...

    def touch(self) -> None:
        """The person is there: the lock timer starts anew."""
        ...

    async def unlock(self, passphrase: Secret) -> Sequence[SafeStr]:
        """Unlock the vault with a passphrase or the recovery code; returns notices worth showing. Raises an
        error with ``sentence`` and ``advice``."""
        ...

    async def create_vault(self, passphrase: Secret) -> Secret:
        """Make a vault; returns the recovery code, which is shown once."""
        ...

    async def lock(self) -> None:
        """Forget every key and close every connection."""
        ...

    async def open_fleet(self) -> Fleet:
        """The fleet, not yet started."""
        ...

    async def verify(self, cluster_id: str, client: Client) -> SafeStr:
        """Whether a cluster that just answered is the one known under this id; '' or a warning."""
        ...

    @property
    def keeps_approvals(self) -> bool:
        """Whether programs that are agreed to may run in later sessions too."""
        ...

    async def programs(self) -> Sequence[Program]:
        """Programs that clusters want to run and that a person may agree to here."""
        ...

    async def allow(self, programs: Sequence[Program]) -> None:
        """These may run; the next fleet that is opened runs them. Raises an error with ``sentence``."""
        ...

    def login_advice(self, member: Member) -> SafeStr:
        """What a person can do when this cluster refuses or lacks a credential."""
        ...

    def default_kubeconfig(self) -> SafeStr:
        """The path that an import would read by default, whether or not it exists."""
        ...

    async def review(self, path: str) -> ImportReview:
        """Read a kubeconfig for import; nothing is stored, nothing is run."""
        ...

    async def discover(self, fleet: Fleet) -> ImportReview:
        """What the ClusterProfiles of the fleet's hubs offer; nothing is stored, nothing is run."""
        ...

    async def accept(self, decisions: Sequence[Decision]) -> Sequence[SafeStr]:
        """Store these candidates of the last review; returns sentences on what came of it."""
        ...

    async def mark(self, clusters: Sequence[str], marks: Marks) -> Sequence[Member]:
        """Keep what is said about these clusters, by id; returns them as they are now. Raises an error with
        ``sentence``."""
        ...

    async def start_demo(self) -> None:
        """From now on the fleet is the demo's."""
        ...

    async def journal_verdict(self) -> Verdict | None:
        """Whether the journal is as it was written; None: there is none."""
        ...

    async def journal(self) -> Sequence[JournalEntry]:
        """The newest first."""
        ...

    def fleet_journal(self) -> AttributedJournal | None:
        """Where acts on clusters are noted; None: nowhere (a fleet in memory)."""
        ...

    async def note(self, *, act: str, cluster: str, object: str) -> None:
        """Write a line into the journal, where there is one. Raises an error with ``sentence``."""
        ...

    async def close(self) -> None:
        """End connections and child processes; forget keys."""
        ...
