"""``navarch engine job``: work that takes a while."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from backend.text import safe_text
from console.cli.engine.acting import act
from console.cli.engine.asking import Form, Output, engine, finished, show, whole
from console.cli.engine.completing import acting_jobs, jobs
from console.cli.exits import Exit
from console.cli.failures import say
from console.cli.root import new_app
from console.cli.running import run
from console.cli.tables import moment, print_table

if TYPE_CHECKING:
    from backend.storage.model import Job

app = new_app("Jobs: rebuilds, scrubs, restores, clones and other work that takes a while.")
Id = Annotated[
    str,
    typer.Argument(
        metavar="JOB", help="As job list shows it.", autocompletion=acting_jobs, show_default=False
    ),
]
TITLES = ("JOB", "KIND", "ABOUT", "STATE", "DONE", "RATE", "LEFT", "NOW")


@app.callback()
def _job() -> None:
    """Jobs: rebuilds, scrubs, restores, clones and other work that takes a while."""


def row(job: Job) -> tuple[object, ...]:
    """A job in a table."""
    from backend.storage import words

    about = f"{job.about} {job.target}" if job.target else job.about
    left = words.seconds(job.eta) if job.eta else "-"
    rate = f"{words.size(job.rate)}/s" if job.rate else "-"
    return (
        job.id,
        job.kind,
        about,
        words.signed(job.state),
        words.done(job),
        rate,
        left,
        job.error or job.text,
    )


@app.command("list")
def list_jobs(
    all_jobs: Annotated[bool, typer.Option("--all", "-a", help="Also those that ended.")] = False,
    output: Output = Form.TABLE,
) -> None:
    """List work under way: how far it is, how fast, how long it will take. Ends with 5 if there is none.

    What a volume's controller does by itself is among it: the rebuild of a replica that came back, the
    merge of snapshots that were given up.
    """

    async def work() -> int:
        known = await engine().jobs()
        found = [job for job in known if all_jobs or not job.ended]
        show(found, output, TITLES, row)
        if not found and known:
            say("no work is under way", "navarch engine job list --all has what ended lately")
        elif not found:
            say("no work is under way")
        return Exit.OK if found else Exit.NOTHING

    raise typer.Exit(run(work()))


@app.command("show")
def show_job(
    job: Annotated[
        str,
        typer.Argument(metavar="JOB", help="As job list shows it.", autocompletion=jobs, show_default=False),
    ],
    output: Output = Form.TABLE,
) -> None:
    """Show one job: when it began, how far it is or what came of it, and what can be done to it."""
    from backend.storage import words

    async def work() -> int:
        found = await engine().job(job)
        if output != Form.TABLE:
            whole(found, output)
            return Exit.OK
        can = {"pause": "resume" if found.state == "paused" else "pause", "stop": "cancel"}
        facts = [
            ("job", found.id),
            ("kind", found.kind),
            ("about", f"{found.about} {found.target}".rstrip()),
            ("state", words.signed(found.state)),
            ("began", moment(found.started)),
            ("ended", moment(found.ended) if found.ended else ""),
            ("done", words.done(found)),
            ("rate", f"{words.size(found.rate)}/s" if found.rate else ""),
            ("left", words.seconds(found.eta) if found.eta else ""),
            ("now" if not found.ended else "result", found.error or found.text),
            ("can be", ", ".join(f"navarch engine job {can.get(act, act)} {found.id}" for act in found.acts)),
        ]
        print_table(("JOB", ""), [fact for fact in facts if fact[1]])
        return Exit.OK

    raise typer.Exit(run(work()))


@app.command()
def wait(job: Id) -> None:
    """Wait for a job's end, and say what came of it. Ends with 1 if it failed or was cancelled."""

    async def work() -> int:
        done = await finished(await engine().job(job))
        say(safe_text(f"{done.kind} of {done.about}: {done.text or done.state}"))
        return Exit.OK

    raise typer.Exit(run(work()))


@app.command()
def pause(job: Id) -> None:
    """Let work rest, for example while users need the disks. It stays so until resumed.

    Rebuilds, scrubs, merges, restores and the filling of clones can rest. While a restore rests, nobody can
    use the volume.
    """
    from backend.storage.acts import jobs as acts

    act(lambda asked: acts.pause(asked, job), advice=f"navarch engine job resume {job}")


@app.command()
def resume(job: Id) -> None:
    """Let work that was paused go on."""
    from backend.storage.acts import jobs as acts

    act(lambda asked: acts.resume(asked, job))


@app.command()
def cancel(job: Id) -> None:
    """Stop a piece of work; what it changed so far stays.

    A restore with --keep goes back: the volume becomes what it was. One without can't, and neither can a
    merge, whose snapshot is gone already; nor a rebuild, which the volume needs: those can be paused. A
    deletion can be cancelled until the first of its replicas is gone.
    """
    from backend.storage.acts import jobs as acts

    act(lambda asked: acts.cancel(asked, job))
