"""One line of the journal in full."""

from __future__ import annotations

import time

from textual.widget import Widget

from backend.text import safe_text
from console.screens.dialog import DialogScreen
from console.session import JournalEntry
from console.theme import Tone
from console.widgets.paint import Line, Piece
from console.widgets.text_block import TextBlock


class JournalEntryScreen(DialogScreen[None]):
    decides = False
    title_text = "Journal"
    broad = True

    def __init__(self, entry: JournalEntry) -> None:
        super().__init__()
        self._entry = entry

    def inside(self) -> list[Widget]:
        entry = self._entry
        facts = {
            "line": entry.number,
            "time": time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(entry.when)),
            "who": entry.who,
            "act": entry.act,
            "cluster": entry.cluster,
            "object": entry.object,
            "outcome": entry.outcome,
        }
        lines: list[Line] = [
            (Piece(f"{name:10}", Tone.ACCENT), Piece(value)) for name, value in facts.items() if value != ""
        ]
        detail = safe_text(entry.detail, multiline=True)
        if detail:
            lines.append(())
            lines += [(Piece(line),) for line in detail.split("\n")]
        return [TextBlock(lines)]
