"""How much of what was asked one may see: which kinds, in which namespaces; so that no count pretends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backend.text import SafeStr, safe_text

_NAMED = 8
"""Namespaces or kinds told by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What of one kind, in one cluster, may be listed."""

    kind: str
    """Full name."""
    everywhere: bool = False
    """All of it."""
    allowed: tuple[str, ...] = ()
    """Namespaces, asked one by one."""
    refused: tuple[str, ...] = ()
    fallback: bool = False
    """The namespaces are those that are known, as listing all of them is forbidden: there may be more."""

    @property
    def forbidden(self) -> bool:
        return not self.everywhere and not self.allowed

    @property
    def complete(self) -> bool:
        """All that was asked for is seen."""
        return self.everywhere or (bool(self.allowed) and not (self.refused or self.fallback))

    @property
    def words(self) -> str:
        """``only pay: listing all namespaces is forbidden``; empty if it is complete."""
        if self.complete:
            return ""
        if self.forbidden:
            return "forbidden"
        count = f"{len(self.allowed)} of {len(self.allowed) + len(self.refused)}"
        refused = f"; forbidden in {listed(self.refused)}" if self.refused else ""
        if not self.fallback:
            return f"{count} namespaces{refused}"
        share = f" ({count} known namespaces)" if self.refused else ""
        return f"only {listed(self.allowed)}{share}: listing all namespaces is forbidden{refused}"


def told(found: Sequence[Coverage]) -> SafeStr:
    """What is not seen, kinds alike together; empty if all is."""
    if len(found) == 1:
        return safe_text(found[0].words, limit=500)
    kinds: dict[str, list[str]] = {}
    for one in found:
        if one.words:
            kinds.setdefault(one.words, []).append(one.kind)
    refused = kinds.pop("forbidden", [])
    parts = [f"forbidden: {', '.join(refused)}"] if refused else []
    parts += [f"{listed(names)}: {words}" for words, names in kinds.items()]
    return safe_text("; ".join(parts), limit=1000)


def short(found: Sequence[Coverage]) -> SafeStr:
    """``2 of 3 namespaces``, ``5 of 7 kinds``: for a place with little room; empty if all is seen."""
    if all(one.complete for one in found):
        return SafeStr("")
    if len(found) > 1:
        seen = sum(not one.forbidden for one in found)
        if seen < len(found):
            return SafeStr(f"{seen} of {len(found)} kinds")
        found = [next(one for one in found if not one.complete)]
    (one,) = found
    asked = len(one.allowed) + len(one.refused)
    if one.fallback and not one.refused:
        return SafeStr(f"{asked} namespace{'s' if asked > 1 else ''} only")
    return SafeStr(f"{len(one.allowed)} of {asked} namespaces")


def listed(names: Sequence[str]) -> str:
    """``a, b, c and 4 more``."""
    shown = ", ".join(names[:_NAMED])
    return f"{shown} and {len(names) - _NAMED} more" if len(names) > _NAMED else shown
