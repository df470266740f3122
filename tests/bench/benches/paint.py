"""What the console costs a terminal: time to its first picture, bytes of it, bytes of a row that changes.

Measured in a pseudo-terminal of 200×50, where every byte is one that an SSH line would carry. The peer of the
first picture is the smallest program of the same framework: what is above it is ours.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Sequence

from tests.bench.bench import Place
from tests.bench.measure import Failed
from tests.bench.table import Line, seconds
from tests.real import workload
from tests.real.control_plane import ControlPlane
from tests.terminal import Terminal

SIZE = (200, 50)
FIRST_PAINT = 0.6
FIRST_BYTES = 60_000
ROW_BYTES = 1_000
_ROUNDS = 5
_PODS = 40
_CHANGES = 100
_RATE = 20.0
_SETTLE = 2.0  # a changed cell glows for a second: its fading is part of what it costs
_BARE = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self): yield Static("NAVARCH")
Bare().run()
"""


def measure(place: Place) -> list[Line]:
    """Lines: first paint (time, bytes), and bytes per changed row at 20 changes a second."""
    plane = place.rig().clusters[1]
    console = [*place.navarch, "--kubeconfig", str(place.rig().kubeconfig)]
    ours: list[float] = []
    peer: list[float] = []
    sizes: list[int] = []
    for turn in range(_ROUNDS + 1):
        taken, size = _first_paint(console, place)
        bare, _ = _first_paint([sys.executable, "-c", _BARE], place)
        if turn:
            ours.append(taken)
            sizes.append(size)
            peer.append(bare)
    first, floor, painted = statistics.median(ours), statistics.median(peer), statistics.median(sizes)
    row = _bytes_of_a_changed_row(console, place, plane)
    return [
        Line(
            "first paint, against a bare Textual app",
            seconds(first),
            seconds(floor),
            first / floor,
            f"≤ {FIRST_PAINT} s",
            first <= FIRST_PAINT,
        ),
        Line("… bytes until then", f"{painted / 1e3:.1f} kB", goal="≤ 60 kB", met=painted <= FIRST_BYTES),
        Line(
            f"a changed row at {_RATE:.0f} a second, bytes",
            f"{row:.0f} B",
            goal="≤ 1 kB",
            met=row <= ROW_BYTES,
        ),
    ]


def _first_paint(command: Sequence[str], place: Place) -> tuple[float, int]:
    """Seconds and bytes until the program's name stands on the screen."""
    began = time.perf_counter()
    with Terminal(command, place.environment, size=SIZE) as terminal:
        if not terminal.wait(lambda: "NAVARCH" in terminal.text):
            raise Failed(f"no first picture:\n{terminal.text}")
        return time.perf_counter() - began, len(terminal.raw)


def _bytes_of_a_changed_row(command: Sequence[str], place: Place, plane: ControlPlane) -> float:
    """Bytes written per change while the pods of one screenful restart, 20 a second."""
    api = plane.api()
    namespace = "paint"
    workload.add_node(api, "node-of-paint")
    workload.add_namespace(plane, namespace)
    path = f"/api/v1/namespaces/{namespace}/pods"
    made = []
    for number in range(_PODS):
        manifest = workload.pod(number, "node-of-paint", padding=0, seed=7)
        manifest["metadata"].update(namespace=namespace, name=f"painted-{number:02d}")
        api.post(path, manifest)
        status = workload.running_status(manifest, number)
        api.merge(f"{path}/painted-{number:02d}/status", {"status": status})
        made.append(status)
    with Terminal(command, place.environment, size=SIZE) as terminal:
        terminal.expect("2/2 live", deadline=60)
        terminal.type(f":pods -n {namespace}\r")
        terminal.expect("painted-00", f"painted-{_PODS - 1:02d}", deadline=60)
        _pump_until(terminal, time.perf_counter() + _SETTLE)
        before, began = len(terminal.raw), time.perf_counter()
        for change in range(_CHANGES):
            number = change % _PODS
            made[number]["containerStatuses"][0]["restartCount"] += 1
            api.merge(f"{path}/painted-{number:02d}/status", {"status": made[number]})
            _pump_until(terminal, began + (change + 1) / _RATE)
        _pump_until(terminal, time.perf_counter() + _SETTLE)
        last = made[(_CHANGES - 1) % _PODS]["containerStatuses"][0]["restartCount"]
        terminal.expect_line(f"painted-{(_CHANGES - 1) % _PODS:02d}", f" {last} ")
        return (len(terminal.raw) - before) / _CHANGES


def _pump_until(terminal: Terminal, moment: float) -> None:
    while (left := moment - time.perf_counter()) > 0:
        if not terminal.pump(left):
            raise Failed(f"the console ended:\n{terminal.text}")
