"""A tree that is folded and unfolded by keyboard: one branch a line, a cursor that stays on its branch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from textual import events
from textual.message import Message

from backend.resources.kind import Health
from backend.topology.branch import Branch
from console.actions import Scope, in_scope
from console.keymap import binding
from console.states import HEALTH
from console.theme import Layer, Tone
from console.widgets.lines import LineWidget
from console.widgets.paint import Line, Piece, cut
from console.widgets.target import Target

_UNFOLDED_AT_ONCE = 300
"""Lines that unfolding everything below a branch may add."""


@dataclass(frozen=True, slots=True)
class Row:
    """A branch that is shown."""

    branch: Branch
    guide: str
    last: bool


class FoldTree(LineWidget, can_focus=True):
    BINDINGS = [binding(action) for action in in_scope(Scope.TREE) if not action.call.startswith("screen.")]

    class Moved(Message):
        """The cursor stands on another branch."""

    @dataclass
    class Opened(Message):
        """Enter on a branch."""

        branch: Branch

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.rows: list[Row] = []
        self.messages: Sequence[Line] = ()
        """Shown when there is nothing."""
        self.keep: Callable[[Branch], bool] = lambda branch: True
        """Which branches are shown."""
        self.marked: frozenset[tuple[str, ...]] = frozenset()
        """Paths that a search found."""
        self._roots: Sequence[Branch] = ()
        self._open: set[tuple[str, ...]] = set()
        self._cursor = 0
        self._top = 0

    # --- what is shown

    @property
    def current(self) -> Branch | None:
        return self.rows[self._cursor].branch if self._cursor < len(self.rows) else None

    def tell(self, roots: Sequence[Branch]) -> None:
        """Show these trees; what was unfolded stays so, and the cursor where it was."""
        first = not self._roots
        self._roots = roots
        if first and roots:
            self._unfold_first()
        self.lay_out()

    def _unfold_first(self) -> None:
        """A tree that begins with one line would be a riddle."""
        self._open.update(root.path for root in self._roots if root.open is not None)
        if len(self._roots) == 1 and self._roots[0].open is not None:
            inside = self._roots[0].open()
            if sum(1 for branch in inside if branch.open) <= 8:
                self._open.update(branch.path for branch in inside if branch.open is not None)

    def lay_out(self) -> None:
        """Work the lines out again: branches changed, or what is shown of them."""
        path = self.current.path if self.current is not None else None
        self.rows = []
        for root in self._roots:
            self._add(root, "", last=True, level=0)
        places = {row.branch.path: place for place, row in enumerate(self.rows)}
        if path is not None:
            while path and path not in places:
                path = path[:-1]
            self._cursor = places.get(path, self._cursor) if path else self._cursor
        self._settle()
        self.sync()

    def _add(self, branch: Branch, guide: str, *, last: bool, level: int) -> None:
        own = guide + ("" if not level else "└─ " if last else "├─ ")
        self.rows.append(Row(branch, own, last))
        if branch.open is None or branch.path not in self._open:
            return
        below = [one for one in branch.open() if self.keep(one)]
        further = guide + ("" if not level else "   " if last else "│  ")
        for place, one in enumerate(below):
            self._add(one, further, last=place == len(below) - 1, level=level + 1)

    def compose_lines(self, width: int, height: int) -> list[Line]:
        if not self.rows:
            return [cut((Piece("  "), *line), width) for line in self.messages]
        shown = self.rows[self._top : self._top + height]
        return [self._line(row, self._top + place, width) for place, row in enumerate(shown)]

    def _line(self, row: Row, place: int, width: int) -> Line:
        branch = row.branch
        standing = place == self._cursor
        layer = (Layer.CURSOR if self.has_focus else Layer.CURSOR_BLURRED) if standing else Layer.NONE
        glyph, tone = HEALTH[branch.verdict.health]
        fold = " " if branch.open is None else "▼" if branch.path in self._open else "▸"
        well = branch.verdict.health in (Health.OK, Health.DONE)
        title = Tone.STRONG if branch.node is None else Tone.TEXT
        if branch.path in self.marked:
            title = Tone.MATCH
        pieces = [
            Piece(row.guide, Tone.BORDER, layer),
            Piece(f"{fold} ", Tone.KEY, layer),
            Piece(f"{glyph} ", tone, layer),
            Piece(f"{branch.role}: " if branch.role else "", Tone.DIM, layer),
            Piece(branch.title, title, layer),
            Piece(f"  {branch.note}" if branch.note else "", Tone.DIM, layer),
            Piece("" if well else f"  {branch.why or branch.verdict.health.value}", tone, layer),
        ]
        line = cut(pieces, width)
        left = width - sum(piece.width for piece in line)
        return (*line, Piece(" " * left, Tone.TEXT, layer)) if standing and left > 0 else line

    # --- moving

    def _settle(self) -> None:
        self._cursor = max(0, min(self._cursor, len(self.rows) - 1))
        height = max(1, self.size.height)
        self._top = max(0, self._cursor - height + 1, min(self._top, self._cursor))

    def move_to(self, place: int) -> None:
        self._cursor = place
        self._settle()
        self.sync()
        self.post_message(self.Moved())

    def go_to(self, path: tuple[str, ...]) -> None:
        """Unfold what lies above a branch, and stand on it."""
        self._open.update(path[:length] for length in range(1, len(path)))
        self.lay_out()
        for place, row in enumerate(self.rows):
            if row.branch.path == path:
                self.move_to(place)
                return

    def on_resize(self) -> None:
        self._settle()
        super().on_resize()

    def on_focus(self) -> None:
        self.sync()

    def on_blur(self) -> None:
        self.sync()

    def action_up(self) -> None:
        self.move_to(self._cursor - 1)

    def action_down(self) -> None:
        self.move_to(self._cursor + 1)

    def action_top(self) -> None:
        self.move_to(0)

    def action_bottom(self) -> None:
        self.move_to(len(self.rows) - 1)

    def action_page_down(self) -> None:
        self.move_to(self._cursor + max(1, self.size.height - 1))

    def action_page_up(self) -> None:
        self.move_to(self._cursor - max(1, self.size.height - 1))

    # --- folding

    def action_switch(self) -> None:
        branch = self.current
        if branch is not None and branch.open is not None:
            self._open ^= {branch.path}
            self.lay_out()

    def action_unfold(self) -> None:
        """Unfold; on an unfolded branch, step inside."""
        branch = self.current
        if branch is None or branch.open is None:
            return
        if branch.path in self._open:
            self.move_to(self._cursor + 1)
        else:
            self.action_switch()

    def action_fold(self) -> None:
        """Fold; on a folded branch, step out."""
        branch = self.current
        if branch is None:
            return
        if branch.open is not None and branch.path in self._open:
            self.action_switch()
            return
        above = branch.path[:-1]
        for place in range(self._cursor - 1, -1, -1):
            path = self.rows[place].branch.path
            if path == above[: len(path)] and len(path) < len(branch.path):
                self.move_to(place)
                return

    def action_unfold_all(self) -> None:
        """Everything below the branch, level by level, as far as that stays readable."""
        branch = self.current
        if branch is None:
            return
        edge, added = [branch], 0
        while edge and added < _UNFOLDED_AT_ONCE:
            step: list[Branch] = []
            for one in edge:
                if one.open is not None:
                    self._open.add(one.path)
                    inside = [each for each in one.open() if self.keep(each)]
                    added += len(inside)
                    step += inside
            edge = step
        self.lay_out()

    def action_fold_all(self) -> None:
        self._open.clear()
        self._unfold_first()
        self.lay_out()

    def action_choose(self) -> None:
        if self.current is not None:
            self.post_message(self.Opened(self.current))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        branch = self.current
        if action == "switch":
            return branch is not None and branch.open is not None
        return True

    # --- the mouse, and jump mode

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.move_to(self._cursor + 3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.move_to(self._cursor - 3)

    def on_click(self, event: events.Click) -> None:
        place = self._top + event.y
        if not 0 <= place < len(self.rows):
            return
        again = place == self._cursor
        self.move_to(place)
        if again:
            self.action_switch()

    def targets(self) -> list[Target]:
        """The branches on the screen; going to one stands on it."""
        shown = self.rows[self._top : self._top + self.size.height]
        return [
            Target(len(row.guide), line, self.size.width, partial(self.move_to, self._top + line))
            for line, row in enumerate(shown)
        ]
