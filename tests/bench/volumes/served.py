"""Block devices served over NBD on UNIX sockets: ours, and peers that keep no promises."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import NamedTuple

from blockengine.verify.rig import Rig, Serving, Shape
from tests.bench.measure import Failed

SIZE = 256 << 20


class Served(NamedTuple):
    """A device's socket, and the processes that serve it."""

    socket: Path
    pids: tuple[int, ...]

    def processor(self) -> float:
        """Seconds of processor time that they used so far; 0 where there is no /proc."""
        return sum(_processor(pid) for pid in self.pids)


def _processor(pid: int) -> float:
    status = Path(f"/proc/{pid}/stat")
    if not status.exists():
        return 0.0
    fields = status.read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def of_rig(rig: Rig, serving: Serving) -> Served:
    """A controller and its voters."""
    voters = (voter.process.pid for voter in rig.voters.values())
    return Served(serving.socket, (serving.process.process.pid, *voters))


@contextlib.asynccontextmanager
async def controlled(folder: Path, replicas: int) -> AsyncIterator[tuple[Rig, Serving]]:
    """A volume behind a controller."""
    place = folder / f"c{replicas}"
    place.mkdir()
    rig = Rig(place, Shape(replicas=replicas, size=SIZE, region=4 << 20, lease=5000, deadline=30))
    try:
        await rig.create()
        serving = await rig.start_controller(direct=True)
        await serving.process.until("serving")
        yield rig, serving
    finally:
        await rig.close()


@contextlib.asynccontextmanager
async def alone(folder: Path) -> AsyncIterator[Served]:
    """One replica that serves itself."""
    engine, socket = (sys.executable, "-m", "blockengine"), folder / "1.sock"
    made = await asyncio.create_subprocess_exec(
        *engine, "replica", "create", folder / "1", "--size", str(SIZE), stdout=asyncio.subprocess.DEVNULL
    )
    if await made.wait():
        raise Failed("the replica could not be made")
    async with _running((*engine, "nbd", str(folder / "1"), "--socket", str(socket)), socket) as served:
        yield served


@contextlib.asynccontextmanager
async def peer(folder: Path, program: str) -> AsyncIterator[Served]:
    """A plain file behind nbdkit or qemu-nbd."""
    file, socket = folder / f"{program}.img", folder / f"{program}.sock"
    with file.open("wb") as made:
        made.truncate(SIZE)
    command = {
        "nbdkit": ("nbdkit", "-f", "-U", str(socket), "file", str(file)),
        "qemu-nbd": ("qemu-nbd", "-t", "-e", "8", "-f", "raw", "-k", str(socket), str(file)),
    }[program]
    async with _running(command, socket) as served:
        yield served


@contextlib.asynccontextmanager
async def _running(command: Sequence[str], socket: Path) -> AsyncIterator[Served]:
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    try:
        async with asyncio.timeout(60):
            while not socket.exists():
                if process.returncode is not None:
                    raise Failed(f"{command[0]} ended with {process.returncode}")
                await asyncio.sleep(0.02)
        yield Served(socket, (process.pid,))
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        await process.wait()
