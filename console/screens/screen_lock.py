"""The covered screen: nothing of the fleet is seen until somebody is there who knows a way into the vault."""

from __future__ import annotations

from backend.secret import Secret
from console.screens.secret_prompt import SecretPromptScreen
from console.theme import Tone
from console.widgets.paint import Line, Piece


class ScreenLockScreen(SecretPromptScreen):
    working = "Looking…"

    def words(self) -> list[Line]:
        return [
            (Piece("The screen is locked; the fleet stays connected behind it.", Tone.STRONG),),
            (Piece("Type the passphrase, or the recovery code, then press enter.", Tone.DIM),),
            (Piece("ctrl-l locks the vault too: keys leave memory, connections close.", Tone.DIM),),
        ]

    async def given(self, secret: Secret) -> None:
        keeper = self.navarch.session.keeper
        assert keeper is not None
        await keeper.prove(secret)
        self.navarch.locks.uncover()
