"""Choose colours; the screen behind shows them while the cursor moves."""

from __future__ import annotations

from textual import on
from textual.widget import Widget

from console.screens.dialog import DialogScreen
from console.theme import NAMES, palette
from console.widgets.choices import Choice, ChoiceList
from console.widgets.paint import Piece


class ThemeScreen(DialogScreen[None]):
    title_text = "Theme"

    def inside(self) -> list[Widget]:
        self._before = self.navarch.palette.name
        chooser = ChoiceList([Choice(key=name, text=(Piece(palette(name).title),)) for name in NAMES])
        chooser.cursor = NAMES.index(self._before)
        return [chooser]

    @on(ChoiceList.Highlighted)
    def _preview(self, event: ChoiceList.Highlighted) -> None:
        self.navarch.use_palette(str(event.choice.key))

    @on(ChoiceList.Chosen)
    def _chosen(self, event: ChoiceList.Chosen) -> None:
        self.navarch.use_palette(str(event.choice.key), remember=True)
        self.dismiss(None)

    def action_cancel(self) -> None:
        self.navarch.use_palette(self._before)
        self.dismiss(None)
