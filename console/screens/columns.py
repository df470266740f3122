"""Which columns are shown; each switch acts at once."""

from __future__ import annotations

from textual import on
from textual.widget import Widget

from console.screens.dialog import DialogScreen
from console.theme import Tone
from console.widgets.choices import Choice, ChoiceList
from console.widgets.paint import Piece
from console.widgets.table import ResourceTable


class ColumnsScreen(DialogScreen[None]):
    title_text = "Columns"
    decides = False

    def __init__(self, table: ResourceTable) -> None:
        super().__init__()
        self._table = table

    def inside(self) -> list[Widget]:
        return [
            ChoiceList(
                [
                    Choice(
                        key=column.name,
                        text=(Piece(column.name),),
                        right=(Piece("wide" if column.wide else "", Tone.DIM),),
                        on=self._table.wants(column),
                        off_limits=column.pinned,
                    )
                    for column in self._table.source.columns
                ]
            )
        ]

    @on(ChoiceList.Toggled)
    @on(ChoiceList.Chosen)
    def _switched(self, event: ChoiceList.Toggled | ChoiceList.Chosen) -> None:
        if isinstance(event, ChoiceList.Chosen):
            self.dismiss(None)
            return
        name = str(event.choice.key)
        if event.choice.on:
            self._table.hidden.discard(name)
            self._table.extra.add(name)
        else:
            self._table.extra.discard(name)
            self._table.hidden.add(name)
        self._table.columns_changed()
