"""What stops if something goes: every line with its reason; each opens."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import on, work
from textual.widget import Widget

from backend.resources.kind import api_resource
from backend.text import SafeStr, safe_text
from backend.topology.blast.effect import Harm
from console.screens.dialog import DialogScreen
from console.theme import Tone
from console.views import ObjectRef
from console.widgets.choices import Choice, ChoiceList
from console.widgets.paint import Line, Piece
from console.widgets.text_block import TextBlock

if TYPE_CHECKING:
    from backend.fleet.fleet import Fleet
    from backend.topology.blast import Blast, Effect

_PATIENCE = 20.0
"""Seconds: somebody who asks for it alone has more patience than one who confirms."""
TONES = {"certain": Tone.FAILING, "likely": Tone.WARNING, "possible": Tone.UNKNOWN}


async def blasts(
    fleet: Fleet, refs: Sequence[ObjectRef], *, deadline: float, deleted: bool | None = None
) -> dict[str, Blast]:
    """By cluster id: what stops there if all of these objects go (see ``preview.look``)."""
    from backend.topology.blast.preview import Target, look

    wanted: dict[str, list[Target]] = {}
    for ref in refs:
        target = Target(ref.resource.full_name, ref.name, ref.namespace)
        wanted.setdefault(ref.cluster_id, []).append(target)
    found = await asyncio.gather(
        *(look(fleet.cluster(one), each, deadline=deadline, deleted=deleted) for one, each in wanted.items())
    )
    return dict(zip(wanted, found, strict=True))


def whole_cluster(cluster_id: str, name: str) -> ObjectRef:
    """A cluster as what goes: no kind, but a word that the blast radius knows."""
    resource = api_resource("v1", "Cluster", "cluster", namespaced=False)
    return ObjectRef(cluster_id=cluster_id, cluster=name, resource=resource, namespace="", name=name)


def effect_line(effect: Effect) -> Line:
    """``certain   Service pay/api  no endpoints left  (its 2 ready pods stop)``."""
    tone = TONES[effect.grade.value]
    why = f"  {effect.why}" if effect.why else ""
    return (
        Piece(f"{effect.grade.value:<9}", tone),
        Piece(f"{effect.what}  ", Tone.STRONG),
        Piece(effect.effect),
        Piece(safe_text(why), Tone.DIM),
    )


class BlastScreen(DialogScreen[None]):
    """Of one object, of several, or of a whole cluster; looked up, or handed over."""

    broad = True
    AUTO_FOCUS = "ChoiceList"
    decides = False
    title_text = "What stops if it goes"

    def __init__(self, refs: Sequence[ObjectRef], known: dict[str, Blast] | None = None) -> None:
        super().__init__()
        self._refs = list(refs)
        self._known = known
        self._effects: list[tuple[str, Effect]] = []

    def inside(self) -> list[Widget]:
        return [TextBlock([self._heading(), (), (Piece("Looking…", Tone.PROGRESSING),)]), ChoiceList()]

    def _heading(self) -> Line:
        first = self._refs[0]
        what = f"{first.resource.kind} {first.name}" if len(self._refs) == 1 else f"{len(self._refs)} objects"
        return (Piece(what, Tone.STRONG), Piece(" in ", Tone.DIM), Piece(first.cluster, Tone.STRONG))

    def on_mount(self) -> None:
        self.query_one(ChoiceList).display = False
        if self._known is None:
            self.look()
        else:
            self._tell(self._known)

    @work(exclusive=True, group="look", exit_on_error=False)
    async def look(self) -> None:
        async def find() -> dict[str, Blast]:
            return await blasts(await self.navarch.fleet(), self._refs, deadline=_PATIENCE)

        found = await self.navarch.attempt(find)
        if found is not None:
            self._tell(found)

    def _tell(self, found: dict[str, Blast]) -> None:
        lines: list[Line] = [self._heading()]
        names = {ref.cluster_id: ref.cluster for ref in self._refs}
        for cluster, blast in found.items():
            place = f"{names[cluster]}: " if len(found) > 1 else ""
            lines.append((Piece(f"{place}{blast.summary}"),))
            lines += [(Piece(told, Tone.WARNING),) for told in unknown_lines(blast)]
        self.query_one(TextBlock).tell([*lines, ()])
        chooser = self.query_one(ChoiceList)
        self._effects = [(cluster, e) for cluster, blast in found.items() for e in blast.effects]
        if not self._effects:
            none = (Piece("Nothing that is known of rests on it.", Tone.DIM),)
            chooser.tell([Choice(key=-1, text=none, off_limits=True)])
        else:
            chooser.tell(
                [Choice(key=place, text=effect_line(one)) for place, (_, one) in enumerate(self._effects)]
            )
        chooser.display = True
        chooser.focus()

    @on(ChoiceList.Highlighted)
    def _highlighted(self, event: ChoiceList.Highlighted) -> None:
        """The whole of a line that is too long for its list."""
        place = int(str(event.choice.key))
        if place >= 0:
            self.say(self._effects[place][1].sentence, Tone.DIM)

    @on(ChoiceList.Chosen)
    def _chosen(self, event: ChoiceList.Chosen) -> None:
        """Go to the object of the line."""
        from backend.topology.scope import resource_named

        cluster, effect = self._effects[int(str(event.choice.key))]
        node = effect.node
        kind = node.facts.kind if node.facts is not None else None
        resource = resource_named(node.kind) or (kind.resource if kind is not None else None)
        if resource is None:
            self.say(f"{effect.what} can't be opened")
            return
        names = {ref.cluster_id: ref.cluster for ref in self._refs}
        ref = ObjectRef(
            cluster_id=cluster,
            cluster=names[cluster],
            resource=resource,
            namespace=node.namespace,
            name=node.name,
            uid=node.uid,
            sensitive=node.kind == "secrets",
        )
        app = self.navarch
        self.dismiss(None)
        app.open_object(ref)


def worst_lines(found: dict[str, Blast], *, most: int = 5) -> list[Line]:
    """For a preview: the sum, the worst lines without their reasons, what is not known."""
    effects = sorted((e for blast in found.values() for e in blast.effects), key=lambda e: e.harm)
    lines: list[Line] = []
    for blast in found.values():
        tone = Tone.WARNING if blast.effects or not blast.known else Tone.DIM
        lines.append((Piece("   stops with it: ", Tone.DIM), Piece(blast.summary, tone)))
        lines += [(Piece(f"     {told}", Tone.DIM),) for told in unknown_lines(blast)[:2]]
    shown = ([effect for effect in effects if effect.harm is not Harm.POD] or effects)[:most]
    for effect in shown:
        grade = effect.grade.value
        lines.append(
            (
                Piece(f"     {grade:<9}", TONES[grade]),
                Piece(f"{effect.what}: ", Tone.STRONG),
                Piece(effect.effect),
            )
        )
    if len(effects) > len(shown):
        more = f"     and {len(effects) - len(shown):,} more"
        lines.append((Piece(more, Tone.STRONG), Piece("  b shows all, with the reasons", Tone.DIM)))
    return [*lines, ()]


def unknown_lines(blast: Blast) -> list[SafeStr]:
    """What is not known, a line for each reason."""
    whys: dict[str, list[str]] = {}
    for kind, why in blast.unknown:
        whys.setdefault(why, []).append(kind.partition(".")[0])
    lines = [f"not known: {', '.join(kinds)} ({why})" for why, kinds in whys.items()]
    return [safe_text(line, limit=300) for line in lines]
