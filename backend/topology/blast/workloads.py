"""Workloads that lose pods: nothing left, a single replica, below majority; and budgets that are broken."""

from __future__ import annotations

from collections import defaultdict

from backend.resources.relations import Bond
from backend.topology.blast.effect import Effect, Grade, Harm
from backend.topology.blast.loss import Loss
from backend.topology.node import Node

_QUORUM = 3
"""Members from which on a majority may matter."""
_SETS = (
    "deployments.apps",
    "statefulsets.apps",
    "daemonsets.apps",
    "replicasets.apps",
    "replicationcontrollers",
)


def effects(loss: Loss) -> list[Effect]:
    found: list[Effect] = []
    for workload, stopped in _losing(loss).items():
        ready = [pod for pod in pods_of(workload) if loss.is_ready(pod)]
        left = [pod for pod in ready if pod not in loss.stopped]
        if not ready or len(left) == len(ready):
            continue
        found += _sets(workload, len(ready), len(left), stopped)
    return found + _budgets(loss)


def pods_of(workload: Node) -> list[Node]:
    """The pods that a workload owns, through replica sets."""
    found: list[Node] = []
    for child, relation in workload.into.items():
        if relation.bond is Bond.OWNER:
            found += (
                [child]
                if child.kind == "pods"
                else pods_of(child)
                if child.kind == "replicasets.apps"
                else []
            )
    return found


def _losing(loss: Loss) -> dict[Node, list[Node]]:
    """Workloads that stay, and which of their pods stop."""
    found: defaultdict[Node, list[Node]] = defaultdict(list)
    for pod in loss.stopped:
        workload = loss.controller(pod)
        while workload not in loss.gone and workload.kind not in _SETS and workload is not pod:
            inner = _below(workload, pod)  # an operator's own kind owns the set
            if inner is None:
                break
            workload = inner
        if workload.kind in _SETS and workload not in loss.gone:
            found[workload].append(pod)
    return found


def _below(owner: Node, pod: Node) -> Node | None:
    """The owner of the pod that stands right below an outer one."""
    at, seen = pod, {pod}
    while True:
        above = next((o for o, r in at.out.items() if r.bond is Bond.OWNER and o.facts is not None), None)
        if above is None or above in seen:
            return None
        if above is owner:
            return at if at is not pod else None
        seen.add(above)
        at = above


def _sets(workload: Node, ready: int, left: int, stopped: list[Node]) -> list[Effect]:
    wanted = _wanted(workload) or ready
    why = f"{len(stopped)} of its pods stop" if len(stopped) > 1 else "its pod stops"
    if workload.kind == "daemonsets.apps":
        return []  # its pods belong to their nodes; the pods are listed
    if workload.kind == "statefulsets.apps" and wanted >= _QUORUM and left < wanted // 2 + 1:
        effect = f"{left} of {wanted} members left: below the majority of {wanted // 2 + 1}"
        grade = Grade.CERTAIN if not left else Grade.LIKELY
        reason = f"{why}; if it decides by majority, it stops"
        return [Effect(grade, Harm.QUORUM, workload, effect, reason)]
    if not left:
        if wanted == 1:
            why = "it has a single replica"
        return [Effect(Grade.CERTAIN, Harm.WORKLOAD, workload, "none of its pods is left", why)]
    return [Effect(Grade.CERTAIN, Harm.FEW, workload, f"{left} of {ready} ready pods left", why)]


def _wanted(workload: Node) -> int:
    spec = getattr(workload.facts.item, "spec", None) if workload.facts is not None else None
    return int(getattr(spec, "replicas", 0) or 0)


def _budgets(loss: Loss) -> list[Effect]:
    found = []
    budgets = {
        holder
        for pod in loss.stopped
        for holder, relation in pod.into.items()
        if relation.role == "guards" and holder not in loss.gone and holder.facts is not None
    }
    for budget in budgets:
        assert budget.facts is not None
        needed = budget.facts.item.status.desired_healthy
        healthy = [pod for pod in budget.out if loss.is_ready(pod)]
        left = [pod for pod in healthy if pod not in loss.stopped]
        if len(left) < len(healthy) and len(left) < needed:
            effect = f"{len(left)} healthy pods left, {needed} are needed"
            why = "an eviction would be refused; a deletion or a failure is not asked"
            found.append(Effect(Grade.CERTAIN, Harm.BUDGET, budget, effect, why))
    return found
