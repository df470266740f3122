"""What was done through Navarch, by whom, to what; the newest first."""

from __future__ import annotations

import time
from typing import Any

from textual import work

from backend.resources.kind import Health
from console.screens.table_frame import TableScreen
from console.session import JournalEntry
from console.theme import Tone
from console.widgets.paint import Piece
from console.widgets.table_source import GridColumn, ListSource

_HEALTH = {
    "done": Health.OK,
    "failed": Health.FAILING,
    "refused": Health.WARNING,
    "started": Health.PROGRESSING,
}


class JournalScreen(TableScreen):
    about = (
        "What was done through Navarch on this vault, by whom, to what, and what came of it; the newest "
        "first. Lines can't be changed: navarch journal --verify proves it."
    )

    def __init__(self) -> None:
        super().__init__()
        self._count: int | None = None

    def crumbs(self) -> tuple[object, ...]:
        return ("journal",)

    def source(self) -> ListSource:
        return ListSource(
            [
                GridColumn(
                    name="TIME", text=lambda e, _: _when(e.when), priority=0, min_width=19, pinned=True
                ),
                GridColumn(name="ACT", text=lambda e, _: e.act, priority=0),
                GridColumn(name="CLUSTER", text=lambda e, _: e.cluster, priority=1, min_width=10),
                GridColumn(name="OBJECT", text=lambda e, _: e.object, priority=0, min_width=20, middle=True),
                GridColumn(name="OUTCOME", text=lambda e, _: e.outcome, priority=1),
                GridColumn(name="WHO", text=lambda e, _: e.who, priority=3, min_width=8),
                GridColumn(name="DETAIL", text=lambda e, _: e.detail, priority=4, min_width=16),
            ],
            key=lambda entry: entry.number,
            health=lambda entry: _HEALTH.get(entry.outcome),
            sort="TIME",
            sort_keys={"TIME": lambda entry: entry.number},
            descending=True,
        )

    def on_mount(self) -> None:
        super().on_mount()
        self.table.messages = [(Piece("Reading the journal…", Tone.STRONG),)]
        self.tell_subject()
        self.load()

    @work(exclusive=True, group="load", exit_on_error=False)
    async def load(self) -> None:
        entries = await self.navarch.attempt(self.navarch.session.journal)
        if entries is None:
            return
        self._count = len(entries)
        source = self.table.source
        assert isinstance(source, ListSource)
        source.replace(entries)
        self.table.messages = [
            (Piece("Nothing was done yet; what changes a cluster is noted here.", Tone.STRONG),)
        ]
        self.table.rows_changed()
        self.tell_subject()

    def tell_subject(self) -> None:
        facts = [Piece("journal", Tone.STRONG)]
        if self._count is not None:
            facts.append(Piece(f"{self._count:,} line{'' if self._count == 1 else 's'}"))
        self.subject.tell(facts)

    def open_row(self, row: Any) -> None:
        from console.screens.journal_entry import JournalEntryScreen

        assert isinstance(row, JournalEntry)
        self.app.push_screen(JournalEntryScreen(row))


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
