"""Jobs whose work is interrupted."""

from __future__ import annotations

from backend.resources.relations import Bond
from backend.topology.blast.effect import Effect, Grade, Harm
from backend.topology.blast.loss import Loss
from backend.topology.node import Node


def effects(loss: Loss) -> list[Effect]:
    found: dict[Node, Effect] = {}
    for pod, why in loss.stopped.items():
        if not loss.is_running(pod):
            continue
        for job, relation in pod.out.items():
            if relation.bond is Bond.OWNER and job.kind == "jobs.batch" and job.facts is not None:
                found[job] = _of(job, why, loss)
    ends = [
        Effect(Grade.CERTAIN, Harm.JOB, node, "no more runs by its schedule", why or "it is deleted")
        for node, why in loss.gone.items()
        if node.kind == "cronjobs.batch"
    ]
    return [*found.values(), *ends]


def _of(job: Node, why: str, loss: Loss) -> Effect:
    if job in loss.gone:
        why = loss.gone[job] or "it is deleted"
        return Effect(Grade.CERTAIN, Harm.JOB, job, "ends before it is done", why)
    return Effect(Grade.LIKELY, Harm.JOB, job, "loses what its pod has done, and starts anew", why)
