"""What was done through Navarch, by whom, to what; the newest first."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from textual import work

from backend.fleet.filter import Matcher, compile_pattern
from backend.resources.kind import Health
from console.actions import ACTIONS
from console.keymap import binding
from console.screens.narrowing import Narrowing
from console.screens.no_rows import none_match
from console.screens.table_frame import TableScreen
from console.session import JournalEntry
from console.theme import Tone
from console.widgets.paint import Piece
from console.widgets.table_source import GridColumn, ListSource

if TYPE_CHECKING:
    from backend.journal.journal import Verdict

_LOOK_AGAIN = 5.0
"""Seconds: other consoles on this vault write too."""
_HEALTH = {
    "done": Health.OK,
    "failed": Health.FAILING,
    "refused": Health.WARNING,
    "started": Health.PROGRESSING,
}


class JournalScreen(Narrowing, TableScreen):
    about = (
        "What was done through Navarch on this vault, by whom, to what, and what came of it; the newest "
        "first. Each line is chained to the one before it; whether the chain is whole is said above."
    )
    BINDINGS = [binding(ACTIONS["filter"])]

    def __init__(self) -> None:
        super().__init__()
        self._entries: Sequence[JournalEntry] | None = None
        self._verdict: Verdict | None = None
        self._match = ""
        self._matcher: Matcher | None = None

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
        self.set_interval(_LOOK_AGAIN, self.load)

    @work(exclusive=True, group="load", exit_on_error=False)
    async def load(self) -> None:
        entries = await self.navarch.attempt(self.navarch.session.journal)
        if entries is None:
            return
        self._entries = entries
        self._show()
        self._verdict = await self.navarch.attempt(self.navarch.session.journal_verdict)
        self.tell_subject()

    def _show(self) -> None:
        """The lines that pass the filter."""
        source = self.table.source
        assert isinstance(source, ListSource)
        matcher = self._matcher
        entries = self._entries or ()
        source.replace([one for one in entries if matcher is None or matcher.matches(_hay(one))])
        if entries:
            self.table.messages = [
                none_match(len(entries), "line"),
                (Piece("Press esc to clear the filter.", Tone.DIM),),
            ]
        elif self._entries is not None:
            self.table.messages = [
                (Piece("Nothing was done yet; what changes a cluster is noted here.", Tone.STRONG),)
            ]
        self.table.rows_changed()
        self.tell_subject()

    def tell_subject(self) -> None:
        facts = [Piece("journal", Tone.STRONG)]
        if self._entries is not None:
            count, shown = len(self._entries), len(self.table.source)
            of = f"{shown:,} of " if shown != count else ""
            facts.append(Piece(f"{of}{count:,} line{'' if count == 1 else 's'}"))
        if self._verdict is not None:
            tone = Tone.OK if self._verdict.intact else Tone.FAILING
            facts.append(Piece("chain intact" if self._verdict.intact else self._verdict.sentence, tone))
        self.subject.tell(facts, [f"/{self._match}"] if self._match else [])

    # --- filter

    @property
    def pattern(self) -> str:
        return self._match

    def narrow(self, text: str) -> None:
        self._matcher = compile_pattern(text) if text else None
        self._match = text
        self._show()

    def action_back(self) -> None:
        if self._match:
            self.narrow("")
        else:
            super().action_back()

    def can_go_back(self) -> bool:
        return bool(self._match) or super().can_go_back()

    def open_row(self, row: Any) -> None:
        from console.screens.journal_entry import JournalEntryScreen

        assert isinstance(row, JournalEntry)
        self.app.push_screen(JournalEntryScreen(row))


def _hay(entry: JournalEntry) -> bytes:
    """What the filter looks at: every column, and the whole detail."""
    words = (
        _when(entry.when),
        entry.who,
        entry.act,
        entry.cluster,
        entry.object,
        entry.outcome,
        entry.detail,
    )
    return " ".join(words).encode()


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
