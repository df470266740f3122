"""Navarch's own log: what a support bundle would show of it, the newest first."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from textual import work

from backend import log
from backend.resources.kind import Health
from console.screens.table_frame import TableScreen
from console.screens.vault import TextScreen
from console.theme import Tone
from console.widgets.paint import Line, Piece
from console.widgets.table_source import GridColumn, ListSource

_HEALTH = {"error": Health.WARNING, "crash": Health.FAILING}


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    entry: log.Entry


class LogScreen(TableScreen):
    about = (
        "What happened to Navarch itself, as it is kept on this machine: no bodies, no secrets, no names. "
        "Clusters stand under pseudonyms, the same as in a support bundle."
    )

    def __init__(self) -> None:
        super().__init__()
        self._count: int | None = None

    def crumbs(self) -> tuple[object, ...]:
        return ("log",)

    def source(self) -> ListSource:
        return ListSource(
            [
                GridColumn(name="TIME", text=lambda r, _: _when(r.entry.when), priority=0, min_width=19),
                GridColumn(name="WHAT", text=lambda r, _: r.entry.what, priority=0, min_width=7),
                GridColumn(name="CLUSTER", text=lambda r, _: r.entry.cluster, priority=1, min_width=14),
                GridColumn(name="STATE", text=lambda r, _: r.entry.state, priority=0, min_width=8),
                GridColumn(name="TEXT", text=lambda r, _: _text(r.entry), priority=1, min_width=20),
            ],
            key=lambda row: row.number,
            health=lambda row: _HEALTH.get(row.entry.what),
            sort="TIME",
            sort_keys={"TIME": lambda row: row.number},
            descending=True,
        )

    def on_mount(self) -> None:
        super().on_mount()
        self.table.messages = [(Piece("Nothing is in the log yet.", Tone.STRONG),)]
        self.tell_subject()
        self.load()

    @work(exclusive=True, group="load", exit_on_error=False)
    async def load(self) -> None:
        entries = await self.navarch.attempt(lambda: asyncio.to_thread(log.entries))
        if entries is None:
            return
        self._count = len(entries)
        source = self.table.source
        assert isinstance(source, ListSource)
        source.replace([_Row(number, entry) for number, entry in enumerate(entries)])
        self.table.rows_changed()
        self.tell_subject()

    def tell_subject(self) -> None:
        facts = [Piece("Navarch's own log", Tone.STRONG)]
        if self._count is not None:
            facts.append(Piece(f"{self._count:,} lines"))
        self.subject.tell(facts)

    def open_row(self, row: Any) -> None:
        assert isinstance(row, _Row)
        entry = row.entry
        lines: list[Line] = [(Piece(f"{entry.what} {entry.state} {entry.cluster}".strip(), Tone.STRONG),)]
        lines += [(Piece(line),) for line in (entry.text, *entry.places) if line]
        self.app.push_screen(TextScreen(_when(entry.when), lines))


def _text(entry: log.Entry) -> str:
    return entry.text or (entry.places[0] if entry.places else "")


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
