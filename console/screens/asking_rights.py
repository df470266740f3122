"""From a ``:`` line, or an object under the cursor, to the view of rights that is meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import on
from textual.widget import Widget

from backend.tenancy.lines import NotAsked, parse_rights, parse_who_can
from backend.tenancy.subjects import NotASubject, Subject, SubjectKind
from backend.tenancy.where import Where
from console.screens.dialog import DialogScreen
from console.screens.error import full_sentence
from console.theme import Tone
from console.views import RightsView, SubjectRightsView, WhoCanView
from console.widgets.choices import Choice, ChoiceList
from console.widgets.paint import Piece

if TYPE_CHECKING:
    from backend.fleet.row import Row
    from console.application import NavarchApp


def show_rights(app: NavarchApp, line: str) -> None:
    """``:rights [SUBJECT] …``; says what is wrong with it otherwise."""
    try:
        subject, where = parse_rights(line)
    except (NotAsked, NotASubject) as error:
        app.say(full_sentence(error), Tone.ERROR)
    else:
        app.show(SubjectRightsView(subject=subject, where=where) if subject else RightsView(where=where))


def show_who_can(app: NavarchApp, line: str) -> None:
    """``:who-can VERB KIND [NAME] …``; says what is wrong with it otherwise."""
    try:
        question, where = parse_who_can(line)
    except NotAsked as error:
        app.say(full_sentence(error), Tone.ERROR)
    else:
        app.show(WhoCanView(question=question, where=where))


def subjects_of(row: Row) -> list[Subject]:
    """Whom a row is about: a service account itself, or those that a binding names."""
    metadata = row.item.metadata
    match row.kind.resource.full_name:
        case "serviceaccounts":
            return [Subject(SubjectKind.SERVICE_ACCOUNT, metadata.name, metadata.namespace)]
        case "rolebindings.rbac.authorization.k8s.io" | "clusterrolebindings.rbac.authorization.k8s.io":
            return [
                Subject(SubjectKind(one.kind), one.name, one.namespace or metadata.namespace)
                if one.kind == SubjectKind.SERVICE_ACCOUNT
                else Subject(SubjectKind(one.kind), one.name)
                for one in getattr(row.item, "subjects", None) or ()
                if one.kind in {kind.value for kind in SubjectKind}
            ]
        case _:
            return []


def show_rights_of(app: NavarchApp, row: Row) -> None:
    """The rights of whom the row is about; of several, one is chosen first."""
    subjects = subjects_of(row)
    where = Where(clusters=(row.cluster,))

    def chosen(subject: Subject | None) -> None:
        if subject is not None:
            app.show(SubjectRightsView(subject=subject, where=where))

    if len(subjects) == 1:
        chosen(subjects[0])
    elif subjects:
        app.push_screen(WhichSubjectScreen(subjects), chosen)
    else:
        app.show(RightsView(where=where))


class WhichSubjectScreen(DialogScreen[Subject]):
    title_text = "Whose rights?"
    AUTO_FOCUS = "ChoiceList"

    def __init__(self, subjects: Sequence[Subject]) -> None:
        super().__init__()
        self._subjects = subjects

    def inside(self) -> list[Widget]:
        return [
            ChoiceList(
                [
                    Choice(
                        key=place,
                        text=(Piece(str(subject), Tone.STRONG),),
                        right=(Piece(subject.kind.value, Tone.DIM),),
                    )
                    for place, subject in enumerate(self._subjects)
                ]
            )
        ]

    @on(ChoiceList.Chosen)
    def _chosen(self, event: ChoiceList.Chosen) -> None:
        assert isinstance(event.choice.key, int)
        self.dismiss(self._subjects[event.choice.key])
