"""What came of an act on several objects, when not all of it succeeded."""

from __future__ import annotations

from collections.abc import Sequence

from textual.widget import Widget

from backend.text import SafeStr
from console.screens.dialog import DialogScreen
from console.theme import Tone
from console.widgets.paint import Line, Piece
from console.widgets.text_block import TextBlock

_LISTED = 12


class OutcomeScreen(DialogScreen[None]):
    danger = True
    decides = False
    broad = True

    def __init__(self, title: str, *, done: int, failed: Sequence[tuple[SafeStr, SafeStr]]) -> None:
        super().__init__()
        self.title_text = title
        self._done = done
        self._failed = failed

    def inside(self) -> list[Widget]:
        lines: list[Line] = []
        if self._done:
            lines += [(Piece(f"{self._done} done, {len(self._failed)} not:", Tone.STRONG),), ()]
        for place, why in self._failed[:_LISTED]:
            lines += [(Piece("✖ ", Tone.FAILING), Piece(place, Tone.STRONG)), (Piece(f"  {why}"),)]
        if len(self._failed) > _LISTED:
            lines.append((Piece(f"and {len(self._failed) - _LISTED} more", Tone.DIM),))
        return [TextBlock(lines)]
