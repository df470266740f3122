"""Load by fio's NBD engine."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import NamedTuple

from tests.bench.measure import Failed
from tests.bench.volumes.served import SIZE


class Mode(NamedTuple):
    """One way to load a device, and the ratios to nbdkit that one replica and three should reach."""

    name: str
    options: tuple[str, ...]
    side: str
    goals: tuple[float, float]


RANDOM_READS = Mode("4 KiB random reads", ("--rw=randread", "--bs=4k", "--iodepth=32"), "read", (0.6, 0.5))
RANDOM_WRITES = Mode(
    "4 KiB random writes", ("--rw=randwrite", "--bs=4k", "--iodepth=32"), "write", (0.6, 0.25)
)
MODES = (
    RANDOM_READS,
    RANDOM_WRITES,
    Mode("128 KiB reads in order", ("--rw=read", "--bs=128k", "--iodepth=8"), "read", (0.4, 0.4)),
    Mode("128 KiB writes in order", ("--rw=write", "--bs=128k", "--iodepth=8"), "write", (0.4, 0.2)),
)


async def fio(socket: Path, mode: Mode, *, seconds: float = 2) -> tuple[float, int]:
    """(requests a second, requests)."""
    text = await _fio(socket, f"--runtime={seconds}", "--time_based", *mode.options)
    side = json.loads(text[text.index("{") :])["jobs"][0][mode.side]
    return float(side["iops"]), int(side["total_ios"])


async def fill(socket: Path) -> None:
    """Write the whole device: reading what nobody wrote is no work, and first writes cost more."""
    await _fio(socket, "--rw=write", "--bs=1m", "--iodepth=4")


async def _fio(socket: Path, *options: str) -> str:
    process = await asyncio.create_subprocess_exec(
        "fio", "--name=x", "--ioengine=nbd", f"--uri=nbd+unix:///?socket={socket}", f"--size={SIZE}",
        "--output-format=json", *options, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, error = await asyncio.wait_for(process.communicate(), 120)
    if process.returncode:
        raise Failed(f"fio: {error.decode(errors='replace')[-500:]}")
    return out.decode()
