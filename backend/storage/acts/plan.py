"""The one shape of an act, and how it is carried out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from backend.journal.journal import Outcome
from backend.storage.failures import Refused, StorageFailure
from backend.storage.model import Job
from backend.text import SafeStr, safe_text

Told = Callable[[Job], object]
"""Hears how far a job is."""


class JournalLike(Protocol):
    """Where acts are written down (``backend.journal.Journal``)."""

    def append(
        self, act: str, *, outcome: Outcome = ..., cluster: str = "", object: str = "", detail: str = ""
    ) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an act will do, as of when it was drawn up."""

    act: str
    """The journal's word for it, which is the command's: ``engine volume delete``."""
    about: SafeStr
    """What it is done to: ``volume demo``."""
    effect: SafeStr
    """What will be different."""
    must_type: SafeStr
    """What a person has to type to confirm; empty: nothing."""
    run: Callable[[Told], Awaitable[str]]
    """Does it; gives a sentence about what came of it. Raises StorageFailure."""
    falls: tuple[SafeStr, ...] = ()
    """What is lost with it."""
    warnings: tuple[SafeStr, ...] = ()
    danger: bool = False
    """Something may be lost for good: a person is asked."""


def plan(
    act: str,
    about: str,
    effect: str,
    run: Callable[[Told], Awaitable[str]],
    *,
    falls: tuple[str, ...] = (),
    warnings: tuple[str, ...] = (),
    must_type: str = "",
    danger: bool = False,
) -> Plan:
    """A plan whose words may come from anybody."""
    return Plan(
        act=act,
        about=safe_text(about),
        effect=safe_text(effect),
        run=run,
        falls=tuple(map(safe_text, falls)),
        warnings=tuple(map(safe_text, warnings)),
        must_type=safe_text(must_type),
        danger=danger or bool(must_type),
    )


async def carry_out(
    plan: Plan, *, journal: JournalLike | None, confirmed: str = "", told: Told = lambda job: None
) -> SafeStr:
    """Do it, to its end; what came of it in a sentence. The journal says that it began, and how it ended.

    :raises StorageFailure: it was refused or failed; Refused also if ``confirmed`` is not what must be typed
    """
    if plan.must_type and confirmed != plan.must_type:
        raise Refused("nothing was changed: that is not its name", f"Its name is {plan.must_type}.")
    _note(journal, plan, Outcome.STARTED, plan.effect)
    try:
        sentence = safe_text(await plan.run(told))
    except StorageFailure as error:
        refused = isinstance(error, Refused)
        _note(journal, plan, Outcome.REFUSED if refused else Outcome.FAILED, error.sentence)
        raise
    except BaseException:
        _note(journal, plan, Outcome.FAILED, "nobody waited for its end; the engine may go on with it")
        raise
    _note(journal, plan, Outcome.DONE, sentence)
    return sentence


def _note(journal: JournalLike | None, plan: Plan, outcome: Outcome, detail: str) -> None:
    if journal is not None:
        journal.append(plan.act, outcome=outcome, object=str(plan.about), detail=str(detail))
