"""How states look: glyph and tone of a cluster's feed and of an object's health, worst first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from backend.kube.status import State, Status
from backend.resources.kind import Health
from backend.text import SafeStr
from console.theme import Tone

HEALTH: dict[Health, tuple[SafeStr, Tone]] = {
    Health.FAILING: (SafeStr("✖"), Tone.FAILING),
    Health.WARNING: (SafeStr("▲"), Tone.WARNING),
    Health.PROGRESSING: (SafeStr("◐"), Tone.PROGRESSING),
    Health.UNKNOWN: (SafeStr("?"), Tone.UNKNOWN),
    Health.OK: (SafeStr("●"), Tone.OK),
    Health.DONE: (SafeStr("✔"), Tone.DONE),
}
"""Glyph and tone: never colour alone."""

STATES: dict[State, tuple[str, Tone]] = {
    State.AUTH: ("✖", Tone.FAILING),
    State.UNREACHABLE: ("○", Tone.FAILING),
    State.FORBIDDEN: ("✖", Tone.WARNING),
    State.TOO_LARGE: ("▲", Tone.WARNING),
    State.STALE: ("◐", Tone.WARNING),
    State.NOT_FOUND: ("?", Tone.UNKNOWN),
    State.SYNCING: ("◐", Tone.PROGRESSING),
    State.LIVE: ("●", Tone.OK),
}
"""Worst first."""

_SEVERITY = {state: place for place, state in enumerate(STATES)}


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of what is asked for answers."""

    live: int
    total: int

    @property
    def text(self) -> str:
        return f"{self.live}/{self.total} live"


def coverage(statuses: Iterable[Status]) -> Coverage:
    states = [status.state for status in statuses]
    return Coverage(sum(state is State.LIVE for state in states), len(states))


def worst_first(statuses: Mapping[str, Status], names: Mapping[str, str]) -> list[tuple[str, Status]]:
    """(cluster name, status) pairs, the worst first, equals by name."""
    named = [(names.get(cluster, cluster), status) for cluster, status in statuses.items()]
    return sorted(named, key=lambda pair: (_SEVERITY[pair[1].state], pair[0]))


def words(status: Status) -> str:
    """A state in words: ``SYNCING 40%``, ``STALE: connection lost``."""
    text = status.state.value
    if status.state is State.SYNCING and status.progress is not None:
        text += f" {round(status.progress * 100)}%"
    return f"{text}: {status.detail}" if status.detail else text
