"""What is said about clusters: tags, groups, protection, read-only; of all marked ones at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from textual import on
from textual.widget import Widget
from textual.widgets import Input

from backend.fleet.marks import BadMark, Marks, checked_word
from backend.fleet.member import Member
from backend.text import safe_text
from console.screens.dialog import DialogScreen
from console.theme import Tone
from console.widgets.choices import Choice, ChoiceList
from console.widgets.field import Field
from console.widgets.paint import Piece
from console.widgets.text_block import TextBlock

if TYPE_CHECKING:
    from console.application import NavarchApp

_PROTECTED, _READ_ONLY = "protected", "read-only"
_GUARDS = {
    _PROTECTED: "changes ask for a typed name",
    _READ_ONLY: "changes are refused",
}
_UNPROTECT = "unprotect"


class ClusterMarksScreen(DialogScreen[Marks]):
    """A switch that only some of the clusters have on says so, and changes nothing until it is switched."""

    broad = True
    AUTO_FOCUS = "ChoiceList"

    def __init__(self, members: Sequence[Member], *, known: Sequence[Member]) -> None:
        """``known``: all clusters, for the tags and groups that there are."""
        super().__init__()
        self._members = members
        names = safe_text(members[0].name, limit=40) if len(members) == 1 else f"{len(members)} clusters"
        self.title_text = f"Tags, groups and guard of {names}"
        tags = sorted({tag for member in known for tag in member.tags})
        groups = sorted({group for member in known for group in member.groups})
        self._words = [*_GUARDS, *(f"#{tag}" for tag in tags), *(f"@{group}" for group in groups)]
        self._switched: dict[str, bool] = {}
        """What the person switched, by word."""

    def inside(self) -> list[Widget]:
        return [
            ChoiceList(self._choices()),
            TextBlock([(), (Piece("Add a #tag or a @group, then enter:", Tone.DIM),)]),
            Field(id="word"),
            TextBlock([()], id="confirm-words"),
            Field(id="confirm"),
        ]

    def on_mount(self) -> None:
        self.query_one("#confirm", Field).display = False

    def _choices(self) -> list[Choice]:
        return [self._choice(word) for word in self._words]

    def _choice(self, word: str) -> Choice:
        have = sum(_has(member, word) for member in self._members)
        some = 0 < have < len(self._members) and word not in self._switched
        note = f"{have} of {len(self._members)}" if some else _GUARDS.get(word, "")
        return Choice(
            key=word,
            text=(Piece(safe_text(word, limit=64)),),
            right=(Piece(note, Tone.WARNING if some else Tone.DIM),),
            on=self._switched.get(word, have == len(self._members)),
        )

    @on(ChoiceList.Toggled)
    def _toggled(self, event: ChoiceList.Toggled) -> None:
        self._switched[str(event.choice.key)] = bool(event.choice.on)
        self._renew()

    @on(ChoiceList.Chosen)
    def _chosen(self) -> None:
        self.say("space switches; ctrl-s keeps what is on; esc leaves everything as it is", Tone.TEXT)

    @on(Input.Submitted, "#word")
    def _added(self, event: Input.Submitted) -> None:
        try:
            word = checked_word(event.value)
        except BadMark as error:
            self.say(f"{error.sentence}. {error.advice}")
            return
        if word not in self._words:
            self._words.append(word)
        self._switched[word] = True
        event.input.value = ""
        self.say("")
        self._renew()

    def _renew(self) -> None:
        self.query_one(ChoiceList).tell(self._choices())
        bares = self._losing_protection()
        self.query_one("#confirm", Field).display = bool(bares)
        words = f"To take the protection off, type: {self._to_type()}" if bares else ""
        self.query_one("#confirm-words", TextBlock).tell([(Piece(words, Tone.WARNING),)])

    def _losing_protection(self) -> list[Member]:
        off = self._switched.get(_PROTECTED) is False
        return [member for member in self._members if member.protected] if off else []

    def _to_type(self) -> str:
        bares = self._losing_protection()
        return bares[0].name if len(bares) == 1 else _UNPROTECT

    def action_accept(self) -> None:
        if self._losing_protection() and self.query_one("#confirm", Field).value != self._to_type():
            self.say(f"Type {safe_text(self._to_type(), limit=64)} below, or switch the protection on again.")
            self.query_one("#confirm", Field).focus()
            return
        self.dismiss(
            Marks(
                add_tags=tuple(self._words_switched("#", True)),
                drop_tags=tuple(self._words_switched("#", False)),
                add_groups=tuple(self._words_switched("@", True)),
                drop_groups=tuple(self._words_switched("@", False)),
                protected=self._switched.get(_PROTECTED),
                read_only=self._switched.get(_READ_ONLY),
            )
        )

    def _words_switched(self, sigil: str, on: bool) -> Iterator[str]:
        return (word[1:] for word, now in self._switched.items() if word[0] == sigil and now is on)


def _has(member: Member, word: str) -> bool:
    if word == _PROTECTED:
        return member.protected
    if word == _READ_ONLY:
        return member.read_only
    return word[1:] in (member.tags if word[0] == "#" else member.groups)


async def mark_clusters(app: NavarchApp, members: Sequence[Member]) -> None:
    """Ask what to say about these clusters, and keep it. In a worker."""
    marks = await app.push_screen_wait(ClusterMarksScreen(members, known=app.members))
    if marks is None or marks.idle:
        return
    done = await app.attempt(lambda: app.session.mark([member.id for member in members], marks))
    if done is None:
        return
    fleet = await app.fleet()
    fleet.renew(done)
    count = f"{len(done)} cluster{'' if len(done) == 1 else 's'}"
    app.say(f"Kept for {count}: {marks.told}", Tone.OK)
