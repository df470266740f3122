"""The console under a fleet's load: 100 clusters of 1,000 pods, 1,000 changes a second, another process.

The real program in a terminal of 200×50. Its loop carries a probe (``tests.bench.probed``); keys are timed
from outside: from the press until the bytes are here that draw the cursor on another row. On a busy machine
the loop waits for its turn too; how much of its lag was our own work is told apart.
"""

from __future__ import annotations

import json
import re
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench.bench import Place
from tests.bench.feeder.process import Feeder, feeding
from tests.bench.measure import Failed
from tests.bench.probed import Samples, quantile
from tests.bench.stamped import StampedTerminal
from tests.bench.table import Line, megabytes, milliseconds, seconds
from tests.terminal import Terminal

CLUSTERS, PODS, RATE = 100, 1_000, 1_000.0
LAG = KEY = 0.05
MEMORY = 450e6
LISTS = 3
_SIZE = (200, 50)
_DEADLINE = 180.0
_SETTLE = 3.0
_KEYS = 150
_PAUSE = 0.1
_FIRST_ROW = 4
_NAMES = 52
"""Cells from the left in which a row says what it is, of pods as the feeder names them."""
_SYNCING = re.compile(r"syncing \d+ of")
_ROWS = re.compile(r"([\d,]+) rows")


def measure(place: Place) -> list[Line]:
    """Lines: rows there, lists at once, loop lag while listing and after, key to paint, memory."""
    report = place.folder / "probe.json"
    with feeding(clusters=CLUSTERS, pods=PODS) as feeder:
        command = [sys.executable, "-m", "tests.bench.probed", str(report)]
        command += ["--kubeconfig", str(feeder.kubeconfig)]
        environment = place.environment | {"PYTHONPATH": str(Path(__file__).parents[3])}
        with StampedTerminal(command, environment, size=_SIZE) as terminal:
            terminal.expect(f"{CLUSTERS}/{CLUSTERS} live", deadline=_DEADLINE)
            began, listed, lists = _open_pods(terminal, feeder)
            _pump_until(terminal, time.monotonic() + _SETTLE)
            before, steady = feeder.tell().changes, time.monotonic()
            keys = _time_keys(terminal)
            done = time.monotonic()
            rate = (feeder.tell().changes - before) / (done - steady)
            terminal.press("ctrl+q")
            terminal.wait_for_end(deadline=30)
    said = json.loads(report.read_text())
    whole: Samples = [(at, lag) for at, lag, _ in said["samples"]]
    ours: Samples = [(at, own) for at, _, own in said["samples"]]
    holding = max(own for at, own in ours if began <= at <= listed)
    key = _quantile(keys, 0.99)
    return [
        Line(f"{CLUSTERS} × {PODS:,} pods, until all rows are there", seconds(listed - began)),
        Line("… lists in flight, at most", str(lists), goal=f"≤ {LISTS}", met=lists <= LISTS),
        _timed("… loop lag meanwhile, p99", quantile(whole, 0.99, since=began, until=listed), LAG),
        _timed("… of it our own work", quantile(ours, 0.99, since=began, until=listed), LAG),
        Line("… longest piece of our own work", milliseconds(holding)),
        _timed(
            f"loop lag at {rate:,.0f} changes a second, p99",
            quantile(whole, 0.99, since=steady, until=done),
            LAG,
        ),
        _timed("… of it our own work", quantile(ours, 0.99, since=steady, until=done), LAG),
        _timed("key to paint, p99", key, KEY),
        Line("… median", milliseconds(statistics.median(keys))),
        Line("memory at most", megabytes(said["peak"]), goal=megabytes(MEMORY), met=said["peak"] <= MEMORY),
    ]


def _timed(what: str, value: float, goal: float) -> Line:
    return Line(what, milliseconds(value), goal=f"≤ {milliseconds(goal)}", met=value <= goal)


def _open_pods(terminal: Terminal, feeder: Feeder) -> tuple[float, float, int]:
    """Ask for all pods: when that was and when the last row was there (monotonic); most lists at once."""
    feeder.tell(rate=RATE)
    terminal.type(":pods\r")
    began = time.monotonic()

    def complete() -> bool:
        subject = terminal.text.split("\n", 2)[1]
        counted = _ROWS.search(subject)
        rows = int(counted[1].replace(",", "")) if counted else 0
        return rows >= CLUSTERS * PODS * 0.999 and not _SYNCING.search(subject)

    while not complete():
        if time.monotonic() - began > _DEADLINE or not terminal.pump(0.2):
            raise Failed(f"not all rows came:\n{terminal.text}")
    return began, time.monotonic(), feeder.tell().peak_lists


def _time_keys(terminal: Terminal) -> list[float]:
    """Seconds from each press until the cursor is drawn on another object."""
    taken: list[float] = []
    for turn in range(_KEYS):
        key = "j" if turn % 40 < 20 else "k"
        if key == "k" and _cursor(terminal) == _FIRST_ROW:
            key = "j"  # rows above the cursor went away meanwhile
        under = _under_cursor(terminal)
        pressed = time.monotonic()
        terminal.press(key)
        while _under_cursor(terminal) in (under, ""):
            if time.monotonic() - pressed > _DEADLINE / 10 or not terminal.pump(1.0):
                raise Failed(f"key {key} moved nothing from {under}:\n{terminal.text}")
        taken.append(terminal.read_at - pressed)
        _pump_until(terminal, time.monotonic() + _PAUSE)
    return taken


def _under_cursor(terminal: Terminal) -> str:
    """Cluster, namespace and name of the cursor's row; '' amid a frame. Its line is not enough: with a row
    that goes away above it, the next one is on the same line."""
    line = _cursor(terminal)
    return terminal.screen.display[line][:_NAMES] if line >= 0 else ""


def _cursor(terminal: Terminal) -> int:
    """The line of the screen that the cursor's background lies on: the one that differs from most."""
    column = 10
    colours = [terminal.screen.buffer[y][column].bg for y in range(_FIRST_ROW, _SIZE[1] - 5)]
    usual = statistics.mode(colours)
    odd = [y for y, colour in enumerate(colours, start=_FIRST_ROW) if colour != usual]
    return odd[0] if len(odd) == 1 else -1


def _pump_until(terminal: Terminal, moment: float) -> None:
    while (left := moment - time.monotonic()) > 0:
        if not terminal.pump(left):
            raise Failed(f"the console ended:\n{terminal.text}")


def _quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]
