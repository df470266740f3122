"""One's own programs for an object, to choose from."""

from __future__ import annotations

from collections.abc import Mapping

from textual import on
from textual.widget import Widget

from console.keymap import shown
from console.screens.dialog import DialogScreen
from console.settings import UserCommand
from console.theme import Tone
from console.widgets.choices import Choice, ChoiceList
from console.widgets.paint import Piece


class ChooseCommandScreen(DialogScreen[str]):
    title_text = "Your own programs"
    broad = True

    def __init__(self, commands: Mapping[str, UserCommand]) -> None:
        super().__init__()
        self._commands = commands

    def inside(self) -> list[Widget]:
        return [
            ChoiceList(
                [
                    Choice(
                        key=name,
                        text=(
                            Piece(command.title or name, Tone.STRONG),
                            Piece(f"  {' '.join(command.run)}", Tone.DIM),
                        ),
                        right=(
                            Piece("changes things  " if command.changes else "", Tone.WARNING),
                            Piece(shown(command.key) if command.key else "", Tone.KEY),
                        ),
                    )
                    for name, command in self._commands.items()
                ]
            )
        ]

    @on(ChoiceList.Chosen)
    def _chosen(self, event: ChoiceList.Chosen) -> None:
        self.dismiss(str(event.choice.key))
