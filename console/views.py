"""What can be looked at, as plain data; and the history of what was."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from backend.fleet.problems import WORD as PROBLEMS
from backend.fleet.problems import means_problems
from backend.fleet.query import Query
from backend.kube.objects import ApiResource
from backend.observe.logs.selection import TAIL, LogSelection, of_object
from backend.tenancy.where import EVERYWHERE, Where

if TYPE_CHECKING:  # filters and tables are no part of the first picture
    from backend.fleet.row import Row
    from backend.fleet.search_terms import Search
    from backend.fleet.view import TableView
    from backend.kube.status import Status
    from backend.tenancy.question import Question
    from backend.tenancy.subjects import Subject
    from backend.topology.sight import Sight


_ALL_CLUSTERS = Query(kind="fleet")


@dataclass(frozen=True, slots=True)
class FleetView:
    """Home: one row per cluster."""

    query: Query = _ALL_CLUSTERS
    """Which clusters, in which order; ``kind`` says nothing more."""
    cursor: str = ""
    """Id of the cluster to stand on."""
    problems: bool = False
    """Only clusters that need somebody."""


@dataclass(frozen=True, slots=True)
class ResourcesView:
    """Objects of one kind in many clusters."""

    query: Query
    cursor: tuple[str, str] | None = None
    """Key of the row to stand on."""
    problems: bool = False
    """Only rows that are failing or warning."""
    marks: tuple[tuple[str, str], ...] = ()
    """Keys of marked rows."""


def listing(query: Query) -> ResourcesView:
    """The list that a query asks for; ``problems`` shows nothing else until ``z`` is pressed."""
    return ResourcesView(query, problems=means_problems(query.kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectRef:
    """One object of one cluster."""

    cluster_id: str
    cluster: str
    resource: ApiResource
    namespace: str
    name: str
    uid: str = ""
    sensitive: bool = False

    @property
    def key(self) -> tuple[str, str]:
        return (self.cluster_id, self.uid or f"{self.namespace}/{self.name}")


def reference(row: Row) -> ObjectRef:
    """Which object a row of the fleet's stands for."""
    return ObjectRef(
        cluster_id=row.cluster_id,
        cluster=row.cluster,
        resource=row.kind.resource,
        namespace=row.item.metadata.namespace,
        name=row.item.metadata.name,
        uid=row.item.metadata.uid,
        sensitive=row.kind.sensitive,
    )


@dataclass(frozen=True, slots=True)
class DetailView:
    ref: ObjectRef
    tab: str = "describe"
    """One of ``object_text.tabs_of`` its kind."""


@dataclass(slots=True, eq=False)
class SearchResults:
    """What a search found; bounded by its limit of hits."""

    rows: TableView | None = None
    """None: it has not begun."""
    statuses: dict[str, Status] = field(default_factory=dict)
    """How each cluster's search ended, or stands."""
    complete: bool = False
    """It ran to its end."""
    cursor: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class SearchView:
    """What was looked for; its results are kept for the way back."""

    search: Search
    results: SearchResults = field(default_factory=SearchResults, compare=False)


HOUR = 3600.0
_ALL_EVENTS = Query(kind="events")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsView:
    """What happened lately: anywhere, or about one object."""

    ref: ObjectRef | None = None
    query: Query = _ALL_EVENTS
    """Which clusters and namespaces; filters and order."""
    since: float = HOUR
    """Seconds: last seen within so long; 0: ever."""
    around: float | None = None
    """The moment to stand at (seconds since the epoch); None: now."""
    problems: bool = False
    cursor: tuple[str, str] | None = None


def around(ref: ObjectRef) -> TopologyView:
    """How an object hangs together with others; of a namespace, all that is in it."""
    aim, namespaces = "resource", (ref.namespace,) if ref.namespace else ()
    kind, name = ref.resource.full_name, ref.name
    if kind == "namespaces":
        aim, namespaces, kind, name = "namespace", (ref.name,), "", ""
    return TopologyView(
        aim=aim,
        clusters=(ref.cluster_id,),
        namespaces=namespaces,
        kind=kind,
        name=name,
        names={ref.cluster_id: ref.cluster},
    )


def inside(ref: ObjectRef) -> ResourcesView | None:
    """What lives inside an object, for the few kinds that are there to hold others; None for all else.

    One level down as in k9s, but only where the object itself says little: a namespace, a definition.
    """
    match ref.resource.full_name:
        case "namespaces":
            return ResourcesView(Query(kind="all", clusters=(ref.cluster,), namespaces=(ref.name,)))
        case "customresourcedefinitions.apiextensions.k8s.io":
            return ResourcesView(Query(kind=ref.name, clusters=(ref.cluster,)))
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class RightsView:
    """What we may do ourselves."""

    where: Where = EVERYWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectRightsView:
    """Everything that RBAC gives to somebody."""

    subject: Subject
    where: Where = EVERYWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class WhoCanView:
    """Everybody who may do something."""

    question: Question
    where: Where = EVERYWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class LogsView:
    """Logs of what was chosen, as one stream."""

    selection: LogSelection
    around: float | None = None
    """The moment to stand at (seconds since the epoch); None: now, following."""


def logs_of(*refs: ObjectRef, previous: bool = False, around: float | None = None) -> LogsView:
    """The logs of these objects' containers; ``around``: a moment to stand at, such as an event's."""
    queries = tuple(
        of_object(
            cluster_id=ref.cluster_id, kind=ref.resource.full_name, namespace=ref.namespace, name=ref.name
        )
        for ref in refs
    )
    if around is not None:
        return LogsView(
            selection=LogSelection(queries=queries, previous=previous, since_time=around - AROUND),
            around=around,
        )
    return LogsView(selection=LogSelection(queries=queries, previous=previous, tail=TAIL))


_WITH_LOGS = frozenset(
    {
        "pods",
        "deployments.apps",
        "daemonsets.apps",
        "statefulsets.apps",
        "replicasets.apps",
        "replicationcontrollers",
        "jobs.batch",
        "cronjobs.batch",
        "services",
        "nodes",
        "namespaces",
    }
)


def has_logs(ref: ObjectRef) -> bool:
    """Whether it is a pod, or of a kind that runs pods."""
    return ref.resource.full_name in _WITH_LOGS


AROUND = 300.0
"""Seconds before the moment somebody asks about that are read too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopologyView:
    """How things hang together: all clusters, or what one of the other words says."""

    aim: str = "fleet"
    """``fleet``, ``cluster``, ``namespace``, ``application``, ``resource`` or ``storage``."""
    clusters: tuple[str, ...] = ()
    """Ids."""
    namespaces: tuple[str, ...] = ()
    kind: str = ""
    """Full name."""
    name: str = ""
    names: dict[str, str] = field(default_factory=dict, compare=False)
    """Of the clusters, by id, for the first picture."""

    @property
    def sight(self) -> Sight:
        from backend.topology.sight import Aim, Sight

        return Sight(
            aim=Aim(self.aim),
            clusters=self.clusters,
            namespaces=self.namespaces,
            kind=self.kind,
            name=self.name,
        )


@dataclass(frozen=True, slots=True)
class MetricsView:
    """What uses how much, as a table of one level, with charts of the row under the cursor."""

    level: str = "clusters"
    """One of ``backend.observe.metrics.loads.Level``."""
    query: Query = _ALL_CLUSTERS
    """Which pods count; ``kind`` says nothing more."""
    aspect: str = "use"
    cursor: tuple[str, str, str, str] | None = None
    """Key of the row to stand on."""


@dataclass(frozen=True, slots=True)
class JournalView:
    """What was done."""


@dataclass(frozen=True, slots=True)
class MessagesView:
    """What the console said."""


@dataclass(frozen=True, slots=True)
class VaultView:
    """Ways into the vault, locks, backups."""


@dataclass(frozen=True, slots=True)
class DoctorView:
    """What could keep Navarch from working here."""


@dataclass(frozen=True, slots=True)
class LogView:
    """Navarch's own log."""


@dataclass(frozen=True, slots=True)
class StorageView:
    """Pools, volumes and replicas of the storage engine of this machine."""


@dataclass(frozen=True, slots=True)
class SettingsView:
    """Every setting."""


View = (
    MessagesView
    | VaultView
    | DoctorView
    | LogView
    | LogsView
    | SettingsView
    | StorageView
    | FleetView
    | ResourcesView
    | DetailView
    | JournalView
    | SearchView
    | EventsView
    | MetricsView
    | RightsView
    | SubjectRightsView
    | WhoCanView
    | TopologyView
)

SCREENS: dict[str, View] = {
    "fleet": FleetView(),
    "problems": listing(Query(kind=PROBLEMS)),
    "events": EventsView(),
    "metrics": MetricsView(),
    "rights": RightsView(),
    "topology": TopologyView(),
    "journal": JournalView(),
    "messages": MessagesView(),
    "storage": StorageView(),
    "vault": VaultView(),
    "doctor": DoctorView(),
    "log": LogView(),
    "settings": SettingsView(),
}
"""Screens that can be named on the ``:`` line and in the palette: only those that work."""


MOST_VIEWS = 100
"""Views that are remembered; a search among them holds its hits."""


@dataclass
class History:
    """Views in the order they were visited; going somewhere new forgets what lay ahead, and the oldest."""

    views: list[View] = field(default_factory=list)
    at: int = -1
    _last: int = -1

    def visit(self, view: View) -> None:
        if self.views and self.views[self.at] == view:
            return
        del self.views[self.at + 1 :]
        self.views.append(view)
        self._last, self.at = self.at, len(self.views) - 1
        if len(self.views) > MOST_VIEWS:
            del self.views[0]
            self._last, self.at = self._last - 1, self.at - 1

    def update(self, view: View) -> None:
        """The present view changed a little (a cursor, a filter): remember it so."""
        if self.views:
            self.views[self.at] = view

    def step(self, by: int) -> View | None:
        """The view ``by`` steps away, and stand on it; None at either end."""
        wanted = self.at + by
        if not 0 <= wanted < len(self.views):
            return None
        self._last, self.at = self.at, wanted
        return self.views[wanted]

    @property
    def can_swap(self) -> bool:
        return 0 <= self._last < len(self.views) and self._last != self.at

    def swap(self) -> View | None:
        """The view that was shown before this one, from either side."""
        if not self.can_swap:
            return None
        self._last, self.at = self.at, self._last
        return self.views[self.at]
