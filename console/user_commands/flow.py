"""From a key to a program and back: refused, agreed to, noted, run, noted again."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from backend.journal.journal import Outcome
from backend.text import safe_text
from console.screens.agree_command import ALWAYS, AgreeCommandScreen
from console.screens.output import OutputScreen, ended_with
from console.settings import UserCommand
from console.theme import Tone
from console.user_commands.jobs import Job, NotRun, Outcomes, jobs_for, wants_kubeconfig
from console.user_commands.running import environment, kubeconfig_file
from console.user_commands.trust import Seen, look_at
from console.views import ObjectRef

if TYPE_CHECKING:
    from console.application import NavarchApp


async def run_command(app: NavarchApp, name: str, command: UserCommand, refs: Sequence[ObjectRef]) -> None:
    """Run a person's own program for these objects. Call it in a worker.

    Raises what keeps it from being run, before anything is: NoProgram, NotRun, the session's Refused.
    """
    seen = look_at(name, command)
    with ExitStack() as files:
        kubeconfigs = _kubeconfigs(app, seen, refs, files)
        members = {member.id: member for member in app.members}
        jobs = jobs_for(seen, refs, members=members, kubeconfigs=kubeconfigs, read_only=app.read_only)
        if not await _agreed(app, seen, jobs):
            return
        await _note(app, seen, jobs, Outcome.STARTED)
        outcomes: Outcomes = {}
        try:
            if command.where == "terminal":
                await _in_terminal(app, seen, jobs, outcomes)
            else:
                screen = OutputScreen(seen, jobs)
                outcomes = screen.outcomes
                await app.push_screen_wait(screen)
        finally:
            await _note(app, seen, jobs, Outcome.DONE, outcomes=outcomes)


def _kubeconfigs(app: NavarchApp, seen: Seen, refs: Sequence[ObjectRef], files: ExitStack) -> dict[str, Path]:
    """A kubeconfig's path for each cluster, if the command asks for one."""
    if not wants_kubeconfig(seen):
        return {}
    if app.session.acting_as is not None:
        raise NotRun(
            f"you act as {app.session.acting_as.user}, and {seen.title} would act with your own rights",
            "Leave that first (:as).",
        )
    made = {}
    for cluster_id in {ref.cluster_id for ref in refs}:
        path = files.enter_context(kubeconfig_file(app.session.belongings.kubeconfig(cluster_id)))
        assert path is not None
        made[cluster_id] = path
    return made


async def _agreed(app: NavarchApp, seen: Seen, jobs: Sequence[Job]) -> bool:
    """Whether it may run: agreed to before, or now. What changes a cluster asks each time."""
    belongings = app.session.belongings
    first = not await asyncio.to_thread(belongings.agreed, seen.fingerprint)
    if not first and not seen.command.changes:
        return True
    answer = await app.push_screen_wait(AgreeCommandScreen(seen, jobs, first=first))
    if answer == ALWAYS and first:
        shown = f"{seen.name}: {shlex.join(seen.command.run)} ({seen.path})"
        await asyncio.to_thread(belongings.agree, seen.fingerprint, shown=shown)
    return bool(answer)


async def _note(
    app: NavarchApp, seen: Seen, jobs: Sequence[Job], outcome: Outcome, *, outcomes: Outcomes | None = None
) -> None:
    """Lines in the journal for what changes a cluster. Raises if they can't be written."""
    journal = app.session.fleet_journal()
    if journal is None or not seen.command.changes:
        return
    for place, job in enumerate(jobs):
        code = (outcomes or {}).get(place)
        detail = f"{seen.name}: {shlex.join(seen.command.run)}"
        how = outcome
        if outcomes is not None:
            how = Outcome.DONE if code == 0 else Outcome.FAILED
            detail = "stopped, or not begun" if code is None else str(ended_with(code))
        await asyncio.to_thread(
            journal.append,
            f"command {seen.name}",
            outcome=how,
            cluster=str(job.ref.cluster),
            object=str(job.place),
            detail=str(safe_text(detail, limit=2000)),
        )


async def _in_terminal(app: NavarchApp, seen: Seen, jobs: Sequence[Job], outcomes: Outcomes) -> None:
    """Each gets the whole terminal; the first that fails ends the row."""
    from console.terminal.lending import lend_terminal, read_on

    async with lend_terminal(app):
        for place, job in enumerate(jobs):
            env = environment(job.kubeconfig, colour=app.traits.colour)
            child = await asyncio.create_subprocess_exec(*job.argv, executable=str(seen.path), env=env)
            outcomes[place] = code = await child.wait()
            if code:
                await read_on(f"{seen.title}: {ended_with(code)}")
                break
    failed = [code for code in outcomes.values() if code]
    if failed:
        app.say(f"{seen.title}: {ended_with(failed[0])}", Tone.WARNING)
