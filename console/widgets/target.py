"""Places on the screen that a person can go to or choose: by a click, or by a letter (jump mode)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol, TypeVar, runtime_checkable

from textual.geometry import Region

from console.widgets.paint import Line


@dataclass(frozen=True, slots=True)
class Target:
    """Where it is, in cells of its widget, and what going there does."""

    x: int
    y: int
    width: int
    go: Callable[[], object]


@runtime_checkable
class HasTargets(Protocol):
    """A widget with such places."""

    def targets(self) -> Sequence[Target]:
        """Those that are on the screen now, top to bottom, left to right."""
        ...

    @property
    def region(self) -> Region: ...


def target_at(targets: Sequence[Target], x: int, y: int) -> Target | None:
    """The one under this cell."""
    return next((one for one in targets if one.y == y and one.x <= x < one.x + one.width), None)


Meant = TypeVar("Meant")


def targets_on(line: Line, spots: Mapping[int, Meant], go: Callable[[Meant], object]) -> list[Target]:
    """One target for each run of pieces that mean something (``spots``: by a piece's identity)."""
    found: list[Target] = []
    x, running = 0, False
    for piece in line:
        if id(piece) not in spots:
            running = False
        elif running:
            found[-1] = replace(found[-1], width=found[-1].width + piece.width)
        else:
            found.append(Target(x, 0, piece.width, partial(go, spots[id(piece)])))
            running = True
        x += piece.width
    return found
