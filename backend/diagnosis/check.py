"""What a check of the doctor is: looks at one thing and says what it found and what to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from backend.text import SafeStr, safe_text

if TYPE_CHECKING:
    from backend.fleet.fleet import Fleet
    from backend.vault import Vault

_NOTHING = SafeStr("")


class Verdict(StrEnum):
    OK = "ok"
    WARN = "warn"
    """Something will be worse for it, or nobody could tell."""
    FAIL = "fail"
    """Something does not work because of it, or a secret is in danger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One sentence, and what to do when it is not fine."""

    verdict: Verdict
    what: SafeStr
    advice: SafeStr = _NOTHING
    cluster: str = ""
    """Id of the cluster it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What checks look at. ``vault`` may be locked or None; ``fleet``: None unless clusters may be asked."""

    environ: Mapping[str, str]
    vault: Vault | None = None
    fleet: Fleet | None = None


Examine = Callable[[Surroundings], Iterable[Finding]]
"""Runs in a thread."""
Ask = Callable[[Surroundings], Awaitable[Iterable[Finding]]]
"""Runs on the loop: it waits for a network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    title: str
    examine: Examine | None = None
    ask: Ask | None = None


def ok(what: object) -> Finding:
    return Finding(verdict=Verdict.OK, what=safe_text(what))


def warn(what: object, advice: object, *, cluster: str = "") -> Finding:
    return Finding(verdict=Verdict.WARN, what=safe_text(what), advice=safe_text(advice), cluster=cluster)


def fail(what: object, advice: object, *, cluster: str = "") -> Finding:
    return Finding(verdict=Verdict.FAIL, what=safe_text(what), advice=safe_text(advice), cluster=cluster)
