"""A screen that lies over all others, whatever happens below it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from textual.screen import Screen

from console.terminal.quiet_app import QuietApp


class CoveredApp(QuietApp, inherit_bindings=False):
    """While there is a cover, screens are pushed, popped and switched below it, unseen.

    Workers and dialogs go on behind a locked screen: a dialog that ends would otherwise take the cover away
    (Textual pops whatever is on top), and a new one would lie above it. Textual paints the top screen only.
    """

    covering: Screen[None] | None = None

    def put_cover(self, screen: Screen[None]) -> None:
        if self.covering is None:
            super().push_screen(screen)
            self.covering = screen

    def take_cover_away(self) -> None:
        if self.covering is not None:
            self.covering = None
            super().pop_screen()

    @contextmanager
    def _below(self) -> Iterator[None]:
        stack = self._screen_stack
        cover = stack.pop() if self.covering is not None and stack[-1] is self.covering else None
        try:
            yield
        finally:
            if cover is not None:
                stack.append(cover)

    def push_screen(self, *arguments: Any, **options: Any) -> Any:
        with self._below():
            return super().push_screen(*arguments, **options)

    def pop_screen(self) -> Any:
        with self._below():
            return super().pop_screen()

    def switch_screen(self, *arguments: Any, **options: Any) -> Any:
        with self._below():
            return super().switch_screen(*arguments, **options)
