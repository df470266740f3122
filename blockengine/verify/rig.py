"""One scratch volume as processes: voters, controllers, and the wires between them."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from blockengine.protocol.admin import Verb
from blockengine.verify.proxy import Wire
from blockengine.volume.asking import asking

DEADLINE = 60.0
PROGRAM = (sys.executable, "-m", "blockengine")
_PR_SET_PDEATHSIG = 1
_FAULTY = (sys.executable, "-m", "blockengine.verify.faulty")


def _die_with_parent() -> None:
    """In a new process: end when the rig's process ends, however it does (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Stuck(Exception):
    """A process did not do in time what it must."""


@dataclass(frozen=True)
class Shape:
    """What volume to make. Sizes are bytes, `lease` milliseconds, `deadline` seconds."""

    replicas: int = 3
    witness: bool = False
    size: int = 16 << 20
    block_size: int = 4096
    region: int = 1 << 20
    lease: int = 1000
    deadline: float = 1.5


@dataclass
class Process:
    """One program of the engine; `said` are its lines on standard output and error."""

    name: str
    process: asyncio.subprocess.Process
    said: list[str] = field(default_factory=list)
    reading: asyncio.Task[None] | None = None
    ending: bool = False
    """It was told to end; until it has it still counts as alive."""
    news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def alive(self) -> bool:
        return self.process.returncode is None

    def send(self, number: int) -> None:
        """Send a signal, if the process is there to get it."""
        if self.alive:
            self.ending |= number in (signal.SIGKILL, signal.SIGTERM)
            self.process.send_signal(number)

    async def read(self) -> None:
        """Collect what it says until it ends."""
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            self.said.append(line.decode(errors="replace").rstrip())
            self.news.set()
        await self.process.wait()
        self.news.set()

    async def until(self, words: str, *, deadline: float = DEADLINE) -> str:
        """The first line with these words. Raises: Stuck."""
        loop = asyncio.get_running_loop()
        end = loop.time() + deadline
        while True:
            found = next((line for line in self.said if words in line), None)
            if found is not None:
                return found
            if not self.alive or loop.time() > end:
                state = "" if self.alive else f" (it ended with {self.process.returncode})"
                raise Stuck(f"{self.name} never said {words!r}{state}: {self.said[-5:]}")
            self.news.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.news.wait(), end - loop.time())

    async def end(self, number: int = signal.SIGKILL) -> int:
        """End it; its exit status."""
        self.send(number)
        if number != signal.SIGKILL:
            self.send(signal.SIGCONT)
        try:
            status = await asyncio.wait_for(self.process.wait(), DEADLINE)
        except TimeoutError:
            self.process.kill()
            raise Stuck(f"{self.name} did not end: {self.said[-5:]}") from None
        if self.reading is not None:
            await self.reading
        return status


@dataclass
class Serving:
    """A controller's process, its NBD and admin sockets, and its wires to the voters."""

    process: Process
    socket: Path
    admin: Path
    wires: dict[str, Wire]

    async def ask(self, verb: Verb, *, deadline: float = DEADLINE) -> Any:
        """What the controller answers. Raises: Silent, Declined."""
        async with asking(self.admin) as asker:
            return await asker.ask(verb, deadline=deadline)


class Rig:
    """Everything lives in `folder`; `close` ends every process that was started.

    With `faulty`, voters run on disks that may fail (`verify.faulty`). `program` runs what serves.
    """

    def __init__(
        self,
        folder: Path,
        shape: Shape,
        *,
        faulty: bool = False,
        program: Sequence[str] = PROGRAM,
    ) -> None:
        self.folder, self.shape = folder, shape
        self.faulty = faulty
        self._controller_program = (*program, "volume", "serve")
        self._voter_program = _FAULTY if faulty else (*program, "replica", "serve")
        self.replicas = [f"r{number}" for number in range(shape.replicas)]
        self.names = [*self.replicas, *(["w0"] if shape.witness else [])]
        self.voters: dict[str, Process] = {}
        self.controllers: list[Serving] = []
        self._started: list[Process] = []

    async def create(self, *, clone: bool = False) -> None:
        """Make the volume and start its voters; a clone is to be filled."""
        shape = self.shape
        for name in self.names:
            what = ["--size", str(shape.size), "--block-size", str(shape.block_size)]
            what += ["--region", str(shape.region)]
            kind = what if name in self.replicas else ["--witness"]
            await self.run(
                "replica", "create", str(self.folder / name), "--of", "scratch", "--name", name,
                "--lease", str(shape.lease), *kind,
            )  # fmt: skip
        for name in self.names:
            await self.start_voter(name)
        await self.run("volume", "create", *self.addresses(), *(["--clone"] if clone else []))

    def addresses(self) -> list[str]:
        """The options that name every voter, without wires between."""
        return [word for name in self.names for word in ("--voter", f"unix:{self.socket(name)}")]

    def socket(self, name: str) -> Path:
        """Where a voter listens."""
        return self.folder / f"{name}.sock"

    async def run(self, *words: str) -> list[str]:
        """Run a command to its end; what it said. Raises: Stuck if it fails."""
        status, said = await self.try_run(*words)
        if status:
            raise Stuck(f"{' '.join(words)}: {said}")
        return said

    async def try_run(self, *words: str) -> tuple[int, list[str]]:
        """Run a command to its end; its status and what it said."""
        process = await self._start(words[0], PROGRAM, words)
        status = await asyncio.wait_for(process.process.wait(), DEADLINE)
        if process.reading is not None:
            await process.reading
        return status, process.said

    async def start_voter(self, name: str) -> None:
        """Start a voter and wait until it listens."""
        words = (str(self.folder / name), "--listen", f"unix:{self.socket(name)}")
        self.voters[name] = process = await self._start(name, self._voter_program, words)
        await process.until("listening")

    async def kill_voter(self, name: str) -> None:
        """kill -9."""
        await self.voters[name].end()

    async def start_controller(
        self, *, without: str = "", direct: bool = False, fill_from: str = ""
    ) -> Serving:
        """Start a controller, kept apart from one voter; it serves once it says so.

        Its connections go through wires that can be cut, unless they are to be `direct`.
        """
        number = len(self.controllers)
        wires = {}
        for name in () if direct else self.names:
            wires[name] = Wire(self.folder / f"c{number}-{name}.sock", self.socket(name))
            await wires[name].open()
            if name == without:
                wires[name].swallow()
        voters = [word for wire in wires.values() for word in ("--voter", f"unix:{wire.path}")]
        socket, admin = self.folder / f"nbd{number}.sock", self.folder / f"admin{number}.sock"
        words = [
            *(voters or self.addresses()),
            "--socket",
            str(socket),
            "--admin",
            str(admin),
            "--deadline",
            str(self.shape.deadline),
            # A volume in trouble all the time would hardly ever be whole otherwise.
            "--share",
            "1",
            "--fill-from",
            fill_from,
        ]
        process = await self._start(f"controller {number}", self._controller_program, words)
        serving = Serving(process, socket, admin, wires)
        self.controllers.append(serving)
        return serving

    async def _start(self, name: str, program: Sequence[str], words: Sequence[str]) -> Process:
        running = await asyncio.create_subprocess_exec(
            *program,
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            preexec_fn=_die_with_parent,
        )
        process = Process(name, running)
        process.reading = asyncio.get_running_loop().create_task(process.read())
        self._started.append(process)
        self._started = [each for each in self._started if each.alive]
        return process

    async def close(self) -> None:
        """End every process, and break every wire."""
        for process in self._started:
            if process.alive:
                await process.end()
        for serving in self.controllers:
            for wire in serving.wires.values():
                wire.close()
