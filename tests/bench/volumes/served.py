"""Block devices served over NBD on UNIX sockets: ours, and peers that keep no promises."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from blockengine.verify.rig import Rig, Serving, Shape
from tests.bench.measure import Failed

SIZE = 256 << 20


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
async def alone(folder: Path) -> AsyncIterator[Path]:
    """One replica that serves itself; its socket."""
    engine, socket = (sys.executable, "-m", "blockengine"), folder / "1.sock"
    made = await asyncio.create_subprocess_exec(
        *engine, "replica", "create", folder / "1", "--size", str(SIZE), stdout=asyncio.subprocess.DEVNULL
    )
    if await made.wait():
        raise Failed("the replica could not be made")
    async with _running((*engine, "nbd", str(folder / "1"), "--socket", str(socket)), socket):
        yield socket


@contextlib.asynccontextmanager
async def peer(folder: Path, program: str) -> AsyncIterator[Path]:
    """A plain file behind nbdkit or qemu-nbd; its socket."""
    file, socket = folder / f"{program}.img", folder / f"{program}.sock"
    with file.open("wb") as made:
        made.truncate(SIZE)
    command = {
        "nbdkit": ("nbdkit", "-f", "-U", str(socket), "file", str(file)),
        "qemu-nbd": ("qemu-nbd", "-t", "-e", "8", "-f", "raw", "-k", str(socket), str(file)),
    }[program]
    async with _running(command, socket):
        yield socket


@contextlib.asynccontextmanager
async def _running(command: Sequence[str], socket: Path) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    try:
        async with asyncio.timeout(60):
            while not socket.exists():
                if process.returncode is not None:
                    raise Failed(f"{command[0]} ended with {process.returncode}")
                await asyncio.sleep(0.02)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        await process.wait()
