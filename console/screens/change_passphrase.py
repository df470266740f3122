"""Another passphrase in the place of the one that is typed first."""

from __future__ import annotations

import asyncio

from textual import on, work
from textual.widget import Widget
from textual.widgets import Input

from backend.journal.ways import note_changed
from backend.secret import Secret
from backend.vault.rekey import change_passphrase
from console.passphrase import Strength, strength
from console.screens.dialog import DialogScreen
from console.screens.error import full_sentence
from console.theme import Tone
from console.widgets.field import Field
from console.widgets.paint import Piece
from console.widgets.text_block import TextBlock

_WORDS = (
    "The vault's other ways in stay as they are. Backups and copies made before still open with the old "
    "passphrase; if somebody knows it, navarch vault passwd --rotate changes the key of everything too."
)


class ChangePassphraseScreen(DialogScreen[None]):
    title_text = "Change the passphrase"
    AUTO_FOCUS = "#old"

    def inside(self) -> list[Widget]:
        return [
            TextBlock([(Piece(_WORDS, Tone.DIM),), (), (Piece("Present passphrase", Tone.ACCENT),)]),
            Field(password=True, id="old"),
            TextBlock([(Piece("New passphrase", Tone.ACCENT),)]),
            Field(password=True, id="first"),
            TextBlock([()], id="strength"),
            TextBlock([(Piece("Once more", Tone.ACCENT),)]),
            Field(password=True, id="second"),
        ]

    @on(Input.Changed, "#first")
    def _judge(self, event: Input.Changed) -> None:
        found, why = strength(event.value)
        tone = {Strength.WEAK: Tone.FAILING, Strength.FAIR: Tone.WARNING, Strength.GOOD: Tone.OK}[found]
        said = (Piece(found.value, tone), Piece(f"  {why}", Tone.DIM)) if event.value else ()
        self.query_one("#strength", TextBlock).tell([said])

    @on(Input.Submitted)
    def _next(self) -> None:
        if self.focused is self.query(Field).last():
            self.action_accept()
        else:
            self.focus_next()

    def action_accept(self) -> None:
        old, first, second = (self.query_one(name, Field) for name in ("#old", "#first", "#second"))
        if old.disabled:
            return
        if not old.value:
            self._ask_again(old, "Type your present passphrase first.")
        elif strength(first.value)[0] is Strength.WEAK:
            self._ask_again(first, f"Too weak: {strength(first.value)[1]}")
        elif first.value != second.value:
            second.value = ""
            self._ask_again(second, "The two are not the same; type the second one again.")
        else:
            self.change(Secret(old.value), Secret(first.value))

    def _ask_again(self, field: Field, why: str) -> None:
        self.say(why)
        field.focus()

    @work(exclusive=True, group="slot", exit_on_error=False)
    async def change(self, old: Secret, new: Secret) -> None:
        keeper = self.navarch.session.keeper
        assert keeper is not None
        assert keeper.vault is not None
        fields = list(self.query(Field))
        for field in fields:
            field.disabled = True
        self.say("Working…", Tone.PROGRESSING)
        try:
            await asyncio.to_thread(change_passphrase, keeper.vault, old.text(), new.text())
            await asyncio.to_thread(note_changed, keeper.vault)
        except Exception as error:
            for field in fields:
                field.disabled = False
            self._ask_again(fields[0], full_sentence(error))
            return
        for field in fields:
            field.take()
        keeper.timers.touch()
        self.dismiss(None)
        self.navarch.say("The passphrase is changed. Older backups still open with the old one.", Tone.OK)
