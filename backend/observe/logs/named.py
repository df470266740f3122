"""One pod that is named is asked for directly, and its log beside it, before anything is listed or watched.

So the first line takes one way to the server and back, and whoever may read logs but neither list nor get
pods has the logs of the pods they name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

from backend.fleet.cluster import Cluster
from backend.fleet.query import Query
from backend.fleet.row import Row, make_row
from backend.kube.decoder import UNREADABLE
from backend.kube.errors import BadResponse, Invalid
from backend.kube.objects import ObjectMeta
from backend.observe.logs.pods import (
    KIND,
    Began,
    ContainerRun,
    LogPod,
    LogPodSpec,
    LogPodStatus,
    Named,
    RunState,
)

_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_CHOICES = re.compile(r"(init |ephemeral )?(?:containers|one of): \[([a-z0-9. -]*)\]")
_pod = msgspec.json.Decoder(LogPod)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPod:
    """A pod by cluster, namespace and name."""

    cluster: Cluster
    namespace: str
    name: str

    async def read(self) -> Row:
        """The pod as it is now. Raises KubeError."""
        await self.cluster.ready()
        body = await self.cluster.client.get(KIND.resource, self.name, namespace=self.namespace)
        try:
            return self.row(_pod.decode(body))
        except UNREADABLE as error:
            raise BadResponse(self.cluster.name, f"pod {self.name} can't be read", detail=error) from None

    def unseen(self, containers: dict[str, str]) -> Row:
        """The pod as somebody must imagine it who may not see it; ``containers``: roles by name.

        They are taken for running: when a log ends it is asked for again, and its server knows the rest.
        """
        by_role: dict[str, tuple[Named, ...]] = {}
        runs: dict[str, tuple[ContainerRun, ...]] = {}
        for name, role in containers.items():
            run = ContainerRun(name=name, state=RunState(running=Began()))
            by_role[role] = (*by_role.get(role, ()), Named(name=name))
            runs[role] = (*runs.get(role, ()), run)
        return self.row(
            LogPod(
                metadata=ObjectMeta(name=self.name, namespace=self.namespace),
                spec=LogPodSpec(
                    containers=by_role.get("container", ()),
                    init_containers=by_role.get("init"),
                    ephemeral_containers=by_role.get("ephemeral"),
                ),
                status=LogPodStatus(
                    container_statuses=runs.get("container"),
                    init_container_statuses=runs.get("init"),
                    ephemeral_container_statuses=runs.get("ephemeral"),
                ),
            )
        )

    def row(self, pod: LogPod) -> Row:
        return make_row(pod, cluster_id=self.cluster.id, cluster=self.cluster.name, kind=KIND)


def named_pod(cluster: Cluster, query: Query) -> NamedPod | None:
    """The one pod that a query names without doubt; None: it means another thing."""
    if len(query.names) != 1 or len(query.namespaces) != 1 or query.labels or query.fields:
        return None
    name, namespace = query.names[0], query.namespaces[0]
    if not (_NAME.fullmatch(name) and _NAME.fullmatch(namespace)):
        return None
    return NamedPod(cluster=cluster, namespace=namespace, name=name)


def containers_in(refusal: Invalid) -> dict[str, str]:
    """Roles by name of the containers a server offers when none was named; empty: it said another thing."""
    found: dict[str, str] = {}
    for role, names in _CHOICES.findall(str(refusal)):
        found |= dict.fromkeys(names.split(), role.strip() or "container")
    return found
