"""What teams do to their applications."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, Literal

import msgspec

from backend.demo.ages import rfc3339
from backend.demo.behaviour import Behaviour
from backend.demo.cluster import Cluster
from backend.demo.controllers.deployment import DEPLOYMENTS
from backend.demo.controllers.plane import ControlPlane
from backend.demo.scenarios.acts.happening import Happening, seconds_of
from backend.demo.workloads import Workload
from backend.demo.world import add_namespace, deploy

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"


class Behaves(msgspec.Struct, forbid_unknown_fields=True, rename="kebab"):
    """How the containers of an image fare."""

    fate: Literal["runs", "crashes", "oom", "missing", "unready", "completes", "fails"]
    after: str = "8s"
    """How long they run before they crash, are killed, complete or fail."""
    memory: str = ""
    """With ``oom``: what they need; under a larger limit they run."""
    exit_code: int = 1

    def __post_init__(self) -> None:
        seconds_of(self.after)

    def behaviour(self) -> Behaviour:
        return Behaviour(
            fate=self.fate, after=seconds_of(self.after), memory=self.memory, exit_code=self.exit_code
        )


class RollOut(Happening, tag="roll-out", kw_only=True):
    """Another version of a deployment."""

    deployment: str
    """``NAMESPACE/NAME``; nothing happens on clusters without it."""
    version: str
    behaves: Behaves = msgspec.field(default_factory=lambda: Behaves("runs"))

    def happen(self, plane: ControlPlane) -> None:
        cluster = plane.engine.cluster
        for obj in deployments(cluster, self.deployment):
            container = obj["spec"]["template"]["spec"]["containers"][0]
            container["image"] = f"{container['image'].rpartition(':')[0]}:{self.version}"
            cluster.behaviours.by_image[container["image"]] = self.behaves.behaviour()
            change_spec(cluster, obj)


class Deploy(Happening, tag="deploy", kw_only=True):
    """An application that was not there."""

    namespace: str
    name: str
    kind: Literal["Deployment", "StatefulSet", "DaemonSet", "CronJob"] = "Deployment"
    replicas: int = 1
    version: str = "1.0.0"
    cpu: str = "100m"
    memory: str = "128Mi"
    storage: str = ""
    schedule: str = ""
    behaves: Behaves = msgspec.field(default_factory=lambda: Behaves("runs"))

    def happen(self, plane: ControlPlane) -> None:
        cluster = plane.engine.cluster
        if cluster.store.get("namespaces", "", self.namespace) is None:
            add_namespace(cluster, self.namespace)
        workload = Workload(
            self.namespace,
            self.name,
            kind=self.kind,
            replicas=self.replicas,
            version=self.version,
            cpu=self.cpu,
            memory=self.memory,
            storage=self.storage,
            schedule=self.schedule,
        )
        cluster.behaviours.by_image[workload.image_name] = self.behaves.behaviour()
        deploy(plane, workload)


class Scale(Happening, tag="scale", kw_only=True):
    """More or fewer replicas."""

    deployments: str
    """Globs of ``NAMESPACE/NAME`` with commas between."""
    times: float = 1.0
    to: int | None = None

    def happen(self, plane: ControlPlane) -> None:
        for obj in deployments(plane.engine.cluster, self.deployments):
            now = obj["spec"].get("replicas", 1)
            wanted = self.to if self.to is not None else max(1, round(now * self.times))
            if wanted != now:
                obj["spec"]["replicas"] = wanted
                change_spec(plane.engine.cluster, obj)


class Restart(Happening, tag="restart", kw_only=True):
    """``kubectl rollout restart``."""

    deployments: str

    def happen(self, plane: ControlPlane) -> None:
        for obj in deployments(plane.engine.cluster, self.deployments):
            restart(plane.engine.cluster, obj)


def deployments(cluster: Cluster, globs: str) -> Iterator[dict[str, Any]]:
    """The deployments that are meant; changing and storing them while iterating is fine."""
    wanted = [glob.strip() for glob in globs.split(",")]
    for stored in list(cluster.store.collection(DEPLOYMENTS).ordered()):
        if not stored.terminating and any(fnmatchcase(stored.path, glob) for glob in wanted):
            yield stored.object()


def change_spec(cluster: Cluster, obj: dict[str, Any]) -> None:
    """Store a deployment whose spec was changed, as a user's update does."""
    obj["metadata"]["generation"] = obj["metadata"].get("generation", 1) + 1
    cluster.store.put(DEPLOYMENTS, obj)


def restart(cluster: Cluster, obj: dict[str, Any]) -> None:
    """Note the time in the pod template, which makes another revision of it."""
    meta = obj["spec"]["template"].setdefault("metadata", {})
    meta.setdefault("annotations", {})[RESTARTED_AT] = rfc3339(cluster.now())
    change_spec(cluster, obj)
