"""An ordinary morning: autoscalers breathe, a team restarts something now and then, jobs come and go."""

from __future__ import annotations

from backend.demo.controllers.plane import ControlPlane
from backend.demo.scenarios import Scenario
from backend.demo.scenarios.acts import deployments, lose_a_pod, restart, scale_by_one


def _prepare(plane: ControlPlane, number: int) -> None:
    """Nothing is wrong."""


def step(plane: ControlPlane, *, spared: frozenset[str] = frozenset()) -> None:
    """Usually one replica more or less; sometimes a restart or a lost pod."""
    cluster = plane.engine.cluster
    candidates = deployments(cluster, exclude=spared)
    if not candidates:
        return
    chosen, chance = cluster.random.choice(candidates), cluster.random.random()
    if chance < 0.75:
        scale_by_one(cluster, chosen, low=1, high=chosen["spec"].get("replicas", 1) + 1)
    elif chance < 0.85:
        restart(cluster, chosen)
    else:
        lose_a_pod(cluster)


SCENARIO = Scenario("calm", "An ordinary morning; nothing is broken.", _prepare, step)
