"""A source of lines: one container of one pod; what is known of it, and how its stream fares."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from backend.text import SafeStr, safe_text

if TYPE_CHECKING:  # the rest of the client is not needed for what is only named
    from backend.observe.logs.pods import Container

RATES = 60
"""Seconds of a source's past whose rate is kept."""


class SourceState(Enum):
    """How a source's stream fares; always shown."""

    WAITING = "waiting"
    """For a place among the cluster's streams."""
    OPENING = "opening"
    OPEN = "open"
    STARTING = "starting"
    """The container does not run yet."""
    BETWEEN = "restarting"
    """Its run is over and another one is expected."""
    BROKEN = "broken"
    """The stream is cut; it will be resumed."""
    ENDED = "ended"
    """Everything was read."""
    GONE = "gone"
    """The pod is deleted."""
    FORBIDDEN = "forbidden"
    FAILED = "failed"
    """Given up: the detail says why."""

    @property
    def over(self) -> bool:
        """Nothing more will come."""
        return self in (
            SourceState.ENDED,
            SourceState.GONE,
            SourceState.FORBIDDEN,
            SourceState.FAILED,
        )


@dataclass(slots=True, eq=False, kw_only=True)
class Source:
    """``number`` is what lines call it; names are safe to show, ``pod`` and ``name`` are asked for."""

    number: int
    cluster_id: str
    cluster: SafeStr
    namespace: str
    pod: str
    uid: str
    name: str
    """Of the container."""
    role: str
    node: str = ""
    container: Container
    """As the pod's status has it now."""
    deleted: bool = False
    """The pod is deleted."""
    state: SourceState = SourceState.WAITING
    detail: SafeStr = SafeStr("")  # noqa: RUF009 - never changed
    lines: int = 0
    bytes: int = 0
    resumed: int = 0
    """How often its stream was taken up again after a cut."""
    rates: deque[int] = field(default_factory=lambda: deque(maxlen=RATES))
    """Lines in each of the latest seconds, the oldest first."""
    _counted: int = 0

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.cluster_id, self.uid or f"{self.namespace}/{self.pod}", self.name)

    @property
    def label(self) -> SafeStr:
        """``prod-eu pay api-1/app``: names it without doubt."""
        return safe_text(f"{self.cluster} {self.namespace} {self.pod}/{self.name}")

    @property
    def last_second(self) -> int:
        return self.rates[-1] if self.rates else 0

    def tick(self) -> None:
        """A second is over: remember how many lines it had."""
        self.rates.append(self.lines - self._counted)
        self._counted = self.lines
