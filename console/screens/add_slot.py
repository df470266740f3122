"""Add a way into the vault: choose its kind, prove who you are, give what it needs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual import on, work
from textual.widget import Widget
from textual.widgets import Input

from backend.journal.ways import note_added
from backend.secret import Secret
from backend.vault import Vault, rekey
from backend.vault.agent_slot import RISKS
from backend.vault.slots import Slot
from console.screens.dialog import DialogScreen
from console.screens.error import full_sentence
from console.theme import Tone
from console.widgets.choices import Choice, ChoiceList
from console.widgets.field import Field
from console.widgets.paint import Line, Piece
from console.widgets.text_block import TextBlock


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    title: str
    about: str
    asks: str = ""
    """What is typed for it; '' : nothing."""
    secret: bool = False
    add: Callable[[Vault, str, str], tuple[Slot, str]]
    """Vault, what was typed, label in; the slot, and a recovery code to be shown, or ''."""


def _passphrase(vault: Vault, typed: str, label: str) -> tuple[Slot, str]:
    return rekey.add_passphrase(vault, typed, label=label or "passphrase"), ""


def _recovery(vault: Vault, typed: str, label: str) -> tuple[Slot, str]:
    return rekey.add_recovery_code(vault, label=label or "recovery code")


def _keyring(vault: Vault, typed: str, label: str) -> tuple[Slot, str]:
    return rekey.add_keyring(vault, label=label or "desktop"), ""


def _age(vault: Vault, typed: str, label: str) -> tuple[Slot, str]:
    return rekey.add_age(vault, typed.split(","), label=label or "age"), ""


def _agent(vault: Vault, typed: str, label: str) -> tuple[Slot, str]:
    return rekey.add_agent(vault, typed, label=label or "SSH agent"), ""


KINDS = {
    "passphrase": Kind(
        title="Another passphrase",
        about="For a second person, or another habit of yours.",
        asks="New passphrase (ten characters or more)",
        secret=True,
        add=_passphrase,
    ),
    "recovery": Kind(
        title="A recovery code", about="32 characters for paper. It is shown once.", add=_recovery
    ),
    "keyring": Kind(
        title="This desktop's keyring",
        about="Opens the vault without typing in this session; any program of the session can ask it too.",
        add=_keyring,
    ),
    "age": Kind(
        title="Age or SSH public keys",
        about="Whoever holds a private key of these opens it: a colleague, a key in a safe. Commas between.",
        asks="Recipients: age1… or ssh-ed25519 AAAA…",
        add=_age,
    ),
    "ssh-agent": Kind(
        title="A key of my SSH agent",
        about=RISKS,
        asks="Which key: fingerprint or comment (empty: the only one)",
        add=_agent,
    ),
}


class AddSlotScreen(DialogScreen[None]):
    title_text = "Another way into the vault"
    AUTO_FOCUS = "ChoiceList"

    def inside(self) -> list[Widget]:
        choices = [Choice(key=key, text=(Piece(kind.title),)) for key, kind in KINDS.items()]
        return [ChoiceList(choices)]

    @on(ChoiceList.Chosen)
    def _chosen(self, event: ChoiceList.Chosen) -> None:
        self.dismiss(None)
        self.app.push_screen(SlotFormScreen(KINDS[str(event.choice.key)]))


class SlotFormScreen(DialogScreen[None]):
    AUTO_FOCUS = "#proof"

    def __init__(self, kind: Kind) -> None:
        super().__init__()
        self.title_text = kind.title
        self.danger = kind.about is RISKS
        self._kind = kind
        self._done = False

    def inside(self) -> list[Widget]:
        kind = self._kind
        tone = Tone.WARNING if self.danger else Tone.DIM
        fields: list[Widget] = [
            TextBlock(
                [(Piece(kind.about, tone),), (), _label("Your passphrase or recovery code")], id="words"
            ),
            Field(password=True, id="proof"),
        ]
        if kind.asks:
            fields += [TextBlock([_label(kind.asks)]), Field(password=kind.secret, id="typed")]
        if kind.secret:
            fields += [TextBlock([_label("Once more")]), Field(password=True, id="again")]
        return [*fields, TextBlock([_label("What to call it (readable in the file)")]), Field(id="label")]

    @on(Input.Submitted)
    def _next(self) -> None:
        if self.focused is self.query(Field).last():
            self.action_accept()
        else:
            self.focus_next()

    def action_accept(self) -> None:
        if self._done:
            self.dismiss(None)
        elif not self._value("#proof"):
            self.say("Type your passphrase first.")
            self.query_one("#proof", Field).focus()
        elif self._kind.secret and self._value("#typed") != self._value("#again"):
            self.say("The two are not the same.")
        else:
            self.add(Secret(self.query_one("#proof", Field).value), Secret(self._value("#typed")))

    def _value(self, name: str) -> str:
        found = self.query(name)
        return found.first(Field).value if found else ""

    @work(exclusive=True, group="slot", exit_on_error=False)
    async def add(self, proof: Secret, typed: Secret) -> None:
        keeper, label = self.navarch.session.keeper, self._value("#label").strip()
        assert keeper is not None
        for field in self.query(Field):
            field.disabled = True
        self.say("Working…", Tone.PROGRESSING)
        try:
            await keeper.prove(proof)
            vault = keeper.vault
            assert vault is not None
            slot, code = await asyncio.to_thread(self._kind.add, vault, typed.text(), label)
            await asyncio.to_thread(note_added, vault, slot)
        except Exception as error:
            self.say(full_sentence(error))
            for field in self.query(Field):
                field.disabled = False
            return
        if not code:
            self.dismiss(None)
            self.navarch.say("The vault has one more way in.", Tone.OK)
            return
        self._done = True
        show_codes(self, {"": code})


def show_codes(dialog: DialogScreen[None], codes: dict[str, str]) -> None:
    """Recovery codes, in the place of a dialog's form."""
    for widget in dialog.query(".dialog > *"):
        if widget.id not in ("notice", "words") and isinstance(widget, Field | TextBlock):
            widget.display = False
    dialog.query_one("#words", TextBlock).tell(code_lines(codes))
    dialog.say("")
    dialog.set_focus(None)


def code_lines(codes: dict[str, str]) -> list[Line]:
    lines: list[Line] = [
        (Piece("Write it on paper, apart from this machine. It is shown only now.", Tone.STRONG),)
    ]
    for name, code in codes.items():
        lines += [(), (Piece(name, Tone.DIM),), (Piece(f"  {code}", Tone.KEY),)]
    return [*lines, (), (Piece("Press esc when you have written it down.", Tone.ACCENT),)]


def _label(text: str) -> Sequence[Piece]:
    return (Piece(text, Tone.ACCENT),)
