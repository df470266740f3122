"""The second line: what you look at, how many rows, and every filter that is active."""

from __future__ import annotations

from collections.abc import Iterable

from console.theme import Tone
from console.widgets.lines import LineWidget
from console.widgets.paint import Line, Piece, spread


class SubjectLine(LineWidget):
    def __init__(self) -> None:
        super().__init__()
        self._facts: tuple[Piece, ...] = ()
        self._filters: tuple[Piece, ...] = ()

    def tell(self, facts: Iterable[Piece], filters: Iterable[object] = ()) -> None:
        """Show facts at the left, joined by dots, and the active filters at the right."""
        self._facts = tuple(facts)
        self._filters = tuple(Piece(text, Tone.ACCENT) for text in filters)
        self.sync()

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
