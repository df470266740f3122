"""Resume a suspended cron job."""

from __future__ import annotations

from backend.fleet.acts.act import Act, Already, Plan, only, sentences, spec_of
from backend.fleet.acts.steps import Patch
from backend.fleet.objects import Found
from backend.text import safe_text


async def _draw_up(found: Found, answer: str) -> Plan:
    spec = spec_of(found.obj)
    if not spec.get("suspend"):
        raise Already(f"{found.place} is not suspended")
    # The controller makes up for what was missed meanwhile, unless a deadline says how late is too late.
    missed = "" if spec.get("startingDeadlineSeconds") else "a missed run may start at once"
    return Plan(
        act="resume",
        found=found,
        step=Patch(change={"spec": {"suspend": False}}),
        effect=safe_text(f"it runs again by its schedule: {spec.get('schedule', '')}"),
        done=safe_text("resumed"),
        basis=lambda obj: bool(spec_of(obj).get("suspend")),
        achieved=lambda obj: not spec_of(obj).get("suspend"),
        warnings=sentences(missed),
    )


ACT = Act(
    "resume",
    "Resume",
    unfit=only("cronjobs.batch", why="only cron jobs are suspended"),
    draw_up=_draw_up,
)
