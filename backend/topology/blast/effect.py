"""One consequence of a loss, and all of them together."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum, IntEnum

from backend.text import SafeStr, safe_text
from backend.topology.node import Node
from backend.topology.scope import kind_word


class Grade(Enum):
    CERTAIN = "certain"
    """It follows from what the cluster says."""
    LIKELY = "likely"
    """It is what controllers and programs usually do then."""
    POSSIBLE = "possible"
    """It depends on what nobody can see from here."""


class Harm(IntEnum):
    """What a consequence is, the worst first: the order of lines."""

    PLANE = 0
    DARK = 1
    """Hosts that answer no more."""
    CALLS = 2
    """What the API server calls to answer: admission, aggregated APIs."""
    SERVICE = 3
    """Services without endpoints."""
    QUORUM = 4
    WORKLOAD = 5
    """Workloads of which nothing is left."""
    STORAGE = 6
    BUDGET = 7
    FEW = 8
    """Services with few endpoints left, workloads with fewer pods."""
    JOB = 9
    START = 10
    """What will not start again."""
    POD = 11
    GONE = 12
    """What else is deleted with it."""
    OTHER = 13


@dataclass(frozen=True, slots=True)
class Effect:
    grade: Grade
    harm: Harm
    node: Node
    effect: str
    """What happens to it: ``no endpoints left``."""
    why: str = ""

    @property
    def what(self) -> SafeStr:
        place = f"{self.node.namespace}/" if self.node.namespace else ""
        return safe_text(f"{kind_word(self.node.kind)} {place}{self.node.name}", limit=300)

    @property
    def sentence(self) -> SafeStr:
        """``Service pay/api: no endpoints left (its 2 ready pods stop)``."""
        why = f" ({self.why})" if self.why else ""
        return safe_text(f"{self.what}: {self.effect}{why}", limit=600)


@dataclass(slots=True)
class Blast:
    targets: list[Node]
    effects: list[Effect] = field(default_factory=list)
    zones: tuple[str, ...] = ()
    """Names of the cluster's zones, for who asked for one."""
    known: bool = True
    """Whether pods were read: without them hardly anything can be said."""
    unknown: list[tuple[str, str]] = field(default_factory=list)
    """Kinds that could not be read, and why: what happens to them is not known."""

    def sort(self) -> None:
        """The worst harm first; within one, what is certain first."""
        grades = list(Grade)
        self.effects.sort(key=lambda one: (one.harm, grades.index(one.grade), one.node.key))

    @property
    def summary(self) -> SafeStr:
        """``12 pods stop, 1 service without endpoints, 1 host dark``."""
        harms = Counter(one.harm for one in self.effects)
        words = {
            Harm.PLANE: ("part of the control plane", "parts of the control plane"),
            Harm.DARK: ("entry dark", "entries dark"),
            Harm.CALLS: ("API call refused", "API calls refused"),
            Harm.SERVICE: ("service without endpoints", "services without endpoints"),
            Harm.QUORUM: ("set below majority", "sets below majority"),
            Harm.WORKLOAD: ("workload down", "workloads down"),
            Harm.STORAGE: ("volume or claim hurt", "volumes and claims hurt"),
            Harm.BUDGET: ("budget broken", "budgets broken"),
            Harm.JOB: ("job interrupted", "jobs interrupted"),
            Harm.START: ("will not start again", "will not start again"),
            Harm.POD: ("pod stops", "pods stop"),
        }
        parts = [
            f"{harms[harm]:,} {one if harms[harm] == 1 else many}"
            for harm, (one, many) in words.items()
            if harms[harm]
        ]
        if not self.known:
            return safe_text("not known yet" + (f"; at least {', '.join(parts)}" if parts else ""))
        return safe_text(", ".join(parts) or "nothing that is known of stops")
