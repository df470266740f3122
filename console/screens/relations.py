"""The relations of one object: what owns it, what it owns and uses, what uses it; each line opens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual import work

from backend.fleet.objects import Found, read
from backend.fleet.relations import Answer, Related, related
from backend.resources.kind import Health
from console.actions import ACTIONS, Scope
from console.keymap import binding, bindings
from console.object_text import tabs_of
from console.screens.object_keys import ObjectKeys
from console.screens.table_frame import TableScreen
from console.states import HEALTH
from console.theme import Tone
from console.views import DetailView, ObjectRef
from console.widgets.paint import Line, Piece
from console.widgets.table_source import GridColumn, ListSource


class RelationsScreen(ObjectKeys, TableScreen):
    """A tab of the detail that is a table: all keys for objects work on its lines."""

    about = (
        "What this object has to do with: its owners, what it owns, what it refers to and what refers to it, "
        "as its kind declares. What is referred to and not there is marked. Enter opens a line."
    )
    BINDINGS = [
        *bindings(Scope.OBJECT),
        *(binding(ACTIONS[id]) for id in ("text.tab", "text.previous_tab")),
    ]

    def __init__(self, view: DetailView) -> None:
        super().__init__()
        self.ref = view.ref
        self.tabs = tabs_of(view.ref.resource)
        self._found: list[Related] = []
        self._problems: list[Answer] = []
        self._done = False

    def crumbs(self) -> tuple[object, ...]:
        namespace = (self.ref.namespace,) if self.ref.namespace else ()
        return (self.ref.cluster, *namespace, self.ref.resource.plural, self.ref.name)

    @property
    def _listed(self) -> str:
        return "relations"

    def source(self) -> ListSource:
        return ListSource(
            [
                GridColumn(name="ROLE", text=lambda one, _: one.role, priority=0, min_width=8, pinned=True),
                GridColumn(name="KIND", text=lambda one, _: one.resource.kind, priority=0, min_width=8),
                GridColumn(name="NAMESPACE", text=lambda one, _: one.namespace, priority=2, min_width=9),
                GridColumn(name="NAME", text=lambda one, _: one.name, priority=0, min_width=12, middle=True),
                GridColumn(name="WHY", text=lambda one, _: one.why, priority=1, min_width=10, tone=_tone),
            ],
            key=lambda one: (one.role, one.resource.full_name, one.namespace, one.name),
            health=lambda one: one.health,
            sort="ROLE",
            sort_keys={"ROLE": lambda one: (one.role != "owner", one.role, one.namespace, one.name)},
        )

    def on_mount(self) -> None:
        super().on_mount()
        self.look()

    # --- content

    @work(exclusive=True, group="look", exit_on_error=False)
    async def look(self) -> None:
        self._found, self._problems, self._done = [], [], False
        self._show()
        await self.navarch.attempt(self._look)
        self._done = True
        self._show()

    async def _look(self) -> None:
        ref = self.ref
        cluster = (await self.navarch.fleet()).cluster(ref.cluster_id)
        obj = await read(cluster, ref.resource, ref.name, namespace=ref.namespace or None)
        async for answer in related(Found(cluster=cluster, resource=ref.resource, obj=obj)):
            self._found += answer.found
            if answer.problem:
                self._problems.append(answer)
                self.say(f"{answer.role}: {answer.problem}", Tone.WARNING)
            self._show()

    def _show(self) -> None:
        source = self.table.source
        assert isinstance(source, ListSource)
        source.replace(self._found)
        self.table.messages = self._why_empty()
        self.table.rows_changed()
        self.tell_subject()

    def _why_empty(self) -> Sequence[Line]:
        if not self._done:
            return [(Piece("Looking…", Tone.STRONG),)]
        if self._problems:
            return [(Piece(f"{one.role}: {one.problem}", Tone.WARNING),) for one in self._problems]
        sentence = f"This {self.ref.resource.kind} has no owner, and its kind declares no relations."
        return [
            (Piece(sentence, Tone.STRONG),),
            (Piece("Press tab for its description, YAML and events.", Tone.DIM),),
        ]

    def tell_subject(self) -> None:
        facts = [Piece(self.ref.resource.kind, Tone.STRONG), Piece(self.ref.name), Piece(self.ref.cluster)]
        missing = sum(one.missing for one in self._found)
        if missing:
            facts.append(Piece(f"{missing} missing", Tone.FAILING))
        if self._problems:
            roles = ", ".join(one.role for one in self._problems)
            facts.append(Piece(f"not all known: {roles}", Tone.WARNING))
        elif not self._done:
            facts.append(Piece("looking…", Tone.PROGRESSING))
        tabs = [f"({tab})" if tab == "relations" else tab for tab in self.tabs]
        self.subject.tell(facts, tabs, choose=lambda place: self._turn(self.tabs[place]))

    # --- keys

    @property
    def current(self) -> ObjectRef | None:
        row = self.table.row
        return self._reference(row) if isinstance(row, Related) and not row.missing else None

    def _reference(self, one: Related) -> ObjectRef:
        return ObjectRef(
            cluster_id=self.ref.cluster_id,
            cluster=self.ref.cluster,
            resource=one.resource,
            namespace=one.namespace,
            name=one.name,
            uid=one.uid,
            sensitive=one.resource.full_name == "secrets",
        )

    def open_row(self, row: Any) -> None:
        if self.current is not None:
            self.open_object(self.current)
        else:
            self.say(f"{row.resource.kind} {row.name} is not there", Tone.WARNING)

    def acted(self) -> None:
        self.look()

    def action_next_tab(self, by: int) -> None:
        self._turn(self.tabs[(self.tabs.index("relations") + by) % len(self.tabs)])

    def _turn(self, tab: str) -> None:
        if tab != "relations":
            self.navarch.turn(DetailView(self.ref, tab))


def _tone(row: Any) -> Tone:
    health: Health | None = row.health
    return Tone.TEXT if health is None or health is Health.OK else HEALTH[health][1]
