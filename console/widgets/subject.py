"""The second line: what you look at, how many rows, and every filter that is active."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from textual import events

from console.theme import Tone
from console.widgets.lines import LineWidget
from console.widgets.paint import Line, Piece, spread
from console.widgets.target import Target, target_at


class SubjectLine(LineWidget):
    def __init__(self) -> None:
        super().__init__()
        self._facts: tuple[Piece, ...] = ()
        self._filters: tuple[Piece, ...] = ()
        self._choose: Callable[[int], object] | None = None

    def tell(
        self,
        facts: Iterable[Piece],
        filters: Iterable[object] = (),
        *,
        choose: Callable[[int], object] | None = None,
    ) -> None:
        """Show facts at the left, joined by dots, and the active filters (or tabs) at the right.

        ``choose``: takes the place of a tab that was clicked or jumped to.
        """
        self._choose = choose
        self._facts = tuple(facts)
        self._filters = tuple(Piece(text, Tone.ACCENT) for text in filters)
        self.sync()

    def targets(self) -> list[Target]:
        if self._choose is None:
            return []
        found: list[Target] = []
        x = self.size.width - 1
        for place in reversed(range(len(self._filters))):
            width = self._filters[place].width
            x -= width
            found.insert(0, Target(x, 0, width, partial(self._choose, place)))
            x -= 2
        return found

    def on_click(self, event: events.Click) -> None:
        target = target_at(self.targets(), event.x, event.y)
        if target is not None:
            event.stop()
            target.go()

    def compose_lines(self, width: int, height: int) -> list[Line]:
        left: list[Piece] = [Piece(" ▸ ", Tone.ACCENT)]
        for index, fact in enumerate(self._facts):
            left += [Piece(" · ", Tone.DIM)] if index else []
            left.append(fact)
        right: list[Piece] = []
        for text in self._filters:
            right += [text, Piece("  ")]
        if right:
            right[-1] = Piece(" ")
        return [spread(left, right, width)]
