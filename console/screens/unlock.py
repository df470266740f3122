"""The vault is locked: a passphrase or the recovery code opens it."""

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
from console.widgets.paint import Piece
from console.widgets.text_block import TextBlock

if TYPE_CHECKING:
    from console.application import NavarchApp


class UnlockScreen(Screen[None]):
    """Deriving the key takes half a second and happens in a thread; the screen stays alive."""

    BINDINGS = bindings(Scope.APP)
    CSS = "UnlockScreen { align: center middle; }"

    @property
    def navarch(self) -> NavarchApp:
        return cast("NavarchApp", self.app)

    def compose(self) -> ComposeResult:
        box = Vertical(
            TextBlock(
                [
                    (Piece("Your fleet is in the vault, and the vault is locked.", Tone.STRONG),),
                    (Piece("Type the passphrase, or the recovery code, then press enter.", Tone.DIM),),
                    (),
                ]
            ),
            Field(password=True),
            TextBlock([()], id="state"),
            KeyLine(),
            classes="dialog",
        )
        box.border_title = "Navarch"
        box.set_class(not self.navarch.traits.unicode, "-ascii")
        yield box

    @on(Input.Submitted)
    def _entered(self) -> None:
        field = self.query_one(Field)
        if field.value and not field.disabled:
            field.disabled = True
            self.query_one("#state", TextBlock).tell([(Piece("Unlocking…", Tone.PROGRESSING),)])
            self.unlock(Secret(field.take()))

    @work(exclusive=True, group="unlock", exit_on_error=False)
    async def unlock(self, passphrase: Secret) -> None:
        state, field = self.query_one("#state", TextBlock), self.query_one(Field)
        try:
            notices = await self.navarch.session.unlock(passphrase)
        except Exception as error:
            state.tell([(Piece(full_sentence(error), Tone.ERROR),)])
            field.disabled = False
            field.focus()
            return
        self.navarch.enter(notices)
