"""What happened lately in all clusters, grouped by object and reason; problems first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from textual import work

from backend.fleet.owners import known_resource, resource_of
from backend.fleet.query import Query
from backend.fleet.row import Row, RowKey, TableColumn
from backend.fleet.view import TableView
from backend.kube.objects import ApiResource
from backend.observe.events.group import COLUMNS, WORST_FIRST, Group
from backend.observe.events.live import LiveEvents
from backend.observe.events.selection import Selection
from backend.observe.events.text import group_text
from backend.resources.kind import Health
from backend.text import SafeStr, shown_of
from console.actions import Scope
from console.keymap import bindings
from console.screens.event_range import range_words
from console.screens.resources import ResourcesScreen
from console.states import HEALTH
from console.theme import Tone
from console.view_source import ViewSource
from console.views import EventsView, ObjectRef, ResourcesView
from console.widgets.paint import Line, Piece
from console.widgets.table_source import GridColumn


class EventSource(ViewSource):
    """Type and reason say how bad it is."""

    @property
    def columns(self) -> Sequence[GridColumn]:
        return [
            replace(column, tone=_tone) if column.name in ("TYPE", "REASON") else column
            for column in super().columns
        ]


class EventsScreen(ResourcesScreen):
    about = (
        "What controllers and kubelets said lately in all clusters: one row for each object and reason, with "
        "how often and how fast. Problems come first, whatever their type says. What servers forget stays; "
        "with a vault it is kept encrypted, as long as the settings say. Enter opens a row's single events, "
        "o goes to the object, v to its history."
    )
    BINDINGS = bindings(Scope.EVENTS)

    def __init__(self, view: EventsView) -> None:
        super().__init__(ResourcesView(view.query, view.cursor, problems=view.problems))
        self._view = view
        self.rows = TableView(COLUMNS)
        self._live: LiveEvents | None = None
        self._beside: RowKey | None = None
        """What the pane shows."""
        self._kept = SafeStr("")
        """What is wrong with what is kept."""

    # --- frame

    @property
    def kind_name(self) -> str:
        return "events"

    def source(self) -> EventSource:
        return EventSource(self.rows)

    def tell_subject(self) -> None:
        query, shown, total = self.asked.query, len(self.rows), len(self.rows.rows)
        facts = [Piece("events", Tone.STRONG), Piece(range_words(self._view.since))]
        facts.append(Piece(",".join(query.namespaces) if query.namespaces else "all namespaces"))
        facts.append(Piece(shown_of(shown, total, "row")))
        for health, tone in ((Health.FAILING, Tone.FAILING), (Health.WARNING, Tone.WARNING)):
            if self.rows.counts[health]:
                facts.append(Piece(f"{self.rows.counts[health]:,} {health.value}", tone))
        if self.rows.marks:
            facts.append(Piece(f"{len(self.rows.marks):,} marked", Tone.KEY))
        facts += self._progress()
        facts += self._parts()
        if self._kept:
            facts.append(Piece("not all is kept", Tone.WARNING))
        self.subject.tell(facts, self._filters())

    # --- rows

    async def _follow(self) -> None:
        fleet = await self.navarch.fleet()
        self.top.tell(names={member.id: member.name for member in fleet.members})
        history = await self.navarch.events.history(fleet)
        live = LiveEvents(
            fleet,
            history,
            self._selection(),
            interval=1 / self.navarch.traits.refreshes_per_second,
            wall=self.navarch.now,
        )
        self._live = live
        self._arrange(live.columns)
        async with live:
            async for batch in live.batches():
                self._tell_kept(live.problem)
                await self.take_in_slices(batch)

    def _selection(self) -> Selection:
        query = self.asked.query
        return Selection(clusters=query.clusters, namespaces=query.namespaces, since=self._view.since)

    def _tell_kept(self, problem: SafeStr) -> None:
        """Once, when it begins: what is shown is whole all the same."""
        if problem and problem != self._kept:
            self.say(problem, Tone.WARNING)
        self._kept = problem

    def _sort(self, *, anew: bool = False) -> None:
        """Problems first, unless another order was asked for."""
        if anew and not self.asked.query.sort and not self.navarch.settings.table(self.listed).sort:
            self.rows.sort_by(WORST_FIRST)
        else:
            super()._sort(anew=anew)

    def _why_empty(self) -> list[Line]:
        lines = super()._why_empty()
        if self._view.since and not self.rows.rows:
            words = range_words(self._view.since)
            lines.append((Piece(f"Shown is {words}; press W for more.", Tone.DIM),))
        return lines

    # --- the object that a row is about

    @property
    def current(self) -> ObjectRef | None:
        return about(self.table.row) if self.table.row is not None else None

    @property
    def around(self) -> float | None:
        row = self.table.row
        return row.item.last or None if row is not None and isinstance(row.item, Group) else None

    def chosen(self) -> list[ObjectRef]:
        """Each object once, however many rows are about it."""
        refs = [about(row) for row in self.chosen_rows()]
        return list({ref.key: ref for ref in refs if ref is not None}.values())

    def open_row(self, row: Row) -> None:
        from console.screens.event_group import EventGroupScreen

        self.app.push_screen(EventGroupScreen(self._told_whole(row)))

    def _told_whole(self, row: Row) -> SafeStr:
        assert isinstance(row.item, Group)
        events = self._live.members(row.key) if self._live is not None else ()
        return group_text(row.item, events, cluster=row.cluster, now=self.navarch.now())

    def tell_beside(self, row: Row) -> None:
        if row.key != self._beside:
            self._beside = row.key
            self.side.home()
        self.side.wrap_lines(True)
        self.side.tell(self._told_whole(row))

    def action_owner(self) -> None:
        """An event belongs to its object."""
        row = self.table.row
        if row is None:
            return
        if (ref := about(row)) is not None:
            self.open_object(ref)
        else:
            self.go_to_object(row)

    @work(exclusive=True, group="owner", exit_on_error=False)
    async def go_to_object(self, row: Row) -> None:
        """A kind that only its cluster knows: ask."""

        async def find() -> ObjectRef:
            assert isinstance(row.item, Group)
            cluster = (await self.navarch.fleet()).cluster(row.cluster_id)
            reference = {"apiVersion": row.item.api_version, "kind": row.item.kind}
            return _reference(row, await resource_of(cluster, reference))

        found = await self.navarch.attempt(find)
        if found is not None:
            self.open_object(found)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "owner":
            return self.is_mounted and self.table.row is not None and not self.prompt.is_open
        return super().check_action(action, parameters)

    # --- range

    def action_range(self) -> None:
        from console.screens.event_range import EventRangeScreen

        self.app.push_screen(EventRangeScreen(self._view.since), self._reach)

    def _reach(self, since: float | None) -> None:
        if since is None or since == self._view.since:
            return
        self._view = replace(self._view, since=since)
        self.leave_mark()
        if self._live is not None:
            self.reach(self._live, since)

    @work(exclusive=True, group="reach", exit_on_error=False)
    async def reach(self, live: LiveEvents, since: float) -> None:
        await live.reach(since)

    # --- the way back

    def leave_mark(self) -> None:
        super().leave_mark()
        asked = self.asked
        self._view = replace(self._view, query=asked.query, cursor=asked.cursor, problems=asked.problems)
        self.navarch.history.update(self._view)

    def use_filter(self, query: Query) -> None:
        """Patterns in place; other clusters or namespaces are another view."""
        now = self.asked.query
        if (query.clusters, query.namespaces) != (now.clusters, now.namespaces):
            self.navarch.show(replace(self._view, query=replace(query, kind="events"), cursor=None))
            return
        self.rows.show_problems(False)
        self.rows.filter(query.match, query.not_match)
        self.leave_mark()
        self._after_change()

    def shown_columns(self) -> tuple[TableColumn, ...]:
        return COLUMNS


def about(row: Row) -> ObjectRef | None:
    """The object that a row is about; None for a kind that only its cluster knows."""
    assert isinstance(row.item, Group)
    group = row.item.api_version.rpartition("/")[0]
    resource = known_resource(group, row.item.kind)
    return _reference(row, resource) if resource is not None and row.item.metadata.name else None


def _reference(row: Row, resource: ApiResource) -> ObjectRef:
    assert isinstance(row.item, Group)
    return ObjectRef(
        cluster_id=row.cluster_id,
        cluster=row.cluster,
        resource=resource,
        namespace=row.item.metadata.namespace if resource.namespaced else "",
        name=row.item.metadata.name,
        sensitive=resource.full_name == "secrets",
    )


def _tone(row: Row) -> Tone:
    return Tone.TEXT if row.health is Health.OK else HEALTH[row.health][1]
