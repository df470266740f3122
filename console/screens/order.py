"""Which column orders the rows; the one that orders already turns its direction."""

from __future__ import annotations

from textual import on
from textual.widget import Widget

from console.screens.dialog import DialogScreen
from console.theme import Tone
from console.widgets.choices import Choice, ChoiceList
from console.widgets.paint import Piece
from console.widgets.table import ResourceTable


class OrderScreen(DialogScreen[str]):
    title_text = "Order by"

    def __init__(self, table: ResourceTable) -> None:
        super().__init__()
        self._table = table

    def inside(self) -> list[Widget]:
        source = self._table.source
        choices = []
        for column in source.columns:
            ordering = column.name == source.sort
            way = ("descending ↓" if source.descending else "ascending ↑") if ordering else ""
            choices.append(
                Choice(
                    key=column.name,
                    text=(Piece(column.name, Tone.STRONG if ordering else Tone.TEXT),),
                    right=(Piece(way, Tone.DIM),),
                )
            )
        chooser = ChoiceList(choices)
        chooser.cursor = next((i for i, choice in enumerate(choices) if choice.key == source.sort), 0)
        return [chooser]

    @on(ChoiceList.Chosen)
    def _chosen(self, event: ChoiceList.Chosen) -> None:
        self.dismiss(str(event.choice.key))
