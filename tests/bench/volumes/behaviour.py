"""What cannot be had from fio: flushes, memory, and what a rebuild leaves to clients."""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from blockengine.protocol.admin import Jobs, Progress, SetPace
from blockengine.protocol.nbd_client import Client
from blockengine.verify.rig import Rig, Serving
from tests.bench.measure import Failed
from tests.bench.table import Line, megabytes, milliseconds
from tests.bench.volumes.load import RANDOM_READS, RANDOM_WRITES, fio

_FLUSHES = 40
_MOST_MEMORY = 80e6
_BLOCK = 4096


async def flushes(serving: Serving, folder: Path, replicas: int) -> list[Line]:
    """A flush, alone and with the write before it, beside as many plain files written and synced at once."""
    client = await Client.connect(serving.socket)
    files = [os.open(folder / f"plain{n}", os.O_RDWR | os.O_CREAT, 0o600) for n in range(replicas)]
    ours: list[_Times] = []
    plain: list[_Times] = []
    with ThreadPoolExecutor(replicas) as threads:
        for turn in range(_FLUSHES):
            data, at = os.urandom(_BLOCK), turn * _BLOCK
            began = time.perf_counter()
            await client.write(at, data)
            written = time.perf_counter()
            await client.flush()
            ours.append(_Times.at(began, written, time.perf_counter()))
            began = time.perf_counter()
            list(threads.map(lambda file, at=at, data=data: os.pwrite(file, data, at), files))
            written = time.perf_counter()
            list(threads.map(os.fdatasync, files))
            plain.append(_Times.at(began, written, time.perf_counter()))
    for file in files:
        os.close(file)
    client.close()
    mine, other = _Times.medians(ours), _Times.medians(plain)
    beside = f"three replicas on disk, beside {replicas} files"
    alone, both = mine.flush / other.flush, mine.both / other.both
    shown = milliseconds(mine.flush), milliseconds(other.flush)
    return [
        Line(f"a flush, {beside} synced", *shown, alone, "≤ 2", alone <= 2),
        Line(f"a write and a flush, {beside}", milliseconds(mine.both), milliseconds(other.both), both),
    ]


class _Times(NamedTuple):
    """Seconds that a flush took, and that it took with the write before it."""

    flush: float
    both: float

    @classmethod
    def at(cls, began: float, written: float, flushed: float) -> _Times:
        return cls(flushed - written, flushed - began)

    @classmethod
    def medians(cls, times: list[_Times]) -> _Times:
        return cls(*(statistics.median(values) for values in zip(*times, strict=True)))


def memory(serving: Serving) -> Line:
    """The controller's memory after all that load."""
    status = Path(f"/proc/{serving.process.process.pid}/status")
    if not status.exists():
        return Line("controller, peak memory", "not measured: needs /proc")
    peak = next(int(line.split()[1]) * 1024 for line in status.read_text().splitlines() if "VmHWM" in line)
    return Line("controller, peak memory", megabytes(peak), goal="≤ 80 MB", met=peak <= _MOST_MEMORY)


async def rebuild(rig: Rig, serving: Serving) -> list[Line]:
    """What clients keep while a replica that lost everything is rebuilt."""
    lines = []
    await serving.ask(SetPace())
    for mode in (RANDOM_READS, RANDOM_WRITES):
        usual, _ = await fio(serving.socket, mode)
        await _lose_disk(rig, "r2")
        await _until(serving, lambda job: 0 < job.done < job.total)
        beside, _ = await fio(serving.socket, mode)
        job = (await _rebuilds(serving))[-1]
        under_way = "" if not job.ended else " (the rebuild ended before the load did)"
        share = beside / usual
        what = f"{mode.name} beside a rebuild, three replicas{under_way}"
        lines.append(Line(what, f"{beside:.0f}/s", f"{usual:.0f}/s without", share, "≥ 0.7", share >= 0.7))
        await _until(serving, lambda job: job.state == "done")
    return lines


async def _rebuilds(serving: Serving) -> list[Progress]:
    return [job for job in await serving.ask(Jobs()) if job.what == "rebuild"]


async def _until(serving: Serving, fits: Callable[[Progress], bool]) -> None:
    async with asyncio.timeout(300):
        while not any(fits(job) for job in (await _rebuilds(serving))[-1:]):
            await asyncio.sleep(0.05)


async def _lose_disk(rig: Rig, name: str) -> None:
    await rig.kill_voter(name)
    for file in (rig.folder / name).iterdir():
        file.unlink()
    shape = rig.shape
    status, said = await rig.try_run(
        "replica", "create", str(rig.folder / name), "--of", "scratch", "--name", name,
        "--size", str(shape.size), "--region", str(shape.region), "--lease", str(shape.lease),
    )  # fmt: skip
    if status:
        raise Failed(f"the replica could not be made anew: {said}")
    await rig.start_voter(name)
