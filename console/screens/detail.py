"""One object: described, as YAML, its events; kept fresh while it is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual import work
from textual.timer import Timer
from textual.widget import Widget

from backend.fleet.filter import PatternError
from backend.fleet.query import Query
from backend.kube.errors import KubeError, NotFound
from backend.text import SafeStr, safe_text
from console import object_text
from console.actions import Action, Scope
from console.keymap import bindings
from console.object_text import Opened
from console.release_text import release_tab
from console.screens.error import full_sentence
from console.screens.own_commands import OwnCommands
from console.screens.use_tab import UseTab
from console.theme import Tone
from console.views import DetailView, ObjectRef, ResourcesView, View
from console.widgets.paint import Piece
from console.widgets.text_pane import TextPane

_REVEALED_FOR = 30.0
"""Seconds until a revealed value is masked again."""


class DetailScreen(UseTab, OwnCommands):
    about = (
        "One object as it is now, on tabs: described, as YAML, its events, its relations, its use. It is "
        "read again when its cluster says that it changed. Values of secrets stay masked until one is "
        "revealed."
    )
    BINDINGS = bindings(Scope.TEXT, Scope.OBJECT)

    def __init__(self, view: DetailView) -> None:
        super().__init__()
        self.ref = view.ref
        self.tabs = object_text.tabs_of(view.ref.resource)
        self.tab = view.tab if view.tab in self.tabs else self.tabs[0]
        self._opened: Opened | None = None
        self._gone = False
        self._managed_fields = False
        self._revealed: set[str] = set()
        self._masking: Timer | None = None

    def body(self) -> Widget:
        return TextPane(id="body")

    @property
    def current(self) -> ObjectRef | None:
        return self.ref

    def why_not(self, action: Action) -> SafeStr:
        if self._gone and (action.changes or action.id == "owner"):
            return safe_text("it was deleted")
        return super().why_not(action)

    @property
    def pane(self) -> TextPane:
        return self.query_one(TextPane)

    def crumbs(self) -> tuple[object, ...]:
        namespace = (self.ref.namespace,) if self.ref.namespace else ()
        return (self.ref.cluster, *namespace, self.ref.resource.plural, self.ref.name)

    def crumb_view(self, place: int) -> View | None:
        """The cluster's pods, the objects of this kind in the namespace, or those of the cluster."""
        kind, where = self.ref.resource.full_name, (self.ref.cluster,)
        if place == 0:
            return ResourcesView(Query(kind="pods", clusters=where))
        if place == len(self.crumbs()) - 1:
            return None
        inside = (self.ref.namespace,) if self.ref.namespace and place == 1 else ()
        return ResourcesView(Query(kind=kind, clusters=where, namespaces=inside))

    def on_mount(self) -> None:
        super().on_mount()
        self.pane.tell(safe_text("Reading…"))
        self.tell_subject()
        self.follow()

    def tell_subject(self) -> None:
        facts = [Piece(self.ref.resource.kind, Tone.STRONG), Piece(self.ref.name), Piece(self.ref.cluster)]
        if self._gone:
            facts.append(Piece("deleted: this is how it was", Tone.WARNING))
        if self._revealed:
            facts.append(Piece(f"revealed: {', '.join(sorted(self._revealed))}", Tone.WARNING))
        if self.pane.position:
            facts.append(Piece(self.pane.position, Tone.KEY))
        tabs = [f"({tab})" if tab == self.tab else tab for tab in self.tabs]
        self.subject.tell(facts, tabs, choose=lambda place: self._show_tab(self.tabs[place]))

    # --- content

    @work(exclusive=True, group="follow", exit_on_error=False)
    async def follow(self) -> None:
        """Read it now, and again whenever the cluster says that it changed."""
        await self.navarch.attempt(self._follow)

    async def _follow(self) -> None:
        fleet = await self.navarch.fleet()
        await self._read()
        query = Query(
            kind=self.ref.resource.full_name,
            names=(self.ref.name,),
            clusters=(self.ref.cluster_id,),
            namespaces=(self.ref.namespace,) if self.ref.namespace else (),
        )
        interval = 2.0 if self.navarch.traits.remote else 1.0
        async with fleet.table(query, interval=interval) as live:
            first = True
            async for batch in live.batches():
                self.top.tell(statuses=batch.statuses, names={self.ref.cluster_id: self.ref.cluster})
                if self.ref.key in batch.removed:
                    self._gone = True
                    self.tell_subject()
                elif batch.changed:
                    if not first:
                        await self._read()
                    first = False

    async def _read(self) -> None:
        fleet = await self.navarch.fleet()
        try:
            self._opened = await object_text.read(fleet.cluster(self.ref.cluster_id), self.ref)
        except NotFound:
            self._gone = True
        except KubeError as error:
            if self._opened is None:
                self.pane.tell(safe_text(f"{error.sentence}\n\n{error.advice}", multiline=True))
            self.say(full_sentence(error), Tone.ERROR)
            return
        if self._opened is None:
            self.pane.tell(safe_text("There is no such object any more."))
        self._tell()

    def _tell(self) -> None:
        """Show the present tab of what was read last."""
        opened, now = self._opened, self.navarch.now()
        if opened is not None and self.tab == object_text.USE_TAB:
            self.measure()
        elif opened is not None:
            if self.tab == "yaml":
                text = object_text.yaml_tab(
                    opened, reveal=self._revealed, managed_fields=self._managed_fields
                )
            elif self.tab == "events":
                text = object_text.events_tab(opened, now=now)
            elif self.tab == "describe":
                text = object_text.describe_tab(opened, cluster=self.ref.cluster, now=now)
            else:
                text = release_tab(self.tab, opened.object, reveal=self._revealed, now=now)
            self.pane.tell(text)
        self.tell_subject()
        self.refresh_bindings()

    def opened_object(self) -> Mapping[str, Any] | None:
        return self._opened.object if self._opened is not None else None

    def show_use(self, text: SafeStr) -> None:
        self.pane.tell(text)

    def chart_width(self) -> int:
        return self.pane.size.width - 2

    # --- keys

    def action_next_tab(self, by: int) -> None:
        self._show_tab(self.tabs[(self.tabs.index(self.tab) + by) % len(self.tabs)])

    def action_detail(self, tab: str) -> None:
        self._show_tab(tab)

    def _show_tab(self, tab: str) -> None:
        if tab == "relations":
            self.navarch.turn(DetailView(self.ref, tab))
            return
        if tab != self.tab:
            self.tab = tab
            self.navarch.history.update(DetailView(self.ref, tab))
            self.pane.home()
            if tab == object_text.USE_TAB:
                self.pane.tell(safe_text("Measuring…"))
        self._tell()

    def action_wrap(self) -> None:
        self.pane.wrap_lines(not self.pane.wrapping)

    def action_managed_fields(self) -> None:
        self._managed_fields = not self._managed_fields
        self._tell()

    def action_reveal(self) -> None:
        from console.screens.reveal import RevealScreen

        assert self._opened is not None
        self.app.push_screen(RevealScreen(object_text.secret_keys(self._opened)), self._reveal)

    def _reveal(self, key: str | None) -> None:
        if key is not None:
            self.reveal(key)

    @work(exclusive=True, group="reveal", exit_on_error=False)
    async def reveal(self, key: str) -> None:
        """Note it in the journal first; what can't be noted is not shown."""
        reference = f"{self.ref.resource.plural}/{self.ref.namespace}/{self.ref.name}"
        try:
            await self.navarch.session.note(
                act="reveal", cluster=self.ref.cluster, object=f"{reference} {key}"
            )
        except Exception as error:
            self.say(
                f"Not revealed, because the journal can't be written: {getattr(error, 'sentence', '')}",
                Tone.ERROR,
            )
            return
        self._revealed = {key}
        if self.tab not in ("values", "computed"):
            self.tab = "values" if "values" in self.tabs else "yaml"
        if self._masking is not None:
            self._masking.stop()
        self._masking = self.set_timer(_REVEALED_FOR, self._mask)
        self._tell()
        self.say(f"{safe_text(key)} is shown for {_REVEALED_FOR:.0f} seconds", Tone.WARNING)

    def _mask(self) -> None:
        self._revealed.clear()
        self._tell()

    # --- finding

    def action_find(self) -> None:
        self.prompt.ask("find", "/")

    def action_match(self, by: int) -> None:
        self.pane.next_match(by)
        self.tell_subject()

    def prompt_changed(self, kind: str, text: str) -> None:
        if kind == "find":
            self._find(text)

    def prompt_entered(self, kind: str, text: str) -> None:
        if kind == "find":
            self._find(text)

    def prompt_cancelled(self, kind: str) -> None:
        if kind == "find":
            self._find("")

    def _find(self, text: str) -> None:
        try:
            self.pane.find(text)
        except PatternError as error:
            self.prompt.wrong(True)
            self.say(f"Not a pattern yet: {error}", Tone.WARNING, stay=True)
            return
        self.prompt.wrong(False)
        self.clear_notice()
        self.tell_subject()
        self.refresh_bindings()

    def action_back(self) -> None:
        if self.pane.position:
            self._find("")
        else:
            super().action_back()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.is_mounted:
            return False
        match action:
            case "match":
                works = self.pane.has_matches
            case "managed_fields":
                works = self.tab == "yaml"
            case "reveal":
                works = self._can_reveal
            case "detail" if parameters == (self.tab,) or parameters[0] not in self.tabs:
                works = False
            case _:
                return super().check_action(action, parameters)
        return works

    @property
    def _can_reveal(self) -> bool:
        return self._opened is not None and bool(object_text.secret_keys(self._opened))
