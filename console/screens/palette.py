"""Find anything by a few letters: what works here, screens, kinds, clusters, themes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from textual import on
from textual.fuzzy import Matcher
from textual.widget import Widget
from textual.widgets import Input

from backend.fleet.query import Query
from backend.text import safe_text
from console.actions import Scope
from console.completion import kind_words
from console.keymap import bindings
from console.palettes import names
from console.screens.dialog import DialogScreen
from console.screens.frame import FrameScreen
from console.screens.help import active
from console.screens.opener import has_screen
from console.theme import Tone
from console.views import SCREENS, ResourcesView
from console.widgets.choices import Choice, ChoiceList
from console.widgets.field import Field
from console.widgets.paint import Piece

_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Entry:
    text: str
    hint: str
    key: str
    do: Callable[[], object]


class PaletteScreen(DialogScreen[Callable[[], object]]):
    title_text = "Find"
    BINDINGS = bindings(Scope.PALETTE)
    AUTO_FOCUS = "Field"

    def __init__(self, about: FrameScreen) -> None:
        super().__init__()
        self._about = about
        self._entries = self._all()

    def inside(self) -> list[Widget]:
        return [Field(), ChoiceList(self._choices(""))]

    def _all(self) -> list[Entry]:
        app, about = self._about.navarch, self._about
        entries = [
            Entry(action.label, action.told, keys[0], lambda call=action.call: self._run(call))  # type: ignore[misc]
            for action, keys in active(about)
            if action.palette
        ]
        entries += [
            Entry(f"screen {name}", "", "", lambda view=view: app.show(view))  # type: ignore[misc]
            for name, view in SCREENS.items()
            if has_screen(app, name)
        ]
        entries += [
            Entry(f":{word}", "list these objects", "", lambda word=word: app.run_line(word))  # type: ignore[misc]
            for word in kind_words()
        ]
        entries += [
            Entry(
                f"pods of {safe_text(member.name, limit=80)}",
                "cluster",
                "",
                lambda name=member.name: app.show(ResourcesView(Query(kind="pods", clusters=(name,)))),  # type: ignore[misc]
            )
            for member in app.members
        ]
        entries += [
            Entry(f"theme {name}", "", "", partial(app.use_palette, name, remember=True)) for name in names()
        ]
        return entries

    async def _run(self, call: str) -> None:
        target = self._about.focused or self._about
        await self.app.run_action(call, target)

    def _choices(self, text: str) -> list[Choice]:
        if text:
            matcher = Matcher(text)
            scored = [(matcher.match(f"{entry.text} {entry.hint}"), entry) for entry in self._entries]
            entries = [e for score, e in sorted(scored, key=lambda pair: -pair[0]) if score > 0]
        else:
            entries = self._entries
        return [
            Choice(
                key=id(entry),
                text=(Piece(entry.text, Tone.STRONG), Piece(f"  {entry.hint}", Tone.DIM)),
                right=(Piece(entry.key, Tone.KEY),),
            )
            for entry in entries[:_SHOWN]
        ]

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        chooser = self.query_one(ChoiceList)
        chooser.tell(self._choices(event.value.strip()))
        chooser.move_to(0)

    def action_move(self, by: int) -> None:
        chooser = self.query_one(ChoiceList)
        chooser.move_to(chooser.cursor + by)

    def action_take(self) -> None:
        choice = self.query_one(ChoiceList).current
        if choice is None:
            return
        entry = next(entry for entry in self._entries if id(entry) == choice.key)
        self.dismiss(None)
        self.app.call_later(entry.do)

    @on(ChoiceList.Chosen)
    def _chosen(self) -> None:
        self.action_take()
