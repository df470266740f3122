"""What happens to pods."""

from __future__ import annotations

from fnmatch import fnmatchcase

from backend.demo.cluster import Cluster
from backend.demo.controllers.plane import ControlPlane
from backend.demo.deleting import delete_one
from backend.demo.scenarios.acts.happening import Happening


class DeletePods(Happening, tag="delete-pods", kw_only=True):
    """Pods are deleted by hand; their controllers make others."""

    pods: str = "*"
    """Glob of ``NAMESPACE/NAME``; never those of kube-system."""
    count: int = 1

    def happen(self, plane: ControlPlane) -> None:
        delete_some(plane.engine.cluster, self.pods, self.count)


def delete_some(cluster: Cluster, glob: str, count: int) -> None:
    """Delete so many pods by chance."""
    found = [
        stored.key
        for stored in cluster.store.collection("pods").ordered()
        if stored.namespace != "kube-system" and not stored.terminating and fnmatchcase(stored.path, glob)
    ]
    for key in cluster.random.sample(found, min(count, len(found))):
        delete_one(cluster, "pods", key)
