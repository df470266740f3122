"""Delete: what would go, and what with it, first; then the act; then what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual import on, work
from textual.widget import Widget
from textual.widgets import Input

from backend.kube.errors import KubeError
from backend.text import SafeStr, safe_text
from console.screens.dialog import DialogScreen
from console.screens.error import full_sentence
from console.theme import Tone
from console.views import ObjectRef
from console.widgets.choices import Choice, ChoiceList
from console.widgets.field import Field
from console.widgets.paint import Line, Piece
from console.widgets.text_block import TextBlock

if TYPE_CHECKING:
    from backend.fleet.acts import DeletePreview
    from backend.kube.writes import Propagation
    from console.application import NavarchApp

_LISTED = 10
_AT_ONCE = 8
"""Previews and deletions under way at the same time."""

_CHOICES: tuple[tuple[str, str, str], ...] = (
    ("", "Keep everything", "nothing is changed"),
    ("Background", "Delete", "what it owns goes after it"),
    ("Foreground", "Delete, owned objects first", "it stays until all it owns is gone"),
    ("Orphan", "Delete it alone", "what it owns stays behind"),
)


def start_delete(app: NavarchApp, refs: Sequence[ObjectRef], *, done: Callable[[], None]) -> None:
    """Open the dialog; ``done`` is called after something was deleted."""

    def closed(changed: bool | None) -> None:
        if changed:
            done()

    if refs and not app.read_only:
        app.push_screen(DeleteScreen(refs), closed)


class DeleteScreen(DialogScreen[bool]):
    """Answers whether anything was deleted."""

    title_text = "Delete"
    danger = True
    broad = True
    AUTO_FOCUS = "ChoiceList"

    def __init__(self, refs: Sequence[ObjectRef]) -> None:
        super().__init__()
        self._refs = refs
        self._previews: list[DeletePreview] = []
        self._refused: list[tuple[ObjectRef, SafeStr]] = []
        self._busy = True

    def inside(self) -> list[Widget]:
        return [
            TextBlock(
                [*self._heading(), (Piece("Looking at what would go…", Tone.PROGRESSING),)], id="preview"
            ),
            Field(id="confirm"),
            ChoiceList(id="choices"),
        ]

    def on_mount(self) -> None:
        self.query_one("#confirm").display = False
        self.query_one("#choices").display = False
        self.look()

    # --- the preview

    @work(exclusive=True, group="preview", exit_on_error=False)
    async def look(self) -> None:
        """Read every object again and ask what falls with it."""
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(ref: ObjectRef) -> None:
            async with gate:
                try:
                    self._previews.append(await self._preview(ref))
                except Exception as error:
                    self._refused.append((ref, full_sentence(error)))

        await asyncio.gather(*(one(ref) for ref in self._refs))
        order = {ref.key: place for place, ref in enumerate(self._refs)}
        self._previews.sort(
            key=lambda p: order.get((p.cluster.id, p.found.obj["metadata"].get("uid", "")), 0)
        )
        self._busy = False
        self._show_preview()

    async def _preview(self, ref: ObjectRef) -> DeletePreview:
        from backend.fleet.acts import preview_delete
        from backend.fleet.objects import Found, read

        cluster = (await self.navarch.fleet()).cluster(ref.cluster_id)
        obj = await read(cluster, ref.resource, ref.name, namespace=ref.namespace or None)
        if ref.uid and obj.get("metadata", {}).get("uid") != ref.uid:
            raise KubeError(ref.cluster, f"{ref.name} was replaced by a new object of the same name")
        return await preview_delete(Found(cluster=cluster, resource=ref.resource, obj=obj))

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

    def _show_preview(self) -> None:
        lines = self._heading()
        for preview in self._previews[:_LISTED]:
            lines.append(_object(preview))
            lines += [(Piece(f"     falls with it: {sentence}", Tone.WARNING),) for sentence in preview.falls]
            lines += [(Piece(f"     {sentence}", Tone.DIM),) for sentence in preview.warnings]
        if len(self._previews) > _LISTED:
            lines.append((Piece(f"   and {len(self._previews) - _LISTED} more", Tone.STRONG),))
        for ref, why in self._refused[:_LISTED]:
            lines.append((Piece("  ✖ ", Tone.FAILING), Piece(ref.name), Piece(f"  {why}", Tone.DIM)))
        lines.append(())
        if self._phrase:
            lines.append(
                (Piece("A protected cluster. To confirm, type ", Tone.WARNING), Piece(self._phrase, Tone.KEY))
            )
        self.query_one("#preview", TextBlock).tell(lines)
        chooser = self.query_one("#choices", ChoiceList)
        chooser.tell(self._choices())
        chooser.display = True
        confirm = self.query_one("#confirm", Field)
        confirm.display = bool(self._phrase)
        (confirm if self._phrase else chooser).focus()

    def _choices(self) -> list[Choice]:
        wanted = _CHOICES if self._previews else _CHOICES[:1]
        return [
            Choice(key=key, text=(Piece(text, Tone.STRONG), Piece(f"  {hint}", Tone.DIM)))
            for key, text, hint in wanted
        ]

    @property
    def _phrase(self) -> str:
        """What must be typed: the object's name, or for several on protected clusters their number."""
        guarded = [preview for preview in self._previews if preview.must_type]
        if not guarded:
            return ""
        if len(self._previews) == 1:
            return guarded[0].must_type
        return f"delete {len(self._previews)}"

    # --- the act

    @on(Input.Submitted)
    def _typed(self) -> None:
        self.query_one("#choices", ChoiceList).focus()

    @on(ChoiceList.Chosen)
    def _chosen(self, event: ChoiceList.Chosen) -> None:
        if self._busy:
            return
        if not event.choice.key:
            self.dismiss(False)
        elif self._phrase and self.query_one("#confirm", Field).value.strip() != self._phrase:
            self.say(f"Type {self._phrase} first; nothing was changed.")
            self.query_one("#confirm", Field).focus()
        else:
            self._busy = True
            self.act(event.choice.key)

    @work(exclusive=True, group="act", exit_on_error=False)
    async def act(self, propagation: Propagation) -> None:
        from dataclasses import replace

        from backend.fleet.acts import delete

        journal = self.navarch.session.fleet_journal()
        gate, said, failed = asyncio.Semaphore(_AT_ONCE), [], []

        async def one(preview: DeletePreview) -> None:
            async with gate:
                try:
                    chosen = replace(preview, propagation=propagation)
                    said.append(await delete(chosen, journal=journal, confirmed=preview.must_type))
                except Exception as error:
                    failed.append((preview, error))
                self.say(f"{len(said) + len(failed)} of {len(self._previews)}…", Tone.PROGRESSING)

        await asyncio.gather(*(one(preview) for preview in self._previews))
        app = self.navarch
        self.dismiss(bool(said))
        if failed:
            from console.screens.outcome import OutcomeScreen

            told = [(preview.found.place, full_sentence(error)) for preview, error in failed]
            app.push_screen(OutcomeScreen("Not deleted", done=len(said), failed=told))
        else:
            app.say(said[0] if len(said) == 1 else f"{len(said)} objects deleted", Tone.OK)


def _object(preview: DeletePreview) -> Line:
    found = preview.found
    place = safe_text(f"{found.cluster.name}  {found.namespace + '/' if found.namespace else ''}{found.name}")
    odd = "" if found.name.isascii() else " ".join(f"U+{ord(c):04X}" for c in found.name if not c.isascii())
    return (Piece("   "), Piece(place, Tone.STRONG), Piece(f"  {odd}" if odd else "", Tone.WARNING))
