"""A screen with nothing on it but the question for a passphrase."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import Input

from backend.secret import Secret
from console.actions import Scope
from console.keymap import bindings
from console.screens.error import full_sentence
from console.theme import Tone
from console.widgets.field import Field
from console.widgets.keyline import KeyLine
from console.widgets.paint import Line, Piece
from console.widgets.text_block import TextBlock

if TYPE_CHECKING:
    from console.application import NavarchApp


class SecretPromptScreen(Screen[None]):
    """Deriving a key takes half a second and happens in a thread; the screen stays alive."""

    BINDINGS = bindings(Scope.APP)
    working = "Unlocking…"

    @property
    def navarch(self) -> NavarchApp:
        return cast("NavarchApp", self.app)

    def words(self) -> list[Line]:
        """What is asked, and why."""
        raise NotImplementedError

    async def given(self, secret: Secret) -> None:
        """Somebody typed something. What this raises is shown."""
        raise NotImplementedError

    async def nothing_given(self) -> None:
        """Enter, with nothing typed."""

    def compose(self) -> ComposeResult:
        box = Vertical(
            TextBlock([*self.words(), ()]),
            Field(password=True),
            TextBlock([()], id="state"),
            KeyLine(),
            classes="dialog",
        )
        box.border_title = "Navarch"
        box.set_class(not self.navarch.traits.unicode, "-ascii")
        yield box

    def tell(self, text: object, tone: Tone) -> None:
        self.query_one("#state", TextBlock).tell([(Piece(text, tone),)])

    @on(Input.Submitted)
    def _entered(self) -> None:
        field = self.query_one(Field)
        if not field.disabled:
            self.attempt(Secret(field.take()))

    @work(exclusive=True, group="unlock", exit_on_error=False)
    async def attempt(self, secret: Secret) -> None:
        field = self.query_one(Field)
        field.disabled = True
        if secret:
            self.tell(self.working, Tone.PROGRESSING)
        try:
            await (self.given(secret) if secret else self.nothing_given())
        except Exception as error:
            self.tell(full_sentence(error), Tone.ERROR)
        field.disabled = False
        field.focus()
