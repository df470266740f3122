"""One cluster of the fleet, as its user knows it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from backend.kube.access import ClusterAccess


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A cluster, how it is reached, and what its user says about it."""

    id: str
    """Stable, unique within the fleet; never taken from a kubeconfig."""
    name: str
    """Unique within the fleet; hostile until it passed ``safe_text``."""
    access: ClusterAccess
    tags: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    protected: bool = False
    """Changes ask twice."""
    read_only: bool = False
    """Changes are refused."""
    source: str = ""
    """Where it came from: a kubeconfig's path and context."""
    namespaces: tuple[str, ...] = ()
    """Namespaces known to exist: asked one by one where listing all is forbidden."""


def select(members: Iterable[Member], patterns: Sequence[str]) -> tuple[list[Member], list[str]]:
    """The members that any pattern names, in the fleet's order, and the patterns that name none.

    A pattern is ``#tag`` (glob allowed), a cluster's exact name or id, a group's exact name, or a glob over
    names. An exact name wins over a glob, so that names with ``*`` or ``[`` can be meant. No pattern: all.
    """
    everyone = list(members)
    if not patterns:
        return everyone, []
    chosen: set[str] = set()
    unmatched = []
    for pattern in patterns:
        found = _matching(everyone, pattern)
        chosen.update(member.id for member in found)
        if not found:
            unmatched.append(pattern)
    return [member for member in everyone if member.id in chosen], unmatched


def _matching(members: Sequence[Member], pattern: str) -> list[Member]:
    if pattern.startswith("#"):
        return [m for m in members if any(fnmatchcase(tag, pattern[1:]) for tag in m.tags)]
    exact = [m for m in members if pattern in (m.name, m.id) or pattern in m.groups]
    return exact or [m for m in members if fnmatchcase(m.name, pattern)]
