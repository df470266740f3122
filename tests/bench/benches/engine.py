"""The block engine beside nbdkit's file plugin and qemu-nbd: fio, on files in memory and on a disk.

One replica that serves itself, a controller over one, and over three. Nothing of the engine's promises is
switched off; the peers keep no checksums, records or copies. Then flushes, a controller's memory, and what
a rebuild leaves to clients. Beside each rate stands the processor time of all serving processes per request,
which means more than the rate on a machine that has other work.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import NamedTuple

import uvloop

from tests.bench.bench import Place
from tests.bench.measure import Failed
from tests.bench.table import Line
from tests.bench.volumes.behaviour import flushes, memory, rebuild
from tests.bench.volumes.load import MODES, Mode, fill, fio
from tests.bench.volumes.served import Served, alone, controlled, of_rig, peer

_ROUNDS = 2
_PEER = "nbdkit"
_TGT = Line("tgt: iSCSI only, for which fio has no engine without the kernel's initiator", "not measured")


def measure(place: Place) -> list[Line]:
    """A line per mode and device, against nbdkit; qemu-nbd beside it to show where others stand."""
    for program in ("fio", "nbdkit", "qemu-nbd"):
        if shutil.which(program) is None:
            raise Failed(f"{program} is not installed (Debian: {program.replace('qemu-nbd', 'qemu-utils')})")
    lines = []
    if Path("/dev/shm").is_dir():
        with tempfile.TemporaryDirectory(prefix="nv-", dir="/dev/shm") as folder:
            lines += uvloop.run(_measure(Path(folder), "memory"))
    # A socket's path has room for some 100 bytes.
    with tempfile.TemporaryDirectory(prefix="nv-") as folder:
        lines += uvloop.run(_measure(Path(folder), "disk"))
    return [*lines, _TGT]


async def _measure(folder: Path, medium: str) -> list[Line]:
    async with contextlib.AsyncExitStack() as stack:
        rig, three = await stack.enter_async_context(controlled(folder, 3))
        single, one = await stack.enter_async_context(controlled(folder, 1))
        devices = {
            "one replica": await stack.enter_async_context(alone(folder)),
            "controller over one": of_rig(single, one),
            "controller over three": of_rig(rig, three),
            "qemu-nbd": await stack.enter_async_context(peer(folder, "qemu-nbd")),
            _PEER: await stack.enter_async_context(peer(folder, _PEER)),
        }
        for device in devices.values():
            await fill(device.socket)
        for file in folder.rglob("*"):
            _synced(file)
        lines = []
        for mode in MODES:
            lines += await _rates(devices, mode, medium)
        if medium == "memory":
            return [*lines, memory(three), *await rebuild(rig, three)]
        return [*lines, *await flushes(three, folder, 3)]


def _synced(file: Path) -> None:
    """What filling left to be written does not disturb what is measured."""
    if file.is_file():
        descriptor = os.open(file, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


class _Taken(NamedTuple):
    """Requests a second, and microseconds of the servers' processors for each."""

    rate: float
    cost: float

    def __str__(self) -> str:
        return f"{self.rate:.0f}/s, {self.cost:.0f} µs"


async def _rates(devices: dict[str, Served], mode: Mode, medium: str) -> list[Line]:
    taken: dict[str, list[_Taken]] = {name: [] for name in devices}
    for turn in range(_ROUNDS + 1):
        for name, device in devices.items():
            before = device.processor()
            rate, requests = await fio(device.socket, mode)
            if turn:
                taken[name].append(_Taken(rate, (device.processor() - before) / max(requests, 1) * 1e6))
    medians = {
        name: _Taken(*(statistics.median(values) for values in zip(*each, strict=True)))
        for name, each in taken.items()
    }
    goals = dict(zip(("one replica", "controller over three"), mode.goals, strict=True))
    what = f"{mode.name}, {medium}"
    return [_line(name, what, medians, goals.get(name)) for name in devices if name != _PEER]


def _line(name: str, what: str, medians: dict[str, _Taken], goal: float | None) -> Line:
    ratio = medians[name].rate / medians[_PEER].rate
    shown = [str(medians[each]) for each in (name, _PEER)]
    if name == "qemu-nbd":
        return Line(f"{what}, {name} (not ours)", *shown, ratio)
    if goal is None:
        return Line(f"{what}, {name}", *shown, ratio)
    return Line(f"{what}, {name}", *shown, ratio, f"≥ {goal}", ratio >= goal)
