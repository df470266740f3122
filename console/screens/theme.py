"""Choose colours; the screen behind shows them while the cursor moves."""

from __future__ import annotations

from textual import on
from textual.widget import Widget

from console.palettes import BadPalette, names, weak_contrasts
from console.screens.dialog import DialogScreen
from console.theme import Tone, palette
from console.widgets.choices import Choice, ChoiceList
from console.widgets.paint import Piece


class ThemeScreen(DialogScreen[None]):
    title_text = "Theme"

    def inside(self) -> list[Widget]:
        self._before = self.navarch.palette.name
        choices = [_choice(name) for name in names()]
        chooser = ChoiceList(choices)
        chooser.cursor = next((i for i, one in enumerate(choices) if one.key == self._before), 0)
        return [chooser]

    @on(ChoiceList.Highlighted)
    def _preview(self, event: ChoiceList.Highlighted) -> None:
        if event.choice.off_limits:
            return
        self.navarch.use_palette(str(event.choice.key))

    @on(ChoiceList.Chosen)
    def _chosen(self, event: ChoiceList.Chosen) -> None:
        self.navarch.use_palette(str(event.choice.key), remember=True)
        self.dismiss(None)

    def action_cancel(self) -> None:
        self.navarch.use_palette(self._before)
        self.dismiss(None)


def _choice(name: str) -> Choice:
    """A palette; one that can't be used says why, one that is hard to read says so."""
    try:
        found = palette(name)
    except BadPalette as error:
        return Choice(
            key=name, text=(Piece(name), Piece(f"  {error.sentence}", Tone.WARNING)), off_limits=True
        )
    weak = weak_contrasts(found.background, found.tones)
    note = f"hard to read: {', '.join(one.tone for one in weak[:3])}" if weak else ""
    return Choice(key=name, text=(Piece(found.title),), right=(Piece(note, Tone.WARNING),))
