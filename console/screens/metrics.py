"""What uses how much, over the whole fleet: a table of one level, and charts of the row under the cursor."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from textual import on, work
from textual.containers import Vertical
from textual.widget import Widget

from backend.fleet.filter import Matcher, PatternError, compile_pattern
from backend.fleet.query import Query
from backend.kube.status import State
from backend.observe.metrics.amounts import cpu_text, memory_text, percent
from backend.observe.metrics.load_columns import (
    Aspect,
    columns_of,
    concerns,
    sort_word,
    usual_order,
)
from backend.observe.metrics.loads import Level, Load, LoadKey, total
from backend.observe.metrics.sampling import Interest, What
from console.actions import Scope
from console.keymap import bindings
from console.load_charts import charts_of
from console.load_rows import LEVELS, grid, reference, said_of
from console.screens.table_frame import TableScreen
from console.theme import Tone
from console.views import MetricsView, ResourcesView
from console.widgets.chart import ChartPane
from console.widgets.paint import Line, Piece
from console.widgets.table import ResourceTable
from console.widgets.table_source import ListSource

if TYPE_CHECKING:
    from backend.observe.metrics.top import LiveTop, Top

_REST = 0.3
"""Seconds the cursor rests before a row's history is summed."""


class MetricsScreen(TableScreen):
    about = (
        "What uses how much CPU and memory, beside what it asked for and may use. tab goes from clusters to "
        "nodes, namespaces, workloads and pods; z keeps what is under pressure, x what is wasted. The charts "
        "show the row under the cursor as long as it is known. ≥ before a number: some of its pods were not "
        "measured. A dash is not zero: the line above the charts says why."
    )
    BINDINGS = bindings(Scope.METRICS)

    def __init__(self, view: MetricsView) -> None:
        super().__init__()
        self.asked = view
        self._top: Top | None = None
        self._live: LiveTop | None = None
        self._paused = 0.0
        """Since when the numbers stand still; 0: they don't."""
        self._pattern = ""
        self._matcher: Matcher | None = None
        self._looked_at: str = ""
        """The node whose kubelet is asked for its disk and traffic."""

    # --- frame

    @property
    def level(self) -> Level:
        return Level(self.asked.level)

    @property
    def aspect(self) -> Aspect:
        return Aspect(self.asked.aspect)

    def crumbs(self) -> tuple[object, ...]:
        where = (",".join(self.asked.query.clusters),) if self.asked.query.clusters else ()
        return ("fleet", *where, "metrics")

    @property
    def listed(self) -> str:
        return f"metrics-{self.level.value}"

    def compose_body(self) -> Widget:
        return Vertical(self.body(), ChartPane(id="charts"), classes="metrics")

    def source(self) -> ListSource:
        columns = columns_of(self.level, self.aspect, short=True)
        order = sort_word(columns, self.asked.query.sort or usual_order(self.aspect)) or columns[0]
        return ListSource(
            [grid(column) for column in columns],
            key=lambda load: load.key,
            health=lambda load: load.health,
            sort=order.name,
            sort_keys={column.name: column.key for column in columns},
            descending=order.largest_first,
        )

    @property
    def charts(self) -> ChartPane:
        return self.query_one(ChartPane)

    def on_mount(self) -> None:
        super().on_mount()
        self.table.messages = [(Piece("Asking every cluster…", Tone.STRONG),)]
        self.tell_subject()
        self.follow()

    def tell_subject(self) -> None:
        facts = [Piece(self.level.value, Tone.STRONG)]
        if self._top is not None:
            rows = self._top.rows
            facts.append(Piece(f"{len(self.table.source):,} of {len(rows):,}"))
            whole = total(rows)
            if whole.known:
                least = "≥" if whole.partial else ""
                facts.append(Piece(f"CPU {least}{cpu_text(whole.cpu)}{_of(whole.cpu, whole.cpu_room)}"))
                facts.append(
                    Piece(f"memory {least}{memory_text(whole.memory)}{_of(whole.memory, whole.memory_room)}")
                )
            if whole.pressed:
                facts.append(Piece(f"{whole.pressed:,} under pressure", Tone.WARNING))
            if self._top.notes:
                facts.append(Piece(f"not known in {_clusters(len(self._top.notes))}", Tone.WARNING))
            facts += self._progress()
        if self._paused:
            at = time.strftime("%H:%M:%S", time.localtime(self._paused))
            facts.append(Piece(f"paused at {at} (f)", Tone.KEY))
        self.subject.tell(facts, self._filters())

    def _progress(self) -> list[Piece]:
        assert self._top is not None
        waiting = sum(status.state is State.SYNCING for status in self._top.statuses.values())
        if not waiting:
            return []
        return [Piece(f"syncing {waiting} of {_clusters(len(self._top.statuses))}", Tone.PROGRESSING)]

    def _filters(self) -> Iterable[str]:
        query = self.asked.query
        if self.aspect is not Aspect.USE:
            yield self.aspect.value
        if self._pattern:
            yield f"/{self._pattern}"
        if query.names:
            yield ",".join(query.names)
        if query.clusters:
            yield "@" + ",".join(query.clusters)
        if query.namespaces:
            yield "-n " + ",".join(query.namespaces)
        if query.labels:
            yield f"-l {query.labels}"

    # --- numbers

    @work(exclusive=True, group="follow", exit_on_error=False)
    async def follow(self) -> None:
        await self.navarch.attempt(self._follow)

    async def _follow(self) -> None:
        from backend.observe.metrics.top import LiveTop

        fleet = await self.navarch.fleet()
        metrics = await self.navarch.measuring.metrics()
        self.top.tell(names={member.id: member.name for member in fleet.members})
        live = LiveTop(fleet, metrics, self.asked.query)
        live.show(self.level)
        async with live.following(), aclosing(live.updates()) as updates:
            self._live = live
            try:
                async for top in updates:
                    self.top.tell(statuses=top.statuses)
                    if not self._paused and top.level is self.level:
                        self._top = top
                        self._show()
            finally:
                self._live = None

    def _show(self) -> None:
        if self._top is None:
            return
        source = self.table.source
        assert isinstance(source, ListSource)
        source.replace([load for load in self._top.rows if self._wanted(load)])
        self.table.messages = () if len(source) else self._why_empty()
        self.table.rows_changed()
        if self.asked.cursor is not None and source.index_of(LoadKey(*self.asked.cursor)) is not None:
            self.table.move_to_key(LoadKey(*self.asked.cursor))
            self.asked = replace(self.asked, cursor=None)
        self.tell_subject()
        self.draw()

    def _wanted(self, load: Load) -> bool:
        from fnmatch import fnmatchcase

        names = self.asked.query.names
        if not concerns(load, self.aspect) or (names and not any(fnmatchcase(load.name, n) for n in names)):
            return False
        hay = f"{load.cluster} {load.namespace} {load.key.kind} {load.name}".encode("utf-8", "replace")
        return self._matcher is None or self._matcher.matches(hay)

    def _why_empty(self) -> list[Line]:
        assert self._top is not None
        if any(status.state is State.SYNCING for status in self._top.statuses.values()):
            return [(Piece("Asking every cluster…", Tone.STRONG),)]
        if self._pattern or self.asked.query.names:
            return [(Piece("Nothing matches.", Tone.STRONG),), (Piece("Press esc to see all.", Tone.DIM),)]
        said = {
            Aspect.PRESSURE: "Nothing is under pressure, as far as it is known.",
            Aspect.WASTE: "Nothing is wasted, as far as it is known.",
            Aspect.USE: "There is nothing here that uses anything.",
        }[self.aspect]
        lines: list[Line] = [(Piece(said, Tone.STRONG),)]
        names = {member.id: member.name for member in self.navarch.members}
        lines += [
            (Piece(names.get(one, one), Tone.STRONG), Piece(f"  {why}"))
            for one, why in list(self._top.notes.items())[:8]
        ]
        return lines

    # --- charts

    @on(ResourceTable.CursorMoved)
    def _moved(self) -> None:
        self.draw()

    @work(exclusive=True, group="draw", exit_on_error=False)
    async def draw(self) -> None:
        """The charts of the row under the cursor; how it got there is summed when the cursor rests."""
        if self.table.row is None or self._live is None:
            self.charts.show_charts((), ())
            return
        await asyncio.sleep(_REST)
        load, live = self.table.row, self._live  # as it is by now
        if load is None or live is None:
            return
        self._ask_kubelet(load)
        history = await live.history(load)
        metrics = await self.navarch.measuring.metrics()
        now = (self._paused or self.navarch.now()) + load.skew
        charts = charts_of(load, history, metrics.of(load.key.cluster_id), now=now)
        self.charts.show_charts(said_of(load, metrics.of(load.key.cluster_id)), charts)

    def _ask_kubelet(self, load: Load) -> None:
        wanted = load.name if load.level is Level.NODES else ""
        if wanted != self._looked_at:
            self._looked_at = wanted
            self.look_into_node(load.key.cluster_id, wanted)

    @work(exclusive=True, group="kubelet", exit_on_error=False)
    async def look_into_node(self, cluster_id: str, node: str) -> None:
        """Ask the kubelet of the node under the cursor, as long as it is under it."""
        if not node:
            return
        metrics = await self.navarch.measuring.metrics()
        with metrics.looking([Interest(cluster_id, What.NODES, kubelet=node)]) as fresh:
            while True:
                await fresh.wait()
                fresh.clear()
                self.draw()
                await asyncio.sleep(1.0)

    # --- going on

    def open_row(self, load: Load) -> None:
        """The object itself; of a cluster, its nodes."""
        ref = reference(load)
        self._remember()
        if ref is not None:
            self.navarch.open_object(ref)
        elif load.level is Level.NAMESPACES:
            query = Query(kind="pods", clusters=(load.cluster,), namespaces=(load.name,))
            self.navarch.show(ResourcesView(query))
        else:
            self.action_inside()

    def action_inside(self) -> None:
        """What the row is the sum of."""
        load = self.table.row
        if load is None:
            return
        query = replace(self.asked.query, clusters=(load.cluster,), names=(), sort="")
        level = _INSIDE.get(load.level)
        if level is None:
            return
        if load.level is Level.NAMESPACES:
            query = replace(query, namespaces=(load.name,))
        elif load.level is Level.WORKLOADS:
            query = replace(query, namespaces=(load.namespace,), names=(f"{load.name}*",))
        self._remember()
        self.navarch.show(MetricsView(level.value, query, self.asked.aspect))

    def action_next_level(self, by: int) -> None:
        place = LEVELS.index(self.level) if self.level in LEVELS else 0
        query = replace(self.asked.query, names=(), sort="")
        self._change(
            replace(self.asked, level=LEVELS[(place + by) % len(LEVELS)].value, query=query, cursor=None)
        )

    def action_aspect(self, aspect: str) -> None:
        wanted = "use" if self.asked.aspect == aspect else aspect
        self._change(replace(self.asked, aspect=wanted, query=replace(self.asked.query, sort="")))

    def _change(self, view: MetricsView) -> None:
        """Another table in the same place."""
        same = view.level == self.asked.level
        self.asked = view
        self.navarch.history.update(view)
        self._paused = 0.0
        if not same:
            self._top = None
            self.table.messages = [(Piece("Summing…", Tone.STRONG),)]
        self.table.use(self.source())
        if self._live is not None:
            self._live.show(self.level)
        self._show()
        self.tell_subject()
        self.refresh_bindings()

    def action_pause(self) -> None:
        self._paused = 0.0 if self._paused else self.navarch.now()
        if not self._paused and self._live is not None:
            self._live.show(self.level)
        self.tell_subject()

    def _remember(self) -> None:
        """Keep the order and the cursor for the way back."""
        row, source = self.table.row, self.table.source
        column = sort_word(columns_of(self.level, self.aspect, short=True), source.sort)
        query = replace(self.asked.query, sort=column.word if column is not None else "")
        self.asked = replace(self.asked, query=query, cursor=tuple(row.key) if row is not None else None)
        self.navarch.history.update(self.asked)

    # --- filter

    def action_filter(self) -> None:
        self.prompt.ask("filter", "/", text=self._pattern)

    def prompt_changed(self, kind: str, text: str) -> None:
        if kind == "filter":
            self._filter(text)

    def prompt_entered(self, kind: str, text: str) -> None:
        self.prompt_changed(kind, text)

    def prompt_cancelled(self, kind: str) -> None:
        self.prompt_changed(kind, "")

    def _filter(self, text: str) -> None:
        try:
            self._matcher = compile_pattern(text) if text else None
        except PatternError as error:
            self.prompt.wrong(True)
            self.say(f"Not a pattern yet: {error}", Tone.WARNING, stay=True)
            return
        self.prompt.wrong(False)
        self.clear_notice()
        self._pattern = text
        self._show()

    def action_back(self) -> None:
        if self._pattern or self.asked.query.names:
            self.asked = replace(self.asked, query=replace(self.asked.query, names=()))
            self._filter("")
        else:
            super().action_back()

    def can_go_back(self) -> bool:
        return bool(self._pattern or self.asked.query.names) or super().can_go_back()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.is_mounted:
            return False
        if action == "inside":
            return self.table.row is not None and self.level in _INSIDE
        return super().check_action(action, parameters)


_INSIDE = {
    Level.CLUSTERS: Level.NODES,
    Level.NAMESPACES: Level.WORKLOADS,
    Level.WORKLOADS: Level.PODS,
}
"""Nodes hold pods too, but a pod's place is its workload."""


def _of(used: float, room: float | None) -> str:
    return f" ({percent(used, room)})" if room else ""


def _clusters(count: int) -> str:
    return f"{count} cluster{'' if count == 1 else 's'}"
