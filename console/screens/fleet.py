"""Home: one row per cluster, what it runs and how it fares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual import work

from backend.fleet.overview import ClusterSummary, FleetOverview, problems_first
from backend.fleet.query import Query
from backend.kube.errors import KubeError
from backend.kube.status import State
from backend.resources.kind import Health
from console.actions import Scope
from console.keymap import bindings
from console.screens.importing import import_clusters
from console.screens.table_frame import TableScreen
from console.states import HEALTH, STATES
from console.theme import Tone
from console.views import ResourcesView
from console.widgets.notice import NoticeLine
from console.widgets.paint import Line, Piece
from console.widgets.table_source import GridColumn, ListSource

_SOON = 14 * 86400.0
"""Seconds before a certificate's end from which it is shown as a warning."""


class FleetScreen(TableScreen):
    """Clusters that need somebody come first."""

    about = (
        "Home: one row per cluster, the ones that need somebody first. A number is as fresh as its "
        "cluster's state says; S explains the states. Enter lists a cluster's pods; : goes anywhere "
        "else."
    )
    BINDINGS = bindings(Scope.FLEET)

    def __init__(self) -> None:
        super().__init__()
        self._summaries: Sequence[ClusterSummary] = ()
        self._known = False
        self._verified: set[str] = set()
        """Clusters whose identity was looked at."""

    def crumbs(self) -> tuple[object, ...]:
        return ("fleet",)

    def source(self) -> ListSource:
        now = self.navarch.now

        def order(summary: ClusterSummary) -> tuple[int, str]:
            return (_SEVERITY[summary.health(now())], summary.name)

        return ListSource(
            columns(now),
            key=lambda summary: summary.id,
            health=lambda summary: summary.health(now()),
            sort="STATE",
            sort_keys={
                "STATE": order,
                "NODES": lambda s: s.nodes or 0,
                "PODS": lambda s: s.pods or 0,
                "FAILING": lambda s: s.pods_failing or 0,
                "CERT": lambda s: s.certificate_ends or float("inf"),
            },
        )

    def on_mount(self) -> None:
        super().on_mount()
        self.table.messages = [(Piece("Opening the fleet…", Tone.STRONG),)]
        self.tell_subject()
        # The first frame first: reading kubeconfigs and importing clients would hold it up.
        self.call_after_refresh(self.follow)

    def tell_subject(self) -> None:
        facts = [Piece(self.navarch.session.title, Tone.STRONG)]
        if self._known:
            facts.append(Piece(_plural(len(self._summaries), "cluster")))
            pods = sum(summary.pods or 0 for summary in self._summaries)
            failing = sum(summary.pods_failing or 0 for summary in self._summaries)
            facts.append(Piece(_plural(pods, "pod")))
            if failing:
                facts.append(Piece(f"{failing:,} failing", Tone.FAILING))
        self.subject.tell(facts)

    @work(exclusive=True, group="follow", exit_on_error=False)
    async def follow(self) -> None:
        await self.navarch.attempt(self._follow)

    async def _follow(self) -> None:
        fleet = await self.navarch.fleet()
        async with FleetOverview(fleet, interval=1 / self.navarch.traits.refreshes_per_second) as overview:
            async for summaries in overview.updates():
                self.take(summaries)

    def take(self, summaries: Sequence[ClusterSummary]) -> None:
        """Show these summaries."""
        self._known, self._summaries = True, problems_first(summaries, now=self.navarch.now())
        source = self.table.source
        assert isinstance(source, ListSource)
        source.replace(self._summaries)
        self.table.messages = EMPTY
        self.table.rows_changed()
        fresh = {s.id for s in summaries if s.status.state is State.LIVE} - self._verified
        if fresh:
            self._verified |= fresh
            self.verify(sorted(fresh))
        self.top.tell(
            statuses={summary.id: summary.status for summary in summaries},
            names={summary.id: summary.name for summary in summaries},
        )
        self.tell_subject()

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

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.is_mounted:
            return False
        if action == "import":
            return self.navarch.session.can_import and self.navarch.has_journal
        return super().check_action(action, parameters)

    def open_row(self, row: Any) -> None:
        self.navarch.show(ResourcesView(Query(kind="pods", clusters=(row.name,))))


_SEVERITY = {health: place for place, health in enumerate(Health)}

EMPTY: list[Line] = [
    (Piece("There is no cluster in the vault yet.", Tone.STRONG),),
    (Piece("Press n to add some from a kubeconfig.", Tone.DIM),),
]


def columns(now: Any) -> list[GridColumn]:
    """What the fleet shows of each cluster."""
    return [
        GridColumn(
            name="CLUSTER", text=lambda s, _: s.name, priority=0, min_width=12, pinned=True, middle=True
        ),
        GridColumn(
            name="STATE", text=lambda s, _: _state(s), tone=lambda s: STATES[s.status.state][1], priority=0
        ),
        GridColumn(name="VERSION", text=lambda s, _: s.version, priority=2),
        GridColumn(name="NODES", text=lambda s, _: _nodes(s), align="right", priority=1, tone=_nodes_tone),
        GridColumn(name="PODS", text=lambda s, _: _number(s.pods), align="right", priority=1),
        GridColumn(
            name="FAILING",
            text=lambda s, _: _number(s.pods_failing),
            align="right",
            priority=0,
            tone=lambda s: Tone.FAILING if s.pods_failing else Tone.DIM,
        ),
        GridColumn(
            name="CERT",
            text=lambda s, at: _left(s.certificate_ends, at),
            align="right",
            priority=2,
            timed=True,
            tone=lambda s: _certificate_tone(s.certificate_ends, now()),
        ),
        GridColumn(name="TAGS", text=lambda s, _: " ".join(s.tags), priority=4, optional=True),
        GridColumn(
            name="GUARD",
            text=lambda s, _: "read-only" if s.read_only else "protected" if s.protected else "",
            priority=3,
            optional=True,
            tone=lambda s: Tone.ACCENT,
        ),
        GridColumn(name="DETAIL", text=lambda s, _: s.status.detail, priority=5, min_width=16, optional=True),
    ]


def _state(summary: ClusterSummary) -> str:
    status = summary.status
    if status.state is State.SYNCING and status.progress is not None:
        return f"SYNCING {round(status.progress * 100)}%"
    return status.state.value


def _number(count: int | None) -> str:
    return "…" if count is None else f"{count:,}"


def _nodes(summary: ClusterSummary) -> str:
    if summary.nodes is None or summary.nodes_ready is None:
        return "…"
    ready = summary.nodes_ready
    return str(summary.nodes) if ready == summary.nodes else f"{ready}/{summary.nodes}"


def _nodes_tone(summary: ClusterSummary) -> Tone:
    complete = summary.nodes is None or summary.nodes_ready == summary.nodes
    return Tone.TEXT if complete else HEALTH[Health.WARNING][1]


def _left(ends: float | None, now: float) -> str:
    """Until a certificate ends, in kubectl's short units."""
    if ends is None:
        return "–"
    seconds = ends - now
    if seconds <= 0:
        return "expired"
    days = int(seconds // 86400)
    return (
        f"{days}d"
        if days >= 2
        else f"{int(seconds // 3600)}h"
        if seconds >= 3600
        else f"{int(seconds // 60)}m"
    )


def _certificate_tone(ends: float | None, now: float) -> Tone:
    if ends is None:
        return Tone.DIM
    if ends <= now:
        return Tone.FAILING
    return Tone.WARNING if ends - now < _SOON else Tone.TEXT


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
