"""Work in the background, as plain data: how far it is, how fast, and when it will be done."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator

from blockengine.protocol.admin import Finding, Progress

_WINDOW = 20.0
_SAMPLE = 0.5
FINDINGS_KEPT = 200
ENDED_KEPT = 20


class Stopped(Exception):
    """Somebody stopped this piece of work."""


class Job:
    """One piece of work. `total` and `done` are bytes."""

    def __init__(self, number: int, what: str, target: str = "", *, acts: Collection[str] = ()) -> None:
        """`acts` is what a person may do to it: `pause` (and resume), `stop`."""
        self.number, self.what, self.target, self.acts = number, what, target, tuple(acts)
        self.state, self.words = "running", ""
        self.total = self.done = 0
        self.began = time.time()
        self.ended = 0.0
        self.findings: deque[Finding] = deque(maxlen=FINDINGS_KEPT)
        self.found = 0
        self._samples: deque[tuple[float, int]] = deque()
        # Told when somebody paused or resumed it.
        self.changed: Callable[[], None] = lambda: None
        self._go = asyncio.Event()
        self._go.set()

    @property
    def over(self) -> bool:
        """Whether it ended, one way or the other."""
        return self.state in ("done", "stopped", "failed")

    def start(self, total: int, words: str = "") -> None:
        """It begins (again) with so much to do."""
        self.total, self.done, self.words = total, 0, words or self.words
        self._samples.clear()
        self._sample()

    def advance(self, size: int) -> None:
        """So many bytes more are done."""
        self.done = min(self.done + size, self.total)
        self._sample()

    def reach(self, left: int) -> None:
        """So much is left; what is to do may have grown meanwhile."""
        self.total = max(self.total, self.done + left)
        self.done = max(self.done, self.total - left)
        self._sample()

    def find(self, finding: Finding) -> None:
        """Something that a person should see; the newest are kept, all are counted."""
        self.found += 1
        self.findings.append(finding)

    def end(self, state: str, words: str = "") -> None:
        """It is over: done, stopped or failed."""
        self.state, self.words, self.ended = state, words, time.time()

    # What a person may do to it.

    def pause(self) -> None:
        """Rest after the step that is under way."""
        if self.state == "running":
            self.state = "paused"
            self._go.clear()
            self.changed()

    def resume(self) -> None:
        """Go on."""
        if self.state == "paused":
            self.state = "running"
            self._samples.clear()
            self._go.set()
            self.changed()

    def stop(self) -> None:
        """End it after the step that is under way."""
        if not self.over:
            self.state = "stopping"
            self._go.set()

    def turn_back(self, words: str) -> None:
        """What was done is undone from here on: that may rest, and goes to its end."""
        self.state, self.words, self.acts = "running", words, ("pause",)
        self._go.set()

    async def may_go_on(self) -> None:
        """Wait while it is paused. Raises: Stopped."""
        await self._go.wait()
        if self.state == "stopping":
            raise Stopped

    # How fast it is.

    def _sample(self) -> None:
        now, samples = time.monotonic(), self._samples
        if not samples or now - samples[-1][0] >= _SAMPLE:
            samples.append((now, self.done))
        while samples and now - samples[0][0] > _WINDOW:
            samples.popleft()

    def progress(self) -> Progress:
        """How far it is."""
        rate = 0.0
        if self._samples and self.state == "running":
            began, done = self._samples[0]
            rate = max(self.done - done, 0) / max(time.monotonic() - began, _SAMPLE)
        return Progress(
            what=self.what,
            target=self.target,
            done=self.done,
            total=self.total,
            rate=rate,
            eta=(self.total - self.done) / rate if rate else 0.0,
            number=self.number,
            state=self.state,
            words=self.words,
            found=self.found,
            findings=tuple(self.findings),
            began=self.began,
            ended=self.ended,
            acts=self.acts,
        )


class Jobs:
    """All work of one controller: what is under way, and the last that ended."""

    def __init__(self) -> None:
        self._jobs: dict[int, Job] = {}
        self._number = 0

    def add(self, what: str, target: str = "", *, acts: Collection[str] = ()) -> Job:
        """A new piece of work."""
        self._number += 1
        job = self._jobs[self._number] = Job(self._number, what, target, acts=acts)
        for old in [number for number, each in self._jobs.items() if each.over][:-ENDED_KEPT]:
            del self._jobs[old]
        return job

    @contextlib.contextmanager
    def working(self, what: str, target: str = "", *, acts: Collection[str] = ()) -> Iterator[Job]:
        """A piece of work: done at the end, stopped or failed if that is an error."""
        job = self.add(what, target, acts=acts)
        try:
            yield job
        except Stopped as stopped:
            job.end("stopped", str(stopped))
            raise
        except BaseException as error:
            job.end("failed", str(error) or "its controller ended")
            raise
        job.end("done")

    def drop(self, job: Job) -> None:
        """It turned out to be nothing."""
        self._jobs.pop(job.number, None)

    def get(self, number: int) -> Job:
        """Raises: ValueError."""
        if number not in self._jobs:
            raise ValueError(f"there is no job {number}")
        return self._jobs[number]

    def running(self, what: str) -> Job | None:
        """One of this kind that is not over."""
        return next((job for job in self._jobs.values() if job.what == what and not job.over), None)

    def progress(self) -> tuple[Progress, ...]:
        """All of them, oldest first."""
        return tuple(job.progress() for job in self._jobs.values())
