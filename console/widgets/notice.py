"""One line that says what came of something: a result, a refusal, an error with its next step."""

from __future__ import annotations

from textual.timer import Timer

from backend.text import safe_text
from console.theme import Tone
from console.widgets.lines import LineWidget
from console.widgets.paint import Line, Piece, cut

_SECONDS = 8.0


class NoticeLine(LineWidget):
    """Shown above the key line, gone after some seconds or at the next notice."""

    def __init__(self) -> None:
        super().__init__()
        self._message: tuple[Piece, ...] = ()
        self._timer: Timer | None = None

    def say(self, text: object, tone: Tone = Tone.TEXT, *, stay: bool = False) -> None:
        """Show the text; ``stay``: until it is replaced or cleared."""
        glyph = {Tone.FAILING: "✖ ", Tone.ERROR: "✖ ", Tone.WARNING: "▲ ", Tone.OK: "✔ "}.get(tone, "")
        self._message = (Piece(" "), Piece(glyph, tone), Piece(safe_text(text), tone))
        self.add_class("-open")
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if not stay:
            self._timer = self.set_timer(_SECONDS, self.clear)
        self.sync()

    def clear(self) -> None:
        self.remove_class("-open")
        self._message = ()

    def compose_lines(self, width: int, height: int) -> list[Line]:
        return [cut(self._message, width)]
