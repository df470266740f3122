"""Take a way into the vault away: says what follows, asks for what the new key must be wrapped with."""

from __future__ import annotations

import asyncio

from textual import on, work
from textual.widget import Widget
from textual.widgets import Input

from backend.journal.ways import note_removed
from backend.secret import Secret
from backend.vault.rekey import remove_slot, slots_unopened
from backend.vault.slots import Slot
from console.screens.add_slot import show_codes
from console.screens.dialog import DialogScreen
from console.screens.error import full_sentence
from console.theme import Tone
from console.widgets.field import Field
from console.widgets.paint import Piece
from console.widgets.text_block import TextBlock


class RemoveSlotScreen(DialogScreen[None]):
    danger = True
    AUTO_FOCUS = "Field"

    def __init__(self, slot: Slot) -> None:
        super().__init__()
        self.title_text = f"Remove {slot.kind} {slot.name}"
        self._slot = slot
        self._known: list[Secret] = []
        self._done = False

    def inside(self) -> list[Widget]:
        words = (
            "The vault gets a new key, so that this way opens nothing written from now on. Backups and "
            "copies made before still open with it: after a theft, renew the clusters' credentials too. A "
            "recovery code that you don't type here is replaced by a new one."
        )
        return [
            TextBlock([(Piece(self._slot.label, Tone.STRONG),), (Piece(words, Tone.DIM),)], id="words"),
            TextBlock([(), (Piece("Your passphrase or recovery code", Tone.ACCENT),)], id="asked"),
            Field(password=True),
        ]

    @on(Input.Submitted)
    def _entered(self) -> None:
        self.action_accept()

    def action_accept(self) -> None:
        field = self.query_one(Field)
        if self._done:
            self.dismiss(None)
        elif field.value and not field.disabled:
            self.remove_it(Secret(field.take()))

    @work(exclusive=True, group="slot", exit_on_error=False)
    async def remove_it(self, given: Secret) -> None:
        keeper, field = self.navarch.session.keeper, self.query_one(Field)
        assert keeper is not None
        field.disabled = True
        self.say("Working…", Tone.PROGRESSING)
        try:
            await keeper.prove(given)
            self._known.append(given)
            vault, texts = keeper.vault, [secret.text() for secret in self._known]
            assert vault is not None
            missing = await asyncio.to_thread(slots_unopened, vault, texts, leaving=self._slot.slot_id)
            if missing:
                self._ask(missing[0])
                return
            codes = await asyncio.to_thread(remove_slot, vault, self._slot.slot_id, passphrases=texts)
            await asyncio.to_thread(note_removed, vault, self._slot)
        except Exception as error:
            self.say(full_sentence(error))
            field.disabled = False
            field.focus()
            return
        self._known.clear()
        if codes:
            self._done = True
            show_codes(self, codes)
            return
        self.dismiss(None)
        self.navarch.say("Removed; the vault has a new key.", Tone.OK)

    def _ask(self, slot: Slot) -> None:
        """The new key must be wrapped for those who stay, so their passphrases are needed."""
        line = f"The passphrase of slot {slot.name} ({slot.label}), which stays"
        self.query_one("#asked", TextBlock).tell([(), (Piece(line, Tone.ACCENT),)])
        self.say("")
        field = self.query_one(Field)
        field.disabled = False
        field.focus()
