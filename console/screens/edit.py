"""Edit: from the object to the person's editor and back, until their text is sent or left; never lost."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from textual import on
from textual.widget import Widget
from textual.widgets import Input

from backend.fleet.acts import Already, Plan, Refused, carry_out, named, preview
from backend.fleet.acts.act import check_allowed
from backend.fleet.acts.edit import Overtaken, editing, opened_text, preview_lines
from backend.fleet.objects import Found, read
from backend.kube.errors import Conflict, KubeError
from backend.text import SafeStr, safe_text
from console.screens.dialog import DialogScreen
from console.screens.error import full_sentence
from console.terminal.editor import Draft, editor_command, run_editor
from console.terminal.lending import lend_terminal
from console.theme import Tone
from console.views import ObjectRef
from console.widgets.choices import Choice, ChoiceList
from console.widgets.field import Field
from console.widgets.paint import Line, Piece
from console.widgets.text_block import TextBlock
from console.widgets.text_pane import TextPane

if TYPE_CHECKING:
    from console.application import NavarchApp


class Next(Enum):
    """What a person decides about their text."""

    KEEP = "keep"
    AGAIN = "again"
    APPLY = "apply"


async def edit(app: NavarchApp, ref: ObjectRef) -> None:
    """Let a person edit the object. Call it in a worker. Raises what keeps it from being opened at all."""
    cluster = (await app.fleet()).cluster(ref.cluster_id)
    obj = await read(cluster, ref.resource, ref.name, namespace=ref.namespace or None)
    found = Found(cluster=cluster, resource=ref.resource, obj=obj)
    if ref.uid and found.uid != ref.uid:
        raise KubeError(ref.cluster, f"{ref.name} was replaced by a new object of the same name")
    check_allowed(named("edit"), found)
    command = editor_command()
    draft = Draft(opened_text(found), name=f"{found.cluster.name}-{found.name}")
    sent = False
    try:
        sent = await _Edit(app, found, command, draft).run()
    finally:
        if sent:
            draft.discard()
        else:
            app.say(f"Nothing was changed. Your text is kept: {draft.path}", Tone.WARNING)


class _Edit:
    """One object in the editor, as often as it takes."""

    def __init__(self, app: NavarchApp, found: Found, command: list[str], draft: Draft) -> None:
        self._app = app
        self._found = found
        """What the text began from."""
        self._command = command
        self._draft = draft

    async def run(self) -> bool:
        """Whether the text has done its service: sent, or nothing was changed in it."""
        await self._open()
        while True:
            text = self._draft.read()
            if not text.strip():
                self._app.say(f"{self._found.name}: the text is empty; nothing was changed", Tone.WARNING)
                return True
            try:
                plan = await preview(editing(self._found), self._found, text)
                decided = await self._app.push_screen_wait(DiffScreen(plan))
                if decided is Next.APPLY:
                    await self._send(plan)
                    return True
            except Already:
                self._app.say(f"{self._found.name}: nothing was changed")
                return True
            except Conflict:
                continue  # changed while the preview was looked at: another preview tells whether it matters
            except (Refused, KubeError) as error:
                decided = await self._app.push_screen_wait(TroubleScreen(error))
                self._put_on_top(error)
            if decided is not Next.AGAIN:
                return False
            await self._open()

    async def _open(self) -> None:
        async with lend_terminal(self._app):
            await run_editor(self._command, self._draft.path)

    async def _send(self, plan: Plan) -> None:
        journal = self._app.session.fleet_journal()
        self._app.say(await carry_out(plan, journal=journal, confirmed=plan.must_type), Tone.OK)

    def _put_on_top(self, error: Exception) -> None:
        """Where somebody was quicker, go on from theirs, with this person's fields in it."""
        if isinstance(error, Overtaken):
            self._found = error.now
            self._draft.write(error.text)


class TroubleScreen(DialogScreen[Next]):
    """Why the text can't be sent; it is still there."""

    title_text = "Not sent"
    danger = True
    broad = True
    AUTO_FOCUS = "ChoiceList"

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def inside(self) -> list[Widget]:
        again = "your fields on top of theirs" if isinstance(self._error, Overtaken) else "your text as it is"
        return [
            TextBlock([(Piece(full_sentence(self._error), Tone.ERROR),), ()]),
            ChoiceList(
                [
                    _choice(Next.AGAIN, "Edit again", again),
                    _choice(Next.KEEP, "Leave it", "nothing is changed, the text is kept in its file"),
                ]
            ),
        ]

    @on(ChoiceList.Chosen)
    def _chosen(self, event: ChoiceList.Chosen) -> None:
        self.dismiss(Next(str(event.choice.key)))


class DiffScreen(DialogScreen[Next]):
    """What would change, as the server tried it; nothing was sent yet."""

    title_text = "Apply this change?"
    broad = True
    AUTO_FOCUS = "ChoiceList"

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self._plan = plan

    def inside(self) -> list[Widget]:
        plan = self._plan
        lines: list[Line] = [(Piece(plan.found.place, Tone.STRONG),)]
        lines += [(Piece(f"  {warning}", Tone.WARNING),) for warning in plan.warnings]
        if plan.must_type:
            words = "A protected cluster. To confirm, type "
            lines.append((Piece(words, Tone.WARNING), Piece(plan.must_type, Tone.KEY)))
        choices = [
            _choice(Next.KEEP, "Change nothing", "the text is kept in its file"),
            _choice(Next.AGAIN, "Edit again", ""),
            _choice(Next.APPLY, "Apply", ""),
        ]
        return [DiffPane(preview_lines(plan)), TextBlock(lines), Field(id="confirm"), ChoiceList(choices)]

    def on_mount(self) -> None:
        self.query_one("#confirm").display = bool(self._plan.must_type)

    @on(Input.Submitted)
    def _typed(self) -> None:
        self.query_one(ChoiceList).focus()

    @on(ChoiceList.Chosen)
    def _chosen(self, event: ChoiceList.Chosen) -> None:
        decided = Next(str(event.choice.key))
        phrase = self._plan.must_type
        if decided is Next.APPLY and phrase and self.query_one("#confirm", Field).value.strip() != phrase:
            self.say(f"Type {phrase} first; nothing was changed.")
            self.query_one("#confirm", Field).focus()
            return
        self.dismiss(decided)


class DiffPane(TextPane):
    """A unified diff: what comes and what goes by colour, and by its sign."""

    DEFAULT_CSS = "DiffPane { height: auto; max-height: 60vh; }"

    def __init__(self, text: SafeStr) -> None:
        super().__init__(colour=_diff_line)
        self._diff = text

    def on_mount(self) -> None:
        self.tell(self._diff)

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return min(self._diff.count("\n") + 1, max(3, self.app.size.height - 12))


def _diff_line(text: SafeStr) -> Line:
    tones = {"+": Tone.OK, "-": Tone.FAILING, "@": Tone.ACCENT}
    return (Piece(text, tones.get(text[:1], Tone.TEXT)),)


def _choice(decided: Next, text: str, hint: str) -> Choice:
    return Choice(key=decided.value, text=(Piece(text, Tone.STRONG), Piece(safe_text(f"  {hint}"), Tone.DIM)))
