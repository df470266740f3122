"""An act upon storage: what it asks, what it would do, and a last yes."""

from __future__ import annotations

from textual import on, work
from textual.widget import Widget
from textual.widgets import Input

from backend.storage.acts import Plan
from backend.text import safe_text
from console.screens.dialog import DialogScreen
from console.screens.error import full_sentence
from console.storage_wishes import Ask, Wish
from console.theme import Tone
from console.widgets.choices import Choice, ChoiceList
from console.widgets.field import Field
from console.widgets.paint import Line, Piece
from console.widgets.text_block import TextBlock


class StorageActScreen(DialogScreen[Plan]):
    """Answers the plan that a person agreed to; who opened it carries it out."""

    broad = True

    def __init__(self, wish: Wish) -> None:
        super().__init__()
        self._wish = wish
        self._plan: Plan | None = None
        self.title_text = wish.title
        self.danger = wish.danger

    def inside(self) -> list[Widget]:
        asked: list[Widget] = []
        for ask in self._wish.asks:
            label = TextBlock([(Piece(ask.label, Tone.ACCENT),)])
            asked += [label, Field(value=safe_text(ask.value), id=_field(ask))]
        return [*asked, TextBlock(id="preview"), Field(id="confirm"), ChoiceList(id="choices")]

    def on_mount(self) -> None:
        self.query_one("#confirm").display = self.query_one("#choices").display = False
        if self._wish.asks:
            first = self.query_one(f"#{_field(self._wish.asks[0])}", Field)
            first.focus()
            first.select_all()
            self._tell((Piece("Enter shows what it would do.", Tone.DIM),))
        else:
            self.look()

    # --- what is asked

    @on(Input.Submitted, ".dialog > Field")
    def _typed(self, event: Input.Submitted) -> None:
        event.stop()
        if event.input.id == "confirm":
            self.query_one("#choices", ChoiceList).focus()
        elif event.input.id == _field(self._wish.asks[-1]):
            self.look()
        else:
            self.focus_next()

    @on(Input.Changed, ".dialog > Field")
    def _typing(self, event: Input.Changed) -> None:
        """A plan that was drawn up for other answers must not be chosen."""
        if event.input.id != "confirm" and self._plan is not None:
            self._plan = None
            self.query_one("#choices").display = self.query_one("#confirm").display = False
            self._tell((Piece("Enter shows what it would do.", Tone.DIM),))

    # --- the preview

    @work(exclusive=True, group="preview", exit_on_error=False)
    async def look(self) -> None:
        """Draw it up on what is there now."""
        answers = {ask.id: self.query_one(f"#{_field(ask)}", Field).value for ask in self._wish.asks}
        self._tell((Piece("Looking at what would happen…", Tone.PROGRESSING),))
        try:
            plan = await self._wish.draw_up(answers)
        except Exception as error:
            self._tell()
            self.say(full_sentence(error))
            return
        self._plan = plan
        self.say("")
        self._tell(*_lines(plan))
        chooser = self.query_one("#choices", ChoiceList)
        keep = "Keep everything" if plan.danger else "Change nothing"
        chooser.tell([_choice(0, keep, "nothing is changed"), _choice(1, self._wish.title, "")])
        chooser.move_to(0)
        chooser.display = True
        confirm = self.query_one("#confirm", Field)
        confirm.display = bool(plan.must_type)
        (confirm if plan.must_type else chooser).focus()

    def _tell(self, *lines: Line) -> None:
        self.query_one("#preview", TextBlock).tell(list(lines))

    # --- the yes

    @on(ChoiceList.Chosen)
    def _chosen(self, event: ChoiceList.Chosen) -> None:
        plan = self._plan
        if plan is None or not event.choice.key:
            self.dismiss(None)
        elif plan.must_type and self.query_one("#confirm", Field).value.strip() != plan.must_type:
            self.say(f"Type {plan.must_type} first; nothing was changed.")
            self.query_one("#confirm", Field).focus()
        else:
            self.dismiss(plan)


def _field(ask: Ask) -> str:
    return f"ask-{ask.id}"


def _choice(key: int, text: str, hint: str) -> Choice:
    return Choice(key=key, text=(Piece(text, Tone.STRONG), Piece(f"  {hint}" if hint else "", Tone.DIM)))


def _lines(plan: Plan) -> list[Line]:
    lines: list[Line] = [(Piece(plan.about, Tone.STRONG),), (Piece(f"  {plan.effect}", Tone.KEY),)]
    lines += [(Piece("  lost with it: ", Tone.FAILING), Piece(line, Tone.WARNING)) for line in plan.falls]
    lines += [(Piece(f"  {line}", Tone.DIM),) for line in plan.warnings]
    if plan.must_type:
        lines += [(), (Piece("To confirm, type ", Tone.WARNING), Piece(plan.must_type, Tone.KEY))]
    return [*lines, ()]
