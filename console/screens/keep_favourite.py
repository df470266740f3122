"""Which digit a filter is kept on: for this kind, or for every list."""

from __future__ import annotations

from textual import events, on
from textual.widget import Widget
from textual.widgets import Input

from console.screens.dialog import DialogScreen
from console.settings import SettingsRefused
from console.settings.fields import Path
from console.theme import Tone
from console.widgets.choices import Choice, ChoiceList
from console.widgets.field import Field
from console.widgets.paint import Piece
from console.widgets.text_block import TextBlock

_SLOTS = "123456789"


class KeepFavouriteScreen(DialogScreen[None]):
    title_text = "Keep this filter as a favourite"
    AUTO_FOCUS = "ChoiceList"

    def __init__(self, kind: str, line: str) -> None:
        super().__init__()
        self._kind = kind
        self._line = line

    def inside(self) -> list[Widget]:
        how = "Type a digit, or choose a line. An empty filter takes the favourite away."
        return [
            Field(value=self._line),
            TextBlock([(Piece(how, Tone.DIM),), ()]),
            ChoiceList([*self._slots(self._kind), *self._slots("")]),
        ]

    def _slots(self, kind: str) -> list[Choice]:
        settings = self.navarch.settings
        lines = settings.table(kind).favourites if kind else settings.values.favourites
        where = f"in lists of {kind}" if kind else "in every list"
        return [
            Choice(
                key=(kind, slot),
                text=(Piece(slot, Tone.KEY), Piece(f"  {lines.get(slot, '–')}")),
                right=(Piece(where, Tone.DIM),),
            )
            for slot in _SLOTS
        ]

    def on_key(self, event: events.Key) -> None:
        """A digit means the line of that digit, among those around the cursor."""
        chooser = self.query_one(ChoiceList)
        if event.key in _SLOTS and chooser.has_focus and chooser.current is not None:
            event.stop()
            kind, _ = self._place(chooser.current)
            self._keep(kind, event.key)

    @on(Input.Submitted)
    def _typed(self) -> None:
        self.query_one(ChoiceList).focus()

    @on(ChoiceList.Chosen)
    def _chosen(self, event: ChoiceList.Chosen) -> None:
        self._keep(*self._place(event.choice))

    @staticmethod
    def _place(choice: Choice) -> tuple[str, str]:
        assert isinstance(choice.key, tuple)
        kind, slot = choice.key
        return kind, slot

    def _keep(self, kind: str, slot: str) -> None:
        settings, line = self.navarch.settings, self.query_one(Field).value.strip()
        path: Path = ("tables", kind, "favourites", slot) if kind else ("favourites", slot)
        try:
            if line:
                settings.set(path, line)
            else:
                settings.unset(path)
        except SettingsRefused as error:
            self.say(f"{error.sentence} {error.advice}")
            return
        self.dismiss(None)
        said = f"{slot} shows {line}" if line else f"{slot} is free again"
        self.navarch.say(f"{said} {f'in lists of {kind}' if kind else 'in every list'}", Tone.OK)
        if self.navarch.frame is not None:
            self.navarch.frame.refresh_bindings()
