"""A program of one's own before it runs: what exactly, for which objects, with whose agreement."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from textual import on
from textual.widget import Widget
from textual.widgets import Input

from backend.text import safe_text
from console.screens.dialog import DialogScreen
from console.theme import Tone
from console.user_commands.jobs import Job
from console.user_commands.trust import Seen
from console.widgets.choices import Choice, ChoiceList
from console.widgets.field import Field
from console.widgets.paint import Line, Piece
from console.widgets.text_block import TextBlock

_LISTED = 5
ONCE, ALWAYS = "once", "always"


class AgreeCommandScreen(DialogScreen[str]):
    """Answers ``once``, ``always`` (the agreement is kept) or nothing. Enter alone runs nothing."""

    broad = True
    AUTO_FOCUS = "ChoiceList"

    def __init__(self, seen: Seen, jobs: Sequence[Job], *, first: bool) -> None:
        super().__init__()
        self.title_text = seen.title
        self.danger = seen.command.changes
        self._seen, self._jobs, self._first = seen, jobs, first

    def inside(self) -> list[Widget]:
        widgets: list[Widget] = [TextBlock(self._lines())]
        if self._phrase:
            widgets.append(Field(id="confirm"))
        return [*widgets, ChoiceList(self._choices())]

    def on_mount(self) -> None:
        if self._phrase:
            self.query_one("#confirm").focus()

    @property
    def _phrase(self) -> str:
        """What must be typed on protected clusters: the object's name, or for several how many."""
        if not self._seen.command.changes or not any(job.protected for job in self._jobs):
            return ""
        return str(safe_text(self._jobs[0].ref.name)) if len(self._jobs) == 1 else f"run {len(self._jobs)}"

    def _lines(self) -> list[Line]:
        lines: list[Line] = []
        if self._first:
            why = "This command was not run before in this form. It runs on this machine, with your rights."
            lines += [(Piece(why, Tone.WARNING),), ()]
        lines.append((Piece("program  ", Tone.DIM), Piece(self._seen.path, Tone.STRONG)))
        if self._seen.command.changes:
            lines.append(
                (Piece("changes  ", Tone.DIM), Piece("the cluster; the journal notes it", Tone.WARNING))
            )
        lines.append(())
        for job in self._jobs[:_LISTED]:
            lines.append((Piece(job.place, Tone.STRONG),))
            lines.append((Piece(f"  {shlex.join(job.argv)}"),))
        if len(self._jobs) > _LISTED:
            lines.append((Piece(f"and for {len(self._jobs) - _LISTED} more objects", Tone.STRONG),))
        lines.append(())
        if self._phrase:
            what = "A protected cluster. To confirm, type "
            lines.append((Piece(what, Tone.WARNING), Piece(self._phrase, Tone.KEY)))
        return lines

    def _choices(self) -> list[Choice]:
        offered = [("", "Don't run it", "nothing happens")]
        if not self._first:
            offered.append((ONCE, "Run it", ""))
        elif self._seen.command.changes:
            offered.append(
                (ALWAYS, "Run it", "and remember that I know this command; it asks each time all the same")
            )
        else:
            offered += [
                (ONCE, "Run it once", "and ask again next time"),
                (ALWAYS, "Run it", "and don't ask again, until the command or its program changes"),
            ]
        return [
            Choice(key=key, text=(Piece(text, Tone.STRONG), Piece(f"  {hint}", Tone.DIM)))
            for key, text, hint in offered
        ]

    @on(Input.Submitted)
    def _typed(self) -> None:
        self.query_one(ChoiceList).focus()

    @on(ChoiceList.Chosen)
    def _chosen(self, event: ChoiceList.Chosen) -> None:
        if (
            event.choice.key
            and self._phrase
            and self.query_one("#confirm", Field).value.strip() != self._phrase
        ):
            self.say(f"Type {self._phrase} first; nothing was run.")
            self.query_one("#confirm", Field).focus()
            return
        self.dismiss(str(event.choice.key) or None)
