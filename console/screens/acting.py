"""An act: what it would do, and to what, first; then the act; then what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual import on, work
from textual.widget import Widget
from textual.widgets import Input

from backend.fleet.acts import Already, Refused, carry_out, named, preview
from backend.fleet.acts.delete import with_propagation
from backend.fleet.objects import Found, read
from backend.kube.errors import KubeError
from backend.text import SafeStr, safe_text
from backend.topology.blast.preview import PATIENCE
from console.actions import Scope
from console.keymap import bindings
from console.screens.blast import BlastScreen, blasts, worst_lines
from console.screens.dialog import DialogScreen
from console.screens.error import full_sentence
from console.theme import Tone
from console.views import ObjectRef
from console.widgets.choices import Choice, ChoiceList
from console.widgets.field import Field
from console.widgets.paint import Line, Piece
from console.widgets.text_block import TextBlock

if TYPE_CHECKING:
    from backend.fleet.acts import Plan
    from backend.topology.blast import Blast
    from console.application import NavarchApp

_LISTED = 10
_LOW = 30
"""Rows of a terminal on which a preview is short, so that the choices below it are seen."""
_AT_ONCE = 8
"""Previews and acts under way at the same time."""
Way = tuple[str, str, Callable[["Plan"], "Plan"]]
"""One way of doing an act: what is chosen, what that means, and what becomes of the plan."""
_DELETIONS: tuple[Way, ...] = (
    ("Delete", "what it owns goes after it", lambda plan: with_propagation(plan, "Background")),
    (
        "Delete, owned objects first",
        "it stays until all it owns is gone",
        lambda plan: with_propagation(plan, "Foreground"),
    ),
    ("Delete it alone", "what it owns stays behind", lambda plan: with_propagation(plan, "Orphan")),
)


def start_act(app: NavarchApp, id: str, refs: Sequence[ObjectRef], *, done: Callable[[], None]) -> None:
    """Open the dialog of an act; ``done`` is called after something was changed."""

    def closed(changed: bool | None) -> None:
        if changed:
            done()

    if refs and not app.read_only:
        app.push_screen(ActScreen(id, refs), closed)


class ActScreen(DialogScreen[bool]):
    """Answers whether anything was changed."""

    broad = True
    AUTO_FOCUS = "ChoiceList"
    BINDINGS = bindings(Scope.FALLS)

    def __init__(self, id: str, refs: Sequence[ObjectRef]) -> None:
        super().__init__()
        self._blasts: dict[str, Blast] | None = None
        self._act = named(id)
        self._refs = refs
        self._plans: list[Plan] = []
        self._needless: list[SafeStr] = []
        self._refused: list[tuple[ObjectRef, SafeStr]] = []
        self._busy = True
        self._acting = self._stopping = False
        self.title_text = self._act.verb
        self.danger = self._act.danger

    def inside(self) -> list[Widget]:
        return [
            TextBlock(self._heading(), id="preview"),
            TextBlock(id="blast"),
            Field(id="answer"),
            Field(id="confirm"),
            ChoiceList(id="choices"),
        ]

    def on_mount(self) -> None:
        for part in ("#blast", "#answer", "#confirm", "#choices"):
            self.query_one(part).display = False
        if self._act.danger:
            self.look_around()
        if self._act.question is None:
            self.look()
        else:
            self.ask()

    # --- the question

    @work(exclusive=True, group="preview", exit_on_error=False)
    async def ask(self) -> None:
        """Offer the present value; what is typed is the answer for all."""
        question = self._act.question
        assert question is not None
        self._tell((Piece("Reading…", Tone.PROGRESSING),))
        try:
            now = question.now((await self._found(self._refs[0])).obj)
        except Exception as error:
            self._refused.append((self._refs[0], full_sentence(error)))
            self._show_preview()
            return
        self._tell((Piece(question.text, Tone.STRONG), Piece("  enter shows what it would do", Tone.DIM)))
        field = self.query_one("#answer", Field)
        field.display = True
        field.value = now
        field.focus()
        field.select_all()

    @on(Input.Submitted, "#answer")
    def _answered(self, event: Input.Submitted) -> None:
        if not self._acting:
            self.look(event.value.strip())

    @on(Input.Changed, "#answer")
    def _answering(self) -> None:
        """A plan that was drawn up for another answer must not be chosen."""
        self.query_one("#choices").display = self.query_one("#confirm").display = False

    # --- the preview

    @work(exclusive=True, group="preview", exit_on_error=False)
    async def look(self, answer: str = "") -> None:
        """Read every object again, draw the act up, and let each server try it."""
        self._busy = True
        self._plans, self._refused, self._needless = [], [], []
        self._tell((Piece("Looking at what would happen…", Tone.PROGRESSING),))
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(ref: ObjectRef) -> None:
            async with gate:
                try:
                    self._plans.append(await preview(self._act, await self._found(ref), answer))
                except Already as error:
                    self._needless.append(error.sentence)
                except Exception as error:
                    self._refused.append((ref, full_sentence(error)))

        await asyncio.gather(*(one(ref) for ref in self._refs))
        order = {ref.key: place for place, ref in enumerate(self._refs)}
        self._plans.sort(key=lambda plan: order.get((plan.cluster.id, plan.found.uid), 0))
        self._busy = False
        self._show_preview()

    async def _found(self, ref: ObjectRef) -> Found:
        cluster = (await self.navarch.fleet()).cluster(ref.cluster_id)
        obj = await read(cluster, ref.resource, ref.name, namespace=ref.namespace or None)
        if ref.uid and obj.get("metadata", {}).get("uid") != ref.uid:
            raise KubeError(ref.cluster, f"{ref.name} was replaced by a new object of the same name")
        return Found(cluster=cluster, resource=ref.resource, obj=obj)

    def _heading(self) -> list[Line]:
        kinds = {ref.resource.kind for ref in self._refs}
        kind = next(iter(kinds)) if len(kinds) == 1 else "object"
        clusters = sorted({ref.cluster for ref in self._refs})
        where = ", ".join(clusters[:4]) + (f" and {len(clusters) - 4} more" if len(clusters) > 4 else "")
        what = (
            f"{kind} {self._refs[0].name}"
            if len(self._refs) == 1
            else f"{len(self._refs)} objects of kind {kind}"
        )
        return [(Piece(what, Tone.STRONG), Piece(" in ", Tone.DIM), Piece(where, Tone.STRONG)), ()]

    def _tell(self, *lines: Line) -> None:
        self.query_one("#preview", TextBlock).tell([*self._heading(), *lines])

    def _show_preview(self) -> None:
        lines: list[Line] = []
        for plan in self._plans[:_LISTED]:
            lines += _plan_lines(plan)
        if len(self._plans) > _LISTED:
            lines.append((Piece(f"   and {len(self._plans) - _LISTED} more", Tone.STRONG),))
        lines += [(Piece(f"   {sentence}", Tone.DIM),) for sentence in self._needless[:_LISTED]]
        for ref, why in self._refused[:_LISTED]:
            lines.append((Piece("  ✖ ", Tone.FAILING), Piece(ref.name), Piece(f"  {why}", Tone.DIM)))
        lines.append(())
        phrase = self._phrase
        if phrase:
            lines.append(
                (Piece("A protected cluster. To confirm, type ", Tone.WARNING), Piece(phrase, Tone.KEY))
            )
        self._tell(*lines)
        chooser = self.query_one("#choices", ChoiceList)
        chooser.tell(self._choices())
        chooser.move_to(0)
        chooser.display = True
        confirm = self.query_one("#confirm", Field)
        confirm.display = bool(phrase)
        (confirm if phrase else chooser).focus()

    @property
    def _ways(self) -> tuple[Way, ...]:
        if self._act.id == "delete":
            return _DELETIONS
        number = f" all {len(self._plans)}" if len(self._plans) > 1 else ""
        return ((f"{self._act.verb}{number}", "", lambda plan: plan),)

    def _choices(self) -> list[Choice]:
        keep = ("Keep everything" if self._act.danger else "Change nothing", "nothing is changed")
        if not self._plans:
            keep = ("Close", "there is nothing to do" if not self._refused else "nothing was changed")
        wanted = [keep, *((text, hint) for text, hint, _ in self._ways if self._plans)]
        return [
            Choice(key=place, text=(Piece(text, Tone.STRONG), Piece(f"  {hint}", Tone.DIM)))
            for place, (text, hint) in enumerate(wanted)
        ]

    @property
    def _phrase(self) -> str:
        """What must be typed: the object's name, or for several on protected clusters their number."""
        guarded = [plan for plan in self._plans if plan.must_type]
        if not guarded:
            return ""
        if len(self._plans) == 1:
            return guarded[0].must_type
        return f"{self._act.id} {len(self._plans)}"

    # --- what stops with it

    @work(exclusive=True, group="blast", exit_on_error=False)
    async def look_around(self) -> None:
        """Beside the preview, never before it: no confirmation waits for a slow cluster."""
        block = self.query_one("#blast", TextBlock)
        block.display = True
        block.tell([(Piece("   looking what stops with it…", Tone.PROGRESSING),)])
        try:
            self._blasts = await blasts(
                await self.navarch.fleet(), self._refs, deadline=PATIENCE, deleted=True
            )
        except Exception as error:
            sentence = f"   what stops with it is not known: {full_sentence(error)}"
            block.tell([(Piece(sentence, Tone.WARNING),)])
            return
        block.tell(worst_lines(self._blasts, most=5 if self.size.height > _LOW else 2))
        self.refresh_bindings()

    def action_falls(self) -> None:
        if self._blasts is not None:
            self.app.push_screen(BlastScreen(self._refs, self._blasts))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "falls":
            return self._blasts is not None and any(one.effects for one in self._blasts.values())
        return super().check_action(action, parameters)

    # --- the act

    @on(Input.Submitted, "#confirm")
    def _typed(self) -> None:
        self.query_one("#choices", ChoiceList).focus()

    @on(ChoiceList.Chosen)
    def _chosen(self, event: ChoiceList.Chosen) -> None:
        if self._busy:
            return
        place = int(str(event.choice.key))
        if not place:
            self.dismiss(False)
        elif self._phrase and self.query_one("#confirm", Field).value.strip() != self._phrase:
            self.say(f"Type {self._phrase} first; nothing was changed.")
            self.query_one("#confirm", Field).focus()
        else:
            self._busy = self._acting = True
            _, _, adjust = self._ways[place - 1]
            self.act([adjust(plan) for plan in self._plans])

    def action_cancel(self) -> None:
        """While it acts: begin nothing more, and wait for what is under way."""
        if self._acting:
            self._stopping = True
            self.say("Stopping: what is under way is finished, nothing more is begun.", Tone.WARNING)
        else:
            super().action_cancel()

    @work(exclusive=True, group="act", exit_on_error=False)
    async def act(self, plans: Sequence[Plan]) -> None:
        journal = self.navarch.session.fleet_journal()
        gate, said = asyncio.Semaphore(_AT_ONCE), list[SafeStr]()
        failed: list[tuple[SafeStr, SafeStr]] = []

        async def one(plan: Plan) -> None:
            async with gate:
                try:
                    if self._stopping:
                        raise Refused("stopped before it was begun")
                    said.append(await carry_out(plan, journal=journal, confirmed=plan.must_type))
                except Exception as error:
                    failed.append((plan.found.place, full_sentence(error)))
                if not self._stopping:
                    self.say(f"{len(said) + len(failed)} of {len(plans)}…  esc stops", Tone.PROGRESSING)

        await asyncio.gather(*(one(plan) for plan in plans))
        app = self.navarch
        self.dismiss(bool(said))
        if failed:
            from console.screens.outcome import OutcomeScreen

            app.push_screen(OutcomeScreen(f"{self._act.verb}: not done", done=len(said), failed=failed))
        else:
            app.say(said[0] if len(said) == 1 else f"{self._act.verb}: {len(said)} objects done", Tone.OK)


def _plan_lines(plan: Plan) -> list[Line]:
    found = plan.found
    place = safe_text(f"{found.cluster.name}  {found.namespace + '/' if found.namespace else ''}{found.name}")
    odd = "" if found.name.isascii() else " ".join(f"U+{ord(c):04X}" for c in found.name if not c.isascii())
    lines: list[Line] = [
        (Piece("   "), Piece(place, Tone.STRONG), Piece(f"  {odd}" if odd else "", Tone.WARNING))
    ]
    if plan.act != "delete":
        lines.append((Piece(f"     {plan.effect}", Tone.KEY),))
    lines += [(Piece(f"     falls with it: {sentence}", Tone.WARNING),) for sentence in plan.falls]
    lines += [(Piece(f"     {sentence}", Tone.DIM),) for sentence in plan.warnings]
    return lines
