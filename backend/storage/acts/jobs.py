"""What is done to work under way: paused, resumed, cancelled."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from backend.storage import words
from backend.storage.acts.plan import Plan, Told, plan
from backend.storage.model import Job
from backend.storage.system import StorageSystem


async def pause(system: StorageSystem, id: str) -> Plan:
    """A rebuild or a scrub rests."""
    return await _act("pause", system, id, system.pause, "it rests until it is resumed")


async def resume(system: StorageSystem, id: str) -> Plan:
    """It goes on."""
    return await _act("resume", system, id, system.resume, "it goes on")


async def cancel(system: StorageSystem, id: str) -> Plan:
    """It ends; what it changed so far stays, but for a restore, which goes back."""
    effect = "it ends; what it changed so far stays"
    if (await system.job(id)).kind == "restore":
        effect = "it goes back: the volume becomes what it was before; nobody can use it until then"
    return await _act("cancel", system, id, system.cancel, effect)


async def _act(
    what: str, system: StorageSystem, id: str, do: Callable[[str], Awaitable[Job]], effect: str
) -> Plan:
    job = await system.job(id)

    async def run(told: Told) -> str:
        now = await do(job.id)
        return f"{now.kind} of {now.about} is {now.state}"

    return plan(f"engine job {what}", words.job_name(job), effect, run)
