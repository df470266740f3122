"""The filter's prompt (``/``): what is shown is narrowed as it is typed."""

from __future__ import annotations

from backend.fleet.filter import PatternError
from console.screens.frame import FrameScreen
from console.theme import Tone


class Narrowing(FrameScreen):
    """For screens whose rows a pattern narrows; one that can't be read leaves the last good one in force."""

    @property
    def pattern(self) -> str:
        """The pattern in force."""
        raise NotImplementedError

    def narrow(self, text: str) -> None:
        """Show only what matches; '' : everything. Raises PatternError."""
        raise NotImplementedError

    def narrowed(self) -> None:
        """The pattern is chosen: keep it for the way back."""

    def action_filter(self) -> None:
        self.prompt.ask("filter", "/", text=self.pattern)

    def prompt_changed(self, kind: str, text: str) -> None:
        if kind == "filter":
            self._narrow(text)

    def prompt_entered(self, kind: str, text: str) -> None:
        if kind == "filter":
            self._narrow(text)
            self.narrowed()

    def prompt_cancelled(self, kind: str) -> None:
        self.prompt_entered(kind, "")

    def _narrow(self, text: str) -> None:
        try:
            self.narrow(text)
        except PatternError as error:
            self.prompt.wrong(True)
            self.say(f"Not a pattern yet: {error}", Tone.WARNING, stay=True)
            return
        self.prompt.wrong(False)
        self.clear_notice()
