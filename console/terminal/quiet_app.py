"""A Textual application that shows what it should and never what it holds: sizes, crashes, pictures."""

from __future__ import annotations

from textual.app import App
from textual.timer import Timer

from backend import log
from backend.crash import report
from backend.text import SafeStr, safe_text
from console.terminal.driver import NavarchDriver

_SETTLED = 0.15
"""Seconds without another size after which a terminal is taken to have the one it keeps."""


class QuietApp(App[None], inherit_bindings=False):
    """Base of the console; it keeps what Textual would print about an error away from the terminal."""

    crashed: SafeStr | None = None
    """What is printed at the end, once the terminal is back to normal."""

    _settling: Timer | None = None

    def on_resize(self) -> None:
        """Paint all of it anew, and once more when the size has stopped changing.

        A terminal cuts or moves what it shows while the frame for its former size is still on the way, and a
        storm of sizes may end with one that Textual knows already, for which it does nothing.
        """
        if self._settling is not None:
            self._settling.stop()
        self._settling = self.set_timer(_SETTLED, self._paint_anew)
        if isinstance(self._driver, NavarchDriver):
            self._driver.repaint()

    def _paint_anew(self) -> None:
        if isinstance(self._driver, NavarchDriver):
            self._driver.repaint()
            self.screen.refresh(layout=True)

    # --- the crash path, first of all: nothing below may print what the program holds

    def _handle_exception(self, error: Exception) -> None:
        """Textual would print every frame's local variables; see ``backend.crash``."""
        self._return_code = 1
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        self._fatal_error()

    def _fatal_error(self) -> None:
        if self._exception is not None and self.crashed is None:
            self.crashed = report(self._exception)
            log.note("crash", places=self.crashed.splitlines()[1:-1])
        self._close_messages_no_wait()

    def panic(self, *renderables: object) -> None:
        """Textual hands over rendered tracebacks here; they are dropped, the end is the same."""
        self.crashed = self.crashed or safe_text("Navarch lost its terminal or could not read from it.")
        self._return_code = 1
        self._close_messages_no_wait()

    def _print_error_renderables(self) -> None:
        """Print the report once the terminal is back to normal."""
        self._exit_renderables.clear()
        if self.crashed is not None and not self.is_headless:
            import sys

            print(self.crashed, file=sys.__stderr__)

    # --- no pictures of the screen: it may show what is secret

    def action_screenshot(self, filename: str | None = None, path: str | None = None) -> None:
        """There is no such command."""

    def deliver_screenshot(
        self, filename: str | None = None, path: str | None = None, time_format: str | None = None
    ) -> str | None:
        return None

    def save_screenshot(
        self, filename: str | None = None, path: str | None = None, time_format: str | None = None
    ) -> str:
        return ""
