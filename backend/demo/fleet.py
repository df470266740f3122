"""The simulated clusters of one process: their worlds, their servers, the kubeconfig that reaches them."""

from __future__ import annotations

import asyncio
import base64
import gc
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from backend.demo.access import MASTERS
from backend.demo.cluster import Cluster
from backend.demo.controllers.plane import ControlPlane, control_plane
from backend.demo.customs import follow
from backend.demo.faults import FaultRule
from backend.demo.metrics import install_metrics
from backend.demo.pki import Authority, server_context
from backend.demo.plan import Plan
from backend.demo.scenarios import Scenario, scenario
from backend.demo.scenarios.telling import follow as follow_story
from backend.demo.scenarios.telling import prepare
from backend.demo.server import ApiServer
from backend.demo.world import TEAM_NAMESPACE, lay_out

_NAMES = ("prod-eu", "prod-us", "edge-7")


@dataclass(frozen=True, slots=True)
class DemoUser:
    """Somebody with a client certificate; what they may do stands in the cluster's RBAC objects."""

    name: str
    groups: tuple[str, ...]
    namespace: str = ""


ADMIN = DemoUser("admin", (MASTERS,))
VIEWER = DemoUser("viewer", ("shop:viewers",))
"""Reads everything but secrets."""
TEAM = DemoUser("team", ("shop:team-pay",), TEAM_NAMESPACE)
"""Does everything in one namespace and nothing elsewhere."""


def cluster_names(count: int) -> list[str]:
    """prod-eu, prod-us, edge-7, then numbered ones."""
    more = (f"{'edge' if n % 3 == 2 else 'region'}-{n + 5}" for n in range(3, count))
    return [*_NAMES[:count], *more]


class DemoClusters:
    """The clusters of one plan, in this process. ``async with`` starts and ends them."""

    def __init__(self, plan: Plan, private_dir: Path) -> None:
        self.plan = plan
        self._dir = private_dir
        self._scenario: Scenario = scenario(plan.scenario)
        self._faults = [FaultRule.parse(text) for text in plan.faults]
        self.planes: list[ControlPlane] = []
        self.servers: dict[str, ApiServer] = {}
        self._authorities: dict[str, Authority] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> DemoClusters:
        for number, name in enumerate(cluster_names(self.plan.clusters)):
            if number % self.plan.parts == self.plan.part:
                # What a cluster is made of stays: look once for the garbage of making it, and never again
                # through what is left, or each cluster takes longer than the one before.
                gc.disable()
                try:
                    await self._add(number, name)
                    gc.collect()
                    gc.freeze()
                finally:
                    gc.enable()
                await asyncio.sleep(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(server.stop() for server in self.servers.values()))

    async def _add(self, number: int, name: str) -> None:
        authority = Authority(name)
        cluster = Cluster(name, seed=self.plan.seed, speed=self.plan.speed)
        cluster.authority = authority.pem.decode()
        for rule in self._faults:
            if rule.matches(name):
                cluster.faults.take(rule.faults)
        follow(cluster)
        plane = control_plane(cluster)
        lay_out(plane, pods=self.plan.pods)
        install_metrics(cluster)
        prepare(plane, self._scenario, number)
        plane.engine.resync("apps/deployments")  # rollouts of the past may have missed their deadline
        plane.engine.settle()
        cluster.store.compact()
        server = ApiServer(cluster, server_context(authority, self._dir))
        await server.start()
        self.planes.append(plane)
        self.servers[name] = server
        self._authorities[name] = authority
        self._tasks.append(asyncio.create_task(plane.engine.run()))
        follow_story(plane, self._scenario, number)

    def kubeconfig(self, users: tuple[DemoUser, ...] = (ADMIN,)) -> bytes:
        """A kubeconfig with the certificates inside.

        One context per cluster and user: the administrator's bears the cluster's name, the others' are
        NAME-viewer and NAME-team.
        """
        clusters, entries, contexts = [], [], []
        for name, server in self.servers.items():
            authority = self._authorities[name]
            clusters.append(
                {
                    "name": name,
                    "cluster": {"server": server.url, "certificate-authority-data": _b64(authority.pem)},
                }
            )
            for user in users:
                pair = authority.client(user.name, user.groups)
                full = f"{name}-{user.name}"
                entries.append(
                    {
                        "name": full,
                        "user": {
                            "client-certificate-data": _b64(pair.certificate),
                            "client-key-data": _b64(pair.key.reveal()),
                        },
                    }
                )
                context: dict[str, Any] = {"cluster": name, "user": full}
                if user.namespace:
                    context["namespace"] = user.namespace
                contexts.append({"name": name if user is ADMIN else full, "context": context})
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": contexts[0]["name"],
            "clusters": clusters,
            "contexts": contexts,
            "users": entries,
        }
        return yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False).encode()


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode()
