"""What we may do ourselves: every kind, verb by verb, in each cluster and namespace that is asked."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from textual.widget import Widget

from backend.fleet.cluster import Cluster
from backend.tenancy.matrix import VERBS, Grade, KindRights, OwnRights, own_rights
from backend.text import SafeStr
from console.screens.dialog import DialogScreen
from console.screens.rights_table import RightsTableScreen, danger_column
from console.theme import Tone
from console.views import RightsView
from console.widgets.paint import Line, Piece
from console.widgets.table_source import GridColumn, ListSource
from console.widgets.text_block import TextBlock

_MARKS = {Grade.YES: ("yes", Tone.OK), Grade.NAMED: ("some", Tone.WARNING), Grade.NO: ("–", Tone.DIM)}
_TITLES = {"deletecollection": "DEL-ALL"}
_SELDOM = ("watch", "patch", "deletecollection")
"""Left out first where there is little room: they go with list, update and delete."""


class RightsScreen(RightsTableScreen):
    """From the servers' own rules reviews, so that all of their authorizers are heard."""

    about = (
        "What you may do on each cluster, as its server says when it is asked; with whose rights stands "
        "at the top. What could not be asked says why: an empty table never means that you may do "
        "nothing."
    )

    empty = "Nothing may be done here."

    def __init__(self, view: RightsView) -> None:
        super().__init__(view.where)
        self._every = False

    def crumbs(self) -> tuple[object, ...]:
        return ("fleet", "rights")

    def source(self) -> ListSource:
        verbs = [
            GridColumn(
                name=_TITLES.get(verb, verb.upper()),
                text=partial(_mark, verb),
                tone=partial(_tone, verb),
                priority=3 if verb in _SELDOM else 1,
            )
            for verb in VERBS
        ]
        columns = [
            GridColumn(
                name="CLUSTER", text=lambda r, _: r.cluster.name, priority=0, pinned=True, min_width=8
            ),
            GridColumn(
                name="NAMESPACE", text=lambda r, _: r.namespace or "everywhere", priority=0, min_width=6
            ),
            GridColumn(
                name="KIND", text=lambda r, _: r.kind, priority=0, pinned=True, min_width=14, middle=True
            ),
            *verbs,
            GridColumn(name="OTHER", text=lambda r, _: ", ".join(r.others), priority=2, optional=True),
            GridColumn(name="ONLY NAMED", text=lambda r, _: ", ".join(r.names), priority=2, optional=True),
            danger_column(self.dangers_of),
        ]
        return ListSource(
            columns,
            key=lambda row: (row.cluster.id, row.namespace, row.kind),
            sort="KIND",
            sort_keys={"KIND": lambda row: (row.kind[0] == "/", row.kind, row.cluster.name, row.namespace)},
        )

    async def ask(self, cluster: Cluster) -> OwnRights:
        return await own_rights(cluster, namespaces=self.where.namespaces)

    def rows_of(self, answer: OwnRights) -> Sequence[KindRights]:
        return answer.rows

    def dangers_of(self, row: KindRights) -> Sequence[SafeStr]:
        return row.dangers

    def wanted(self, row: KindRights) -> bool:
        return self._every or row.some

    def asked(self) -> list[Piece]:
        who = {one.identity.user for one in self._answers.values() if one.identity is not None}
        facts = [Piece("what we may do", Tone.STRONG)]
        if len(who) == 1:
            facts.append(Piece(f"as {next(iter(who))}"))
        elif who:
            facts.append(Piece(f"as {len(who)} different users"))
        return facts

    def caveats(self) -> list[Piece]:
        partly = sum(bool(answer.notes) for answer in self._answers.values())
        return [Piece(f"{partly} with a note (S)", Tone.WARNING)] if partly else []

    def action_every(self) -> None:
        self._every = not self._every
        self.show_again()

    def open_row(self, row: Any) -> None:
        self.app.push_screen(KindRightsScreen(row))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "every":
            return self.is_mounted and not self.prompt.is_open
        return super().check_action(action, parameters)


class KindRightsScreen(DialogScreen[None]):
    """One kind in full."""

    decides = False
    broad = True

    def __init__(self, row: KindRights) -> None:
        super().__init__()
        self.title_text = row.kind
        self._row = row

    def inside(self) -> list[Widget]:
        row = self._row
        lines: list[Line] = [
            (Piece("in       ", Tone.DIM), Piece(f"{row.cluster.name}, {_place(row)}")),
        ]
        for grade, title in ((Grade.YES, "may"), (Grade.NAMED, "some"), (Grade.NO, "may not")):
            verbs = [verb for verb in VERBS if row.grades[verb] is grade]
            verbs += [*row.others] if grade is Grade.YES else []
            if verbs:
                lines.append((Piece(f"{title:<9}", Tone.DIM), Piece(", ".join(verbs), _MARKS[grade][1])))
        if row.names:
            lines.append((Piece("named    ", Tone.DIM), Piece(", ".join(row.names))))
        lines += [(Piece("danger   ", Tone.DIM), Piece(danger, Tone.WARNING)) for danger in row.dangers]
        lines += [(), (Piece(f"Who else may: :who-can VERB {row.kind}", Tone.KEY),)]
        return [TextBlock(lines)]


def _place(row: KindRights) -> str:
    return f"namespace {row.namespace}" if row.namespace else "everywhere"


def _mark(verb: str, row: KindRights, _: float) -> str:
    return _MARKS[row.grades[verb]][0]


def _tone(verb: str, row: KindRights) -> Tone:
    return _MARKS[row.grades[verb]][1]
