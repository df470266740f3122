"""Which fields of JSON and logfmt lines are laid out in columns."""

from __future__ import annotations

from collections import Counter

from textual import on
from textual.widget import Widget

from backend.observe.logs.fields import fields_of
from backend.text import safe_text
from console.screens.dialog import DialogScreen
from console.theme import Tone
from console.widgets.choices import Choice, ChoiceList
from console.widgets.log_pane import LogPane
from console.widgets.paint import Piece
from console.widgets.text_block import TextBlock

_LOOKED_AT = 500
"""Of the latest lines, for the fields they have."""
_OFFERED = 40


class LogColumnsScreen(DialogScreen[None]):
    """Each switch acts at once; columns stand in the order they were chosen."""

    title_text = "Fields as columns"
    broad = True
    decides = False
    AUTO_FOCUS = "ChoiceList"

    def __init__(self, pane: LogPane) -> None:
        super().__init__()
        self._pane = pane

    def inside(self) -> list[Widget]:
        found = self._fields()
        if not found:
            words = "None of the latest lines is JSON or logfmt, so there are no fields to choose."
            return [TextBlock([(Piece(words),)])]
        note = "space switches a column; lines without fields stay as they are."
        return [TextBlock([(Piece(note, Tone.DIM),), ()]), ChoiceList(self._choices(found))]

    def _fields(self) -> list[tuple[str, int]]:
        desk, counts = self._pane.desk, Counter[str](self._pane.look.columns)
        if desk is None:
            return []
        shown = desk.shown
        for number in shown.numbers(len(shown) - _LOOKED_AT, len(shown)):
            entry = self._pane.entry(number)
            if entry is not None:
                counts.update(fields_of(entry.text).keys())
        return counts.most_common(_OFFERED)

    def _choices(self, found: list[tuple[str, int]]) -> list[Choice]:
        columns = self._pane.look.columns
        return [
            Choice(
                key=name,
                text=(Piece(safe_text(name, limit=60)),),
                right=(Piece(f"in {count:,} lines", Tone.DIM),),
                on=name in columns,
            )
            for name, count in found
        ]

    @on(ChoiceList.Chosen)
    def _done(self) -> None:
        self.dismiss(None)

    @on(ChoiceList.Toggled)
    def _switched(self, event: ChoiceList.Toggled) -> None:
        name, look = str(event.choice.key), self._pane.look
        if event.choice.on:
            look.columns = (*look.columns, name)
        else:
            look.columns = tuple(column for column in look.columns if column != name)
        look.widths.clear()
        self._pane.sync()
