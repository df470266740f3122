"""Where a question about rights is asked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Empty: everywhere."""

    clusters: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    """Of a user, besides those that servers add."""


EVERYWHERE = Where()
