"""All events with one reason about one object, as one row: how often, how fast, the last words."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import msgspec

from backend.fleet.row import CLUSTER, Row, TableColumn
from backend.kube.objects import ObjectMeta
from backend.observe.events.grading import RANK, grade
from backend.observe.events.seen import Seen
from backend.resources.duration import UNKNOWN, human_duration
from backend.resources.kind import Column, Health, Kind, Verdict, text_column
from backend.resources.kinds.event import KIND as EVENT
from backend.text import SafeStr, safe_text

GroupKey = tuple[str, str, str, str]
"""(kind, namespace, name, reason) in one cluster.

By name and not by uid: kubelets write a node's name where its uid belongs, and a StatefulSet's pod that was
made anew is the same thing to whoever looks."""


class Group(msgspec.Struct, frozen=True, gc=False):
    """A row's item; ``metadata`` names the object it is about. Times: seconds on our clock, 0: none known."""

    metadata: ObjectMeta
    kind: str
    api_version: str
    object_uid: str
    field: str
    reason: str
    type: str
    message: str
    """Of the latest event."""
    source: str
    first: float
    last: float
    count: int
    events: int
    """How many events the server has, or had, for it; each counts its repetitions."""
    health: Health
    rank: int
    """0: failing, 1: warning, 2: neither."""
    order: tuple[int, float, str]
    """Problems first, the latest first."""

    @property
    def object(self) -> str:
        return f"{self.kind.lower()}/{self.metadata.name}" if self.metadata.name else self.kind.lower()

    @property
    def per_hour(self) -> float:
        """Occurrences an hour between the first and the last; 0 for a single one."""
        span = self.last - self.first
        return (self.count - 1) * 3600 / span if self.count > 1 and span >= 1 else 0.0

    @property
    def rate(self) -> str:
        """``12/min``, ``4/h``, ``2/d``; empty for a single one."""
        hourly = self.per_hour
        if not hourly:
            return ""
        for per, unit in ((hourly / 3600, "s"), (hourly / 60, "min"), (hourly, "h")):
            if per >= 1:
                return f"{per:.0f}/{unit}"
        return f"{max(1.0, hourly * 24):.0f}/d"


def key_of(event: Seen) -> GroupKey:
    return (event.kind, event.namespace, event.name, event.reason)


def made(key: GroupKey, events: Sequence[Seen]) -> Group:
    """The group of these events, of which there is at least one."""
    latest = worst = events[0]
    health, first, count = grade(worst), 0.0, 0
    rank = RANK.get(health, len(RANK))
    for one in events:  # one loop: there may be a hundred thousand
        count += one.count
        if one.first and (one.first < first or not first):
            first = one.first
        if one is worst:
            continue
        if (one.last, one.version) > (latest.last, latest.version):
            latest = one
        if (other := RANK.get(found := grade(one), len(RANK))) < rank:
            worst, health, rank = one, found, other
    identity = "\0".join(key)
    return Group(
        metadata=ObjectMeta(
            name=latest.name,
            namespace=latest.namespace,
            uid=identity,
            resource_version=f"{len(events)}.{count}.{latest.version}",
        ),
        kind=latest.kind,
        api_version=latest.api_version,
        object_uid=latest.object_uid,
        field=latest.field,
        reason=latest.reason,
        type=worst.type,
        message=latest.message,
        source=f"{latest.source}, {latest.host}" if latest.host else latest.source,
        first=first,
        last=latest.last,
        count=count,
        events=len(events),
        health=health,
        rank=rank,
        order=(rank, -latest.last, latest.reason),
    )


def _assess(group: Group) -> Verdict:
    if not group.health.problem:
        return Verdict(group.health)
    return Verdict(group.health, f"{group.reason}: {group.message}")


def _ago(moment: float, now: float) -> str:
    """A moment just ahead of us is now: clocks are known to about two seconds."""
    return human_duration(max(0.0, now - moment)) if moment else UNKNOWN


WORST_FIRST = "TYPE"
"""The column to order by."""

GROUP = Kind(
    resource=EVENT.resource,
    wire=Group,
    assess=_assess,
    columns=(
        Column("LAST SEEN", lambda g, now: _ago(g.last, now), lambda g: -g.last, align="right", timed=True),
        Column("TYPE", lambda g, _: g.type, attrgetter("order"), priority=4, min_width=7),
        text_column("REASON", "reason", priority=0, min_width=8),
        Column("OBJECT", lambda g, _: g.object, lambda g: g.object, priority=0, min_width=21),
        Column("COUNT", lambda g, _: str(g.count), lambda g: g.count, align="right", priority=2),
        Column("RATE", lambda g, _: g.rate, lambda g: g.per_hour, align="right", priority=3),
        text_column("SUBOBJECT", "field", wide=True, priority=5),
        text_column("SOURCE", "source", wide=True, priority=5),
        Column(
            "FIRST SEEN",
            lambda g, now: _ago(g.first, now),
            lambda g: -g.first,
            align="right",
            wide=True,
            priority=4,
            timed=True,
        ),
        text_column("MESSAGE", "message", priority=0, min_width=16),
    ),
)
"""Events as the events screen and ``navarch events`` show them."""


def _of(row: Row) -> Group:
    assert isinstance(row.item, Group)
    return row.item


def _over(column: Column) -> TableColumn:
    def text(row: Row, now: float) -> SafeStr:
        return safe_text(column.text(row.item, now))  # times are on our clock already: no skew to add

    def key(row: Row) -> Any:
        return column.key(row.item)

    return TableColumn(
        name=column.name,
        text=text,
        key=attrgetter("item.order") if column.name == WORST_FIRST else key,  # looked at most of all
        align=column.align,
        wide=column.wide,
        priority=column.priority,
        min_width=column.min_width,
        timed=column.timed,
    )


_NAMESPACE = TableColumn(
    name="NAMESPACE",
    text=lambda row, now: row.namespace,
    key=lambda row: _of(row).metadata.namespace,
    priority=2,
    min_width=9,
)
COLUMNS: tuple[TableColumn, ...] = (CLUSTER, _NAMESPACE, *(_over(column) for column in GROUP.columns))


def row_of(group: Group, *, cluster_id: str, cluster: SafeStr) -> Row:
    metadata = group.metadata
    return Row(
        key=(cluster_id, metadata.uid),
        cluster=cluster,
        cluster_id=cluster_id,
        item=group,
        kind=GROUP,
        place=(str(cluster), metadata.namespace, f"{metadata.name} {group.reason}"),
        health=group.health,
    )
