"""Small things that teams and autoscalers do, for scenarios to choose from."""

from __future__ import annotations

from typing import Any

from backend.demo.ages import rfc3339
from backend.demo.cluster import Cluster
from backend.demo.controllers.deployment import DEPLOYMENTS
from backend.demo.deleting import delete_one

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"


def deployments(cluster: Cluster, *, exclude: frozenset[str] = frozenset()) -> list[dict[str, Any]]:
    """The applications' deployments, without the cluster's own."""
    return [
        stored.object()
        for stored in cluster.store.collection(DEPLOYMENTS).ordered()
        if stored.namespace != "kube-system" and stored.name not in exclude and not stored.terminating
    ]


def change_spec(cluster: Cluster, obj: dict[str, Any]) -> None:
    """Store a deployment whose spec was changed, as a user's update does."""
    obj["metadata"]["generation"] = obj["metadata"].get("generation", 1) + 1
    cluster.store.put(DEPLOYMENTS, obj)


def scale_by_one(cluster: Cluster, obj: dict[str, Any], *, low: int, high: int) -> None:
    """One replica more or less, as an autoscaler would."""
    now = obj["spec"].get("replicas", 1)
    step = cluster.random.choice((-1, 1))
    wanted = min(high, max(low, now + step))
    if wanted != now:
        obj["spec"]["replicas"] = wanted
        change_spec(cluster, obj)


def restart(cluster: Cluster, obj: dict[str, Any]) -> None:
    """``kubectl rollout restart``."""
    meta = obj["spec"]["template"].setdefault("metadata", {})
    meta.setdefault("annotations", {})[RESTARTED_AT] = rfc3339(cluster.now())
    change_spec(cluster, obj)


def set_version(cluster: Cluster, namespace: str, name: str, version: str) -> str:
    """Deploy another version; returns the new image, or '' if this cluster does not run the deployment."""
    stored = cluster.store.get(DEPLOYMENTS, namespace, name)
    if stored is None:
        return ""
    obj = stored.object()
    container = obj["spec"]["template"]["spec"]["containers"][0]
    container["image"] = f"{container['image'].rpartition(':')[0]}:{version}"
    change_spec(cluster, obj)
    return str(container["image"])


def lose_a_pod(cluster: Cluster) -> None:
    """A pod is deleted by hand and comes back under another name."""
    pods = [s for s in cluster.store.collection("pods").ordered() if s.namespace != "kube-system"]
    if pods:
        delete_one(cluster, "pods", cluster.random.choice(pods).key)
