"""Three hundred clusters configured, sixty of them dead: the console's start, and what it costs to keep them.

The real program in a terminal of 200×50; the living are 240 API servers of another process, the dead refuse,
drop or stay silent, and every fifth cluster is one of them. Descriptors and memory are the kernel's numbers,
read while the program works.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from tests.bench.bench import Place
from tests.bench.dead_ports import dead_ports
from tests.bench.feeder.process import Feeder, feeding
from tests.bench.measure import Failed
from tests.bench.table import Line, megabytes, seconds
from tests.terminal import Terminal

LIVE, DEAD, PODS = 240, 60, 200
FIRST_PAINT, ALL_LIVE = 0.6, 10.0
MEMORY = 250e6
DESCRIPTORS = LIVE + DEAD + 100
_SIZE = (200, 50)
_DEADLINE = 120.0
_KEEP = 60.0
"""Seconds over which the cost of keeping them is measured."""


def measure(place: Place) -> list[Line]:
    """Lines: first paint, all live ones there, descriptors, memory, requests and processor afterwards."""
    each = DEAD // 3
    with (
        feeding(clusters=LIVE, pods=PODS) as feeder,
        dead_ports(refusing=each, dropping=each, silent=each) as ports,
    ):
        config = place.folder / "three-hundred.json"
        config.write_text(json.dumps(mixed(json.loads(feeder.kubeconfig.read_text()), ports)))
        began = time.perf_counter()
        command = [*place.navarch, "--kubeconfig", str(config)]
        with Terminal(command, place.environment, size=_SIZE) as terminal:
            if not terminal.wait(lambda: "NAVARCH" in terminal.text):
                raise Failed(f"no first picture:\n{terminal.text}")
            painted = time.perf_counter() - began
            peak = _until_live(terminal)
            live = time.perf_counter() - began
            kept = _Kept(terminal, feeder)
            terminal.press("ctrl+q")
            terminal.wait_for_end(deadline=30)
    return [
        Line("first paint", seconds(painted), goal=f"≤ {FIRST_PAINT} s", met=painted <= FIRST_PAINT),
        Line(
            f"{LIVE} live of {LIVE + DEAD} shown",
            seconds(live),
            goal=f"≤ {ALL_LIVE:.0f} s",
            met=live <= ALL_LIVE,
        ),
        Line("… descriptors at most", str(peak), goal=f"≤ {DESCRIPTORS}", met=peak <= DESCRIPTORS),
        Line("… a minute later", str(kept.descriptors)),
        Line("memory at most", megabytes(kept.memory), goal=megabytes(MEMORY), met=kept.memory <= MEMORY),
        Line("requests a second afterwards, over all", f"{kept.requests:.1f}"),
        Line("processor afterwards", f"{kept.processor:.0%}"),
    ]


class _Kept:
    """What the fleet costs while nobody does anything."""

    def __init__(self, terminal: Terminal, feeder: Feeder) -> None:
        feeder.tell("reset")
        pid, before = terminal.pid, _processor(terminal.pid)
        began = time.monotonic()
        while (left := began + _KEEP - time.monotonic()) > 0:
            if not terminal.pump(left):
                raise Failed(f"the console ended:\n{terminal.text}")
        spent = time.monotonic() - began
        self.requests = feeder.tell().requests / spent
        self.processor = (_processor(pid) - before) / spent
        self.descriptors = _descriptors(pid)
        self.memory = _peak_memory(pid)


def _until_live(terminal: Terminal) -> int:
    """Wait until all that live are counted; the most descriptors seen meanwhile."""
    end, peak = time.monotonic() + _DEADLINE, 0
    while f"{LIVE}/{LIVE + DEAD} live" not in terminal.text:
        if time.monotonic() > end or not terminal.pump(0.05):
            raise Failed(f"not all live clusters were shown:\n{terminal.text}")
        peak = max(peak, _descriptors(terminal.pid))
    return peak


def mixed(config: dict[str, Any], dead: list[int]) -> dict[str, Any]:
    """The kubeconfig with the dead among the living, one after every four."""
    template = config["clusters"][0]["cluster"]
    clusters, contexts = list(config["clusters"]), list(config["contexts"])
    for place, port in enumerate(dead):
        name = f"dead-{place:02d}"
        at = min(place * 5, len(clusters))
        clusters.insert(at, {"name": name, "cluster": {**template, "server": f"https://127.0.0.1:{port}"}})
        context = {**config["contexts"][0]["context"], "cluster": name}
        contexts.insert(at, {"name": name, "context": context})
    return {**config, "clusters": clusters, "contexts": contexts}


def _descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def _peak_memory(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return float(line.split()[1]) * 1024
    raise Failed("the kernel does not tell the peak memory")


def _processor(pid: int) -> float:
    """Seconds of processor used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
