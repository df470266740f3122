"""One line of a graph that is told as a tree."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from backend.resources import registry
from backend.resources.kind import OK, Health, Verdict
from backend.text import SafeStr, safe_text
from backend.topology.node import Node

RANK = {health: rank for rank, health in enumerate(Health)}
"""The worst first."""
_NOTHING = SafeStr("")
_ASKED_FIRST = (
    "pods",
    "deployments.apps",
    "statefulsets.apps",
    "services",
    "persistentvolumeclaims",
    "nodes",
)


@dataclass(slots=True, eq=False)
class Branch:
    """``open`` gives the branches below, worked out when it is called; None: there are none."""

    path: tuple[str, ...]
    """From the root; names the branch for as long as the graph lives."""
    title: SafeStr
    verdict: Verdict = OK
    role: SafeStr = _NOTHING
    """What it is to the branch above."""
    note: SafeStr = _NOTHING
    """More about it: how many of what."""
    node: Node | None = None
    open: Callable[[], list[Branch]] | None = field(default=None, repr=False)

    @property
    def why(self) -> SafeStr:
        return safe_text(self.verdict.why, limit=300)

    @property
    def troubled(self) -> bool:
        return self.verdict.health.problem


def worst_of(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of them; what is done is well."""
    worst = OK
    for verdict in verdicts:
        if RANK[verdict.health] < RANK[worst.health]:
            worst = verdict
    return worst


def told(numbers: Mapping[str, int], *, most: int = 4) -> SafeStr:
    """``12 pods, 1 deployment and 40 more``: the kinds that people ask for first."""
    first = {kind: place for place, kind in enumerate(_ASKED_FIRST)}
    ranked = sorted(numbers, key=lambda kind: (first.get(kind, len(first)), -numbers[kind], kind))
    shown = [counted(numbers[kind], kind) for kind in ranked[:most]]
    more = sum(numbers[kind] for kind in ranked[most:])
    return safe_text(", ".join(shown) + (f" and {more:,} more" if more else ""))


def counted(number: int, kind: str) -> str:
    """``1 pod``, ``12 deployments``; ``kind``: full name."""
    if number != 1:
        return f"{number:,} {kind.partition('.')[0]}"
    entry = registry.entry(kind)
    return f"1 {entry.resource.singular if entry is not None else kind.partition('.')[0]}"


def walk(branch: Branch, depth: int, *, problems: bool = False) -> Iterator[tuple[int, Branch, bool]]:
    """Lines of the tree, unfolded so deep: (level, branch, whether more lies below that is not shown).

    An object that stands in several places is unfolded at the first.
    """
    shown: set[Node] = set()

    def lines(one: Branch, level: int) -> Iterator[tuple[int, Branch, bool]]:
        again = one.node is not None and one.node in shown
        folded = one.open is not None and (level >= depth or again)
        if one.node is not None and one.open is not None and not folded:
            shown.add(one.node)
        yield level, one, folded
        if one.open is not None and not folded:
            for inside in one.open():
                if not problems or inside.troubled:
                    yield from lines(inside, level + 1)

    yield from lines(branch, 0)
