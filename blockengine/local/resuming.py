"""Jobs that an engine left unfinished when it was killed: what it waited for went on, or not.

Controllers and replicas outlive the engine, and so does what they do: rebuilds, scrubs, restores, the
filling of clones. The next engine waits for those again. What the engine did itself (making
and removing directories) is cut, and said to be.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from blockengine.control.jobs import Jobs, Kept, Report, Work
from blockengine.local.volumes import LocalVolume

if TYPE_CHECKING:
    from blockengine.local.engine import LocalEngine
    from blockengine.local.replicas import Replicas

_CUT = "the engine ended before it did"


def fills(table: Jobs) -> dict[str, str]:
    """What clones that are not whole yet are filled from, by volume: their controllers have to be told."""
    found = (kept.facts for kept in table.interrupted())
    return {facts["volume"]: facts["fill_from"] for facts in found if {"volume", "fill_from"} <= facts.keys()}


def resume(engine: LocalEngine) -> None:
    """Go on with every job that can be gone on with, and end the others."""
    for kept in engine.table.interrupted():
        work = _work(engine, kept)
        job = kept.job
        if work is not None:
            engine.table.go_on(job.id, work)
        else:
            advice = f"navarch engine volume show {job.about} tells what came of it"
            engine.table.end(job.id, "failed", "", f"{_CUT}. {advice}")


def _work(engine: LocalEngine, kept: Kept) -> Work | None:
    """What is left to do of a job; None if nobody does it any more."""
    from blockengine.local.copying import Copying
    from blockengine.local.replicas import Replicas
    from blockengine.local.scrubbing import Scrubbing

    facts, kind = kept.facts, kept.job.kind
    volume = engine.kept.get(facts.get("volume", ""))
    if volume is None:
        return None
    if kind == "scrub":
        return partial(Scrubbing(engine).follow, volume)
    if kind in ("rebuild", "add replica") and "made" in facts:
        return partial(_whole_again, Replicas(engine), volume, facts["made"])
    if kind == "restore":
        return partial(Copying(engine).restored, volume, kept.job)
    if kind == "clone" and "fill_from" in facts:
        return partial(Copying(engine).filled, volume, facts)
    return None


async def _whole_again(replicas: Replicas, volume: LocalVolume, name: str, report: Report) -> str:
    await volume.until_told()
    await replicas.until_in_sync(volume, name, report)
    return f"{name} is whole again"
