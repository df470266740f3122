"""What the screens about rights share: every cluster asked once, rows as they come, what is missing said."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import aclosing
from typing import Any

from textual import work

from backend.fleet.cluster import Cluster
from backend.fleet.filter import compile_pattern
from backend.fleet.states import state_of
from backend.kube.errors import KubeError
from backend.kube.status import State, Status
from backend.tenancy.asking import each
from backend.tenancy.where import Where
from backend.text import SafeStr, safe_text
from console.actions import Scope
from console.keymap import bindings
from console.screens.narrowing import Narrowing
from console.screens.no_rows import none_match
from console.screens.table_frame import TableScreen
from console.states import words, worst_first
from console.theme import Tone
from console.widgets.paint import Line, Piece
from console.widgets.table_source import GridColumn, ListSource


class RightsTableScreen(Narrowing, TableScreen):
    """Subclasses say what is asked of a cluster, and which rows and notes its answer makes."""

    BINDINGS = bindings(Scope.RIGHTS)
    empty = "No right was found."

    def __init__(self, where: Where) -> None:
        super().__init__()
        self.where = where
        self._answers: dict[str, Any] = {}
        self._rows: list[Any] = []
        self._statuses: dict[str, Status] = {}
        self._pattern = ""
        self._dangers = False
        self._fresh = False

    async def ask(self, cluster: Cluster) -> Any:
        """One cluster's answer. Raises KubeError."""
        raise NotImplementedError

    def rows_of(self, answer: Any) -> Sequence[Any]:
        """The rows of one answer."""
        raise NotImplementedError

    def dangers_of(self, row: Any) -> Sequence[SafeStr]:
        raise NotImplementedError

    def wanted(self, row: Any) -> bool:
        """Whether the row is shown at all, whatever the filter."""
        return True

    def asked(self) -> list[Piece]:
        """What is asked, for the second line."""
        raise NotImplementedError

    # --- asking

    def on_mount(self) -> None:
        super().on_mount()
        self.table.messages = [(Piece("Asking every cluster…", Tone.STRONG),)]
        self.tell_subject()
        self.follow()

    @work(exclusive=True, group="follow", exit_on_error=False)
    async def follow(self) -> None:
        await self.navarch.attempt(self._follow)

    async def _follow(self) -> None:
        fleet = await self.navarch.fleet()
        clusters = fleet.select(self.where.clusters)
        self._statuses = {one.id: Status(state=State.SYNCING, since=time.time()) for one in clusters}
        self.top.tell(names={one.id: one.name for one in clusters}, statuses=self._statuses)
        timer = self.set_interval(1 / self.navarch.traits.refreshes_per_second, self._show)
        try:
            async with aclosing(each(clusters, self.ask)) as answers:
                async for cluster, answer in answers:
                    self._take(cluster, answer)
        finally:
            timer.stop()
            if self.is_mounted:
                self._show()

    def _take(self, cluster: Cluster, answer: Any) -> None:
        self._fresh = True
        if isinstance(answer, KubeError):
            self._statuses[cluster.id] = state_of(answer)
            return
        self._answers[cluster.id] = answer
        self._rows += self.rows_of(answer)
        notes = "; ".join(answer.notes)
        self._statuses[cluster.id] = Status(state=State.LIVE, since=time.time(), detail=safe_text(notes))

    # --- showing

    def _show(self) -> None:
        if not self._fresh:
            return
        self._fresh = False
        source = self.table.source
        assert isinstance(source, ListSource)
        source.replace(list(self._shown()))
        self.table.messages = () if len(source) else self._why_empty()
        self.table.rows_changed()
        self.top.tell(statuses=self._statuses)
        self.tell_subject()

    def _shown(self) -> Iterable[Any]:
        pattern = compile_pattern(self._pattern) if self._pattern else None
        columns: Sequence[GridColumn] = self.table.source.columns
        for row in self._rows:
            if not self.wanted(row) or (self._dangers and not self.dangers_of(row)):
                continue
            text = " ".join(str(column.text(row, 0.0)) for column in columns) if pattern else ""
            if pattern is None or pattern.matches(text.encode()):
                yield row

    def tell_subject(self) -> None:
        shown = len(self.table.source)
        facts = [*self.asked(), Piece(f"{shown:,} row{'' if shown == 1 else 's'}")]
        waiting = sum(status.state is State.SYNCING for status in self._statuses.values())
        if waiting:
            facts.append(Piece(f"asking {waiting} of {len(self._statuses)} clusters", Tone.PROGRESSING))
        facts += self.caveats()
        filters = [f"/{self._pattern}"] if self._pattern else []
        filters += ["dangers only"] if self._dangers else []
        filters += ["@" + ",".join(self.where.clusters)] if self.where.clusters else []
        filters += ["-n " + ",".join(self.where.namespaces)] if self.where.namespaces else []
        self.subject.tell(facts, filters)

    def caveats(self) -> list[Piece]:
        """What keeps the answer from being the whole truth, in a few words; S tells all."""
        partly = sum(not getattr(answer, "complete", True) for answer in self._answers.values())
        return [Piece(f"incomplete in {_clusters(partly)} (S)", Tone.WARNING)] if partly else []

    def _why_empty(self) -> list[Line]:
        if any(status.state is State.SYNCING for status in self._statuses.values()):
            return [(Piece("Asking every cluster…", Tone.STRONG),)]
        if self._rows:
            return [
                none_match(len(self._rows)),
                (Piece("Press esc to clear the filter.", Tone.DIM),),
            ]
        lines: list[Line] = [(Piece(self.empty, Tone.STRONG),)]
        names = {member.id: member.name for member in self.navarch.members}
        troubled = [
            p for p in worst_first(self._statuses, names) if p[1].state is not State.LIVE or p[1].detail
        ]
        lines += [(Piece(name, Tone.STRONG), Piece(f"  {words(status)}")) for name, status in troubled[:8]]
        return lines

    # --- filter

    @property
    def pattern(self) -> str:
        return self._pattern

    def narrow(self, text: str) -> None:
        if text:
            compile_pattern(text)
        self._pattern = text
        self.show_again()

    def show_again(self) -> None:
        """Choose the rows anew."""
        self._fresh = True
        self._show()
        self.refresh_bindings()

    def action_dangers(self) -> None:
        self._dangers = not self._dangers
        self.show_again()

    def action_every(self) -> None:
        """Only the screen of our own rights has kinds with none."""

    def action_back(self) -> None:
        if self._pattern or self._dangers:
            self._pattern, self._dangers = "", False
            self.show_again()
        else:
            super().action_back()

    def can_go_back(self) -> bool:
        return bool(self._pattern or self._dangers) or super().can_go_back()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "every":
            return False
        return super().check_action(action, parameters)


def _clusters(count: int) -> str:
    return f"{count} cluster{'' if count == 1 else 's'}"


def danger_column(dangers: Any) -> GridColumn:
    """What a right is besides what it looks like."""
    return GridColumn(
        name="DANGER",
        text=lambda row, _: "; ".join(dangers(row)),
        priority=1,
        min_width=8,
        optional=True,
        tone=lambda row: Tone.WARNING,
    )
