"""The first line: where you are, every cluster's state (worst first), coverage, clock, the vault's timer."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from textual import events
from textual.message import Message

from backend.kube.status import State, Status
from backend.text import SafeStr, cells, safe_text
from console.states import STATES, coverage, worst_first
from console.theme import Tone
from console.widgets.lines import LineWidget
from console.widgets.paint import Line, Piece, cut, line_width, piece_at, spread
from console.widgets.target import Target, targets_on

_CHIP_WIDTH = 18
_CHIPS_SHARE = 0.55
"""Of the line: chips never push the breadcrumb away."""


class TopLine(LineWidget):
    """Statuses are those of the view below: a chip tells what its rows are worth."""

    @dataclass
    class Clicked(Message):
        """``crumb``: its place in the path; None: the states of the clusters."""

        crumb: int | None

    def __init__(self) -> None:
        super().__init__()
        self._crumbs: tuple[SafeStr, ...] = ()
        self._statuses: Mapping[str, Status] = {}
        self._names: Mapping[str, str] = {}
        self._spots: dict[int, int | None] = {}
        """What a click on a piece means, by its identity: the place of a crumb, or None for the states."""

    def on_mount(self) -> None:
        self.set_interval(1.0, self.sync)

    def tell(
        self,
        *,
        crumbs: tuple[object, ...] | None = None,
        statuses: Mapping[str, Status] | None = None,
        names: Mapping[str, str] | None = None,
    ) -> None:
        """Show this path and these clusters' states; what is None stays."""
        if crumbs is not None:
            self._crumbs = tuple(safe_text(crumb, limit=60) for crumb in crumbs)
        if statuses is not None:
            self._statuses = dict(statuses)
        if names is not None:
            self._names = names
        self.sync()

    def in_state(self, *states: State) -> list[str]:
        """Ids of the clusters that are in one of these states."""
        return [one for one, status in self._statuses.items() if status.state in states]

    def pairs(self) -> list[tuple[str, Status]]:
        """Every cluster's name and state, the worst first."""
        return worst_first(self._statuses, self._names)

    @property
    def has_states(self) -> bool:
        return bool(self._statuses)

    def compose_lines(self, width: int, height: int) -> list[Line]:
        self._spots = {}
        left = [Piece(" NAVARCH", Tone.TITLE), Piece("  "), *self._acting()]
        for index, crumb in enumerate(self._crumbs):
            last = index == len(self._crumbs) - 1
            left += [Piece("/", Tone.DIM)] if index else []
            left.append(Piece(crumb, Tone.STRONG if last else Tone.DIM))
            self._spots[id(left[-1])] = index
        tail = self._tail()
        room = min(
            int(width * _CHIPS_SHARE), width - line_width(tail) - min(line_width(left), width // 3) - 2
        )
        return [spread(left, (*self._chips(room), *tail), width)]

    def targets(self) -> list[Target]:
        """The crumbs and the chips."""
        return targets_on(self.lines[0], self._spots, self._go) if self.lines else []

    def _go(self, crumb: int | None) -> None:
        self.post_message(self.Clicked(crumb))

    def on_click(self, event: events.Click) -> None:
        """A crumb goes there; a chip, or how many are live, opens the states."""
        event.stop()
        piece = piece_at(self.lines[0], event.x) if self.lines else None
        if id(piece) in self._spots:
            self.post_message(self.Clicked(self._spots[id(piece)]))

    def _acting(self) -> Line:
        """As whom, where that is not ourselves: first of all, so that no width can hide it."""
        who = self.navarch.acting_words
        return (Piece(f"as {who}", Tone.FAILING), Piece("  ")) if who else ()

    def _chips(self, room: int) -> Line:
        chips: list[Piece] = []
        pairs = worst_first(self._statuses, self._names)
        for index, (name, status) in enumerate(pairs):
            glyph, tone = STATES[status.state]
            text = safe_text(name, limit=200)
            label = cut([Piece(text, Tone.TEXT if status.state is State.LIVE else tone)], _CHIP_WIDTH)
            rest = len(pairs) - index - 1
            taken = cells(glyph) + 2 + line_width(label) + (5 if rest else 0)
            if taken > room:
                more = f"+{len(pairs) - index}"
                return (*chips, Piece(more, Tone.DIM), Piece(" "))
            chip = [Piece(glyph, tone), Piece(" "), *label]
            self._spots |= dict.fromkeys(map(id, chip))
            chips += [*chip, Piece(" ")]
            room -= taken - (5 if rest else 0)
        return tuple(chips)

    def _tail(self) -> Line:
        tail: list[Piece] = []
        if self._statuses:
            covered = coverage(self._statuses.values())
            tone = Tone.TEXT if covered.live == covered.total else Tone.WARNING
            tail += [Piece("· ", Tone.DIM), Piece(covered.text, tone), Piece("  ")]
            self._spots[id(tail[-2])] = None
        if self.navarch.read_only:
            tail += [Piece("read-only", Tone.WARNING), Piece("  ")]
        tail.append(Piece(time.strftime("%H:%M", time.localtime(self.navarch.now())), Tone.DIM))
        left = self.navarch.lock_seconds()
        if left is not None:
            tone = Tone.WARNING if left < 120 else Tone.DIM
            sign = (
                "🔒" if self.navarch.traits.unicode and not self.navarch.traits.palette_colours else "lock "
            )
            tail += [Piece(" "), Piece(f"{sign}{_minutes(left)}", tone)]
        return (*tail, Piece(" "))


def _minutes(seconds: float) -> str:
    if seconds >= 7200:
        return f"{int(seconds // 3600)}h"
    return f"{int(seconds // 60)}m" if seconds >= 60 else f"{max(0, int(seconds))}s"
