"""Which value of a secret to show."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.widget import Widget

from console.screens.dialog import DialogScreen
from console.theme import Tone
from console.widgets.choices import Choice, ChoiceList
from console.widgets.paint import Piece
from console.widgets.text_block import TextBlock


class RevealScreen(DialogScreen[str]):
    title_text = "Reveal one value"
    AUTO_FOCUS = "ChoiceList"

    def __init__(self, keys: Sequence[str]) -> None:
        super().__init__()
        self._keys = keys

    def inside(self) -> list[Widget]:
        return [
            TextBlock(
                [
                    (
                        Piece(
                            "It is shown for 30 seconds, as it is stored, and the journal notes it.",
                            Tone.DIM,
                        ),
                    ),
                    (),
                ]
            ),
            ChoiceList([Choice(key=key, text=(Piece(key),)) for key in self._keys]),
        ]

    @on(ChoiceList.Chosen)
    def _chosen(self, event: ChoiceList.Chosen) -> None:
        self.dismiss(str(event.choice.key))
