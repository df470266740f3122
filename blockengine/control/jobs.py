"""Pieces of work that take a while: started, watched, cancelled, and remembered for some time."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable

from msgspec.structs import replace

from blockengine.control.engine import Impossible
from blockengine.control.model import Job

_REMEMBERED = 200
Report = Callable[[int, int, str], None]
Work = Callable[[Report], Awaitable[str]]


class Jobs:
    """One for each engine. `done` of a job is told by its work, as often as it likes."""

    def __init__(self, told: Callable[[Job], None]) -> None:
        """`told` hears of each job's end."""
        self._told = told
        self._jobs: dict[str, Job] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def all(self) -> list[Job]:
        """The newest last."""
        return list(self._jobs.values())

    def one(self, id: str) -> Job:
        """Raises: Impossible."""
        if id not in self._jobs:
            raise Impossible(f"there is no job {id}", "navarch engine status lists them", status=404)
        return self._jobs[id]

    def start(self, kind: str, about: str, work: Work, *, unit: str = "") -> Job:
        """Start a piece of work; what it returns is the job's last text."""
        job = Job(secrets.token_hex(4), kind, about, "running", time.time(), unit=unit)
        self._jobs[job.id] = job
        for old in [each for each in self._jobs.values() if each.state != "running"][:-_REMEMBERED]:
            del self._jobs[old.id]

        def report(done: int, total: int, text: str) -> None:
            self._jobs[job.id] = replace(self._jobs[job.id], done=done, total=total, text=text)

        async def guarded() -> None:
            try:
                text = await work(report)
                self._end(job.id, "done", text, "")
            except asyncio.CancelledError:
                self._end(job.id, "cancelled", "", "it was cancelled")
            except Impossible as error:
                self._end(job.id, "failed", "", f"{error}. {error.next}" if error.next else str(error))
            except Exception as error:
                self._end(job.id, "failed", "", str(error) or type(error).__name__)

        self._tasks[job.id] = asyncio.get_running_loop().create_task(guarded())
        return job

    def _end(self, id: str, state: str, text: str, error: str) -> None:
        job = self._jobs[id]
        # `state` is one of JobState's words by construction.
        ended = replace(job, state=state, ended=time.time(), text=text or job.text, error=error)
        self._jobs[id] = ended
        self._tasks.pop(id, None)
        self._told(ended)

    async def wait(self, id: str) -> Job:
        """The job once it ended."""
        task = self._tasks.get(id)
        if task is not None:
            await asyncio.wait([task])
        return self.one(id)

    async def cancel(self, id: str) -> Job:
        """Stop a piece of work; what it changed so far stays. Raises: Impossible."""
        self.one(id)
        task = self._tasks.get(id)
        if task is not None:
            task.cancel()
        return await self.wait(id)

    async def close(self) -> None:
        """Cancel everything."""
        for id in list(self._tasks):
            await self.cancel(id)
