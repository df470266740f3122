"""One process that is kept running: adopted if it runs already, started again when it ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from blockengine.control.model import Process as ProcessView
from blockengine.local.processes import Process, listener, lock_holder, same_program, spawn

_PAUSE_FIRST, _PAUSE_LAST = 0.2, 30.0
# A process that ran so long (seconds) had a good start: its end is news, and it is started again at once.
_GOOD_RUN = 20.0
_PATIENCE = 15.0
_LOG_MOST = 1 << 20
_MANNERS = {
    -signal.SIGKILL: "it was killed",
    -signal.SIGTERM: "it was told to end",
    0: "it ended",
    None: "it ended",
}

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Spec:
    """What to run. `marks` are the words of its command line by which it is known again.

    `socket` is where it listens; `locks` a directory that only one such process can have.
    """

    name: str
    words: tuple[str, ...]
    marks: tuple[str, ...]
    folder: Path
    log: Path
    socket: Path
    locks: Path | None = None


class Child:
    """Use `start`, then `stop`. `tell` hears of each unexpected end, in words."""

    def __init__(self, spec: Spec, tell: Tell) -> None:
        self.spec, self._tell = spec, tell
        self._process: Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._state, self._since, self._restarts, self._words = "stopped", 0.0, 0, ""
        self._now = asyncio.Event()
        self.adopted = False

    def view(self) -> ProcessView:
        """How it is."""
        pid = self._process.pid if self._process is not None else 0
        return ProcessView(self._state, pid, self._since, self._restarts, self._words)

    @property
    def pid(self) -> int:
        """Its number, 0 while it does not run."""
        return self._process.pid if self._process is not None else 0

    def start(self) -> None:
        """Keep it running from now on."""
        if self._task is None:
            self._state = "starting"
            self._task = asyncio.get_running_loop().create_task(self._keep())

    def hurry(self) -> None:
        """Start it now if it waits to be started again."""
        self._now.set()

    async def stop(self, *, patience: float = _PATIENCE) -> None:
        """End it, and keep it so."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        process, self._process = self._process, None
        if process is not None:
            await process.end(patience=patience)
            process.close()
        self._state, self._since = "stopped", 0.0

    async def leave(self) -> None:
        """Look after it no more, but let it run: the next supervisor finds it."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if self._process is not None:
            self._process.close()
            self._process = None

    async def restart(self) -> None:
        """End it, and start it afresh."""
        await self.stop()
        self.start()

    async def _keep(self) -> None:
        pause = _PAUSE_FIRST
        while True:
            try:
                self._process = self._found()
                self.adopted = self._process is not None
                self._process = self._process or await self._spawned()
            except OSError as error:
                self._words = f"it can't be started: {error}"
                self._process = None
            began = asyncio.get_running_loop().time()
            if self._process is not None:
                self._state, self._since = "running", time.time()
                status = await self._process.ended()
                self._process.close()
                self._process = None
                self._words = self._last_words(status)
            ran = asyncio.get_running_loop().time() - began
            pause = _PAUSE_FIRST if ran > _GOOD_RUN else min(pause * 2, _PAUSE_LAST)
            self._state, self._since = "waiting", time.time()
            self._restarts += 1
            self._tell(f"{self._words}; it is started again" + (f" in {pause:.0f} s" if pause >= 1 else ""))
            self._now.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._now.wait(), pause)
            self._state = "starting"

    def _found(self) -> Process | None:
        """The process that an earlier supervisor started, if it is still there and what we would start."""
        pid = listener(self.spec.socket)
        if pid is None or not same_program(pid, self.spec.marks):
            return None
        try:
            process = Process(pid)
        except ProcessLookupError:
            return None
        # The descriptor is of whoever has the number now: look once more.
        if same_program(pid, self.spec.marks):
            return process
        process.close()
        return None

    async def _spawned(self) -> Process:
        await self._clear_the_way()
        if self.spec.log.exists() and self.spec.log.stat().st_size > _LOG_MOST:
            os.truncate(self.spec.log, 0)
        return await asyncio.to_thread(spawn, self.spec.words, folder=self.spec.folder, log=self.spec.log)

    async def _clear_the_way(self) -> None:
        """End a process of ours that has the directory but can't be reached: its socket was lost."""
        if self.spec.locks is None:
            return
        pid = lock_holder(self.spec.locks)
        if pid is None or not same_program(pid, ("blockengine", str(self.spec.locks))):
            return
        try:
            process = Process(pid)
        except ProcessLookupError:
            return
        self._tell("a process of an earlier engine still had it, without a socket; it was ended")
        await process.end(patience=_PATIENCE)
        process.close()

    def _last_words(self, status: int | None) -> str:
        manner = _MANNERS.get(status) or (
            f"it was ended by signal {-status}"
            if status is not None and status < 0
            else f"it ended with status {status}"
        )
        said = tail(self.spec.log)
        return f"{manner} ({said})" if said and status != -signal.SIGKILL else manner


def tail(log: Path) -> str:
    """The last line of a log."""
    try:
        with log.open("rb") as file:
            file.seek(max(os.fstat(file.fileno()).st_size - 4096, 0))
            lines = file.read().decode(errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")[:500]


def words_of(program: Sequence[str], *words: str) -> tuple[str, ...]:
    """A command line."""
    return (*program, *words)
