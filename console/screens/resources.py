"""Objects of one kind in many clusters, live."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from textual import work

from backend.fleet.batch import Batch
from backend.fleet.problems import means_problems
from backend.fleet.query import Query
from backend.fleet.row import Row, RowKey, TableColumn
from backend.fleet.view import TableView, UnknownColumn
from backend.fleet.warm import LiveView
from backend.kube.status import State
from backend.resources import registry
from backend.resources.kind import Health
from backend.text import shown_of
from console.actions import Scope
from console.copying import Copyable, of_row, of_rows
from console.keymap import bindings
from console.screens.beside import Beside
from console.screens.error import full_sentence
from console.screens.measured import Measured
from console.screens.narrowing import Narrowing
from console.screens.no_rows import no_problems, why_no_rows
from console.screens.own_commands import OwnCommands
from console.theme import Tone
from console.view_source import ViewSource
from console.views import ObjectRef, ResourcesView, listing, reference
from console.widgets.paint import Line, Piece
from console.widgets.table_changes import SECONDS

_MOST_MARKS = 1000
"""Marks that are kept for the way back."""


class ResourcesScreen(OwnCommands, Measured, Narrowing, Beside):
    about = (
        "Objects of one kind in all the clusters asked for, live: rows change when their clusters say "
        "so. The second line shows every filter in force. Acts apply to the marked rows, or else to the "
        "one under the cursor."
    )
    BINDINGS = bindings(Scope.RESOURCES, Scope.OBJECT)

    def __init__(self, view: ResourcesView) -> None:
        super().__init__()
        self.asked = view
        self.rows = TableView(())
        self._leaving: dict[RowKey, float] = {}
        """Rows that are gone, drawn fading until then (monotonic)."""
        self._synced = False
        self._to_mark = set(view.marks)
        """Rows that were marked and are not here yet."""

    # --- frame

    def crumbs(self) -> tuple[object, ...]:
        query = self.asked.query
        where = (",".join(query.clusters),) if query.clusters else ()
        return ("fleet", *where, self.kind_name)

    @property
    def kind_name(self) -> str:
        """The kind as it is called, however short it was typed."""
        kind = registry.builtin(self.asked.query.kind)
        return kind.resource.plural if kind else self.asked.query.kind

    def source(self) -> ViewSource:
        """Rows that are still warm are there in the first picture."""
        fleet = self.navarch.fleet_now
        if fleet is not None and (live := fleet.views.peek(self.asked.query)) is not None:
            self.rows = live.view
            self._statuses = dict(live.statuses)
        return ViewSource(self.rows)

    def on_mount(self) -> None:
        super().on_mount()
        self.tell_subject()
        self.follow()
        self.measure()

    def measured_query(self) -> Query:
        return self.asked.query

    def tell_subject(self) -> None:
        query, shown, total = self.asked.query, len(self.rows), len(self.rows.rows)
        count = shown_of(shown, total, "row")
        facts = [Piece(self.kind_name, Tone.STRONG)]
        facts.append(Piece(",".join(query.namespaces) if query.namespaces else "all namespaces"))
        if query.names:
            facts.append(Piece(" ".join(query.names)))
        facts.append(Piece(count))
        for health, tone in ((Health.FAILING, Tone.FAILING), (Health.WARNING, Tone.WARNING)):
            if self.rows.counts[health]:
                facts.append(Piece(f"{self.rows.counts[health]:,} {health.value}", tone))
        if self.rows.marks:
            facts.append(Piece(f"{len(self.rows.marks):,} marked", Tone.KEY))
        if self._pinned:
            facts.append(Piece("pinned", Tone.KEY))
        facts += self._progress()
        facts += self._parts()
        self.subject.tell(facts, self._filters())

    def _parts(self) -> list[Piece]:
        """Where these rows are not all there are: a count must not pretend."""
        partly = [status.covers for status in self.statuses.values() if status.covers]
        if not partly:
            return []
        if len(self.statuses) == 1:
            return [Piece(partly[0], Tone.WARNING)]
        return [Piece(f"only in part on {len(partly)} of {len(self.statuses)} (S)", Tone.WARNING)]

    def _progress(self) -> list[Piece]:
        syncing = [s for s in self.statuses.values() if s.state is State.SYNCING]
        if not syncing:
            return []
        known = [s.progress for s in syncing if s.progress is not None]
        share = f" {round(100 * sum(known) / len(syncing))}%" if known else ""
        return [Piece(f"syncing {len(syncing)} of {len(self.statuses)} clusters{share}", Tone.PROGRESSING)]

    def _filters(self) -> Iterable[str]:
        query = self.asked.query
        if self.rows.match:
            yield f"/{self.rows.match}"
        if self.rows.not_match:
            yield f"!{self.rows.not_match}"
        if self.rows.problems_only and not means_problems(query.kind):
            yield "problems only"
        if query.clusters:
            yield "@" + ",".join(query.clusters)
        if query.namespaces:
            yield "-n " + ",".join(query.namespaces)
        if query.labels:
            yield f"-l {query.labels}"
        if query.fields:
            yield f"--field-selector {query.fields}"

    # --- rows

    @property
    def statuses(self) -> dict[str, Any]:
        return self._statuses

    _statuses: dict[str, Any] = {}

    @work(exclusive=True, group="follow", exit_on_error=False)
    async def follow(self) -> None:
        """Take batches in until the screen goes away."""
        await self.navarch.attempt(self._follow)

    async def _follow(self) -> None:
        fleet = await self.navarch.fleet()
        self.top.tell(names={member.id: member.name for member in fleet.members})
        interval = 1 / self.navarch.traits.refreshes_per_second
        async with fleet.views.show(self.asked.query, interval=interval) as live:
            if self.rows is not live.view:
                self.rows = live.view
                self.table.use(ViewSource(live.view))
            live.view.spread = self._rearrange
            if live.view.arranging:  # whoever looked before left amid it
                self._rearrange()
            try:
                self._arrange(live.columns)
                await self._take_all(live)
            finally:
                live.view.spread = None  # a view that is kept must not keep the screen

    async def _take_all(self, live: LiveView) -> None:
        async for batch in live.batches():
            if batch.columns_changed:
                self.rows.set_columns(self.with_use(live.columns))
                self._sort()
                self.table.columns_changed()
            await self.take_in_slices(batch)

    def _arrange(self, columns: Sequence[TableColumn]) -> None:
        """Filter and order as asked, whoever looked at these rows before."""
        self.rows.set_columns(self.with_use(columns))
        self.rows.filter(self.asked.query.match, self.asked.query.not_match)
        self.rows.show_problems(self.asked.problems)
        self._sort(anew=True)

    @work(exclusive=True, group="arrange", exit_on_error=False)
    async def _rearrange(self) -> None:
        """Many rows get their new order or filter while keys and frames have their turn."""
        for _ in iter(self.rows.arrange, False):
            await asyncio.sleep(0)
        self._after_change()

    def _sort(self, *, anew: bool = False) -> None:
        """Order as asked, or as usual for this kind; ``anew``: even if there is an order already."""
        query, usual = self.asked.query, self.navarch.settings.table(self.listed)
        column = query.sort or usual.sort or ("HEALTH" if means_problems(query.kind) else "")
        wanted = anew or (bool(column) and self.rows.sort is None)
        if wanted and len(self.rows.columns) > 1:
            down = query.descending if query.sort else usual.descending
            try:
                self.rows.sort_by(column, descending=down)
            except UnknownColumn as error:
                self.say(full_sentence(error), Tone.WARNING)

    def take(self, batch: Batch) -> None:
        """Apply a batch and show it; visible rows that vanished fade for a second first."""
        self.rows.apply(self._prepared(batch))
        self._after_change()

    async def take_in_slices(self, batch: Batch) -> None:
        """The same for a batch of any size: keys and frames get their turn in between, it is painted once."""
        for piece in self._prepared(batch).slices():
            self.rows.apply(piece)
            self.table.rows_moved()
            await asyncio.sleep(0)
        self._after_change()

    def _prepared(self, batch: Batch) -> Batch:
        """The batch without the removed rows that are on the screen: they fade and go later."""
        changes = self.table.changes
        back = [row.key for row in batch.changed if row.key in self._leaving]
        for key in back:
            del self._leaving[key]
        changes.unfade(back)
        fading = changes.visible(batch.removed)
        if fading:
            changes.fade(fading)
            self._leaving.update(dict.fromkeys(fading, time.monotonic() + SECONDS))  # type: ignore[arg-type]
            batch = replace(batch, removed=tuple(key for key in batch.removed if key not in self._leaving))
            self.set_timer(SECONDS + 0.05, self._let_go)
        self._statuses = dict(batch.statuses)
        self.navarch.seen_namespaces.update(
            row.item.metadata.namespace for row in batch.changed if row.item.metadata.namespace
        )
        return batch

    def _let_go(self) -> None:
        now = time.monotonic()
        gone = tuple(key for key, until in self._leaving.items() if until <= now)
        for key in gone:
            del self._leaving[key]
        self.table.changes.unfade(gone)
        self.rows.apply(Batch(removed=gone, statuses=self._statuses))
        self._after_change()

    def _mark_again(self) -> None:
        """Marks of the last run come back with their rows."""
        back = self._to_mark & self.rows.rows.keys()
        self._to_mark -= back
        self.rows.marks |= back

    def _after_change(self) -> None:
        if not self.display:
            return  # being left
        if self._to_mark:
            self._mark_again()
        self.table.messages = self._why_empty() if not len(self.rows) else ()
        self.table.rows_changed()
        if (
            not self._synced
            and self.asked.cursor is not None
            and self.rows.index_of(self.asked.cursor) is not None
        ):
            self._synced = True
            self.table.move_to_key(self.asked.cursor)
        self.top.tell(statuses=self._statuses)
        self.tell_subject()
        self.look_beside()

    def _why_empty(self) -> list[Line]:
        names = {member.id: member.name for member in self.navarch.members}
        hidden = len(self.rows.rows)
        if means_problems(self.asked.query.kind) and self.rows.problems_only and not self._filtered:
            return no_problems(well=hidden, statuses=self._statuses, names=names)
        return why_no_rows(self.kind_name, hidden=hidden, statuses=self._statuses, names=names)

    # --- acting

    def open_row(self, row: Row) -> None:
        self.open_object(reference(row))

    @property
    def current(self) -> ObjectRef | None:
        return reference(self.table.row) if self.table.row is not None else None

    def action_rights(self) -> None:
        from console.screens.asking_rights import show_rights_of

        self.leave_mark()
        if self.table.row is not None:
            show_rights_of(self.navarch, self.table.row)
        else:
            super().action_rights()

    def shown_columns(self) -> tuple[TableColumn, ...]:
        return self.rows.columns

    def chosen(self) -> list[ObjectRef]:
        return [reference(row) for row in self.chosen_rows()]

    def copyables(self, ref: ObjectRef) -> list[Copyable]:
        row, now = self.table.row, self.navarch.now()
        shown = {column.name for column in self.table.columns}
        columns = [column for column in self.rows.columns if column.name in shown]
        marked = self.chosen_rows() if self.rows.marks else []
        cells = of_row(row, columns, now=now) if row is not None else []
        return [*of_rows(marked, columns, now=now), *super().copyables(ref), *cells]

    def action_export(self) -> None:
        """Everything that passes the filter, in the columns and the order on the screen."""
        from console.screens.exporting import start_export

        start_export(self)

    def chosen_rows(self) -> list[Row]:
        """What an act applies to: the marked rows, or the one under the cursor."""
        marked = [self.rows.rows[key] for key in self.rows.marks if key in self.rows.rows]
        if marked:
            return sorted(marked, key=lambda row: row.place)
        return [self.table.row] if self.table.row is not None else []

    def acted(self) -> None:
        self.rows.marks.clear()
        self.table.sync()
        self.tell_subject()

    @property
    def _pinned(self) -> bool:
        fleet = self.navarch.fleet_now
        return fleet is not None and fleet.views.pinned(self.asked.query)

    def action_pin(self) -> None:
        """Its watches stay, whatever is shown, until it is let go or the connections are made anew."""
        fleet = self.navarch.fleet_now
        if fleet is None:
            return
        on = not self._pinned
        fleet.views.pin(self.asked.query, on)
        self.tell_subject()
        said = "It stays live while you are elsewhere" if on else "It goes with the others, two minutes after"
        self.say(f"{said}; K {'lets it go' if on else 'pins it again'}", Tone.OK)

    def action_problems(self) -> None:
        self.rows.show_problems(not self.rows.problems_only)
        self._after_change()

    def leave_mark(self) -> None:
        """Keep filter, order and cursor for the way back."""
        row = self.table.row
        query = replace(
            self.asked.query,
            match=self.rows.match,
            not_match=self.rows.not_match,
            sort=self.rows.sort.name if self.rows.sort else "",
            descending=self.rows.descending,
        )
        self.asked = ResourcesView(
            query,
            row.key if row is not None else None,
            problems=self.rows.problems_only,
            marks=tuple(sorted(self.rows.marks)[:_MOST_MARKS]),
        )
        self.navarch.history.update(self.asked)

    # --- filter

    @property
    def pattern(self) -> str:
        return self.rows.match

    def narrow(self, text: str) -> None:
        self.rows.filter(text, self.rows.not_match)
        self._after_change()

    def narrowed(self) -> None:
        self.leave_mark()

    @property
    def kind_listed(self) -> str:
        return self.kind_name

    def filter_now(self) -> Query:
        self.leave_mark()
        return self.asked.query

    def use_filter(self, query: Query) -> None:
        """In place where only patterns differ; otherwise as another list."""
        now = self.asked.query
        same = replace(now, match=query.match, not_match=query.not_match)
        if same != replace(query, sort=now.sort, descending=now.descending):
            self.navarch.show(listing(query))
            return
        self.rows.show_problems(means_problems(query.kind))
        self.rows.filter(query.match, query.not_match)
        if query.sort and query.sort != now.sort:
            self.rows.sort_by(query.sort, descending=query.descending)
        self.leave_mark()
        self._after_change()

    @property
    def _filtered(self) -> bool:
        """Whether rows are left out that belong to what was asked for."""
        only = self.rows.problems_only and not means_problems(self.asked.query.kind)
        return bool(self.rows.match or self.rows.not_match or only)

    def action_back(self) -> None:
        if self._filtered:
            self.rows.show_problems(means_problems(self.asked.query.kind))
            self.rows.filter()
            self.leave_mark()
            self._after_change()
        else:
            super().action_back()

    def can_go_back(self) -> bool:
        return self._filtered or super().can_go_back()
