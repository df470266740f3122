"""Pieces of work that take a while: started, watched, paused, cancelled, and remembered over restarts.

There are two kinds. The engine's own (create, clone, delete…) are started here. Those of the
volumes' controllers (a replica that comes back, a merge, a scrub) are seen there: one that an own
job waits for is that job's progress, any other is a job of its own.

The file is a cache like the events: its loss costs the list, not the work.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from blockengine.control.engine import Impossible
from blockengine.control.model import Job, JobState
from blockengine.protocol.admin import Progress

_REMEMBERED = 200
_STATES: dict[str, JobState] = {"stopping": "running", "stopped": "cancelled", "paused": "paused"}
# The jobs of ours that wait for a work of this kind.
_OWN = {
    "restore": ("restore",),
    "fill": ("clone",),
    "scrub": ("scrub",),
    "rebuild": ("rebuild", "add replica"),
}
_NOT_CANCELLED = {
    "rebuild": "the volume needs this replica; take it off if it is not wanted",
    "add replica": "it votes already; take it off if it is not wanted",
    "remove replica": "it is taken off in one moment, and what is left of it goes",
    "merge": "its snapshot was given up before it began, and the space comes back by it alone",
    "restore": "there is no snapshot of what the volume was (--keep), or it goes back to it already",
    "delete": "a replica of it is gone already",
}
_LEFT = "its controller ended; the next one goes on with what is left"


class Kept(Struct, frozen=True):
    """A job, and what an engine that comes later needs to know to go on with it.

    `facts` of a controller's work have its volume as `seen`; those of an own job that waits for such
    a work have the work's id as `work`.
    """

    job: Job
    facts: dict[str, str] = field(default_factory=dict)


class Report:
    """How a job's work tells how far it is: call it with `done`, `total` and a text."""

    def __init__(self, jobs: Jobs, id: str) -> None:
        self._jobs, self.id = jobs, id

    def __call__(self, done: int, total: int, text: str) -> None:
        self._jobs.change(self.id, done=done, total=total, text=text)

    def follow(self, volume: str, work: Progress) -> None:
        """This work of a volume's controller is what the job waits for."""
        self._jobs.claim(self.id, volume, work)

    def no_way_back(self) -> None:
        """From here on it can't be cancelled."""
        self._jobs.change(self.id, acts=[])

    def remember(self, **facts: str) -> None:
        """For an engine that comes after this one."""
        self._jobs.remember(self.id, facts)


Work = Callable[[Report], Awaitable[str]]


class Cancelled(Exception):
    """A job's work was stopped by whoever did it; the message says what came of it."""


class Jobs:
    """One for each engine. `done` of a job is told by its work, as often as it likes."""

    def __init__(self, told: Callable[[Job], None], path: Path | None = None) -> None:
        """`told` hears of each own job's end. They are kept in `path`."""
        self._told, self._path = told, path
        self._kept: dict[str, Kept] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        # Works of controllers: where each is, and which own job waits for it.
        self._numbers: dict[str, tuple[str, int]] = {}
        self._claims: dict[str, str] = {}
        self._closing = False
        self._load()

    # On disk.

    def _load(self) -> None:
        if self._path is None:
            return
        with contextlib.suppress(OSError, msgspec.DecodeError):
            for kept in msgspec.json.decode(self._path.read_bytes(), type=list[Kept]):
                self._kept[kept.job.id] = kept
                if work := kept.facts.get("work"):
                    self._claims[work] = kept.job.id

    def _save(self) -> None:
        ended = [job for job in self.all() if job.ended]
        for old in sorted(ended, key=lambda job: job.ended)[:-_REMEMBERED]:
            del self._kept[old.id]
            self._numbers.pop(old.id, None)
        if self._path is None:
            return
        # A full disk must not stop the engine: then jobs are in memory only.
        with contextlib.suppress(OSError):
            fresh = self._path.with_suffix(".new")
            fresh.write_bytes(msgspec.json.encode(list(self._kept.values())))
            os.replace(fresh, self._path)

    def interrupted(self) -> list[Kept]:
        """Own jobs of an earlier engine that had not ended with it."""
        open_ones = [kept for kept in self._kept.values() if not kept.job.ended and "seen" not in kept.facts]
        return [kept for kept in open_ones if kept.job.id not in self._tasks]

    def remember(self, id: str, facts: dict[str, str]) -> None:
        """Add to what a later engine should know."""
        kept = self._kept[id]
        self._kept[id] = replace(kept, facts=kept.facts | facts)
        self._save()

    # Looking.

    def all(self) -> list[Job]:
        """The newest last."""
        return sorted((kept.job for kept in self._kept.values()), key=lambda job: job.started)

    def one(self, id: str) -> Job:
        """Raises: Impossible."""
        if id not in self._kept:
            raise Impossible(f"there is no job {id}", "navarch engine job list", status=404)
        return self._kept[id].job

    def change(self, id: str, **fields: object) -> None:
        """Say something else of a job that has not ended."""
        kept = self._kept[id]
        if not kept.job.ended:
            self._kept[id] = replace(kept, job=replace(kept.job, **fields))

    # The engine's own.

    def start(
        self,
        kind: str,
        about: str,
        work: Work,
        *,
        unit: str = "",
        target: str = "",
        stoppable: bool = False,
    ) -> Job:
        """Start a piece of work; what it returns is the job's last text. `stoppable`: it may be cancelled."""
        job = Job(secrets.token_hex(4), kind, about, "running", time.time(), unit=unit, target=target)
        job = replace(job, acts=["stop"] if stoppable else [])
        self._kept[job.id] = Kept(job)
        self._save()
        self.go_on(job.id, work)
        return job

    def go_on(self, id: str, work: Work) -> None:
        """Do the work of a job that is known: a new one, or one of an earlier engine."""

        async def guarded() -> None:
            try:
                text = await work(Report(self, id))
                self.end(id, "done", text, "")
            except asyncio.CancelledError:
                if self._closing and "stop" not in self.one(id).acts:
                    return  # what it waits for goes on, and so does the next engine
                self.end(id, "cancelled", "", "it was cancelled")
            except Cancelled as cancelled:
                self.end(id, "cancelled", "", str(cancelled))
            except Impossible as error:
                self.end(id, "failed", "", f"{error}. {error.next}" if error.next else str(error))
            except Exception as error:
                self.end(id, "failed", "", str(error) or type(error).__name__)

        self._tasks[id] = asyncio.get_running_loop().create_task(guarded())

    def end(self, id: str, state: JobState, text: str, error: str) -> None:
        """It is over, and `told` hears of it."""
        kept = self._kept[id]
        job = kept.job
        done = job.total if state == "done" else job.done
        ended = replace(
            job, state=state, ended=time.time(), done=done, rate=0, eta=0, acts=[],
            text=text or job.text, error=error,
        )  # fmt: skip
        self._kept[id] = replace(kept, job=ended)
        self._tasks.pop(id, None)
        self._save()
        self._told(ended)

    async def wait(self, id: str) -> Job:
        """The job once it ended, or once nobody here works at it."""
        task = self._tasks.get(id)
        if task is not None:
            await asyncio.wait([task])
        return self.one(id)

    def is_own(self, id: str) -> bool:
        """Whether it is work of ours. Raises: Impossible."""
        self.one(id)
        return id in self._tasks

    def is_stopped_by_us(self, id: str) -> bool:
        """Whether to cancel it is to stop work of ours, not a controller's. Raises: Impossible."""
        return self.is_own(id) and self.one(id).kind != "restore"

    async def cancel(self, id: str) -> Job:
        """Stop a piece of work of ours; what it changed so far stays. Raises: Impossible."""
        self.check_act(id, "stop")
        self._tasks[id].cancel()
        return await self.wait(id)

    async def close(self) -> None:
        """Cancel what can be cancelled, and wait for the rest no longer: an engine that comes later may."""
        self._closing = True
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # The controllers'.

    def claim(self, id: str, volume: str, work: Progress) -> None:
        """An own job waits for a controller's work: they are one."""
        key = _work_id(volume, work)
        if self._claims.get(key) != id:
            self._claims[key] = id
            self._kept.pop(key, None)
            self.remember(id, {"work": key})
        self._tell(id, volume, work)

    def observe(self, volume: str, name: str, works: Sequence[Progress]) -> None:
        """What a volume's controller does, and lately did; all of it, whenever it is looked at."""
        changed = False
        present = set()
        for work in works:
            key = _work_id(volume, work)
            present.add(key)
            if (owner := self._claims.get(key)) is not None:
                if owner in self._kept and not work.ended:
                    self._tell(owner, volume, work)
                continue
            if (waiting := self._waiting_for(name, work)) is not None:
                self.claim(waiting, volume, work)
                continue
            before = self._kept.get(key)
            self._numbers[key] = (volume, work.number)
            self._kept[key] = Kept(_seen(key, name, work), {"seen": volume})
            changed |= before is None or before.job.state != self._kept[key].job.state
        for key, kept in list(self._kept.items()):
            if kept.facts.get("seen") == volume and not kept.job.ended and key not in present:
                lost = replace(
                    kept.job, state="failed", ended=time.time(), rate=0, eta=0, acts=[], error=_LEFT
                )
                self._kept[key] = replace(kept, job=lost)
                changed = True
        if changed:
            self._save()

    def _waiting_for(self, name: str, work: Progress) -> str | None:
        """The own job that a work was begun for, also if it ended before anybody followed it."""
        kinds = _OWN.get(work.what, ())
        for kept in self._kept.values():
            job = kept.job
            fits = job.kind in kinds and job.about == name and job.target in ("", work.target)
            free = not {"work", "seen"} & kept.facts.keys()
            if fits and free and job.started <= work.began <= (job.ended or time.time()):
                return job.id
        return None

    def _tell(self, id: str, volume: str, work: Progress) -> None:
        self._numbers[id] = (volume, work.number)
        told = _seen(id, "", work)
        stops = "stop" in self.one(id).acts and self.is_stopped_by_us(id)
        ours = ["stop"] if stops and "stop" not in told.acts else []
        self.change(
            id, done=work.done, total=work.total, unit="bytes", rate=work.rate, eta=work.eta,
            state="paused" if work.state == "paused" else "running", text=told.text,
            acts=[*told.acts, *ours],
        )  # fmt: skip

    def behind(self, id: str, action: str) -> tuple[str, int]:
        """(volume, number) of the controller's work behind a job, which this can be done to.

        Raises: Impossible.
        """
        self.check_act(id, action)
        if id not in self._numbers:
            raise Impossible(f"job {id} has not come so far", "Try again in a moment.")
        return self._numbers[id]

    def check_act(self, id: str, action: str) -> None:
        """Raises: Impossible if a job is over, or is of a kind with which this can't be done."""
        job = self.one(id)
        if job.ended:
            raise Impossible(f"job {id} ({job.kind} of {job.about}) is over: it is {job.state}")
        if ("pause" if action == "resume" else action) not in job.acts:
            past = {"pause": "paused", "resume": "resumed", "stop": "cancelled"}[action]
            why = _NOT_CANCELLED.get(job.kind, "") if action == "stop" else ""
            can = {"pause": f"paused: navarch engine job pause {id}", "stop": "cancelled"}
            advice = " and ".join(can[act] for act in job.acts)
            raise Impossible(
                f"{job.kind} of {job.about} can't be {past} now{f': {why}' if why else ''}",
                f"It can be {advice}." if advice else "It goes to its end.",
            )


def _work_id(volume: str, work: Progress) -> str:
    """The same for one piece of work as long as its controller lives, whichever engine asks."""
    return hashlib.blake2s(f"{volume} {work.number} {work.began}".encode(), digest_size=4).hexdigest()


def _seen(id: str, about: str, work: Progress) -> Job:
    found = f"{work.found} bad places so far" if work.what == "scrub" and not work.ended else ""
    text = work.words or found
    state = _STATES.get(work.state, work.state)
    failed = state in ("failed", "cancelled")
    return Job(
        id,
        work.what,
        about,
        # One of JobState's words by construction.
        state,  # type: ignore[arg-type]
        work.began,
        ended=work.ended,
        done=work.done,
        total=work.total,
        unit="bytes",
        text="" if failed else text,
        error=(text or "it was stopped") if failed else "",
        rate=work.rate,
        eta=work.eta,
        target=work.target,
        acts=[] if work.ended else list(work.acts),
    )
