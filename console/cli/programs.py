"""Programs that a kubeconfig in memory wants to run: approved for this one command, or not run."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from backend.fleet.member import Member
from backend.fleet.programs import agreed_in_vault, allowed, wanting
from backend.text import SafeStr
from console.cli import prompt


def approved_for_now(found: Iterable[Member]) -> list[Member]:
    """The members, with those exec plugins approved that the unlocked vault knows or a person agrees to now.

    Without a terminal nobody is asked; a plugin that is not approved makes its cluster say so. Nothing is
    remembered: importing the kubeconfig does that.
    """
    everyone = list(found)
    if not any(member.access.exec for member in everyone):
        return everyone
    everyone = allowed(everyone, agreed_in_vault())
    if not prompt.person_present():
        return everyone
    agreed: set[str] = set()
    for program in wanting(everyone):
        if not program.fingerprints:
            continue
        show_program(program.command, program.sentences, note=f"  for {', '.join(program.clusters)}")
        if prompt.agree("Let this program run with your rights, for this command only?"):
            agreed |= program.fingerprints
    return allowed(everyone, agreed)


def show_program(command: SafeStr, sentences: Sequence[SafeStr], *, note: str = "") -> None:
    """What would run, and what speaks against it, on stderr."""
    print(f"{command}{note}", file=sys.stderr)
    for sentence in sentences:
        print(f"  {sentence}", file=sys.stderr)
