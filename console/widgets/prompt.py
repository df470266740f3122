"""The line where commands and patterns are typed, with its history and completions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input

from console.actions import Scope
from console.completion import Offer
from console.keymap import bindings
from console.theme import Tone
from console.widgets.field import Field
from console.widgets.lines import LineWidget
from console.widgets.paint import Line, Piece

Completer = Callable[[str], Offer]
"""From what is typed to what could be meant."""


class Sigil(LineWidget):
    """The character that tells what is typed: ``:`` or ``/``; red while it can't be understood."""

    DEFAULT_CSS = "Sigil { width: 3; height: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self.text = ":"
        self.wrong = False

    def compose_lines(self, width: int, height: int) -> list[Line]:
        return [(Piece(f" {self.text} ", Tone.ERROR if self.wrong else Tone.KEY),)]


class PromptLine(Horizontal):
    """Opened by :meth:`ask`; closes on enter and escape."""

    BINDINGS = bindings(Scope.PROMPT)

    @dataclass
    class Changed(Message):
        kind: str
        text: str

    @dataclass
    class Submitted(Message):
        kind: str
        text: str

    @dataclass
    class Cancelled(Message):
        kind: str

    @dataclass
    class Completions(Message):
        """What could be meant; None: the prompt closed."""

        shown: Sequence[str] | None

    def __init__(self) -> None:
        super().__init__()
        self._kind = ""
        self._complete: Completer | None = None
        self._history: dict[str, list[str]] = {}
        self._place = 0
        self._lines: Sequence[str] = ()

    def on_mount(self) -> None:
        self.display = False

    def compose(self) -> ComposeResult:
        yield Sigil()
        yield Field()

    @property
    def field(self) -> Field:
        return self.query_one(Field)

    @property
    def is_open(self) -> bool:
        return bool(self.display)

    def ask(self, kind: str, sigil: str, *, text: str = "", complete: Completer | None = None) -> None:
        """Open the line; ``kind`` comes back with every message."""
        self._kind, self._complete = kind, complete
        mark = self.query_one(Sigil)
        mark.text, mark.wrong = sigil, False
        self._place = len(self._history.setdefault(kind, self.remembered(kind)))
        self.display = True
        self.field.value = text
        self.field.cursor_position = len(text)
        # At once, not by message: the next key may be here already.
        self.screen.set_focus(self.field)
        mark.sync()
        self._offer(text)

    def remembered(self, kind: str) -> list[str]:
        """Earlier lines of this kind, shared by all screens of the app."""
        shared: dict[str, list[str]] = getattr(self.app, "typed", {})
        return shared.setdefault(kind, [])

    def wrong(self, is_wrong: bool) -> None:
        """Show that what is typed can't be understood (yet)."""
        mark = self.query_one(Sigil)
        if mark.wrong != is_wrong:
            mark.wrong = is_wrong
            mark.sync()

    def close(self) -> None:
        self.screen.set_focus(self.screen.query_one("#body"))
        self.display = False
        self.post_message(self.Completions(None))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self.is_open:
            self._offer(event.value)
            self.post_message(self.Changed(self._kind, event.value))

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        text = event.value.strip()
        lines = self._history[self._kind]
        if text and (not lines or lines[-1] != text):
            lines.append(text)
        kind = self._kind
        self.close()
        self.post_message(self.Submitted(kind, text))

    def action_cancel(self) -> None:
        kind = self._kind
        self.close()
        self.post_message(self.Cancelled(kind))

    def action_complete(self) -> None:
        """Take the first completion; again: the next one."""
        if not self._lines:
            return
        current = self.field.value
        lines = list(self._lines)
        following = lines[(lines.index(current) + 1) % len(lines)] if current in lines else lines[0]
        with self.prevent(Input.Changed):
            self.field.value = following
        self.field.cursor_position = len(following)
        self.post_message(self.Changed(self._kind, following))

    def _offer(self, text: str) -> None:
        if self._complete is not None:
            offer = self._complete(text)
            self._lines = offer.lines
            self.post_message(self.Completions(offer.shown))

    def action_older(self) -> None:
        self._recall(-1)

    def action_newer(self) -> None:
        self._recall(1)

    def _recall(self, by: int) -> None:
        lines = self._history[self._kind]
        self._place = max(0, min(len(lines), self._place + by))
        self.field.value = lines[self._place] if self._place < len(lines) else ""
        self.field.cursor_position = len(self.field.value)
