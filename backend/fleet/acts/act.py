"""The one shape of an act that changes a cluster: drawn up on the object as it is, tried, then carried out.

An act is one file in this folder that exports ``ACT``. Everything else follows from it: the dialog, the menu
of what can be done to an object, the command line, preconditions, confirmation, the journal.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, Protocol

from backend.fleet.cluster import Cluster
from backend.fleet.objects import Found
from backend.journal.journal import Outcome
from backend.kube.objects import ApiResource
from backend.text import SafeStr, safe_text

Obj = Mapping[str, Any]
"""A whole object as the server gave it."""


class JournalLike(Protocol):
    """Where acts are written down (``backend.journal.Journal``)."""

    def append(
        self, act: str, *, outcome: Outcome = ..., cluster: str = "", object: str = "", detail: str = ""
    ) -> int: ...


class Refused(Exception):
    """Not done, for safety or because it makes no sense; nothing was changed."""

    exit_code = 4

    def __init__(self, sentence: str, *, advice: str = "") -> None:
        self.sentence = safe_text(sentence)
        self.advice = safe_text(advice)
        super().__init__(self.sentence)


class Already(Refused):
    """There is nothing to do: the object is as the act would make it."""

    exit_code = 0


class Step(Protocol):
    """The one request that an act sends."""

    async def send(self, found: Found, *, resource_version: str, dry_run: bool) -> bytes:
        """Send it with the object's uid and this resource version as preconditions; gives the answer's body.

        Raises KubeError: Conflict when it is another object by now, or another version of it.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an act will do to one object, as of when it was read."""

    act: str
    """The journal's word for it."""
    found: Found
    step: Step
    effect: SafeStr
    """What will be different: ``3 → 5 replicas``."""
    done: SafeStr
    """What is said of the object afterwards: ``scaled to 5``."""
    basis: Callable[[Obj], object]
    """The part of the object that the plan rests on: while it stays the same, other changes don't matter."""
    achieved: Callable[[Obj], bool] = lambda answer: True
    """Whether the server's answer shows the effect."""
    falls: tuple[SafeStr, ...] = ()
    """What else goes, in sentences: ``3 pods``, ``everything in the namespace: 12 pods…``."""
    warnings: tuple[SafeStr, ...] = ()
    tried: Obj | None = None
    """What the server answered to the dry run; for most acts the object as it would be."""
    note: str = ""
    """What the journal keeps of it; the effect when empty."""

    @property
    def cluster(self) -> Cluster:
        return self.found.cluster

    @property
    def must_type(self) -> str:
        """The name a person has to type to confirm; empty on a plain cluster."""
        return self.found.name if self.cluster.member.protected else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What an act has to be told before it can be drawn up."""

    text: str
    option: str
    """Its option on the command line: ``--replicas``."""
    now: Callable[[Obj], str]
    """The present value, offered as the answer."""


@dataclass(frozen=True, slots=True)
class Act:
    id: str
    """Names it in the journal, on the command line and in the list of the console's actions."""
    verb: str
    """What a person chooses: ``Restart``."""
    _: KW_ONLY
    unfit: Callable[[ApiResource], str]
    """Why it can't be done to objects of a kind at all; empty: it can."""
    draw_up: Callable[[Found, str], Awaitable[Plan]]
    """The plan for an object just read, with the question's answer. Raises Refused, KubeError."""
    question: Question | None = None
    danger: bool = False
    """Something may be lost for good."""


def check_allowed(act: Act, found: Found) -> None:
    """Raises Refused where an act is out of the question, whatever it would do."""
    if found.cluster.member.read_only:
        raise Refused(
            f"{found.cluster.name} is marked read-only",
            advice="Nothing was changed. If that is meant: navarch cluster read-only NAME --off",
        )
    if why := act.unfit(found.resource):
        raise Refused(f"{found.place}: {why}")


def only(*kinds: str, why: str) -> Callable[[ApiResource], str]:
    """Fits the kinds of these full names (``deployments.apps``) and no others; ``why`` is the reason."""

    def unfit(resource: ApiResource) -> str:
        return "" if resource.full_name in kinds else why

    return unfit


def metadata_of(obj: Obj) -> Obj:
    found: Obj = obj.get("metadata") or {}
    return found


def spec_of(obj: Obj) -> Obj:
    found: Obj = obj.get("spec") or {}
    return found


def essence(obj: Obj) -> object:
    """All but what changes by itself: status, versions, bookkeeping of field owners."""
    metadata = {k: v for k, v in metadata_of(obj).items() if k not in ("resourceVersion", "managedFields")}
    return {key: value for key, value in obj.items() if key != "status"} | {"metadata": metadata}


def sentences(*texts: str) -> tuple[SafeStr, ...]:
    """Those that are not empty, fit to be shown."""
    return tuple(safe_text(text) for text in texts if text)


def names(found: Sequence[str], *, most: int = 5) -> str:
    """The first few of many names, and how many more there are."""
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(found[:most]) + more
