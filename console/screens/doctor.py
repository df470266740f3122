"""What could keep Navarch from working here: the doctor's findings, worst first."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from textual import work

from backend.diagnosis.check import Finding, Surroundings, Verdict
from backend.resources.kind import Health
from backend.text import counted
from console.screens.table_frame import TableScreen
from console.screens.vault import TextScreen
from console.theme import Tone
from console.widgets.paint import Line, Piece
from console.widgets.table_source import GridColumn, ListSource

_HEALTH = {Verdict.OK: Health.OK, Verdict.WARN: Health.WARNING, Verdict.FAIL: Health.FAILING}


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    title: str
    finding: Finding


class DoctorScreen(TableScreen):
    about = (
        "The same as navarch doctor: this machine, this terminal, the vault, and the way to every cluster. "
        "navarch support-bundle packs these findings and Navarch's own log for somebody who helps."
    )

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[_Row] = []

    def crumbs(self) -> tuple[object, ...]:
        return ("doctor",)

    def source(self) -> ListSource:
        return ListSource(
            [
                GridColumn(name="CHECK", text=lambda r, _: r.title, priority=0, min_width=12),
                GridColumn(
                    name="VERDICT", text=lambda r, _: r.finding.verdict.value, priority=0, min_width=7
                ),
                GridColumn(name="FINDING", text=lambda r, _: r.finding.what, priority=0, min_width=24),
                GridColumn(name="WHAT TO DO", text=lambda r, _: r.finding.advice, priority=2, min_width=16),
            ],
            key=lambda row: row.number,
            health=lambda row: _HEALTH[row.finding.verdict],
            sort="VERDICT",
            sort_keys={"VERDICT": lambda row: -list(Verdict).index(row.finding.verdict)},
        )

    def on_mount(self) -> None:
        super().on_mount()
        self.table.messages = [(Piece("Looking…", Tone.STRONG),)]
        self.tell_subject()
        self.look()

    @work(exclusive=True, group="load", exit_on_error=False)
    async def look(self) -> None:
        from backend.diagnosis.doctor import examine

        keeper = self.navarch.session.keeper
        around = Surroundings(
            environ=os.environ,
            vault=keeper.vault if keeper is not None and keeper.is_open else None,
            fleet=self.navarch.fleet_now,
        )
        found = await self.navarch.attempt(lambda: examine(around))
        if found is None:
            return
        findings = [(one.title, finding) for one in found for finding in one.findings]
        source = self.table.source
        assert isinstance(source, ListSource)
        self._rows = [_Row(number, *pair) for number, pair in enumerate(findings)]
        source.replace(self._rows)
        self.table.rows_changed()
        self.tell_subject()

    def tell_subject(self) -> None:
        verdicts = [row.finding.verdict for row in self._rows]
        facts = [Piece("doctor", Tone.STRONG), Piece(counted(len(verdicts), "finding"))]
        for verdict, tone, word in (
            (Verdict.FAIL, Tone.FAILING, "failing"),
            (Verdict.WARN, Tone.WARNING, "warning"),
        ):
            if verdict in verdicts:
                facts.append(Piece(f"{verdicts.count(verdict)} {word}", tone))
        self.subject.tell(facts)

    def open_row(self, row: Any) -> None:
        assert isinstance(row, _Row)
        lines: list[Line] = [(Piece(row.finding.what, Tone.STRONG),)]
        if row.finding.advice:
            lines += [(), (Piece(row.finding.advice, Tone.KEY),)]
        self.app.push_screen(TextScreen(row.title, lines))
