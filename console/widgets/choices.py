"""A list to choose from: one line a choice, with a cursor, perhaps with switches."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from textual import events
from textual.message import Message

from console.actions import Scope
from console.keymap import bindings
from console.theme import Layer, Tone
from console.widgets.lines import LineWidget
from console.widgets.paint import Line, Piece, spread
from console.widgets.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    key: Hashable
    text: Line
    right: Line = ()
    """At the line's right end: a key, a state."""
    on: bool | None = None
    """A switch's position; None: it is no switch."""
    off_limits: bool = False
    """Shown, but can't be chosen."""


class ChoiceList(LineWidget, can_focus=True):
    BINDINGS = bindings(Scope.LIST)

    @dataclass
    class Chosen(Message):
        choice: Choice
        list: ChoiceList

        @property
        def control(self) -> ChoiceList:
            return self.list

    @dataclass
    class Highlighted(Message):
        choice: Choice
        list: ChoiceList

        @property
        def control(self) -> ChoiceList:
            return self.list

    @dataclass
    class Toggled(Message):
        choice: Choice
        list: ChoiceList

        @property
        def control(self) -> ChoiceList:
            return self.list

    def __init__(self, choices: Sequence[Choice] = (), *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.choices: list[Choice] = list(choices)
        self.cursor = 0
        self._top = 0

    def tell(self, choices: Sequence[Choice]) -> None:
        """Offer these instead; the cursor stays on the same choice if it is still there."""
        key = self.current.key if self.current else None
        resized = len(choices) != len(self.choices)
        self.choices = list(choices)
        self.cursor = next((i for i, choice in enumerate(self.choices) if choice.key == key), 0)
        self._settle()
        if resized:
            self.refresh(layout=True)
        self.sync()

    @property
    def current(self) -> Choice | None:
        return self.choices[self.cursor] if self.cursor < len(self.choices) else None

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return max(1, len(self.choices))

    def compose_lines(self, width: int, height: int) -> list[Line]:
        window = list(enumerate(self.choices))[self._top : self._top + height]
        return [self._line(choice, place, width) for place, choice in window]

    def _line(self, choice: Choice, place: int, width: int) -> Line:
        standing = place == self.cursor
        layer = (Layer.CURSOR if self.has_focus else Layer.CURSOR_BLURRED) if standing else Layer.NONE
        switch = {None: "", True: "[x] ", False: "[ ] "}[choice.on]
        left = [
            Piece("▸ " if standing else "  ", Tone.ACCENT, layer),
            Piece(switch, Tone.KEY if choice.on else Tone.DIM, layer),
            *(self._on(piece, layer, dim=choice.off_limits) for piece in choice.text),
        ]
        right = [*(self._on(piece, layer, dim=choice.off_limits) for piece in choice.right), Piece(" ")]
        line = spread(left, right, width)
        return tuple(Piece(piece.text, piece.tone, layer) for piece in line)

    @staticmethod
    def _on(piece: Piece, layer: Layer, *, dim: bool) -> Piece:
        return Piece(piece.text, Tone.DIM if dim else piece.tone, layer)

    def _settle(self) -> None:
        self.cursor = max(0, min(self.cursor, len(self.choices) - 1))
        height = max(1, self.size.height)
        self._top = max(self.cursor - height + 1, min(self._top, self.cursor))

    def move_to(self, place: int) -> None:
        self.cursor = place
        self._settle()
        self.sync()
        if self.current is not None:
            self.post_message(self.Highlighted(self.current, self))

    def on_resize(self) -> None:
        self._settle()
        super().on_resize()

    def on_focus(self) -> None:
        self.sync()

    def on_blur(self) -> None:
        self.sync()

    def action_up(self) -> None:
        self.move_to(self.cursor - 1)

    def action_down(self) -> None:
        self.move_to(self.cursor + 1)

    def action_top(self) -> None:
        self.move_to(0)

    def action_bottom(self) -> None:
        self.move_to(len(self.choices) - 1)

    def action_page_down(self) -> None:
        self.move_to(self.cursor + self.size.height)

    def action_page_up(self) -> None:
        self.move_to(self.cursor - self.size.height)

    def action_choose(self) -> None:
        if self.current is not None and not self.current.off_limits:
            self.post_message(self.Chosen(self.current, self))

    def action_switch(self) -> None:
        current = self.current
        if current is None or current.on is None or current.off_limits:
            return
        self.choices[self.cursor] = replace(current, on=not current.on)
        self.sync()
        self.post_message(self.Toggled(self.choices[self.cursor], self))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "switch":
            return any(choice.on is not None for choice in self.choices)
        return True

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.move_to(self.cursor + 1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.move_to(self.cursor - 1)

    def targets(self) -> list[Target]:
        """The choices on the screen; going to one chooses it, or turns its switch."""
        shown = self.choices[self._top : self._top + self.size.height]
        return [
            Target(0, line, self.size.width, partial(self._take, self._top + line))
            for line, choice in enumerate(shown)
            if not choice.off_limits
        ]

    def on_click(self, event: events.Click) -> None:
        place = self._top + event.y
        if 0 <= place < len(self.choices):
            self._take(place)

    def _take(self, place: int) -> None:
        self.move_to(place)
        if self.choices[place].on is not None:
            self.action_switch()
        else:
            self.action_choose()


def choice_text(text: object, tone: Tone = Tone.TEXT) -> Line:
    return (Piece(text, tone),)
