"""Reads one container's log to its end, over cuts and restarts; nothing is lost or told twice.

A stream that ends is resumed from its latest line. When the container was restarted meanwhile, what its
former run still had to say is read first (``previous``), then a seam is told, then the new run.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Protocol

from backend.kube.backoff import Backoff
from backend.kube.client import Client
from backend.kube.errors import (
    ApiError,
    CredentialError,
    Forbidden,
    Invalid,
    KubeError,
    NotFound,
    ServerFailed,
    Unauthorized,
    Unreachable,
)
from backend.kube.logs import LogResume, WholeLines
from backend.observe.logs.early import EarlyLog
from backend.observe.logs.places import QUIET, StreamPlaces
from backend.observe.logs.pods import Began, Ended
from backend.observe.logs.sources import Source, SourceState
from backend.observe.logs.turns import Turns
from backend.resources.duration import epoch
from backend.text import SafeStr, safe_text

EXPECTED = 3.0
"""Seconds that the pod's new status is waited for when a followed log came to its end."""
TRIES = 6
"""How often a log that is read once, not followed, is taken up again after a cut."""
LATELY = 86_400.0
"""Seconds for which a restart that nobody saw is worth a line above the log."""
_SMALL = 16 * 1024
_UNABLE = b"unable to retrieve container logs for "
"""What a kubelet writes in place of a log whose file it has just removed; it bears no time."""
_NOTHING = SafeStr("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Which part of a container's log is read."""

    follow: bool = True
    previous: bool = False
    tail: int | None = None
    since: str | float | None = None
    joined: bool = False
    """The pod came while we followed: what its containers wrote before we saw it is wanted too."""


class Sink(Protocol):
    """Where a stream puts what it reads."""

    async def block(self, source: Source, block: bytes) -> None:
        """Whole lines, each with its time; returns when more may come."""

    def seam(self, source: Source, text: str, *, at: float) -> None:
        """A restart, a gap: a line of our own (``at``: seconds since the epoch)."""

    def opened(self, source: Source) -> None:
        """The server has begun to answer."""

    def changed(self, source: Source) -> None:
        """Its state is another one."""


class ContainerLog:
    """``run`` until the log is over or it is cancelled. ``touch`` when the pod's status changed."""

    def __init__(
        self,
        source: Source,
        *,
        client: Callable[[], Client],
        reading: Reading,
        sink: Sink,
        places: StreamPlaces,
        pace: Callable[[], float] = lambda: 0.0,
        turns: Turns | None = None,
        early: EarlyLog | None = None,
    ) -> None:
        """``pace``: seconds to wait after a small read, so that many streams do not wake us for each line.
        ``turns``: shared by all, so that those that wake at once are read one after the other.
        ``early``: the first answer, where it was asked for already."""
        self.source = source
        self._client = client
        self._reading = reading
        self._sink = sink
        self._places = places
        self._pace = pace
        self._turns = turns or Turns()
        self._early = early
        self._resume = LogResume()
        self._lines = WholeLines()
        self._random = random.Random()  # noqa: S311 - jitter, no secret
        self._backoff = Backoff(self._random)
        self._touched = asyncio.Event()
        # Of a pod that joined nothing may be missing: its former run is read first, as if we had seen it.
        self._run = 0 if reading.joined else source.container.run.restart_count
        self._answered = False
        self._whole = not (reading.joined and source.container.run.restart_count)
        """The last stream came to its proper end, so the run it belonged to is told whole."""

    def touch(self) -> None:
        self._touched.set()

    async def run(self) -> None:
        reading = self._reading
        if reading.previous or not reading.follow:
            await self._once()
        else:
            await self._follow()

    # --- once

    async def _once(self) -> None:
        """To the end as it is now."""
        for _ in range(TRIES):
            try:
                await self._stream(follow=False, previous=self._reading.previous)
            except NotFound as error:
                self._become(SourceState.GONE, error.sentence)
            except Invalid as error:
                missing = self._reading.previous or self.source.container.run.state.running is None
                self._become(SourceState.ENDED if missing else SourceState.FAILED, _why(error))
            except Forbidden as error:
                self._become(SourceState.FORBIDDEN, error.sentence)
            except KubeError as error:
                self._become(SourceState.BROKEN, error.sentence)
                if isinstance(error, (Unauthorized, CredentialError)):
                    break
                await asyncio.sleep(self._pause(error))
                continue
            else:
                self._become(SourceState.ENDED)
            return
        self._become(SourceState.FAILED, self.source.detail)

    # --- following

    async def _follow(self) -> None:
        while True:
            self._touched.clear()
            if self._restarted():
                await self._cross()
            opened = time.monotonic()
            try:
                left = await self._stream(follow=True)
            except KubeError as error:
                if await self._failed(error):
                    return
                continue
            if left:
                continue  # it lent its place to another one
            if time.monotonic() - opened > EXPECTED:
                self._backoff = Backoff(self._random)
            self._whole = True
            if await self._over():
                return

    def _tell_former(self) -> None:
        """A container that restarted before anybody looked: say so above its lines, if that was lately."""
        run, since = self.source.container.run, self._reading.since
        now: Began | Ended | None = run.state.running
        former = run.last_state.terminated
        if now is None:  # it waits to be started again: what there is to read is the run that ended last
            now, former = run.state.terminated or former, None
        if not self._run or now is None or not (began := epoch(now.started_at)):
            return
        asked = since if isinstance(since, float | int) else LATELY
        if time.time() - began > asked:
            return
        text = f"restarted (run {self._run + 1}){_exit_words(former)}"
        self._sink.seam(self.source, f"{text}; the run before is not shown", at=began)

    def _restarted(self) -> bool:
        return self.source.container.run.restart_count > self._run

    async def _over(self) -> bool:
        """The stream came to an end: did the container, for good? Otherwise wait for what comes."""
        source = self.source
        if not self._settled():
            self._become(SourceState.BETWEEN)
            until = time.monotonic() + EXPECTED
            while not self._settled() and (left := until - time.monotonic()) > 0:
                await self._wait(left)
        if source.deleted:
            self._become(SourceState.GONE, safe_text("the pod is deleted"))
            return True
        if self._restarted():
            return False
        if source.container.final:
            self._become(SourceState.ENDED, _ending(source))
            return True
        if source.container.run.state.running is None:
            self._become(SourceState.BETWEEN, _ending(source))
            while not (self._restarted() or self._running() or source.deleted or source.container.final):
                await self._wait(None)
            return await self._over() if source.deleted or source.container.final else False
        await self._wait(self._backoff.next(time.monotonic()))  # it runs on: somebody on the way hung up
        return False

    def _settled(self) -> bool:
        source = self.source
        return source.deleted or self._restarted() or not self._running()

    def _running(self) -> bool:
        return self.source.container.run.state.running is not None

    async def _failed(self, error: KubeError) -> bool:
        """What to do about an error; True: nothing any more."""
        source = self.source
        if isinstance(error, NotFound) or source.deleted:
            self._become(SourceState.GONE, safe_text("the pod is deleted"))
            return True
        if isinstance(error, Forbidden):
            self._become(SourceState.FORBIDDEN, error.sentence)
            return True
        if isinstance(error, Invalid):  # the kubelet's answer for a container that was never started
            if source.container.final and not self._running():
                self._become(SourceState.ENDED, _why(error))
                return True
            self._become(SourceState.STARTING, _why(error))
            await self._wait(EXPECTED if self._running() else 30.0)
            return False
        if source.container.final and self._whole and not isinstance(error, Unreachable):
            self._become(SourceState.FAILED, error.sentence)
            return True
        self._become(SourceState.BROKEN, error.sentence)
        source.resumed += 1
        needs_login = isinstance(error, (Unauthorized, CredentialError))
        await self._wait(600.0 if needs_login else self._pause(error))
        return False

    async def _cross(self) -> None:
        """From a run that is over to the one that followed it."""
        source, run = self.source, self.source.container.run
        between = run.restart_count - self._run - 1
        if not self._whole or between:
            with suppress(KubeError):  # its file may be gone already; the seam says so
                await self._stream(follow=False, previous=True)
                self._whole = True
        text = f"restarted (run {run.restart_count + 1}){_exit_words(run.last_state.terminated)}"
        if between:
            text += f"; there were {between} runs in between, lines of them may be missing"
        elif not self._whole:
            text += "; the end of the former run may be missing"
        began = run.state.running.started_at if run.state.running else None
        self._run = run.restart_count
        self._whole = True
        self._sink.seam(source, text, at=epoch(began) or time.time())

    # --- one stream

    async def _stream(self, *, follow: bool, previous: bool = False) -> bool:
        """Read one answer to its end. True: its place was given to another one. Raises KubeError."""
        source, seen = self.source, self._resume.since
        if not self._places.free(source.cluster_id):
            self._become(SourceState.WAITING)
        async with self._places.place(source.cluster_id):
            self._become(SourceState.OPENING)
            if seen is not None:
                self._resume.cut()
            chunks = self._asked(since=seen, follow=follow, previous=previous)
            self._whole = False
            try:
                async with aclosing(chunks):
                    left = await self._read(chunks, follow=follow)
            finally:
                self._lines.drop()
            return left

    def _asked(self, *, since: str | None, follow: bool, previous: bool) -> AsyncGenerator[bytes, None]:
        """The log from ``since`` on; None: the part of it that is wanted at first."""
        if self._early is not None:
            early, self._early = self._early, None
            return early.chunks(self._opened)
        source, reading = self.source, self._reading
        return self._client().logs(
            source.pod,
            source.namespace,
            container=source.name,
            follow=follow,
            previous=previous,
            since=since if since is not None else reading.since,
            tail=reading.tail if since is None else None,
            opened=self._opened,
        )

    async def _read(self, chunks: AsyncGenerator[bytes, None], *, follow: bool) -> bool:
        source, loop = self.source, asyncio.get_running_loop()
        heard = loop.time()

        def look() -> None:
            """Let go of a quiet stream if another one waits for its place."""
            if loop.time() - heard >= QUIET and self._places.wanted(source.cluster_id):
                lending.reschedule(loop.time())
            else:
                timers[:] = [loop.call_later(QUIET / 2, look)]

        timers = [loop.call_later(QUIET, look)] if follow else []
        try:
            async with asyncio.timeout(None) as lending:
                async for chunk in chunks:
                    if chunk.startswith(_UNABLE):
                        raise ServerFailed(source.cluster, "its node no longer has this log", code=500)
                    heard = loop.time()
                    await self._take(self._lines.feed(chunk))
                    if len(chunk) < _SMALL and (pace := self._pace()):
                        # Drawn, so that hundreds of streams do not all wake in one turn of the loop.
                        await asyncio.sleep(pace * self._random.uniform(0.5, 1.5))
                        await self._turns.mine()
                await self._take(self._lines.end())
        except TimeoutError:
            if not lending.expired():
                raise
            return True
        finally:
            for timer in timers:
                timer.cancel()
        return False

    async def _take(self, block: bytes) -> None:
        if block and (block := self._resume.new(block)):
            await self._sink.block(self.source, block)

    def _opened(self) -> None:
        self._become(SourceState.OPEN)
        if self._reading.follow and not self._answered:
            self._tell_former()  # not before: who waits for its answer is waited for
        self._answered = True
        self._sink.opened(self.source)

    # --- waiting

    def _pause(self, error: KubeError) -> float:
        asked = error.retry_after if isinstance(error, ApiError) else None
        return self._backoff.next(time.monotonic(), at_least=asked)

    async def _wait(self, seconds: float | None) -> None:
        """Until the pod's status changes, or so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._touched.wait()
        self._touched.clear()

    def _become(self, state: SourceState, detail: SafeStr = _NOTHING) -> None:
        source = self.source
        if (source.state, source.detail) != (state, detail):
            source.state, source.detail = state, detail
            self._sink.changed(source)


def _why(error: KubeError) -> SafeStr:
    return safe_text(str(error.sentence).rpartition("is waiting to start: ")[2] or error.sentence)


def _exit_words(ended: Ended | None) -> str:
    if ended is None:
        return ""
    code = f"signal {ended.signal}" if ended.signal else f"exit code {ended.exit_code}"
    return f" after {code}" + (f", {ended.reason}" if ended.reason else "")


def _ending(source: Source) -> SafeStr:
    state = source.container.run.state
    ended = state.terminated or source.container.run.last_state.terminated
    waiting = f"{state.waiting.reason}: " if state.waiting and state.waiting.reason else ""
    return safe_text(f"{waiting}ended{_exit_words(ended)}".strip())
