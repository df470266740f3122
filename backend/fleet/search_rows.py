"""Hits as rows: what is shown of an object that was found, and how hits are ordered."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from backend.fleet.cluster import Cluster
from backend.fleet.row import CLUSTER, NAMESPACE, Row, TableColumn
from backend.fleet.search_terms import Match, Search
from backend.kube.objects import ApiResource, ObjectMeta
from backend.resources import registry
from backend.resources.kind import Kind, age_column, computed_column, name_column, text_column
from backend.text import SafeStr, safe_text

_AGE = age_column()
_LABELS_SHOWN = 400


class Hit(msgspec.Struct, frozen=True, gc=False):
    """Something that matches: its metadata is all that is known of it."""

    metadata: ObjectMeta
    match: Match
    image: str = ""
    """The first image that matches, where images are looked for."""

    @property
    def why(self) -> SafeStr:
        """What matches: ``exact``, ``prefix``, ``substring``, ``pattern``, ``labels`` or ``image``."""
        by_image = self.match is Match.LABELS and self.image
        return SafeStr("image" if by_image else self.match.name.lower())

    @property
    def labels(self) -> str:
        return ",".join(f"{key}={value}" for key, value in sorted((self.metadata.labels or {}).items()))


def kind_word(resource: ApiResource) -> SafeStr:
    """``pod``; ``certificate.cert-manager.io`` for kinds that are not Kubernetes' own."""
    name = resource.singular or resource.kind.lower()
    own = "." not in resource.group or resource.group.endswith(".k8s.io")
    return safe_text(name if own else f"{name}.{resource.group}", limit=128)


@lru_cache(maxsize=2048)
def kind_of(resource: ApiResource) -> Kind:
    """How a found object of this kind is filtered and opened."""
    entry, word = registry.for_resource(resource), kind_word(resource)
    return Kind(
        resource=resource,
        columns=(
            name_column(),
            computed_column("KIND", lambda hit: word),
            text_column("IMAGE", "image"),
            text_column("LABELS", "labels"),
        ),
        sensitive=entry is not None and entry.sensitive,
    )


def hit_row(hit: Hit, cluster: Cluster, kind: Kind) -> Row:
    metadata = hit.metadata
    identity = metadata.uid or f"{kind.resource.full_name}/{metadata.namespace}/{metadata.name}"
    return Row(
        key=(cluster.id, identity),
        cluster=cluster.name,
        cluster_id=cluster.id,
        item=hit,
        kind=kind,
        place=(cluster.name, metadata.namespace, metadata.name),
        health=kind.assess(hit).health,
        skew=cluster.clock_skew,
    )


def _kind(row: Row, now: float) -> SafeStr:
    return kind_word(row.kind.resource)


def _hit(row: Row) -> Hit:
    assert isinstance(row.item, Hit)
    return row.item


def _best_first(row: Row) -> tuple[Match, str, str]:
    return (_hit(row).match, row.item.metadata.name, kind_word(row.kind.resource))


COLUMNS: tuple[TableColumn, ...] = (
    CLUSTER,
    NAMESPACE,
    TableColumn(name="KIND", text=_kind, key=lambda row: _kind(row, 0.0), priority=0),
    TableColumn(
        name="NAME",
        text=lambda row, now: row.name,
        key=lambda row: row.item.metadata.name,
        priority=0,
        min_width=12,
    ),
    TableColumn(
        name="MATCH",
        text=lambda row, now: _hit(row).why,
        key=_best_first,
        priority=3,
        min_width=9,
    ),
    TableColumn(
        name="AGE",
        text=lambda row, now: safe_text(_AGE.text(row.item, now + row.skew)),
        key=lambda row: _AGE.key(row.item),
        align="right",
        priority=2,
        min_width=7,
        timed=True,
    ),
    TableColumn(
        name="LABELS",
        text=lambda row, now: safe_text(_hit(row).labels, limit=_LABELS_SHOWN),
        key=lambda row: _hit(row).labels,
        wide=True,
        priority=4,
    ),
)
_IMAGE = TableColumn(
    name="IMAGE",
    text=lambda row, now: safe_text(_hit(row).image, limit=300),
    key=lambda row: _hit(row).image,
    priority=1,
    min_width=16,
)
BEST_FIRST = "MATCH"
"""The column to order by."""


def columns_for(wanted: Search) -> tuple[TableColumn, ...]:
    """The columns of a search's table; IMAGE where images are looked for."""
    return (*COLUMNS[:4], _IMAGE, *COLUMNS[4:]) if wanted.image else COLUMNS
