"""Suspend a cron job: no new runs; one that is under way goes on."""

from __future__ import annotations

from backend.fleet.acts.act import Act, Already, Plan, only, sentences, spec_of
from backend.fleet.acts.steps import Patch
from backend.fleet.objects import Found
from backend.text import counted, safe_text


async def _draw_up(found: Found, answer: str) -> Plan:
    if spec_of(found.obj).get("suspend"):
        raise Already(f"{found.place} is suspended already")
    active = len((found.obj.get("status") or {}).get("active") or ())
    return Plan(
        act="suspend",
        found=found,
        step=Patch(change={"spec": {"suspend": True}}),
        effect=safe_text("it starts no more runs"),
        done=safe_text("suspended"),
        basis=lambda obj: bool(spec_of(obj).get("suspend")),
        achieved=lambda obj: bool(spec_of(obj).get("suspend")),
        warnings=sentences(f"{counted(active, 'run')} under way will go on" if active else ""),
    )


ACT = Act(
    "suspend",
    "Suspend",
    unfit=only("cronjobs.batch", why="only cron jobs are suspended"),
    draw_up=_draw_up,
)
