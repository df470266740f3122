"""One line of typed text: the only place that uses Textual's Input.

What is pasted is foreign text and is sanitised like any other; a password field shows dots and never
suggests.
"""

from __future__ import annotations

from textual import events
from textual.widgets import Input

from backend.text import safe_text

_LIMIT = 4096


class Field(Input):
    """An Input whose text never leaves it by accident: a password can't be copied or cut."""

    def __init__(self, *, password: bool = False, value: str = "", id: str | None = None) -> None:
        super().__init__(
            value, password=password, id=id, select_on_focus=False, max_length=_LIMIT, compact=True
        )

    def _on_paste(self, event: events.Paste) -> None:
        event.text = event.text.strip("\r\n") if self.password else safe_text(event.text, limit=_LIMIT)
        super()._on_paste(event)

    def action_copy(self) -> None:
        if not self.password:
            super().action_copy()

    def action_cut(self) -> None:
        if not self.password:
            super().action_cut()

    def take(self) -> str:
        """The text, and empty the field: a passphrase stays on no screen longer than needed."""
        value = self.value
        self.value = ""
        return value
