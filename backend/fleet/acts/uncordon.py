"""Uncordon: pods may be placed on this node again."""

from __future__ import annotations

from collections.abc import Iterable

from backend.fleet.acts.act import Act, Already, Obj, Plan, only, sentences, spec_of
from backend.fleet.acts.steps import Patch
from backend.fleet.objects import Found
from backend.text import safe_text


async def _draw_up(found: Found, answer: str) -> Plan:
    if not spec_of(found.obj).get("unschedulable"):
        raise Already(f"{found.place} is not cordoned")
    return Plan(
        act="uncordon",
        found=found,
        step=Patch(change={"spec": {"unschedulable": None}}),
        effect=safe_text("pods may be placed on it again"),
        done=safe_text("uncordoned"),
        basis=lambda obj: bool(spec_of(obj).get("unschedulable")),
        achieved=lambda obj: not spec_of(obj).get("unschedulable"),
        warnings=sentences(*_warnings(found.obj)),
    )


def _warnings(obj: Obj) -> Iterable[str]:
    for condition in (obj.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "Ready" and condition.get("status") != "True":
            yield "it is not ready: nothing is placed on it before it is"


ACT = Act("uncordon", "Uncordon", unfit=only("nodes", why="only nodes are cordoned"), draw_up=_draw_up)
