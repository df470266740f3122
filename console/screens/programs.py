"""Programs that clusters want to run to log in: each waits for its own yes, which the session keeps."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from textual import on
from textual.widget import Widget

from backend.fleet.programs import Program
from backend.text import safe_text
from console.screens.dialog import DialogScreen
from console.theme import Tone
from console.widgets.choices import Choice, ChoiceList
from console.widgets.paint import Line, Piece
from console.widgets.text_block import TextBlock

if TYPE_CHECKING:
    from console.application import NavarchApp

_CLUSTERS = 8
"""Names shown of the clusters that want one program."""


class ProgramsScreen(DialogScreen[tuple[Program, ...]]):
    """Everything is off at first, and enter agrees to nothing: keys typed ahead can't let a program run."""

    title_text = "Programs that want to run"
    broad = True
    AUTO_FOCUS = "ChoiceList"

    def __init__(self, programs: Sequence[Program]) -> None:
        super().__init__()
        self._programs = programs

    def inside(self) -> list[Widget]:
        why = "To log in, clusters want to run programs on this machine, with your rights."
        how = "Switch on (space) what you know, then ctrl-s. "
        if self.navarch.session.keeps_approvals:
            how += "The vault keeps it, for this very file and call."
        else:
            how += "Nothing is stored: it holds until Navarch ends."
        return [
            TextBlock([(Piece(why, Tone.WARNING),), (Piece(how, Tone.DIM),), ()]),
            ChoiceList([_choice(place, program) for place, program in enumerate(self._programs)]),
            TextBlock([()], id="facts"),
        ]

    def on_mount(self) -> None:
        self._tell_facts()

    @on(ChoiceList.Highlighted)
    def _tell_facts(self) -> None:
        current = self.query_one(ChoiceList).current
        if current is not None:
            self.query_one("#facts", TextBlock).tell(facts(self._program(current)))

    @on(ChoiceList.Chosen)
    def _enter(self) -> None:
        self.say(
            "space switches a program on or off; ctrl-s lets those run that are on; esc: none", Tone.TEXT
        )

    def action_accept(self) -> None:
        chosen = [choice for choice in self.query_one(ChoiceList).choices if choice.on]
        self.dismiss(tuple(self._program(choice) for choice in chosen))

    def _program(self, choice: Choice) -> Program:
        assert isinstance(choice.key, int)
        return self._programs[choice.key]


def _choice(place: int, program: Program) -> Choice:
    count = len(program.clusters)
    note = "can't be run" if not program.fingerprints else f"{count} clusters" if count > 1 else ""
    dangerous = bool(program.seen.dangers)
    return Choice(
        key=place,
        text=(Piece(program.command, Tone.WARNING if dangerous else Tone.STRONG),),
        right=(Piece(note or program.clusters[0], Tone.DIM),),
        on=False,
        off_limits=not program.fingerprints,
    )


def facts(program: Program) -> list[Line]:
    """The whole command, which file it is, what speaks against it, who wants it."""
    lines: list[Line] = [(), (Piece(program.command, Tone.STRONG),)]
    dangers = set(program.seen.dangers)
    for sentence in program.sentences:
        grave = sentence in dangers or not program.fingerprints
        lines.append((Piece(f"  {sentence}", Tone.FAILING if grave else Tone.TEXT),))
    more = len(program.clusters) - _CLUSTERS
    names = ", ".join(program.clusters[:_CLUSTERS]) + (f" and {more} more" if more > 0 else "")
    lines.append((Piece("  wanted by ", Tone.DIM), Piece(names, Tone.STRONG)))
    return lines


async def look_for_programs(app: NavarchApp, *, ask: bool) -> None:
    """Find what waits for a yes; ``ask``: about it, now. Call it in a worker when the fleet is there.

    While a person is busy elsewhere it is only said: a dialog would take the keys they are typing.
    """
    app.programs = await app.session.programs()
    if not app.programs or app.frame is None:
        return
    app.frame.refresh_bindings()
    if not ask or app.session.keeps_approvals:  # who said no at the import is not asked at each start
        return
    if app.screen is app.frame and not app.frame.prompt.is_open:
        await ask_about_programs(app)
    else:
        app.say("Clusters want to run programs to log in; press P to look at them", Tone.WARNING)


async def ask_about_programs(app: NavarchApp, clusters: Collection[str] = ()) -> bool:
    """Show the programs that wait; those agreed to run at once, in a fleet made anew. In a worker.

    ``clusters``: only what these want; none: all. Whether any program was agreed to.
    """
    asked = [one for one in app.programs if not clusters or set(one.ids) & set(clusters)]
    chosen = await app.push_screen_wait(ProgramsScreen(asked))
    if not chosen:
        app.say("No program was allowed; its clusters can't log in. P asks again.", Tone.WARNING)
        return False
    try:
        await app.session.allow(chosen)
    except Exception as error:
        app.tell_error(error)
        return False
    names = ", ".join(dict.fromkeys(str(program.seen.command) for program in chosen))
    app.programs = [program for program in app.programs if program not in chosen]
    begin = "From now on" if app.session.keeps_approvals else "Until Navarch ends"
    await app.connect_again(safe_text(f"{begin} these may run: {names}"))
    return True
