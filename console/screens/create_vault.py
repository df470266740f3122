"""Make a vault: a passphrase typed twice, then the recovery code, shown once."""

from __future__ import annotations

from textual import events, on, work
from textual.widget import Widget
from textual.widgets import Input

from backend.secret import Secret
from console.passphrase import Strength, strength
from console.screens.dialog import DialogScreen
from console.screens.error import full_sentence
from console.theme import Tone
from console.widgets.field import Field
from console.widgets.paint import Line, Piece
from console.widgets.text_block import TextBlock

_TONES = {Strength.WEAK: Tone.FAILING, Strength.FAIR: Tone.WARNING, Strength.GOOD: Tone.OK}


class CreateVaultScreen(DialogScreen[bool]):
    """Answers True when the vault is there and unlocked."""

    title_text = "A vault for your clusters"
    AUTO_FOCUS = "#first"

    def __init__(self) -> None:
        super().__init__()
        self._made = False

    def inside(self) -> list[Widget]:
        return [
            TextBlock(
                [
                    (
                        Piece(
                            "Kubeconfigs are kept encrypted. Choose the passphrase that unlocks them.",
                            Tone.STRONG,
                        ),
                    ),
                    (
                        Piece(
                            "Several words are best. Nobody can reset it: a recovery code follows.", Tone.DIM
                        ),
                    ),
                    (),
                    (Piece("Passphrase", Tone.ACCENT),),
                ],
                id="words",
            ),
            Field(password=True, id="first"),
            TextBlock([()], id="strength"),
            TextBlock([(Piece("Once more", Tone.ACCENT),)], id="again"),
            Field(password=True, id="second"),
            TextBlock([()], id="state"),
        ]

    @on(Input.Changed, "#first")
    def _judge(self, event: Input.Changed) -> None:
        if not event.value:
            self.query_one("#strength", TextBlock).tell([()])
            return
        found, why = strength(event.value)
        self.query_one("#strength", TextBlock).tell(
            [(Piece(found.value, _TONES[found]), Piece(f"  {why}", Tone.DIM))]
        )

    @on(Input.Submitted, "#first")
    def _on_to_second(self) -> None:
        self.query_one("#second", Field).focus()

    @on(Input.Submitted, "#second")
    def _entered(self) -> None:
        self.action_accept()

    def action_accept(self) -> None:
        if self._made:
            self.dismiss(True)
            return
        first, second = self.query_one("#first", Field), self.query_one("#second", Field)
        if not first.value:
            self.say("Type a passphrase first.")
            first.focus()
        elif strength(first.value)[0] is Strength.WEAK:
            self.say(f"Too weak: {strength(first.value)[1]}")
            first.focus()
        elif first.value != second.value:
            self.say("The two are not the same; type the second one again.")
            second.value = ""
            second.focus()
        elif not second.disabled:
            first.disabled = second.disabled = True
            self.query_one("#state", TextBlock).tell([(Piece("Making the vault…", Tone.PROGRESSING),)])
            passphrase = Secret(first.take())
            second.take()
            self.create(passphrase)

    @work(exclusive=True, group="create", exit_on_error=False)
    async def create(self, passphrase: Secret) -> None:
        try:
            code = await self.navarch.session.create_vault(passphrase)
        except Exception as error:
            self.query_one("#state", TextBlock).tell([()])
            self.say(full_sentence(error))
            for field in self.query(Field):
                field.disabled = False
            return
        self._made = True
        for field in self.query(Field):
            field.display = False
        for name in ("#strength", "#again", "#state"):
            self.query_one(name).display = False
        self.query_one("#words", TextBlock).tell(_recovery(code))
        self.set_focus(None)
        self.refresh_bindings()

    def action_cancel(self) -> None:
        self.dismiss(self._made)

    def on_key(self, event: events.Key) -> None:
        if self._made and event.key == "enter":
            event.stop()  # it must not reach the screen below
            self.dismiss(True)


def _recovery(code: Secret) -> list[Line]:
    return [
        (Piece("The vault is made and unlocked.", Tone.OK),),
        (),
        (
            Piece(
                "This recovery code opens it when the passphrase is forgotten. It is shown only now.",
                Tone.STRONG,
            ),
        ),
        (Piece("Write it on paper and keep it apart from this machine.", Tone.DIM),),
        (),
        (Piece(f"  {code.text()}", Tone.KEY),),
        (),
        (Piece("Press enter when you have written it down.", Tone.ACCENT),),
    ]
