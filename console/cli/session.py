"""Opens the fleet for a command: a kubeconfig in memory."""

from __future__ import annotations

from pathlib import Path

from backend.fleet.fleet import Fleet
from backend.fleet.inmemory import members_of
from console.cli.failures import say


class NoFleet(Exception):
    """There is nothing to open."""

    sentence = "no kubeconfig is named"
    advice = "Give one: --kubeconfig FILE"


def open_fleet(kubeconfig: Path | None) -> Fleet:
    """The fleet of a kubeconfig's contexts; what can't be used is told on stderr. Raises KubeconfigError."""
    if kubeconfig is None:
        raise NoFleet
    members, problems = members_of(kubeconfig)
    for problem in problems:
        say(problem)
    return Fleet(members)
