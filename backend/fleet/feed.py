"""One cluster's share of a live table: takes in what reflectors say and passes on what changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import Protocol

from backend.fleet.cluster import Cluster, Target
from backend.fleet.query import Query
from backend.fleet.row import Row, RowKey, make_row
from backend.kube.listing import Scope
from backend.kube.objects import Change, Item, ItemKey, key_of
from backend.kube.status import Status
from backend.resources.kind import Kind


class Changes(Protocol):
    """Where a feed puts what changed (the live table)."""

    def put(self, row: Row) -> None: ...

    def drop(self, key: RowKey) -> None: ...

    def report(self, cluster_id: str) -> None:
        """The state of the cluster's feeds is another one."""

    def kind_known(self, kind: Kind) -> None: ...


class Feed:
    """The sink of one reflector: all namespaces of a cluster, or one of them."""

    def __init__(
        self,
        cluster: Cluster,
        target: Target,
        changes: Changes,
        *,
        namespace: str | None,
        names: Sequence[str] = (),
    ) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.current: Status | None = None
        self.on_status: Callable[[Feed], None] | None = None
        self._target = target
        self._changes = changes
        self._names = tuple(names)
        self._rows: dict[ItemKey, Row] = {}

    def scope(self, query: Query) -> Scope:
        """What to ask the server for."""
        return Scope(namespace=self.namespace, labels=query.labels, fields=query.server_fields())

    def close(self) -> None:
        """Its reflector ended: drop what is still under way."""

    def status(self, status: Status) -> None:
        self.current = status
        if self.on_status is not None:
            self.on_status(self)
        self._changes.report(self.cluster.id)

    def page(self, items: Sequence[Item], *, done: int, total: int | None) -> None:
        kind = self._kind()
        for item in items:
            self._put(item, kind)

    def replace(self, items: Sequence[Item], *, resource_version: str) -> None:
        kind, kept = self._kind(), set()
        for item in items:
            kept.add(key_of(item))
            self._put(item, kind)
        for key in [key for key in self._rows if key not in kept]:
            self._drop(key)

    def change(self, type: Change, item: Item) -> None:
        if type == "DELETED":
            self._drop(key_of(item))
        else:
            self._put(item, self._kind())

    def forget(self) -> None:
        """The table is closed: let go of all rows."""
        self._rows.clear()

    def _put(self, item: Item, kind: Kind) -> None:
        if not self._wanted(item.metadata.name):
            return
        key = key_of(item)
        old = self._rows.get(key)
        if old is not None and old.item.metadata.uid == item.metadata.uid:
            version = item.metadata.resource_version
            if version and old.item.metadata.resource_version == version:
                return
        elif old is not None:
            self._changes.drop(old.key)  # deleted and made again under the same name: another object
        row = make_row(
            item,
            cluster_id=self.cluster.id,
            cluster=self.cluster.name,
            kind=kind,
            skew=self.cluster.clock_skew,
        )
        self._rows[key] = row
        self._changes.put(row)

    def _kind(self) -> Kind:
        """How rows are shown; of a resource that only its server can print, known since its first answer."""
        kind = self._target.kind or self._target.printed()
        self._changes.kind_known(kind)
        return kind

    def _drop(self, key: ItemKey) -> None:
        row = self._rows.pop(key, None)
        if row is not None:
            self._changes.drop(row.key)

    def _wanted(self, name: str) -> bool:
        return not self._names or any(fnmatchcase(name, pattern) for pattern in self._names)


def feed_of(
    cluster: Cluster, target: Target, changes: Changes, *, namespace: str | None, names: Sequence[str] = ()
) -> Feed:
    """The feed of a target: of its objects, or of what is made of them."""
    if target.stored is None:
        return Feed(cluster, target, changes, namespace=namespace, names=names)
    from backend.fleet.helm_feed import ReleaseFeed

    return ReleaseFeed(cluster, target, changes, namespace=namespace, names=names)
