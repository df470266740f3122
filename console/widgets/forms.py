"""Several forms of the same, one shown at a time."""

from __future__ import annotations

from textual.containers import Container


class Forms(Container, can_focus=True):
    """Tree and drawing; who is given the focus hands it to the one that is shown."""

    def on_focus(self) -> None:
        shown = next(child for child in self.children if child.display)
        shown.focus()
