"""Runs programs and measures each: wall time, processor time, peak resident memory."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_DEADLINE = 180.0

# A small process starts the measured one: Linux counts the memory of the starter into a child's peak (it is
# the child's own until exec), so a starter as large as this test program would hide what it measures.
_STARTER = """
import json, os, sys, time
began = time.perf_counter()
child = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, used = os.wait4(child, 0)
wall = time.perf_counter() - began
peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
with open(sys.argv[1], "w") as file:
    json.dump([wall, used.ru_utime + used.ru_stime, peak, os.waitstatus_to_exitcode(status)], file)
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One finished run. `wall` and `cpu` in seconds, `peak` in bytes."""

    wall: float
    cpu: float
    peak: float


class Failed(RuntimeError):
    """A measured program failed: its time would mean nothing."""


def run(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, *, lines: int | None = None
) -> Run:
    """Run `command`, its output going to a file in `folder` (a terminal would be measured too).

    :raises Failed: it ended with an error, or printed fewer than `lines` lines.
    """
    numbers, out, err = folder / "numbers.json", folder / "out", folder / "err"
    starter = [sys.executable, "-I", "-S", "-c", _STARTER, str(numbers), *command]
    with out.open("wb") as output, err.open("wb") as errors:
        subprocess.run(
            starter,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            env=dict(environment),
            timeout=_DEADLINE,
            check=True,
        )
    wall, cpu, peak, code = json.loads(numbers.read_text())
    if code:
        said = err.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
        raise Failed(f"{os.path.basename(command[0])} ended with {code}: {said[-1]}")
    if lines is not None and (printed := out.read_bytes().count(b"\n")) < lines:
        raise Failed(f"{os.path.basename(command[0])} printed {printed} lines of at least {lines}")
    return Run(wall, cpu, peak)


def until_printed(command: Sequence[str], environment: Mapping[str, str], marker: bytes) -> Run:
    """Run `command`, which goes on for ever, until it has printed `marker` into a pipe; then end it.

    Its processor time and memory are those up to then (Linux). :raises Failed: it ended before.
    """
    began, tail = time.perf_counter(), b""
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    ) as process:
        assert process.stdout is not None
        try:
            while marker not in tail:
                piece = os.read(process.stdout.fileno(), 1 << 20)
                if not piece:
                    raise Failed(f"{os.path.basename(command[0])} ended before it had printed everything")
                tail = tail[-len(marker) :] + piece
            wall = time.perf_counter() - began
            fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        finally:
            process.kill()
    cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return Run(wall, cpu, float(int(fields[21]) * os.sysconf("SC_PAGE_SIZE")))


def median(runs: Sequence[Run]) -> Run:
    """Of each number."""
    return Run(
        statistics.median(one.wall for one in runs),
        statistics.median(one.cpu for one in runs),
        statistics.median(one.peak for one in runs),
    )


def alternate(
    commands: Mapping[str, Sequence[str]],
    environment: Mapping[str, str],
    folder: Path,
    *,
    rounds: int = 5,
    lines: int | None = None,
) -> dict[str, Run]:
    """Medians over `rounds` turns in which each command runs once, after one turn that only warms caches."""
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for turn in range(rounds + 1):
        for name, command in commands.items():
            measured = run(command, environment, folder, lines=lines)
            if turn:
                runs[name].append(measured)
    return {name: median(some) for name, some in runs.items()}
