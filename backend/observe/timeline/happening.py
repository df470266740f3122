"""One thing that happened: an event that was recorded, or a change that the objects themselves remember."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from backend.kube.objects import ApiResource
from backend.resources.kind import Health


class What(Enum):
    """Where it is known from."""

    EVENT = "event"
    ROLLOUT = "rollout"
    CHANGE = "change"
    """Somebody or something wrote to the object."""
    CONDITION = "condition"
    RESTART = "restart"
    LIFE = "life"
    """Made, started, ended, deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The object that it happened to."""

    role: str
    """What it is to the one that was asked about: ``itself``, ``owner``, ``pod``, ``node``."""
    resource: ApiResource | None
    """None: a kind that could not be told."""
    kind: str
    namespace: str
    name: str
    part: str = ""
    """A name that tells which of several it belongs to: a pod's replica set and its revision."""

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.kind, self.namespace, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """``at``: seconds since the epoch on our clock. All text is the cluster's, and unsafe."""

    at: float
    what: What
    subject: Subject
    title: str
    """A word or two: the event's reason, ``image``, ``Ready=False``."""
    text: str = ""
    health: Health = Health.OK
    count: int = 1
    begun: float = 0.0
    """Of what repeats: when it was seen first; 0: it does not."""
    evidence: str = ""
    """Where that is written: ``managedFields``, ``status.conditions``."""

    @property
    def since(self) -> float:
        """When it began."""
        return self.begun or self.at
