"""What happens on any day: autoscalers breathe, a team restarts something, a pod is deleted by hand."""

from __future__ import annotations

import msgspec

from backend.demo.controllers.plane import ControlPlane
from backend.demo.scenarios.acts.happening import Happening
from backend.demo.scenarios.acts.pods import delete_some
from backend.demo.scenarios.acts.workloads import change_spec, deployments, restart


class OrdinaryLife(Happening, tag="ordinary-life", kw_only=True):
    spare: list[str] = msgspec.field(default_factory=list)
    """Names of deployments that nobody touches."""

    def happen(self, plane: ControlPlane) -> None:
        """Usually one replica more or less; sometimes a restart or a lost pod."""
        cluster = plane.engine.cluster
        candidates = [
            obj
            for obj in deployments(cluster, "*")
            if obj["metadata"]["namespace"] != "kube-system" and obj["metadata"]["name"] not in self.spare
        ]
        if not candidates:
            return
        chosen, chance = cluster.random.choice(candidates), cluster.random.random()
        if chance < 0.75:
            now = chosen["spec"].get("replicas", 1)
            wanted = max(1, now + cluster.random.choice((-1, 1)))
            if wanted != now:
                chosen["spec"]["replicas"] = wanted
                change_spec(cluster, chosen)
        elif chance < 0.85:
            restart(cluster, chosen)
        else:
            delete_some(cluster, "*", 1)
