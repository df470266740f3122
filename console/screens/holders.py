"""Who may do something; and everything that RBAC gives to one user, group or service account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from backend.fleet.cluster import Cluster
from backend.resources.kind import api_resource
from backend.tenancy.asking import Held, Holders, held, holders, via
from backend.tenancy.dangers import dangers_of
from backend.tenancy.policy import Grant
from backend.text import SafeStr
from console.screens.rights_table import RightsTableScreen, danger_column
from console.theme import Tone
from console.views import ObjectRef, SubjectRightsView, WhoCanView
from console.widgets.paint import Piece
from console.widgets.table_source import GridColumn, ListSource

_RBAC = "rbac.authorization.k8s.io/v1"


@dataclass(frozen=True, slots=True)
class GrantRow:
    """One right in one cluster."""

    cluster: Cluster
    grant: Grant

    @property
    def where(self) -> str:
        return self.grant.namespace or "everywhere"


class GrantsScreen(RightsTableScreen):
    """Rows are grants. Worked out from RBAC objects, which the second line says."""

    def rows_of(self, answer: Holders | Held) -> Sequence[GrantRow]:
        return [GrantRow(answer.cluster, grant) for grant in answer.grants]

    def dangers_of(self, row: GrantRow) -> Sequence[SafeStr]:
        return dangers_of(row.grant.rule)

    def columns(self) -> list[GridColumn]:
        """Between cluster and the way a right is held."""
        raise NotImplementedError

    def source(self) -> ListSource:
        columns = [
            GridColumn(
                name="CLUSTER", text=lambda r, _: r.cluster.name, priority=0, pinned=True, min_width=8
            ),
            *self.columns(),
            GridColumn(name="WHERE", text=lambda r, _: r.where, priority=0, min_width=10),
            GridColumn(
                name="ONLY NAMED",
                text=lambda r, _: ", ".join(r.grant.rule.resource_names or ()),
                priority=3,
                optional=True,
            ),
            GridColumn(name="BY", text=lambda r, _: via(r.grant), priority=2, min_width=20, middle=True),
            danger_column(self.dangers_of),
        ]
        return ListSource(columns, key=lambda row: (row.cluster.id, row.grant), sort="CLUSTER")

    def caveats(self) -> list[Piece]:
        return [Piece("from RBAC objects", Tone.DIM), *super().caveats()]


class WhoCanScreen(GrantsScreen):
    """Enter shows everything that the subject may."""

    about = (
        "Everybody who may do this, by which role and binding, on every cluster that let its rights be "
        "read. RBAC alone is looked at: other authorizers of a cluster may allow more."
    )

    empty = "Nobody may, as far as RBAC says."

    def __init__(self, view: WhoCanView) -> None:
        super().__init__(view.where)
        self._question = view.question

    def crumbs(self) -> tuple[object, ...]:
        return ("fleet", "who can")

    def columns(self) -> list[GridColumn]:
        return [
            GridColumn(name="KIND", text=lambda r, _: r.grant.subject.kind.value, priority=1, min_width=5),
            GridColumn(
                name="SUBJECT",
                text=lambda r, _: _subject(r.grant),
                priority=0,
                min_width=14,
                pinned=True,
                middle=True,
            ),
        ]

    async def ask(self, cluster: Cluster) -> Holders:
        return await holders(cluster, self._question, namespaces=self.where.namespaces)

    def asked(self) -> list[Piece]:
        return [Piece(f"who can {self._question}", Tone.STRONG)]

    def open_row(self, row: Any) -> None:
        self.navarch.show(SubjectRightsView(subject=row.grant.subject, where=self.where))


class SubjectRightsScreen(GrantsScreen):
    """Enter shows the role that a right comes from."""

    about = (
        "Everything that RBAC gives to this user, group or service account, and by which role and "
        "binding. Groups that only the sign-in knows are not among it."
    )

    empty = "RBAC gives it nothing."

    def __init__(self, view: SubjectRightsView) -> None:
        super().__init__(view.where)
        self._subject = view.subject

    def crumbs(self) -> tuple[object, ...]:
        return ("fleet", "rights", str(self._subject))

    def columns(self) -> list[GridColumn]:
        return [
            GridColumn(name="VERBS", text=lambda r, _: ", ".join(r.grant.rule.verbs or ()), priority=0),
            GridColumn(
                name="ON",
                text=lambda r, _: ", ".join(r.grant.rule.kinds),
                priority=0,
                min_width=16,
                pinned=True,
            ),
        ]

    async def ask(self, cluster: Cluster) -> Held:
        where = self.where
        return await held(cluster, self._subject, groups=where.groups, namespaces=where.namespaces)

    def asked(self) -> list[Piece]:
        groups = f" and {', '.join(self.where.groups)}" if self.where.groups else ""
        return [Piece(f"rights of {self._subject}{groups}", Tone.STRONG)]

    def open_row(self, row: Any) -> None:
        kind, _, place = row.grant.role.partition("/")
        namespace, _, name = place.rpartition("/")
        if kind not in ("Role", "ClusterRole"):
            self.say("No object gives this right: it is built into every cluster", Tone.WARNING)
            return
        namespaced = kind == "Role"
        resource = api_resource(_RBAC, kind, f"{kind.lower()}s", namespaced=namespaced)
        self.navarch.open_object(
            ObjectRef(
                cluster_id=row.cluster.id,
                cluster=row.cluster.name,
                resource=resource,
                namespace=namespace,
                name=name,
            )
        )


def _subject(grant: Grant) -> str:
    who = grant.subject
    return f"{who.namespace}/{who.name}" if who.namespace else who.name
