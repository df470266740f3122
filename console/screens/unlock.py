"""The vault is locked: a passphrase or the recovery code opens it, or a way in that needs no typing."""

from __future__ import annotations

from textual import work

from backend.secret import Secret
from backend.text import SafeStr
from console.screens.error import full_sentence
from console.screens.secret_prompt import SecretPromptScreen
from console.theme import Tone
from console.widgets.paint import Line, Piece


class UnlockScreen(SecretPromptScreen):
    def __init__(self, notice: SafeStr) -> None:
        """``notice``: why the vault is locked; '' at the console's start."""
        super().__init__()
        self._notice = notice

    def words(self) -> list[Line]:
        lines: list[Line] = [
            (Piece("Your fleet is in the vault, and the vault is locked.", Tone.STRONG),),
            (Piece("Type the passphrase, or the recovery code, then press enter.", Tone.DIM),),
        ]
        if self._others:
            lines.append((Piece(f"Enter with nothing typed asks {self._others}.", Tone.DIM),))
        if self._notice:
            lines += [(), (Piece(self._notice, Tone.WARNING),)]
        return lines

    @property
    def _others(self) -> str:
        keeper = self.navarch.session.keeper
        return keeper.other_ways() if keeper is not None else ""

    def on_mount(self) -> None:
        keeper = self.navarch.session.keeper
        if keeper is not None and not self._notice and keeper.opens_itself():
            self._ask_keyring()

    @work(exclusive=True, group="unlock", exit_on_error=False)
    async def _ask_keyring(self) -> None:
        """Unasked, at the start only; a passphrase typed meanwhile wins."""
        keeper = self.navarch.session.keeper
        assert keeper is not None
        self.tell(f"Asking {keeper.other_ways()}…", Tone.PROGRESSING)
        try:
            notices = await keeper.unlock_otherwise(asked=False)
        except Exception as error:
            self.tell(full_sentence(error), Tone.WARNING)
            return
        self.navarch.enter(notices)

    async def given(self, secret: Secret) -> None:
        self.navarch.enter(await self.navarch.session.unlock(secret))

    async def nothing_given(self) -> None:
        keeper = self.navarch.session.keeper
        if keeper is not None and self._others:
            self.tell(f"Asking {self._others}…", Tone.PROGRESSING)
            self.navarch.enter(await keeper.unlock_otherwise(asked=True))
