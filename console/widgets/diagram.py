"""A drawn graph: boxes and arrows, one box under the cursor, scrolled so that it is seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.message import Message

from backend.text import SafeStr, cells, fit
from backend.topology.drawing import TALL, Drawing, Run, draw
from backend.topology.node import Node
from backend.topology.sketch import Box, Sketch
from console.actions import Scope, in_scope
from console.keymap import binding
from console.states import HEALTH
from console.theme import Layer, Tone
from console.widgets.lines import LineWidget
from console.widgets.paint import Line, Piece, cut


class Diagram(LineWidget, can_focus=True):
    BINDINGS = [binding(action) for action in in_scope(Scope.TREE) if not action.call.startswith("screen.")]

    class Moved(Message):
        """Another box is under the cursor."""

    @dataclass
    class Opened(Message):
        """Enter on a box."""

        node: Node

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.messages: Sequence[Line] = ()
        self._sketch = Sketch()
        self._drawing: Drawing | None = None
        self._cursor = 0
        self._left = self._top = 0

    @property
    def current(self) -> Box | None:
        boxes = self._sketch.boxes
        return boxes[self._cursor] if self._cursor < len(boxes) else None

    @property
    def left_out(self) -> int:
        return self._sketch.left_out

    def tell(self, sketch: Sketch, *, at: Node | None = None) -> None:
        """Draw another graph; the cursor stays on its object, or goes to ``at``."""
        wanted = at or (self.current.node if self.current is not None else None)
        self._sketch = sketch
        glyphs = {health: str(glyph) for health, (glyph, _) in HEALTH.items()}
        self._drawing = draw(sketch, glyphs, unicode=self.navarch.traits.unicode) if sketch.boxes else None
        place = sketch.place_of(wanted) if wanted is not None else None
        self._cursor = place if place is not None else 0
        self._settle()
        self.sync()

    def compose_lines(self, width: int, height: int) -> list[Line]:
        drawing = self._drawing
        if drawing is None:
            return [cut((Piece("  "), *line), width) for line in self.messages]
        rows = list(enumerate(drawing.rows))[self._top : self._top + height]
        lit = drawing.arrows.get(self._cursor, set())
        return [self._window(_split(row, {x for x, at in lit if at == y}), width) for y, row in rows]

    def _window(self, row: list[tuple[Run, bool]], width: int) -> Line:
        """The cells of a row from the left edge of the window on."""
        pieces: list[Piece] = []
        skip, room = self._left, width
        for run, lit in row:
            text = run.text
            taken = cells(text)
            if skip >= taken:
                skip -= taken
                continue
            if skip:
                text, skip = _without(text, skip), 0
            if cells(text) > room:
                text = fit(text, room)
            room -= cells(text)
            tone = Tone.STRONG if lit else Tone.BORDER if run.health is None else HEALTH[run.health][1]
            layer = Layer.NONE
            if run.box == self._cursor:
                layer = Layer.CURSOR if self.has_focus else Layer.CURSOR_BLURRED
            pieces.append(Piece(text, tone, layer))
            if room <= 0:
                break
        return tuple(pieces)

    def _settle(self) -> None:
        """Scroll so that the box under the cursor is inside."""
        drawing = self._drawing
        if drawing is None or self._cursor not in drawing.tops or not self.size.height:
            self._left = self._top = 0
            return
        left, top = drawing.tops[self._cursor]
        right, bottom = left + drawing.widths[self._cursor], top + TALL
        width, height = max(1, self.size.width), max(1, self.size.height)
        self._left = _edge(self._left, left, right, whole=drawing.width, room=width)
        self._top = _edge(self._top, top, bottom, whole=len(drawing.rows), room=height)

    def on_resize(self) -> None:
        self._settle()
        super().on_resize()

    def on_focus(self) -> None:
        self.sync()

    def on_blur(self) -> None:
        self.sync()

    def _go(self, *, across: int = 0, down: int = 0) -> None:
        if self._drawing is not None and self._drawing.tops:
            self._stand(self._drawing.nearest(self._cursor, across=across, down=down))

    def _stand(self, box: int) -> None:
        self._cursor = box
        self._settle()
        self.sync()
        self.post_message(self.Moved())

    def action_up(self) -> None:
        self._go(down=-1)

    def action_down(self) -> None:
        self._go(down=1)

    def action_fold(self) -> None:
        self._go(across=-1)

    def action_unfold(self) -> None:
        self._go(across=1)

    def action_top(self) -> None:
        if self._sketch.boxes:
            self._stand(0)

    def action_bottom(self) -> None:
        if self._sketch.boxes:
            self._stand(len(self._sketch.boxes) - 1)

    def action_page_down(self) -> None:
        self._top = (
            max(0, min(self._top + self.size.height, len(self._drawing.rows) - 1)) if self._drawing else 0
        )
        self.sync()

    def action_page_up(self) -> None:
        self._top = max(0, self._top - self.size.height)
        self.sync()

    def action_choose(self) -> None:
        if self.current is not None:
            self.post_message(self.Opened(self.current.node))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action not in ("switch", "unfold_all", "fold_all")

    def on_click(self, event: events.Click) -> None:
        drawing = self._drawing
        if drawing is None:
            return
        x, y = event.x + self._left, event.y + self._top
        for box, (left, top) in drawing.tops.items():
            if left <= x < left + drawing.widths[box] and top <= y < top + TALL:
                self._stand(box)


def _split(row: list[Run], lit: set[int]) -> list[tuple[Run, bool]]:
    """The row's runs, those of arrows parted where an arrow of the box under the cursor passes."""
    found: list[tuple[Run, bool]] = []
    column = 0
    for run in row:
        taken = cells(run.text)
        if run.box is not None or not lit.intersection(range(column, column + taken)):
            found.append((run, False))
        else:  # lines are one cell a character
            found += [
                (Run(SafeStr(character)), column + place in lit) for place, character in enumerate(run.text)
            ]
        column += taken
    return found


def _edge(now: int, start: int, end: int, *, whole: int, room: int) -> int:
    """Where the window begins so that ``start`` to ``end`` is inside; nothing scrolls that need not."""
    if whole <= room:
        return 0
    if end - start >= room:
        return start
    return max(0, min(now, start), end - room)


def _without(text: SafeStr, width: int) -> SafeStr:
    """The text without its first cells; half of a wide character is a blank."""
    if text.isascii():
        return SafeStr(text[width:])
    used = 0
    for place, character in enumerate(text):
        if used >= width:
            return SafeStr(" " * (used - width) + text[place:])
        used += cells(character)
    return SafeStr(" " * max(0, used - width))
