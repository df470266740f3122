"""One row of the fleet: what is known of a cluster, how it fares, and what speaks for concern."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from backend.fleet.counts import Resources
from backend.fleet.expiry import UNKNOWN, Expiry
from backend.fleet.query import Query
from backend.fleet.skew import kubelet_warning
from backend.kube.status import State, Status
from backend.resources.kind import Health
from backend.text import SafeStr, safe_text

_NOTHING = SafeStr("")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSummary:
    """What one row of the fleet says. Counts are None until they are known."""

    id: str
    name: SafeStr
    status: Status
    version: SafeStr = _NOTHING
    behind: int | None = None
    """Minor versions behind the fleet's newest server."""
    kubelets: tuple[tuple[SafeStr, int], ...] = ()
    """(version, nodes that run it)."""
    nodes: int | None = None
    nodes_ready: int | None = None
    pods: int | None = None
    pods_failing: int | None = None
    room: Resources | None = None
    """What pods may use."""
    used: Resources | None = None
    no_nodes: SafeStr = _NOTHING
    """Why its nodes are not known."""
    no_metrics: SafeStr = _NOTHING
    """Why it is not known what is used."""
    seen: float | None = None
    """When the oldest of the numbers was true, seconds since the epoch; None: they are live, or unknown."""
    live_counts: bool = False
    """Whether nodes and pods are watched, not looked at now and then."""
    expiry: Expiry = UNKNOWN
    tags: tuple[SafeStr, ...] = ()
    groups: tuple[SafeStr, ...] = ()
    protected: bool = False
    read_only: bool = False

    def health(self, now: float) -> Health:
        """How the cluster fares as a whole: its connection first, then its nodes, then its pods."""
        if self.status.state in (State.AUTH, State.UNREACHABLE) or self.expiry.over(now):
            return Health.FAILING
        if self.status.state is State.SYNCING:
            return Health.PROGRESSING
        if self.status.state is not State.LIVE or self.concerns(now):
            return Health.WARNING
        return Health.OK

    def concerns(self, now: float) -> list[str]:
        """What a person should look at, in sentences, the gravest first; the state is not among them."""
        found = self.expiry.warnings(now)
        if self.nodes is not None and self.nodes_ready is not None and self.nodes_ready < self.nodes:
            found.append(f"{self.nodes - self.nodes_ready} of {self.nodes} nodes not ready")
        if self.pods_failing:
            found.append(f"{self.pods_failing} pod{'' if self.pods_failing == 1 else 's'} failing")
        skewed = kubelet_warning(self.version, self.kubelets)
        return [*found, skewed] if skewed else found

    def detail(self, now: float) -> SafeStr:
        """The state's reason, then the concerns."""
        words = [self.status.detail, *self.concerns(now)]
        return safe_text("; ".join(word for word in words if word), limit=500)

    def share(self, what: str) -> float | None:
        """How much of the ``cpu`` or ``memory`` is used, from 0 to 1; None: not known."""
        if self.used is None or self.room is None:
            return None
        room: float = getattr(self.room, what)
        return getattr(self.used, what) / room if room else None

    @property
    def guard(self) -> str:
        return "read-only" if self.read_only else "protected" if self.protected else ""

    def hay(self, now: float) -> bytes:
        """What a filter looks in: ``#tag`` and ``@group`` find tags and groups, a state its clusters."""
        words = (
            self.name,
            self.status.state.value,
            self.version,
            *(f"#{tag}" for tag in self.tags),
            *(f"@{group}" for group in self.groups),
            self.guard,
            self.detail(now),
        )
        return " ".join(word for word in words if word).encode("utf-8", "replace")


_SEVERITY = {health: place for place, health in enumerate(Health)}


def severity(summary: ClusterSummary, now: float) -> tuple[int, str]:
    """Sorts the clusters that need somebody first; equals by name."""
    return (_SEVERITY[summary.health(now)], summary.name)


def problems_first(summaries: Sequence[ClusterSummary], *, now: float) -> list[ClusterSummary]:
    """The clusters that need somebody, first; equals by name."""
    return sorted(summaries, key=lambda summary: severity(summary, now))


class SummaryFilter:
    """Which clusters a fleet's table shows."""

    def __init__(self, *, match: str = "", not_match: str = "", problems_only: bool = False) -> None:
        """RE2 patterns over ``ClusterSummary.hay``. Raises PatternError."""
        from backend.fleet.filter import compile_pattern

        self.match, self.not_match, self.problems_only = match, not_match, problems_only
        self._match = compile_pattern(match) if match else None
        self._not_match = compile_pattern(not_match) if not_match else None

    @property
    def idle(self) -> bool:
        return not (self.match or self.not_match or self.problems_only)

    def keep(self, summaries: Iterable[ClusterSummary], *, now: float) -> list[ClusterSummary]:
        """Those that pass, in their order."""
        if self.idle:
            return list(summaries)
        return [summary for summary in summaries if self._passes(summary, now)]

    def _passes(self, summary: ClusterSummary, now: float) -> bool:
        if self.problems_only and summary.health(now) not in (Health.FAILING, Health.WARNING):
            return False
        if self._match is None and self._not_match is None:
            return True
        hay = summary.hay(now)
        if self._match is not None and not self._match.matches(hay):
            return False
        return self._not_match is None or not self._not_match.matches(hay)


def filter_of(query: Query, *, problems: bool = False) -> SummaryFilter:
    """The filter that a line of the grammar names. Raises PatternError."""
    return SummaryFilter(match=query.match, not_match=query.not_match, problems_only=problems)
