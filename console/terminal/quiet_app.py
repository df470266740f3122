"""A Textual application that never shows what it holds: no locals in a crash, no pictures of the screen."""

from __future__ import annotations

from textual.app import App

from backend import log
from backend.crash import report
from backend.text import SafeStr, safe_text


class QuietApp(App[None], inherit_bindings=False):
    """Base of the console; it keeps what Textual would print about an error away from the terminal."""

    crashed: SafeStr | None = None
    """What is printed at the end, once the terminal is back to normal."""

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
