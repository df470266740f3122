"""The keys that work here, and what they do: straight from the action registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.screen import Screen
from textual.widget import Widget

from backend.text import safe_text
from console.actions import Action, Scope
from console.keymap import shown
from console.screens.dialog import DialogScreen
from console.theme import Tone
from console.widgets.paint import Line, Piece, line_width, plain
from console.widgets.text_pane import TextPane

if TYPE_CHECKING:
    from console.application import NavarchApp

_GENERAL = (Scope.TABLE, Scope.READING, Scope.LIST, Scope.FORM, Scope.FRAME, Scope.APP)
_ORDER = (*(scope for scope in Scope if scope not in _GENERAL), *_GENERAL)
"""What is special here first."""


class HelpScreen(DialogScreen[None]):
    title_text = "Keys that work here"
    broad = True

    def __init__(self, about: Screen[None]) -> None:
        super().__init__()
        self._about = about

    def inside(self) -> list[Widget]:
        return [HelpPane(help_lines(self._about))]


class HelpPane(TextPane):
    """The help's lines are pieces already; they scroll like any text."""

    DEFAULT_CSS = "HelpPane { height: auto; }"

    def __init__(self, lines: list[Line]) -> None:
        super().__init__()
        self._help = lines

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return min(len(self._help), self.app.size.height - 5)

    def on_mount(self) -> None:
        by_text = {plain(line): line for line in self._help}
        self._colour = lambda text: by_text.get(str(text), (Piece(text),))
        self.tell(safe_text("\n".join(plain(line) for line in self._help), multiline=True, limit=1 << 16))


def active(screen: Screen[None]) -> list[tuple[Action, tuple[str, ...]]]:
    """The actions whose keys work on this screen now, each with all its keys."""
    actions = cast("NavarchApp", screen.app).actions
    keys: dict[str, list[str]] = {}
    for key, bound in screen.active_bindings.items():
        action_id = bound.binding.id or ""
        if bound.enabled and action_id in actions:
            keys.setdefault(action_id, []).append(shown(key))
    return [(action, tuple(keys[action.id])) for action in actions.values() if action.id in keys]


def help_lines(screen: Screen[None]) -> list[Line]:
    """One heading per scope, one line per action: keys, what it does, its id for keymaps."""
    found = active(screen)
    lines: list[Line] = []
    for scope in _ORDER:
        actions = [(action, keys) for action, keys in found if action.scope is scope]
        if not actions:
            continue
        if lines:
            lines.append(())
        lines.append((Piece(scope.value, Tone.TITLE),))
        lines += [_line(action, keys) for action, keys in actions]
    lines += [
        (),
        (Piece("The : line", Tone.TITLE),),
        (Piece("  :KIND [NAME…] [@CLUSTERS] [-n NS,NS] [-l LABELS] [/REGEX] [!REGEX] [--sort COLUMN]"),),
        (
            Piece(
                "  :pods @prod-*,#eu -n pay,cart /crash      :screen fleet      :deploy web -n pay", Tone.DIM
            ),
        ),
    ]
    return lines


def _line(action: Action, keys: tuple[str, ...]) -> Line:
    names = " ".join(keys)
    piece = Piece(f"  {names}", Tone.KEY)
    return (piece, Piece(" " * max(2, 18 - line_width((piece,)))), Piece(action.told))
