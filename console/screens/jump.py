"""Jump mode: a letter on everything that can be gone to; typing it goes there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.screen import ModalScreen, Screen

from console.theme import Layer, Tone
from console.widgets.lines import LineWidget
from console.widgets.paint import Line, Piece
from console.widgets.target import HasTargets

if TYPE_CHECKING:
    from console.application import NavarchApp

_LETTERS = "asdfghjklqwertyuiopzxcvbnm"
"""The home row first; the first targets get the first letters."""
Go = Callable[[], object]
Place = tuple[int, int, Go]
"""Column, line, what going there does."""


def start_jump(app: NavarchApp) -> None:
    """Put letters on the screen, or take them away again; nothing happens where there is nothing to go to."""
    if isinstance(app.screen, JumpScreen):
        app.screen.dismiss(None)
        return
    places = places_on(app.screen)
    if not places:
        return

    def chosen(go: Go | None) -> None:
        if go is not None:
            go()

    app.push_screen(JumpScreen(places), chosen)


def places_on(screen: Screen[object]) -> list[Place]:
    """Everything that can be gone to, top to bottom."""
    found: list[Place] = []
    for widget in screen.query("*"):
        if isinstance(widget, HasTargets) and widget.display and widget.region:
            left, top = widget.region.offset
            found += [(left + one.x, top + one.y, one.go) for one in widget.targets()]
    return sorted(found, key=lambda place: (place[1], place[0]))


def labels(count: int) -> list[str]:
    """So many different words, one or two letters long, none the beginning of another."""
    size = len(_LETTERS)
    first = 0 if count <= size else min(size, -(-(count - size) // (size - 1)))
    singles = list(_LETTERS[: size - first])
    pairs = (a + b for a in _LETTERS[size - first :] for b in _LETTERS)
    return [*singles, *pairs][:count]


class JumpScreen(ModalScreen[Go]):
    """Lies over the screen without hiding it; any key that begins no label leaves it."""

    def __init__(self, places: Sequence[Place]) -> None:
        super().__init__()
        self._places = dict(zip(labels(len(places)), places, strict=False))
        self._typed = ""

    def compose(self) -> ComposeResult:
        for label, (x, y, _) in self._places.items():
            letter = Letter(label)
            letter.styles.offset = (x, y)
            yield letter

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        self._typed += (event.character or "").lower()
        if self._typed in self._places:
            self.dismiss(self._places[self._typed][2])
        elif not event.character or not any(self._left()):
            self.dismiss(None)
        else:
            for letter in self.query(Letter):
                letter.display = letter.label.startswith(self._typed)

    def _left(self) -> Iterator[str]:
        return (label for label in self._places if label.startswith(self._typed))


class Letter(LineWidget):
    """One label; its colours stand out from everything below."""

    def __init__(self, label: str) -> None:
        super().__init__()
        self.label = label

    def get_content_width(self, container: object, viewport: object) -> int:
        return len(self.label)

    def compose_lines(self, width: int, height: int) -> list[Line]:
        return [(Piece(self.label, Tone.KEY, Layer.SELECTED),)]
