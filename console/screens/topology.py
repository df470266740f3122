"""How things hang together, live: a tree that is unfolded, and a drawing of the same; every node opens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from textual import on, work
from textual.widget import Widget

from backend.fleet.filter import PatternError, compile_pattern
from backend.resources.kind import Verdict
from backend.text import SafeStr, safe_text
from console.actions import Action, Scope, in_scope
from console.keymap import binding, bindings
from console.screens.own_commands import OwnCommands
from console.theme import Tone
from console.views import ObjectRef, TopologyView
from console.widgets.diagram import Diagram
from console.widgets.fold_tree import FoldTree
from console.widgets.forms import Forms
from console.widgets.paint import Line, Piece

if TYPE_CHECKING:
    from backend.fleet.fleet import Fleet
    from backend.topology.branch import Branch
    from backend.topology.following import Following
    from backend.topology.graph import Graph
    from backend.topology.node import Node
    from backend.topology.outline import Outline
    from backend.topology.sight import Sight

_SEARCHED = 5000
"""Branches that a search unfolds on its way."""
_DEPTH = 2
_LEAST, _REMOTE = 0.25, 1.0
"""Seconds between two pictures; more when one takes long to work out."""


class TopologyScreen(OwnCommands):
    about = (
        "How things hang together: what an object is made of and needs, and below that what needs it. Health "
        "is that of the whole branch, with its reason; what may not be read is unknown, never well. Space "
        "folds, tab draws boxes and arrows, t looks from the object under the cursor, z keeps only problems."
    )
    BINDINGS = [
        *(binding(action) for action in in_scope(Scope.TREE) if action.call.startswith("screen.")),
        *bindings(Scope.OBJECT),
    ]

    def __init__(self, view: TopologyView) -> None:
        super().__init__()
        self.asked = view
        self._outline: Outline | None = None
        self._names = dict(view.names)
        """Clusters by id: what the way here told, until the fleet does."""
        self._problems = False
        self._drawn = False
        """Whether the drawing is shown, not the tree."""
        self._matches: list[tuple[str, ...]] = []
        self._match = -1
        self._pattern = ""
        self._live = False

    # --- frame

    def body(self) -> Widget:
        return Forms(FoldTree(id="tree"), Diagram(id="diagram"), id="body")

    AUTO_FOCUS = "#tree"

    @property
    def branches(self) -> FoldTree:
        return self.query_one(FoldTree)

    @property
    def diagram(self) -> Diagram:
        return self.query_one(Diagram)

    def crumbs(self) -> tuple[object, ...]:
        view = self.asked
        where = [self._names.get(one, one) for one in view.clusters]
        place = (where[0],) if len(where) == 1 else ()
        inside = (",".join(view.namespaces),) if view.namespaces else ()
        return ("fleet", *place, *inside, *((view.name,) if view.name else ()), "topology")

    def on_mount(self) -> None:
        super().on_mount()
        self.diagram.display = False
        self.branches.keep = self._kept
        self.branches.messages = [(Piece("Reading…", Tone.STRONG),)]
        self.branches.sync()
        self.tell_subject()
        self.follow()

    def tell_subject(self) -> None:
        facts = [Piece("topology", Tone.STRONG)]
        if self._outline is not None and self.asked.aim != "fleet":
            graph = self._outline.graph
            facts.append(Piece(f"{len(graph):,} objects"))
            unread = {kind for one in self.asked.clusters for kind, _ in graph.unread(one)}
            if unread:
                facts.append(Piece(f"{len(unread)} kinds not read", Tone.UNKNOWN))
        if self._drawn and self.diagram.left_out:
            facts.append(Piece(f"{self.diagram.left_out:,} not drawn", Tone.WARNING))
        if self._matches:
            facts.append(Piece(f"{self._match + 1} of {len(self._matches)}", Tone.KEY))
        filters = ["problems only"] if self._problems else []
        if self._pattern:
            filters.append(f"/{self._pattern}")
        forms = ["tree", "(drawing)"] if self._drawn else ["(tree)", "drawing"]
        self.subject.tell(facts, [*filters, *forms])

    # --- content

    @work(exclusive=True, group="follow", exit_on_error=False)
    async def follow(self) -> None:
        await self.navarch.attempt(self._follow)

    async def _follow(self) -> None:
        fleet = await self.navarch.fleet()
        self._names |= {cluster.id: str(cluster.name) for cluster in fleet.clusters}
        self.top.tell(crumbs=self.crumbs())
        if self.asked.aim == "fleet":
            await self._follow_fleet(fleet)
        else:
            await self._follow_graph(fleet)

    async def _follow_fleet(self, fleet: Fleet) -> None:
        """Every cluster from what is known of it anyway: nothing more is read until one is opened."""
        from backend.fleet.overview import FleetOverview
        from backend.fleet.summary import problems_first
        from backend.topology.branch import Branch

        async with FleetOverview(fleet, interval=self._pause) as overview:
            async for summaries in overview.updates():
                now = self.navarch.now()
                branches = []
                for one in problems_first(summaries, now=now):
                    why = "; ".join(map(str, one.concerns(now)))
                    pods = "pods not counted yet" if one.pods is None else f"{one.pods:,} pods"
                    branches.append(
                        Branch(
                            (one.id,),
                            safe_text(f"cluster {one.name}"),
                            Verdict(one.health(now), why),
                            note=safe_text(pods),
                        )
                    )
                self.branches.tell([branch for branch in branches if self._kept(branch)])
                self.top.tell(
                    statuses={one.id: one.status for one in summaries},
                    names={one.id: one.name for one in summaries},
                )
                self.branches.messages = [(Piece("No cluster is in trouble.", Tone.STRONG),)]
                self.tell_subject()
                self.refresh_bindings()

    async def _follow_graph(self, fleet: Fleet) -> None:
        from backend.topology.following import CLUSTERS, Following
        from backend.topology.health import Rollup
        from backend.topology.outline import Outline
        from backend.topology.reading import read_into

        clusters = [fleet.cluster(one) for one in self.asked.clusters]
        sight = self.asked.sight
        live = Following(clusters, admission=fleet.admission, extent=sight.extent)
        self._outline = Outline(live.graph, Rollup(live.graph), self._names)
        rest = asyncio.create_task(read_into(live.graph, clusters[CLUSTERS:], extent=sight.extent))
        try:
            async with live:
                self._live = True
                while True:
                    await live.changed.wait()
                    live.changed.clear()
                    began = time.monotonic()
                    self._show(live, sight)
                    await asyncio.sleep(max(self._pause, 5 * (time.monotonic() - began)))
        finally:
            self._live = False
            rest.cancel()
            await asyncio.gather(rest, return_exceptions=True)

    @property
    def _pause(self) -> float:
        return _REMOTE if self.navarch.traits.remote else _LEAST

    def _show(self, live: Following, sight: Sight) -> None:
        from backend.topology.sight import roots

        assert self._outline is not None
        found = roots(self._outline, sight)
        self.branches.messages = self._why_empty(live.graph, sight, settled=live.settled)
        self.branches.tell(found)
        self.top.tell(statuses=live.statuses, names=self._names)
        if self._drawn:
            self._draw()
        self.tell_subject()
        self.refresh_bindings()

    def _why_empty(self, graph: Graph, sight: Sight, *, settled: bool) -> Sequence[Line]:
        if not settled:
            left = sum(1 for one in sight.clusters for _ in graph.unread(one))
            return [(Piece(f"Reading… {left} kinds to come", Tone.STRONG),)]
        names = [self._names.get(one, one) for one in sight.clusters]
        lines: list[Line] = [(Piece(f"There is no {sight.title(names)}.", Tone.STRONG),)]
        for one in sight.clusters:
            for kind, covered in graph.unread(one)[:8]:
                lines.append((Piece(f"{kind}: {covered.why}", Tone.DIM),))
        return lines

    def _draw(self, *, at: Node | None = None) -> None:
        """The drawing of what is looked at; of a cluster, of what is around the object under the cursor."""
        from backend.topology.sight import Aim, drawn
        from backend.topology.sketch import around, sketch

        outline, sight = self._outline, self.asked.sight
        if outline is None:
            return
        graph = outline.graph
        node = at or (self.branches.current.node if self.branches.current is not None else None)
        if sight.aim is Aim.CLUSTER:
            nodes = around(node, _DEPTH) if node is not None else {}
        else:
            nodes = drawn(graph, outline, sight, depth=_DEPTH)
        if self._problems:
            nodes = {one: None for one in nodes if outline.rollup.of(one).health.problem}
        self.diagram.messages = [
            (Piece("Nothing to draw here.", Tone.STRONG),),
            (Piece("In the tree, stand on an object (tab), and draw what is around it.", Tone.DIM),),
        ]
        self.diagram.tell(sketch(graph, outline.rollup, nodes, focus=node), at=at)

    def _kept(self, branch: Branch) -> bool:
        return not self._problems or branch.troubled

    # --- the object that keys are about

    @property
    def _node(self) -> Node | None:
        if self._drawn:
            box = self.diagram.current
            return box.node if box is not None else None
        branch = self.branches.current
        return branch.node if branch is not None else None

    @property
    def current(self) -> ObjectRef | None:
        node = self._node if self.is_mounted else None
        return self._reference(node) if node is not None else None

    def _reference(self, node: Node) -> ObjectRef | None:
        """None: it was not read, or is not there."""
        from backend.topology.scope import resource_named

        if node.facts is None:
            return None
        kind = node.facts.kind
        resource = resource_named(node.kind) or (kind.resource if kind is not None else None)
        if resource is None:
            return None
        return ObjectRef(
            cluster_id=node.cluster,
            cluster=self._names.get(node.cluster, node.cluster),
            resource=resource,
            namespace=node.namespace,
            name=node.name,
            uid=node.uid,
            sensitive=node.kind == "secrets",
        )

    def why_not(self, action: Action) -> SafeStr:
        node = self._node if self.is_mounted else None
        if node is not None and node.facts is None:
            return safe_text(f"it is {node.verdict.why or 'not there'}")
        return super().why_not(action)

    # --- keys

    @on(FoldTree.Opened)
    def _opened(self, event: FoldTree.Opened) -> None:
        branch = event.branch
        if self.asked.aim == "fleet":
            cluster = branch.path[0]
            names = {cluster: self._names.get(cluster, cluster)}
            self.leave_mark()
            self.navarch.show(TopologyView(aim="cluster", clusters=(cluster,), names=names))
        elif branch.node is not None and self._reference(branch.node) is not None:
            self._open(branch.node)
        elif branch.node is not None and branch.open is None:
            self.say(f"{branch.title}: {branch.why or 'it is not there'}", Tone.WARNING)
        else:
            self.branches.action_switch()

    @on(Diagram.Opened)
    def _opened_box(self, event: Diagram.Opened) -> None:
        self._open(event.node)

    def _open(self, node: Node) -> None:
        ref = self._reference(node)
        if ref is not None:
            self.leave_mark()
            self.navarch.open_object(ref)
        else:
            self.say(f"{node.name}: {node.verdict.why or 'it is not there'}", Tone.WARNING)

    @on(FoldTree.Moved)
    @on(Diagram.Moved)
    def _moved(self) -> None:
        self.refresh_bindings()

    def action_other_form(self) -> None:
        """From tree to drawing with the same object under the cursor, and back."""
        at = self._node
        self._drawn = not self._drawn
        self.branches.display, self.diagram.display = not self._drawn, self._drawn
        if self._drawn:
            self._draw(at=at)
            self.diagram.focus()
        else:
            self.branches.focus()
        self.tell_subject()
        self.call_after_refresh(self.refresh_bindings)

    def action_problems(self) -> None:
        self._problems = not self._problems
        self.branches.lay_out()
        if self._drawn:
            self._draw()
        self.tell_subject()

    def acted(self) -> None:
        """The watches tell what changed."""

    # --- finding

    def action_find(self) -> None:
        self.prompt.ask("find", "/")

    def prompt_entered(self, kind: str, text: str) -> None:
        if kind == "find":
            self._find(text)

    def prompt_cancelled(self, kind: str) -> None:
        if kind == "find":
            self._find("")

    def _find(self, text: str) -> None:
        """Unfold the tree behind the scenes until everything that matches is known, within bounds."""
        self._pattern, self._matches, self._match = text, [], -1
        if text:
            try:
                matcher = compile_pattern(text)
            except PatternError as error:
                self.say(f"Not a pattern: {error}", Tone.WARNING)
                self._pattern = ""
                return
            number = 0
            for number, branch in enumerate(self._all(), 1):
                if matcher.matches(f"{branch.title} {branch.role}".encode()):
                    self._matches.append(branch.path)
                if number >= _SEARCHED:
                    self.say(f"Only the first {_SEARCHED:,} branches were searched", Tone.WARNING)
                    break
            if not self._matches:
                self.say(f"Nothing matches among {number:,} branches", Tone.WARNING)
        self.branches.marked = frozenset(self._matches)
        if self._matches:
            self.action_match(1)
        self.branches.sync()
        self.tell_subject()
        self.refresh_bindings()

    def _all(self) -> Iterator[Branch]:
        """Every branch that would be shown if all were unfolded; an object is entered once."""
        seen: set[Node] = set()
        waiting = [row.branch for row in self.branches.rows if not row.guide][::-1]
        while waiting:
            branch = waiting.pop()
            yield branch
            if branch.open is None or branch.node in seen:
                continue
            if branch.node is not None:
                seen.add(branch.node)
            waiting += [one for one in branch.open()[::-1] if self._kept(one)]

    def action_match(self, by: int) -> None:
        if not self._matches:
            return
        if self._drawn:
            self.action_other_form()
        self._match = (self._match + by) % len(self._matches)
        self.branches.go_to(self._matches[self._match])
        self.tell_subject()

    def action_back(self) -> None:
        if self._pattern:
            self._find("")
        elif self._drawn:
            self.action_other_form()
        else:
            super().action_back()

    def can_go_back(self) -> bool:
        return bool(self._pattern) or self._drawn or super().can_go_back()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.is_mounted:
            return False
        match action:
            case "match":
                return bool(self._matches) and not self.prompt.is_open
            case "other_form":
                return self.asked.aim != "fleet" and not self.prompt.is_open
            case "find" | "problems":
                return not self.prompt.is_open
        return super().check_action(action, parameters)
