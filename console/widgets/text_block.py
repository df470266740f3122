"""Some lines of text that stand still; wrapped to the width there is."""

from __future__ import annotations

from collections.abc import Iterable

from console.widgets.lines import LineWidget
from console.widgets.paint import Line, Piece, wrap


class TextBlock(LineWidget):
    """As high as its lines."""

    def __init__(self, lines: Iterable[Iterable[Piece]] = (), *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._text: list[Line] = [tuple(line) for line in lines]

    def tell(self, lines: Iterable[Iterable[Piece]]) -> None:
        """Show these lines instead."""
        before = len(self._wrapped(self.size.width or 80))
        self._text = [tuple(line) for line in lines]
        if len(self._wrapped(self.size.width or 80)) != before:
            self.refresh(layout=True)
        self.sync()

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return len(self._wrapped(width))

    def compose_lines(self, width: int, height: int) -> list[Line]:
        return self._wrapped(width)

    def _wrapped(self, width: int) -> list[Line]:
        return [row for line in self._text for row in wrap(line, width)]
