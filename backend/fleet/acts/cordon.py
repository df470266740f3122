"""Cordon: no new pods on this node; those there stay."""

from __future__ import annotations

from backend.fleet.acts.act import Act, Already, Plan, only, spec_of
from backend.fleet.acts.steps import Patch
from backend.fleet.objects import Found
from backend.text import safe_text


async def _draw_up(found: Found, answer: str) -> Plan:
    if spec_of(found.obj).get("unschedulable"):
        raise Already(f"{found.place} is cordoned already")
    return Plan(
        act="cordon",
        found=found,
        step=Patch(change={"spec": {"unschedulable": True}}),
        effect=safe_text("no new pods are placed on it; those there stay"),
        done=safe_text("cordoned"),
        basis=lambda obj: bool(spec_of(obj).get("unschedulable")),
        achieved=lambda obj: bool(spec_of(obj).get("unschedulable")),
    )


ACT = Act("cordon", "Cordon", unfit=only("nodes", why="only nodes are cordoned"), draw_up=_draw_up)
