"""A text to read: scrolled, searched, wrapped."""

from __future__ import annotations

from collections.abc import Callable

from textual import events

from backend.fleet.filter import Matcher, compile_pattern
from backend.text import SafeStr, cells, safe_text
from console.actions import Scope
from console.keymap import bindings
from console.theme import Layer, Tone
from console.widgets.colouring import coloured
from console.widgets.lines import LineWidget
from console.widgets.paint import Line, Piece, cut, dropped, wrap

_LIMIT = 4096


class TextPane(LineWidget, can_focus=True):
    """Lines are painted on demand; only those on the screen are coloured."""

    BINDINGS = bindings(Scope.READING)

    def __init__(self, *, id: str | None = None, colour: Callable[[SafeStr], Line] = coloured) -> None:
        super().__init__(id=id)
        self._source: list[SafeStr] = []
        self._rows: list[tuple[int, Line]] = []
        """(index of the source line, what is shown) for every line on the screen's raster."""
        self._colour = colour
        self._top = 0
        self._left = 0
        self.wrapping = False
        self._matcher: Matcher | None = None
        self._matches: list[int] = []
        self._match = -1

    def tell(self, text: SafeStr) -> None:
        """Show this text, staying on the line that is at the top now."""
        self._source = [safe_text(line, limit=_LIMIT) for line in text.expandtabs(4).split("\n")]
        if self._source and not self._source[-1]:
            self._source.pop()
        self._find()
        self._arrange()

    @property
    def text(self) -> str:
        return "\n".join(self._source)

    def _arrange(self) -> None:
        width = self.size.width
        if self.wrapping and width:
            self._rows = [
                (index, row)
                for index, line in enumerate(self._source)
                for row in wrap(self._colour(line), width - 1)
            ]
        else:
            self._rows = [(index, ()) for index in range(len(self._source))]
        self._settle()
        self.sync()

    def compose_lines(self, width: int, height: int) -> list[Line]:
        lines = []
        for index, row in self._rows[self._top : self._top + height]:
            source = self._source[index]
            line = row if row else dropped(self._colour(source), self._left)
            standing = bool(self._matches) and self._matches[self._match] == index
            found = index in self._match_set
            if found:
                line = tuple(Piece(piece.text, Tone.MATCH, piece.layer) for piece in line)
            if standing:
                line = tuple(Piece(piece.text, piece.tone, Layer.CURSOR) for piece in line)
            lines.append(cut((Piece(" "), *line), width))
        return lines

    def on_resize(self) -> None:
        self._arrange()
        super().on_resize()

    @property
    def at_end(self) -> bool:
        """Whether the last line is in sight."""
        return self._top + self.size.height >= len(self._rows)

    # --- moving

    def _settle(self) -> None:
        self._top = max(0, min(self._top, len(self._rows) - max(1, self.size.height)))

    def scroll_lines(self, by: int) -> None:
        self._top += by
        self._settle()
        self.sync()

    def action_up(self) -> None:
        self.scroll_lines(-1)

    def action_down(self) -> None:
        self.scroll_lines(1)

    def action_top(self) -> None:
        self.scroll_lines(-len(self._rows))

    def action_bottom(self) -> None:
        self.scroll_lines(len(self._rows))

    def home(self) -> None:
        """To the first line's beginning."""
        self._top = self._left = 0

    def action_page_down(self) -> None:
        self.scroll_lines(max(1, self.size.height - 1))

    def action_page_up(self) -> None:
        self.scroll_lines(-max(1, self.size.height - 1))

    def action_half_down(self) -> None:
        self.scroll_lines(max(1, self.size.height // 2))

    def action_half_up(self) -> None:
        self.scroll_lines(-max(1, self.size.height // 2))

    def action_columns_right(self) -> None:
        longest = max((cells(line) for line in self._source), default=0)
        if not self.wrapping and self._left + self.size.width < longest:
            self._left += 8
            self.sync()

    def action_columns_left(self) -> None:
        self._left = max(0, self._left - 8)
        self.sync()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_lines(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_lines(-3)

    # --- finding

    @property
    def position(self) -> str:
        """``3 of 17`` while something is searched for."""
        if self._matcher is None:
            return ""
        return f"match {self._match + 1} of {len(self._matches)}" if self._matches else "no match"

    @property
    def has_matches(self) -> bool:
        return bool(self._matches)

    @property
    def _match_set(self) -> frozenset[int]:
        return frozenset(self._matches)

    def find(self, pattern: str) -> None:
        """Mark the lines in which the pattern is found. Raises PatternError, keeping the last good one."""
        self._matcher = compile_pattern(pattern) if pattern else None
        self._find()
        if self._matches:
            first = self._rows[self._top][0] if self._rows else 0
            self._match = next((i for i, line in enumerate(self._matches) if line >= first), 0)
            self._reveal_match()
        self.sync()

    def next_match(self, by: int) -> None:
        if self._matches:
            self._match = (self._match + by) % len(self._matches)
            self._reveal_match()
            self.sync()

    def _find(self) -> None:
        matcher = self._matcher
        self._matches = (
            [index for index, line in enumerate(self._source) if matcher.matches(line.encode())]
            if matcher is not None
            else []
        )
        self._match = min(max(0, self._match), len(self._matches) - 1)

    def _reveal_match(self) -> None:
        wanted = self._matches[self._match]
        row = next(place for place, (index, _) in enumerate(self._rows) if index == wanted)
        if not self._top <= row < self._top + self.size.height:
            self._top = row - self.size.height // 3
            self._settle()

    def wrap_lines(self, on: bool) -> None:
        self.wrapping = on
        self._left = 0
        self._arrange()
