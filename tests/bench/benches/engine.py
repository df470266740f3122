"""The block engine beside nbdkit's file plugin and qemu-nbd: fio, on files in memory, all in one run.

One replica that stands alone, and three replicas with their controller. Nothing of the engine's promises is
switched off; the peers keep no checksums, records or copies.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import signal
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import NamedTuple

import uvloop

from blockengine.verify.rig import Rig, Shape
from tests.bench.bench import Place
from tests.bench.measure import Failed
from tests.bench.table import Line

_SIZE = 256 << 20
_ROUNDS, _SECONDS = 3, 3
_PEER = "nbdkit"


class _Mode(NamedTuple):
    """One way to load a device, and the ratios to nbdkit that one and three replicas should reach."""

    name: str
    options: tuple[str, ...]
    side: str
    goals: tuple[float, float]


_MODES = (
    _Mode("4 KiB random reads", ("--rw=randread", "--bs=4k", "--iodepth=32"), "read", (0.6, 0.5)),
    _Mode("4 KiB random writes", ("--rw=randwrite", "--bs=4k", "--iodepth=32"), "write", (0.6, 0.25)),
    _Mode("128 KiB reads in order", ("--rw=read", "--bs=128k", "--iodepth=8"), "read", (0.4, 0.4)),
    _Mode("128 KiB writes in order", ("--rw=write", "--bs=128k", "--iodepth=8"), "write", (0.4, 0.2)),
)


def measure(place: Place) -> list[Line]:
    """A line per mode and device, against nbdkit; qemu-nbd beside it to show where others stand."""
    for program in ("fio", "nbdkit", "qemu-nbd"):
        if shutil.which(program) is None:
            raise Failed(f"{program} is not installed (Debian: {program.replace('qemu-nbd', 'qemu-utils')})")
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(prefix="nv-", dir=memory) as folder:
        return uvloop.run(_measure(Path(folder)))


async def _measure(folder: Path) -> list[Line]:
    lines = []
    async with contextlib.AsyncExitStack() as stack:
        sockets = {
            "one replica": await stack.enter_async_context(_alone(folder)),
            "three replicas": await stack.enter_async_context(_three(folder)),
            "qemu-nbd": await stack.enter_async_context(_peer(folder, "qemu-nbd")),
            _PEER: await stack.enter_async_context(_peer(folder, _PEER)),
        }
        for mode in _MODES:
            rates: dict[str, list[float]] = {name: [] for name in sockets}
            for turn in range(_ROUNDS + 1):
                for name, socket in sockets.items():
                    rate = await _fio(socket, mode)
                    if turn:
                        rates[name].append(rate)
            medians = {name: statistics.median(taken) for name, taken in rates.items()}
            for name, goal in zip(sockets, (*mode.goals, None), strict=False):
                lines.append(_line(name, mode, medians[name], medians[_PEER], goal))
    return lines


def _line(name: str, mode: _Mode, ours: float, peer: float, goal: float | None) -> Line:
    ratio = ours / peer
    shown = [f"{rate:.0f}/s" for rate in (ours, peer)]
    if goal is None:
        return Line(f"{mode.name}, {name} (not ours)", *shown, ratio)
    return Line(f"{mode.name}, {name}", *shown, ratio, f"≥ {goal}", ratio >= goal)


async def _fio(socket: Path, mode: _Mode) -> float:
    """Requests a second."""
    process = await asyncio.create_subprocess_exec(
        "fio", "--name=x", "--ioengine=nbd", f"--uri=nbd+unix:///?socket={socket}", f"--size={_SIZE}",
        f"--runtime={_SECONDS}", "--time_based", "--output-format=json", *mode.options,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, error = await asyncio.wait_for(process.communicate(), 60)
    if process.returncode:
        raise Failed(f"fio: {error.decode(errors='replace')[-500:]}")
    text = out.decode()
    return float(json.loads(text[text.index("{") :])["jobs"][0][mode.side]["iops"])


@contextlib.asynccontextmanager
async def _three(folder: Path) -> AsyncIterator[Path]:
    place = folder / "3"
    place.mkdir()
    rig = Rig(place, Shape(size=_SIZE, region=4 << 20, lease=5000, deadline=8))
    try:
        await rig.create()
        serving = await rig.start_controller(direct=True)
        await serving.process.until("serving")
        yield serving.socket
    finally:
        await rig.close()


@contextlib.asynccontextmanager
async def _alone(folder: Path) -> AsyncIterator[Path]:
    engine, socket = (sys.executable, "-m", "blockengine"), folder / "1.sock"
    made = await asyncio.create_subprocess_exec(
        *engine, "replica", "create", folder / "1", "--size", str(_SIZE)
    )
    if await made.wait():
        raise Failed("the replica could not be made")
    async with _running((*engine, "nbd", str(folder / "1"), "--socket", str(socket)), socket):
        yield socket


@contextlib.asynccontextmanager
async def _peer(folder: Path, program: str) -> AsyncIterator[Path]:
    file, socket = folder / f"{program}.img", folder / f"{program}.sock"
    with file.open("wb") as made:
        made.truncate(_SIZE)
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
        async with asyncio.timeout(30):
            while not socket.exists():
                if process.returncode is not None:
                    raise Failed(f"{command[0]} ended with {process.returncode}")
                await asyncio.sleep(0.02)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        await process.wait()
