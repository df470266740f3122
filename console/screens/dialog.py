"""A box over the screen: it has a title, some widgets, and its own key line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar, cast

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget

from backend.text import safe_text
from console.actions import Scope
from console.keymap import bindings
from console.screens.jump import JumpScreen
from console.screens.timed import Timed
from console.theme import Tone
from console.widgets.keyline import KeyLine
from console.widgets.paint import Piece
from console.widgets.text_block import TextBlock

if TYPE_CHECKING:
    from console.application import NavarchApp

Answer = TypeVar("Answer")


class DialogScreen(Timed, ModalScreen[Answer], Generic[Answer]):
    """Escape leaves it without doing anything. Subclasses name their title and give the widgets inside."""

    BINDINGS = bindings(Scope.FORM)
    title_text = ""
    danger = False
    decides = True
    """Whether leaving it keeps something from being done: else it is closed, not cancelled."""
    broad = False

    @property
    def navarch(self) -> NavarchApp:
        return cast("NavarchApp", self.app)

    @property
    def way_out(self) -> str:
        """What escape does here and now, in a word."""
        return "cancel" if self.decides else "close"

    def inside(self) -> list[Widget]:
        """The widgets in the box, top to bottom."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        keys = KeyLine(lambda: {"form.cancel": self.way_out})
        box = Vertical(*self.inside(), TextBlock(id="notice"), keys, classes="dialog")
        box.set_class(self.danger, "-danger")
        box.set_class(self.broad, "-wide")
        box.set_class(not self.navarch.traits.unicode, "-ascii")
        # A str would be read as markup.
        box.border_title = Content(safe_text(self.title_text, limit=60))
        acting = self.navarch.acting_words
        box.border_subtitle = Content(safe_text(f"as {acting}", limit=60)) if acting else None
        yield box

    def on_screen_suspend(self) -> None:
        """Letters lie above: the keys stay in sight, whatever the screen above makes of them."""
        if isinstance(self.app.screen, JumpScreen):
            self.query_one(KeyLine).hold()

    def on_screen_resume(self) -> None:
        self.query_one(KeyLine).offer(None)

    def say(self, text: object, tone: Tone = Tone.ERROR) -> None:
        """One line inside the box."""
        self.query_one("#notice", TextBlock).tell([(Piece(text, tone),)])

    def action_cancel(self) -> None:
        self.dismiss(None)

    def action_accept(self) -> None:
        """What ctrl-s does; dialogs without a form leave it out."""

    def action_next_field(self, by: int) -> None:
        if by > 0:
            self.focus_next()
        else:
            self.focus_previous()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "accept":
            return type(self).action_accept is not DialogScreen.action_accept
        if action == "next_field":
            return len(self.focus_chain) > 1
        return True
