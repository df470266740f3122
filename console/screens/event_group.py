"""The single events behind one row, and their messages whole."""

from __future__ import annotations

from textual.widget import Widget

from backend.text import SafeStr
from console.screens.dialog import DialogScreen
from console.widgets.text_pane import TextPane


class EventGroupScreen(DialogScreen[None]):
    decides = False
    title_text = "Events"
    broad = True

    def __init__(self, text: SafeStr) -> None:
        super().__init__()
        self._text = text

    def inside(self) -> list[Widget]:
        pane = TextPane(id="text")
        pane.wrapping = True
        return [pane]

    def on_mount(self) -> None:
        pane = self.query_one(TextPane)
        pane.styles.height = min(max(4, self._text.count("\n") + 1), max(4, self.app.size.height - 6))
        pane.tell(self._text)
        pane.focus()
