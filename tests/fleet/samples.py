"""Members, rows and batches for tests."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any

from backend.fleet.batch import Batch
from backend.fleet.member import Member
from backend.fleet.row import Row, RowKey, make_row
from backend.kube.access import ClusterAccess
from backend.kube.objects import ObjectMeta
from backend.resources.kind import Health
from backend.resources.kinds.pod import KIND, Pod
from backend.text import SafeStr


def token(ends: datetime) -> str:
    """A JSON Web Token, signed by nobody, that says when it expires."""
    parts = [json.dumps(part).encode() for part in ({"alg": "none"}, {"exp": int(ends.timestamp())}, {})]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def member(name: str, *, server: str = "https://127.0.0.1:1", **more: Any) -> Member:
    return Member(
        id=f"id-{name}", name=name, access=ClusterAccess(id=f"id-{name}", name=name, server=server), **more
    )


def pod_row(
    name: str,
    *,
    cluster: str = "eu",
    namespace: str = "pay",
    status: str = "Running",
    restarts: int = 0,
    health: Health = Health.OK,
    uid: str = "",
) -> Row:
    pod = Pod(
        metadata=ObjectMeta(name=name, namespace=namespace, uid=uid or f"{cluster}/{namespace}/{name}"),
        phase="Running",
        status=status,
        ready=1,
        containers=1,
        restarts=restarts,
        restarted_at="",
        health=health,
        why="",
        ip="",
        node="",
        nominated_node="",
        gates="",
    )
    return make_row(pod, cluster_id=cluster, cluster=SafeStr(cluster), kind=KIND)


def batch(*rows: Row, removed: tuple[RowKey, ...] = ()) -> Batch:
    return Batch(changed=rows, removed=removed, statuses={})
