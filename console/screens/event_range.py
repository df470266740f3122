"""How far back events are shown."""

from __future__ import annotations

from textual import on
from textual.widget import Widget

from console.screens.dialog import DialogScreen
from console.theme import Tone
from console.widgets.choices import Choice, ChoiceList
from console.widgets.paint import Piece

HOUR = 3600.0
RANGES: dict[float, str] = {
    900.0: "the last 15 minutes",
    HOUR: "the last hour",
    6 * HOUR: "the last 6 hours",
    24 * HOUR: "the last day",
    168 * HOUR: "the last week",
    0.0: "all that is known",
}
"""Seconds (0: ever), and how a person says it."""


def range_words(since: float) -> str:
    return RANGES.get(since, f"the last {since / HOUR:g} hours")


class EventRangeScreen(DialogScreen[float]):
    title_text = "Time range"

    def __init__(self, since: float) -> None:
        super().__init__()
        self._since = since

    def inside(self) -> list[Widget]:
        choices = [
            Choice(
                key=str(seconds),
                text=(Piece(words, Tone.STRONG if seconds == self._since else Tone.TEXT),),
                right=(Piece("now" if seconds == self._since else "", Tone.DIM),),
            )
            for seconds, words in RANGES.items()
        ]
        chooser = ChoiceList(choices)
        chooser.cursor = next((at for at, seconds in enumerate(RANGES) if seconds == self._since), 0)
        return [chooser]

    @on(ChoiceList.Chosen)
    def _chosen(self, event: ChoiceList.Chosen) -> None:
        self.dismiss(float(str(event.choice.key)))
