"""The keys that work here, and what they do: straight from the action registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual import on
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from backend.text import SafeStr, safe_text
from console.actions import Action, Scope
from console.keymap import bindings, shown
from console.screens.dialog import DialogScreen
from console.theme import Tone
from console.widgets.field import Field
from console.widgets.paint import Line, Piece, line_width, plain
from console.widgets.text_block import TextBlock
from console.widgets.text_pane import TextPane

if TYPE_CHECKING:
    from console.application import NavarchApp

_GENERAL = (Scope.TABLE, Scope.READING, Scope.LIST, Scope.FORM, Scope.FRAME, Scope.APP)
_ORDER = (*(scope for scope in Scope if scope not in _GENERAL), *_GENERAL)
"""What is special here first."""


class HelpScreen(DialogScreen[None]):
    decides = False
    title_text = "Keys that work here"
    broad = True
    AUTO_FOCUS = "HelpPane"
    BINDINGS = bindings(Scope.HELP)

    def __init__(self, about: Screen[None]) -> None:
        super().__init__()
        # Now, not when this screen lies above it: then none of its keys work.
        self._lines = help_lines(about)
        self._about = str(getattr(about, "about", ""))

    def inside(self) -> list[Widget]:
        said = TextBlock([(Piece(self._about, Tone.DIM),), ()] if self._about else [])
        return [said, Field(id="search"), HelpPane(self._lines)]

    def on_mount(self) -> None:
        self.query_one("#search").display = False

    def action_search(self) -> None:
        field = self.query_one("#search", Field)
        field.display = True
        field.focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self.query_one(HelpPane).show(found(self._lines, event.value))

    @on(Input.Submitted)
    def _entered(self) -> None:
        self.query_one(HelpPane).focus()

    def action_cancel(self) -> None:
        field = self.query_one("#search", Field)
        if not field.display:
            self.dismiss(None)
            return
        field.value = ""
        field.display = False
        self.query_one(HelpPane).focus()


class HelpPane(TextPane):
    """The help's lines are pieces already; they scroll like any text."""

    DEFAULT_CSS = "HelpPane { height: auto; }"

    def __init__(self, lines: list[Line]) -> None:
        super().__init__()
        self._help = lines
        self._shown_lines = len(lines)
        self._colour = self._piece

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return min(self._shown_lines, self.app.size.height - 10)

    def on_mount(self) -> None:
        self.show(self._help)

    def show(self, lines: list[Line]) -> None:
        """Show these lines, from the first."""
        self._by_text = {plain(line): line for line in lines}
        self.home()
        self.tell(safe_text("\n".join(plain(line) for line in lines), multiline=True, limit=1 << 16))

    def _piece(self, text: SafeStr) -> Line:
        return self._by_text.get(str(text), (Piece(text),))


def found(lines: list[Line], letters: str) -> list[Line]:
    """The lines that hold these letters in any case, below their headings; all when there are none."""
    wanted = letters.strip().casefold()
    if not wanted:
        return lines
    kept: list[Line] = []
    heading: Line = ()
    for line in lines:
        if line and line[0].tone is Tone.TITLE:
            heading = line
        elif wanted in plain(line).casefold():
            kept += [heading, line] if heading else [line]
            heading = ()
    return kept or [(Piece(f"No key here has to do with {letters.strip()!r}.", Tone.DIM),)]


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
