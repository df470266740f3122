"""Base of the widgets that draw lines of pieces: they paint what they are given, and only what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from console.theme import Layer, Palette
from console.widgets.paint import Line, paint

if TYPE_CHECKING:
    from console.application import NavarchApp


class LineWidget(Widget):
    """A widget whose content is a list of lines; :meth:`show` repaints the lines that differ.

    Subclasses rebuild their lines in :meth:`compose_lines`, for the width they have.
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: list[Line] = []

    @property
    def navarch(self) -> NavarchApp:
        return cast("NavarchApp", self.app)

    @property
    def palette(self) -> Palette:
        return self.navarch.palette

    @property
    def in_dialog(self) -> bool:
        """Whether a dialog's box lies behind this widget."""
        return any(node.has_class("dialog") for node in self.ancestors)

    @property
    def fill(self) -> Layer:
        """What lies behind the whole widget."""
        return Layer.DIALOG if self.in_dialog else Layer.NONE

    @property
    def lines(self) -> list[Line]:
        """What is shown now; for tests and for copying."""
        return self._lines

    def compose_lines(self, width: int, height: int) -> list[Line]:
        """The lines to show on this many cells."""
        raise NotImplementedError

    def sync(self) -> None:
        """Rebuild the lines and repaint those that differ from what is shown."""
        if not self.is_attached or not self.size.width:
            return
        before, self._lines = self._lines, self.compose_lines(self.size.width, self.size.height)
        changed = [
            y
            for y in range(max(len(before), len(self._lines)))
            if y >= len(before) or y >= len(self._lines) or before[y] != self._lines[y]
        ]
        if changed:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))

    def repaint(self) -> None:
        """Paint everything again: the palette changed."""
        self.refresh()

    def on_resize(self) -> None:
        self._lines = self.compose_lines(self.size.width, self.size.height)
        self.refresh()

    def on_unmount(self) -> None:
        """Names leave memory with their picture, whoever still holds the widget (a timer's context may)."""
        self._lines = []
        self._styles_cache.clear()

    def render_line(self, y: int) -> Strip:
        if y < len(self._lines):
            return paint(self._lines[y], self.size.width, self.palette, fill=self.fill)
        return Strip.blank(self.size.width, self.palette.blank(self.fill))
