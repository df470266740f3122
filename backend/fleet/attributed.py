"""A journal of what is done as somebody else; apart, so that reading needs neither journal nor vault."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from backend.fleet.acting import words
from backend.fleet.member import Member
from backend.journal.journal import Outcome
from backend.text import safe_text


class _Journal(Protocol):
    """What is needed of a journal; see ``backend.journal``."""

    def append(
        self, act: str, *, outcome: Outcome = ..., cluster: str = "", object: str = "", detail: str = ""
    ) -> int: ...


@dataclass(frozen=True, slots=True)
class AttributedJournal:
    """A journal whose every line says as whom it was done, where that was somebody else."""

    journal: _Journal
    members: Sequence[Member]

    def append(
        self,
        act: str,
        *,
        outcome: Outcome = Outcome.DONE,
        cluster: str = "",
        object: str = "",
        detail: str = "",
    ) -> int:
        who = next((m.access.impersonate for m in self.members if safe_text(m.name) == cluster), None)
        if who is not None:
            detail = f"as {words(who)}" + (f"; {detail}" if detail else "")
        return self.journal.append(act, outcome=outcome, cluster=cluster, object=object, detail=detail)
