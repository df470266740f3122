"""Home: one row per cluster, what it runs and how it fares."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from textual import on, work

from backend.courtesy import give_way
from backend.fleet.member import select
from backend.fleet.query import Query
from backend.fleet.skew import spread
from backend.fleet.summary import ClusterSummary, SummaryFilter, problems_first
from backend.fleet.summary_columns import COLUMNS
from backend.kube.errors import KubeError
from backend.kube.status import State
from backend.text import counted, shown_of
from console.actions import Scope
from console.fleet_columns import grid_columns
from console.keymap import bindings
from console.screens.importing import import_clusters
from console.screens.narrowing import Narrowing
from console.screens.table_frame import TableScreen
from console.theme import Tone
from console.views import FleetView, ResourcesView, TopologyView
from console.widgets.notice import NoticeLine
from console.widgets.paint import Line, Piece
from console.widgets.table import ResourceTable
from console.widgets.table_source import ListSource

if TYPE_CHECKING:
    from backend.fleet.overview import FleetOverview

_LOOK = 0.5
"""Seconds between looks at which rows are on the screen."""


class FleetScreen(Narrowing, TableScreen):
    """Clusters that need somebody come first."""

    about = (
        "Home: one row per cluster, the ones that need somebody first. A number is as fresh as its "
        "cluster's state says; S explains the states. Enter lists a cluster's pods; : goes anywhere "
        "else."
    )
    BINDINGS = bindings(Scope.FLEET)

    def __init__(self, view: FleetView) -> None:
        super().__init__()
        self.asked = view
        self._summaries: Sequence[ClusterSummary] = ()
        self._filter = SummaryFilter()
        self._overview: FleetOverview | None = None
        self._known = False
        self._arrived = False
        """Whether the cursor stands where the view wants it."""
        self._verified: set[str] = set()
        """Clusters whose identity was looked at."""

    def crumbs(self) -> tuple[object, ...]:
        return ("fleet",)

    def source(self) -> ListSource:
        now = self.navarch.now
        query = self.asked.query
        return ListSource(
            grid_columns(now),
            key=lambda summary: summary.id,
            health=lambda summary: summary.health(now()),
            sort=query.sort.upper() or "STATE",
            descending=query.descending,
            sort_keys={c.name: lambda summary, key=c.key: key(summary, now()) for c in COLUMNS},  # type: ignore[misc]
        )

    def on_mount(self) -> None:
        super().on_mount()
        self.table.messages = [(Piece("Opening the fleet…", Tone.STRONG),)]
        self._use(self.asked.query)
        self.tell_subject()
        # The first frame first: reading kubeconfigs and importing clients would hold it up.
        self.call_after_refresh(self.follow)
        self.set_interval(_LOOK, self._look)

    def tell_subject(self) -> None:
        facts = [Piece(self.navarch.session.title, Tone.STRONG)]
        if self._known:
            shown, total = len(self.table.source), len(self._summaries)
            facts.append(Piece(shown_of(shown, total, "cluster")))
            pods = sum(summary.pods or 0 for summary in self._summaries)
            failing = sum(summary.pods_failing or 0 for summary in self._summaries)
            facts.append(Piece(counted(pods, "pod")))
            if failing:
                facts.append(Piece(f"{failing:,} failing", Tone.FAILING))
            if apart := spread(summary.version for summary in self._summaries):
                facts.append(Piece(apart))
            if marked := len(self.table.source.marks):
                facts.append(Piece(f"{marked:,} marked", Tone.KEY))
        self.subject.tell(facts, self._filters())

    def _filters(self) -> Iterable[str]:
        if self._filter.match:
            yield f"/{self._filter.match}"
        if self._filter.not_match:
            yield f"!{self._filter.not_match}"
        if self._filter.problems_only:
            yield "problems only"
        if self.asked.query.clusters:
            yield "@" + ",".join(self.asked.query.clusters)

    def action_topology(self) -> None:
        """Of the cluster under the cursor."""
        summary = self.table.row
        if summary is not None:
            names = {summary.id: str(summary.name)}
            self.navarch.show(TopologyView(aim="cluster", clusters=(summary.id,), names=names))

    def action_blast(self) -> None:
        from console.screens.blast import BlastScreen, whole_cluster

        summary = self.table.row
        if summary is not None:
            self.app.push_screen(BlastScreen([whole_cluster(summary.id, str(summary.name))]))

    # --- rows

    @work(exclusive=True, group="follow", exit_on_error=False)
    async def follow(self) -> None:
        await self.navarch.attempt(self._follow)

    async def _follow(self) -> None:
        fleet = await self.navarch.fleet()
        from backend.fleet.overview import (
            FleetOverview,  # the client and all it needs: after the first picture
        )

        give_way()
        async with FleetOverview(fleet, interval=1 / self.navarch.traits.refreshes_per_second) as overview:
            self._overview = overview
            try:
                async for summaries in overview.updates():
                    self.take(summaries)
            finally:
                self._overview = None

    def take(self, summaries: Sequence[ClusterSummary]) -> None:
        """Show these summaries."""
        self._known, self._summaries = True, problems_first(summaries, now=self.navarch.now())
        fresh = {s.id for s in summaries if s.status.state is State.LIVE} - self._verified
        if fresh:
            self._verified |= fresh
            self.verify(sorted(fresh))
        self.top.tell(
            statuses={summary.id: summary.status for summary in summaries},
            names={summary.id: summary.name for summary in summaries},
        )
        self._show()

    def _show(self) -> None:
        """The rows that the filters leave."""
        shown = self._filter.keep(self._summaries, now=self.navarch.now())
        patterns = self.asked.query.clusters
        if patterns and self._known:
            chosen, unmatched = select(self.navarch.members, patterns)
            ids = {member.id for member in chosen}
            shown = [summary for summary in shown if summary.id in ids]
            if unmatched:
                self.say(f"No cluster, group or tag is called {', '.join(unmatched)}", Tone.WARNING)
        source = self.table.source
        assert isinstance(source, ListSource)
        source.replace(shown)
        self.table.messages = NONE_MATCHES if self._summaries else EMPTY
        self.table.rows_changed()
        if not self._arrived and self.asked.cursor and source.index_of(self.asked.cursor) is not None:
            self._arrived = True
            self.table.move_to_key(self.asked.cursor)
        self._look()
        self.tell_subject()

    def _look(self) -> None:
        """Tell which rows are on the screen: those are kept fresher than the others."""
        if self._overview is not None and self.is_current:
            rows = self.table.source.window(0, len(self.table.source))
            self._overview.see([str(key) for key in self.table.changes.visible([row.id for row in rows])])

    @work(group="verify", exit_on_error=False)
    async def verify(self, clusters: Sequence[str]) -> None:
        """Say it when a cluster is not the one it was before; see the registry's identity pin."""
        fleet = await self.navarch.fleet()
        for cluster_id in clusters:
            try:
                warning = await self.navarch.session.verify(cluster_id, fleet.client(cluster_id))
            except KubeError:
                self._verified.discard(cluster_id)
                continue
            if warning:
                self.query_one(NoticeLine).say(warning, Tone.WARNING, stay=True)

    # --- filters

    @property
    def kind_listed(self) -> str:
        return "fleet"

    def filter_now(self) -> Query:
        source = self.table.source
        return replace(
            self.asked.query,
            match=self._filter.match,
            not_match=self._filter.not_match,
            sort=source.sort,
            descending=source.descending,
        )

    def use_filter(self, query: Query) -> None:
        self._use(query)
        self._show()
        self._remember()

    def _use(self, query: Query) -> None:
        self.asked = replace(self.asked, query=query)
        self._filter = SummaryFilter(
            match=query.match, not_match=query.not_match, problems_only=self.asked.problems
        )

    def _remember(self) -> None:
        """Keep filters, order and cursor for the way back."""
        row = self.table.row
        self.asked = FleetView(
            self.filter_now(), cursor=row.id if row is not None else "", problems=self._filter.problems_only
        )
        self.navarch.history.update(self.asked)

    def action_problems(self) -> None:
        self.asked = replace(self.asked, problems=not self._filter.problems_only)
        self.use_filter(self.filter_now())

    @property
    def pattern(self) -> str:
        return self._filter.match

    def narrow(self, text: str) -> None:
        self._use(replace(self.filter_now(), match=text))
        self._show()

    def narrowed(self) -> None:
        self._remember()

    @property
    def _filtered(self) -> bool:
        return not self._filter.idle or bool(self.asked.query.clusters)

    def action_back(self) -> None:
        if self._filtered:
            self.asked = replace(self.asked, problems=False)
            self.action_clear_filters()
        else:
            super().action_back()

    def can_go_back(self) -> bool:
        return self._filtered or super().can_go_back()

    # --- acting

    def action_import(self) -> None:
        from console.screens.add_clusters import AddClustersScreen

        self.app.push_screen(AddClustersScreen(), self._import_from)

    def _import_from(self, source: str | None) -> None:
        if source == "profiles":
            self.say("Asking the clusters for ClusterProfiles…", Tone.PROGRESSING)
            self.import_discovered()
        elif source == "file":
            self._ask_path()

    @work(exclusive=True, group="import", exit_on_error=False)
    async def import_discovered(self) -> None:
        from console.screens.importing import discover_clusters

        said = await self.navarch.attempt(lambda: discover_clusters(self.navarch))
        if said:
            await self.navarch.reopen(said, tone=Tone.OK)

    def _ask_path(self) -> None:
        from console.screens.ask_path import AskPathScreen

        def named(path: str | None) -> None:
            if path:
                self.import_from(path)

        self.app.push_screen(AskPathScreen(self.navarch.session.default_kubeconfig()), named)

    @work(exclusive=True, group="import", exit_on_error=False)
    async def import_from(self, path: str) -> None:
        said = await self.navarch.attempt(lambda: import_clusters(self.navarch, path))
        if said:
            await self.navarch.reopen(said, tone=Tone.OK)

    def action_facts(self) -> None:
        from console.screens.cluster_facts import ClusterFactsScreen

        if self.table.row is not None:
            self.app.push_screen(ClusterFactsScreen(self.table.row, now=self.navarch.now()))

    def action_metrics(self) -> None:
        from console.views import MetricsView

        row = self.table.row
        if row is not None:
            self._remember()
            self.navarch.show(MetricsView("nodes", Query(kind="metrics", clusters=(row.name,))))

    def action_marks(self) -> None:
        from console.screens.cluster_marks import mark_clusters

        chosen = {summary.id for summary in self.chosen_rows()}
        members = [member for member in self.navarch.members if member.id in chosen]
        if members:
            self.run_worker(mark_clusters(self.navarch, members), group="marks", exit_on_error=False)

    def chosen_rows(self) -> list[ClusterSummary]:
        """What an act applies to: the marked rows, or the one under the cursor."""
        source = self.table.source
        marked = [summary for summary in self._summaries if summary.id in source.marks]
        return marked or ([self.table.row] if self.table.row is not None else [])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.is_mounted:
            return False
        if action == "import":
            return self.navarch.session.can_import and self.navarch.has_journal
        if action == "marks":
            return self.navarch.session.can_import and self.navarch.has_journal and self.table.row is not None
        if action in ("facts", "metrics"):
            return self.table.row is not None
        return super().check_action(action, parameters)

    @on(ResourceTable.CursorMoved)
    def _moved(self) -> None:
        self._look()

    def to_log_in(self) -> list[str]:
        """The marked clusters, or the one under the cursor, if they use a program; else all that need it."""
        chosen = list(self.table.source.marks) or ([self.table.row.id] if self.table.row is not None else [])
        programs = {member.id for member in self.navarch.members if member.access.exec is not None}
        return [one for one in chosen if one in programs] or super().to_log_in()

    def open_row(self, row: Any) -> None:
        self._remember()
        self.navarch.show(ResourcesView(Query(kind="pods", clusters=(row.name,))))


EMPTY: list[Line] = [
    (Piece("There is no cluster in the vault yet.", Tone.STRONG),),
    (Piece("Press n to add some from a kubeconfig.", Tone.DIM),),
]
NONE_MATCHES: list[Line] = [
    (Piece("None of the clusters matches.", Tone.STRONG),),
    (Piece("Press esc to see all.", Tone.DIM),),
]
