"""Restart a rollout: the pods are replaced as for a new version, by the workload's own strategy.

The same annotation on the pod template as ``kubectl rollout restart`` writes.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from backend.fleet.acts.act import Act, Obj, Plan, Refused, only, sentences, spec_of
from backend.fleet.acts.steps import Patch
from backend.fleet.objects import Found
from backend.text import counted, safe_text

ANNOTATION = "kubectl.kubernetes.io/restartedAt"


async def _draw_up(found: Found, answer: str) -> Plan:
    spec = spec_of(found.obj)
    if spec.get("paused"):
        raise Refused(
            f"{found.place} is paused: nothing would be rolled out",
            advice="Resume it first: kubectl rollout resume",
        )
    moment = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    template = {"metadata": {"annotations": {ANNOTATION: moment}}}
    return Plan(
        act="restart",
        found=found,
        step=Patch(change={"spec": {"template": template}}),
        effect=safe_text(f"all its pods are replaced{_how_many(found.obj)}"),
        done=safe_text("restarted"),
        basis=lambda obj: spec_of(obj).get("paused"),
        achieved=lambda obj: _stamp(obj) == moment,
        warnings=sentences(*_warnings(found.obj)),
    )


def _how_many(obj: Obj) -> str:
    count = spec_of(obj).get("replicas", (obj.get("status") or {}).get("desiredNumberScheduled"))
    return f" ({counted(count, 'pod')})" if isinstance(count, int) else ""


def _warnings(obj: Obj) -> Iterable[str]:
    spec = spec_of(obj)
    strategy = (spec.get("strategy") or spec.get("updateStrategy") or {}).get("type")
    if strategy == "Recreate":
        yield "its strategy is Recreate: all pods stop before new ones start"
    if strategy == "OnDelete":
        yield "its strategy is OnDelete: each pod is replaced only when it is deleted"
    if spec.get("replicas") == 0:
        yield "it is scaled to 0: there is nothing to replace"


def _stamp(obj: Obj) -> object:
    template = spec_of(obj).get("template") or {}
    return ((template.get("metadata") or {}).get("annotations") or {}).get(ANNOTATION)


ACT = Act(
    "restart",
    "Restart",
    unfit=only(
        "deployments.apps",
        "statefulsets.apps",
        "daemonsets.apps",
        why="only deployments, stateful sets and daemon sets roll out",
    ),
    draw_up=_draw_up,
)
