"""One look at the Helm releases of a cluster, as rows or as whole objects."""

from __future__ import annotations

from fnmatch import fnmatchcase

import msgspec

from backend.fleet.cluster import Cluster, Target
from backend.fleet.listing import Listed
from backend.fleet.query import Query
from backend.fleet.row import make_row
from backend.integrations.helm.store import releases, whole
from backend.kube.errors import BadResponse, NotFound
from backend.resources.kinds.helmrelease import KIND
from backend.text import safe_text


async def releases_listed(
    cluster: Cluster, target: Target, query: Query, *, namespace: str | None, objects: bool
) -> Listed:
    """The releases that the query's names mean, kept in the target's store. Raises KubeError."""
    assert target.stored is not None
    names = [f"name={query.names[0]}"] if _one(query) else []
    labels = ",".join(filter(None, (*names, query.labels)))
    found = [
        release
        for release in await releases(cluster.client, target.stored, namespace=namespace, labels=labels)
        if not query.names or any(fnmatchcase(release.metadata.name, pattern) for pattern in query.names)
    ]
    if not objects:
        rows = [
            make_row(release, cluster_id=cluster.id, cluster=cluster.name, kind=KIND, skew=cluster.clock_skew)
            for release in found
        ]
        return Listed(cluster=cluster, target=target, rows=tuple(rows), namespace=namespace)
    items, unread = [], []
    for release in found:
        place = release.metadata.namespace
        try:
            items.append(await whole(cluster.client, release.metadata.name, namespace=place))
        except NotFound:
            continue  # uninstalled meanwhile
        except BadResponse as error:
            unread.append(error.sentence)
    return Listed(
        cluster=cluster,
        target=target,
        body=msgspec.json.encode({"items": items}) if items else b"",
        names=query.names,
        namespace=namespace,
        limited=safe_text("; ".join(unread), limit=1000),
    )


def _one(query: Query) -> bool:
    return len(query.names) == 1 and query.names[0].replace("-", "").replace(".", "").isalnum()
