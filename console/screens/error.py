"""An error in full: what happened, where, what to do, and what else is known."""

from __future__ import annotations

from textual.widget import Widget

from backend.crash import report
from backend.text import SafeStr, safe_text
from console.screens.dialog import DialogScreen
from console.theme import Tone
from console.widgets.paint import Line, Piece
from console.widgets.text_block import TextBlock


class ErrorScreen(DialogScreen[None]):
    decides = False
    title_text = "What happened"
    broad = True
    danger = True

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self._error = error

    def inside(self) -> list[Widget]:
        return [TextBlock(error_lines(self._error))]


def error_lines(error: BaseException) -> list[Line]:
    """Sentence, cluster, next step, detail; for errors that carry them."""
    lines: list[Line] = [(Piece(sentence(error), Tone.ERROR),)]
    cluster = getattr(error, "cluster", "")
    if cluster:
        lines.append((Piece("cluster  ", Tone.DIM), Piece(cluster, Tone.STRONG)))
    advice = getattr(error, "advice", "")
    if advice:
        lines.append((Piece("next     ", Tone.DIM), Piece(advice)))
    detail = safe_text(getattr(error, "detail", ""), multiline=True, limit=4000)
    if not hasattr(error, "sentence"):
        detail = report(error)
    if detail:
        lines.append(())
        lines += [(Piece(line, Tone.DIM),) for line in detail.split("\n")[:20]]
    return lines


def sentence(error: BaseException) -> SafeStr:
    """One sentence about an error; those without one give their kind, never their message."""
    known = getattr(error, "sentence", None)
    return safe_text(known) if known else safe_text(f"Unexpected: {type(error).__name__}")


def full_sentence(error: BaseException) -> SafeStr:
    """What happened and what to do next, on one line."""
    said = sentence(error)
    stop = "" if said.endswith((".", "!", "?")) else "."
    return safe_text(f"{said}{stop} {getattr(error, 'advice', '')}".strip())
