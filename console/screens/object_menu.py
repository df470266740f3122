"""Everything that can be done to an object, and why not what can't be."""

from __future__ import annotations

from textual import events, on
from textual.widget import Widget

from backend.text import SafeStr
from console.actions import Action, Scope
from console.keymap import shown
from console.screens.dialog import DialogScreen
from console.screens.object_keys import ObjectKeys
from console.theme import Tone
from console.widgets.choices import Choice, ChoiceList
from console.widgets.paint import Piece
from console.widgets.text_block import TextBlock

_RESERVED = frozenset("jkgG !")
"""Letters that move in the list."""


class ObjectMenuScreen(DialogScreen[None]):
    """Each line has a letter: the action's own key, or for those without one a letter of their name."""

    title_text = "What can be done"
    broad = True
    AUTO_FOCUS = "ChoiceList"

    def __init__(self, about: ObjectKeys) -> None:
        super().__init__()
        self._about = about
        self._actions = offered(about)
        self._letters = letters(self._actions)

    def inside(self) -> list[Widget]:
        refs = self._about.chosen()
        what = f"{refs[0].resource.kind} {refs[0].name}" if len(refs) == 1 else f"{len(refs)} marked objects"
        lines = [
            (Piece(what, Tone.STRONG), Piece(f"  {refs[0].cluster}" if len(refs) == 1 else "", Tone.DIM))
        ]
        reasons = [(action, self._about.why_not(action)) for action in self._actions]
        # What works comes first; what does not explains itself below.
        return [
            TextBlock([*lines, ()]),
            ChoiceList(
                [self._choice(action, why) for action, why in sorted(reasons, key=lambda r: bool(r[1]))]
            ),
        ]

    def _choice(self, action: Action, why: SafeStr) -> Choice:
        hint = f"  {why}" if why else f"  {action.told}"
        return Choice(
            key=action.id,
            text=(Piece(action.label, Tone.STRONG), Piece(hint, Tone.DIM)),
            right=(Piece("" if why else self._letters[action.id], Tone.KEY),),
            off_limits=bool(why),
        )

    def on_key(self, event: events.Key) -> None:
        action = next((one for one in self._actions if self._letters[one.id] == event.character), None)
        if action is not None:
            event.stop()
            self._do(action)

    @on(ChoiceList.Chosen)
    def _chosen(self, event: ChoiceList.Chosen) -> None:
        self._do(next(action for action in self._actions if action.id == event.choice.key))

    def _do(self, action: Action) -> None:
        why = self._about.why_not(action)
        if why:
            self.say(f"{action.label}: {why}", Tone.WARNING)
            return
        self.dismiss(None)
        self.app.call_later(self.app.run_action, action.call, self._about)


def offered(about: ObjectKeys) -> list[Action]:
    """The actions on an object, a person's own programs among them."""
    actions = about.navarch.actions.values()
    return [action for action in actions if action.scope is Scope.OBJECT and action.id != "menu"]


def letters(actions: list[Action]) -> dict[str, str]:
    """A key for every action: its own first key, else the first free letter of its label, then any."""
    taken = {action.id: shown(action.keys.split(",")[0]) for action in actions if action.keys}
    used = {*taken.values(), *_RESERVED}
    for action in actions:
        if action.id not in taken:
            wanted = (
                c for c in f"{action.label}{action.label.upper()}abcdefghilmnopqrstuvwxyz" if c not in used
            )
            taken[action.id] = next(wanted, "")
            used.add(taken[action.id])
    return taken
