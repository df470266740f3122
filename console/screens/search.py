"""What a search finds, in all clusters and kinds; hits stream in as clusters answer."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import replace

from backend.fleet.batch import Batch
from backend.fleet.query import Query
from backend.fleet.row import Row
from backend.fleet.search import HITS, Found, search
from backend.fleet.search_rows import BEST_FIRST, columns_for
from backend.fleet.view import TableView
from backend.kube.status import State, Status
from backend.resources.kind import Health
from backend.text import safe_text
from console.actions import Scope
from console.keymap import bindings
from console.screens.resources import ResourcesScreen
from console.theme import Tone
from console.view_source import ViewSource
from console.views import ResourcesView, SearchView
from console.widgets.paint import Line, Piece

_ENDED = "the search was ended before this cluster was done"


class HitSource(ViewSource):
    """Of a hit only metadata is known, so nothing is said about its health."""

    def health(self, row: Row) -> Health | None:
        return None


class SearchScreen(ResourcesScreen):
    """A list of objects of any kind. Coming back to it shows what was found; nothing is asked again."""

    about = (
        "What a search found in all clusters, as it comes in; any kind may be among it. Coming back to "
        "this screen shows the same hits: nothing is asked again until you search anew."
    )
    BINDINGS = bindings(Scope.SEARCH)

    def __init__(self, view: SearchView) -> None:
        super().__init__(ResourcesView(Query(kind="search"), view.results.cursor))
        self._view = view
        self._results = view.results
        if self._results.rows is None:
            self._results.rows = TableView(columns_for(view.search))
            self._results.rows.sort_by(BEST_FIRST)
        self.rows = self._results.rows
        self._statuses = dict(view.results.statuses)
        self._searching = False
        self._fresh: list[Row] = []

    # --- frame

    def crumbs(self) -> tuple[object, ...]:
        return ("fleet", "search")

    @property
    def kind_name(self) -> str:
        return "search"

    def source(self) -> HitSource:
        return HitSource(self.rows)

    def tell_subject(self) -> None:
        shown, total = len(self.rows), len(self.rows.rows)
        count = f"{total:,} found" if shown == total else f"{shown:,} of {total:,} found"
        facts = [Piece("search", Tone.STRONG), Piece(self._view.search.term or "everything"), Piece(count)]
        if self._searching:
            facts += self._progress()
        elif not self._results.complete:
            facts.append(Piece("ended early", Tone.WARNING))
        elif total >= HITS:
            facts.append(Piece(f"ended after {HITS:,}: narrow it", Tone.WARNING))
        unanswered = sum(s.state not in (State.LIVE, State.SYNCING) for s in self._statuses.values())
        if unanswered:
            facts.append(Piece(f"{_clusters(unanswered)} not searched", Tone.WARNING))
        partly = sum(s.state is State.LIVE and bool(s.detail) for s in self._statuses.values())
        if partly:
            facts.append(Piece(f"{_clusters(partly)} only in part", Tone.WARNING))
        self.subject.tell(facts, self._filters())

    def _progress(self) -> list[Piece]:
        waiting = sum(status.state is State.SYNCING for status in self._statuses.values())
        said = super()._progress()
        return [Piece(said[0].text.replace("syncing", "searching", 1), said[0].tone)] if waiting else []

    def _filters(self) -> Iterable[str]:
        wanted = self._view.search
        if self.rows.match:
            yield f"/{self.rows.match}"
        for sign, values in (("@", wanted.clusters), ("-n ", wanted.namespaces), ("--kind ", wanted.kinds)):
            if values:
                yield sign + ",".join(values)
        if wanted.labels:
            yield f"-l {wanted.labels}"
        if wanted.image:
            yield f"--image {wanted.image}"

    # --- rows

    async def _follow(self) -> None:
        fleet = await self.navarch.fleet()
        self.top.tell(names={member.id: member.name for member in fleet.members})
        if self._results.complete or self._statuses:
            self._after_change()
            return
        clusters = fleet.select(self._view.search.clusters)
        now = time.time()
        self._statuses = {cluster.id: Status(state=State.SYNCING, since=now) for cluster in clusters}
        self._searching = True
        self._show_found()
        timer = self.set_interval(1 / self.navarch.traits.refreshes_per_second, self._show_found)
        try:
            async with aclosing(search(clusters, self._view.search)) as pieces:
                async for piece in pieces:
                    self._note(piece)
            self._results.complete = True
        finally:
            timer.stop()
            self._searching = False
            self._end_statuses()
            if self.is_mounted:
                self._show_found()
                self.refresh_bindings()

    def _note(self, piece: Found) -> None:
        self._fresh += piece.rows
        self._statuses[piece.cluster.id] = piece.status

    def _show_found(self) -> None:
        """Show what came since the last time; many small answers are one repaint."""
        fresh, self._fresh = self._fresh, []
        self._results.statuses = dict(self._statuses)
        self.take(Batch(changed=tuple(fresh), statuses=self._statuses))

    def _end_statuses(self) -> None:
        """Whoever was not done is said to be so."""
        for cluster_id, status in self._statuses.items():
            if status.state is State.SYNCING:
                self._statuses[cluster_id] = replace(
                    status, state=State.STALE, detail=safe_text(_ENDED), progress=None
                )

    def _why_empty(self) -> list[Line]:
        if self.rows.rows:
            return super()._why_empty()
        if self._searching:
            return [
                (Piece("Searching…", Tone.STRONG),),
                (Piece("Press esc to end it.", Tone.DIM),),
            ]
        lines: list[Line] = [(Piece(f"Nothing was found: {self._view.search}", Tone.STRONG),)]
        lines.append((Piece("Press ctrl-g for another search.", Tone.DIM),))
        if any(s.state is not State.LIVE or s.detail for s in self._statuses.values()):
            lines.append((Piece("Not everything could be searched: S shows what, and why.", Tone.WARNING),))
        return lines

    # --- acting

    def leave_mark(self) -> None:
        row = self.table.row
        self._results.cursor = row.key if row is not None else None

    def filter_now(self) -> Query:
        wanted = self._view.search
        return Query(
            kind="search",
            clusters=wanted.clusters,
            namespaces=wanted.namespaces,
            labels=wanted.labels,
            match=self.rows.match,
            not_match=self.rows.not_match,
        )

    def use_filter(self, query: Query) -> None:
        """Patterns hide hits; other clusters, namespaces or labels are another search."""
        before = self._view.search
        wanted = replace(before, clusters=query.clusters, namespaces=query.namespaces, labels=query.labels)
        if wanted != before:
            self.navarch.show(SearchView(wanted))
            return
        self.rows.filter(query.match, query.not_match)
        self._after_change()

    def action_search_again(self) -> None:
        self.navarch.show(SearchView(self._view.search))

    def action_back(self) -> None:
        if self._searching:
            self.workers.cancel_group(self, "follow")
            self.say("The search was ended; what was found stays", Tone.WARNING)
        else:
            super().action_back()

    def can_go_back(self) -> bool:
        return self._searching or super().can_go_back()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "problems":
            return False
        if action == "search_again":
            return self.is_mounted and not self._searching and not self.prompt.is_open
        return super().check_action(action, parameters)


def _clusters(count: int) -> str:
    return f"{count} cluster{'' if count == 1 else 's'}"
