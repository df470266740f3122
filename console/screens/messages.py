"""What the console said, to be read again: the newest first, repeated ones counted."""

from __future__ import annotations

import time
from typing import Any

from textual.widget import Widget

from backend.resources.kind import Health
from console.messages import Message
from console.screens.dialog import DialogScreen
from console.screens.table_frame import TableScreen
from console.theme import Tone
from console.widgets.paint import Line, Piece
from console.widgets.table_source import GridColumn, ListSource
from console.widgets.text_block import TextBlock

_HEALTH = {
    Tone.ERROR: Health.FAILING,
    Tone.FAILING: Health.FAILING,
    Tone.WARNING: Health.WARNING,
    Tone.OK: Health.OK,
}
_LOOK_AGAIN = 1.0
"""Seconds."""


class MessagesScreen(TableScreen):
    about = (
        "What the console said since it was opened, kept in memory only. Enter shows a message in full, with "
        "what else is known about an error."
    )

    def __init__(self) -> None:
        super().__init__()
        self._seen = -1

    def crumbs(self) -> tuple[object, ...]:
        return ("messages",)

    def source(self) -> ListSource:
        return ListSource(
            [
                GridColumn(name="TIME", text=lambda m, _: _when(m.last), priority=0, min_width=8),
                GridColumn(
                    name="SAID", text=lambda m, _: f"{m.count}×" if m.count > 1 else "", align="right"
                ),
                GridColumn(name="MESSAGE", text=lambda m, _: m.text, priority=0, min_width=30),
            ],
            key=lambda message: (message.tone, message.text),
            health=lambda message: _HEALTH.get(message.tone),
            sort="TIME",
            sort_keys={"TIME": lambda message: message.number, "SAID": lambda message: message.count},
            descending=True,
        )

    def on_mount(self) -> None:
        super().on_mount()
        self.table.messages = [(Piece("Nothing was said yet.", Tone.STRONG),)]
        self._follow()
        self.set_interval(_LOOK_AGAIN, self._follow)

    def _follow(self) -> None:
        """Show what was said meanwhile."""
        said = self.navarch.messages.said
        if said == self._seen:
            return
        self._seen = said
        source = self.table.source
        assert isinstance(source, ListSource)
        source.replace(self.navarch.messages.all())
        self.table.rows_changed()
        self.tell_subject()

    def tell_subject(self) -> None:
        messages = self.navarch.messages.all()
        facts = [Piece("messages", Tone.STRONG), Piece(f"{len(messages):,} kept")]
        errors = sum(message.tone is Tone.ERROR for message in messages)
        if errors:
            facts.append(Piece(f"{errors:,} error{'' if errors == 1 else 's'}", Tone.FAILING))
        self.subject.tell(facts)

    def open_row(self, row: Any) -> None:
        assert isinstance(row, Message)
        self.app.push_screen(MessageScreen(row))


class MessageScreen(DialogScreen[None]):
    decides = False
    title_text = "Message"
    broad = True

    def __init__(self, message: Message) -> None:
        super().__init__()
        self._message = message
        self.danger = message.tone is Tone.ERROR

    def inside(self) -> list[Widget]:
        message = self._message
        said = _day(message.last)
        if message.count > 1:
            said = f"{message.count} times, first {_day(message.first)}, last {said}"
        lines: list[Line] = [(Piece("said     ", Tone.DIM), Piece(said)), ()]
        lines += message.detail or [(Piece(message.text, message.tone),)]
        return [TextBlock(lines)]


def _when(seconds: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(seconds))


def _day(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
