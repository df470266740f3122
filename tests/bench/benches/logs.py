"""Logs: many streams in the console, a spool of many million lines, and the command line beside kubectl.

The containers are simulated ones in a process of their own (``tests.bench.log_server``). Both programs of the
command line read the same pod of the same server; ours asks for times too, or it could not resume. Followed,
both are ended when the last line is printed: ours goes on when a followed stream ends.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from backend.observe.logs.block import Entry
from backend.observe.logs.desk import ShownLines
from backend.observe.logs.levels import LevelReader
from backend.observe.logs.line_filter import line_filter
from backend.observe.logs.spool import Spool
from backend.observe.logs.spool_file import SpoolFolder
from tests.bench.bench import Place
from tests.bench.log_server import TEXT, LogServer, serving
from tests.bench.measure import Failed, Run, alternate, median, until_printed
from tests.bench.probed import Samples, quantile
from tests.bench.table import Line, megabytes, milliseconds, seconds
from tests.real import binaries
from tests.terminal import Terminal

STREAMS, RATE, BURST = 200, 20_000.0, 50_000.0
LAG = 0.05
FILTER = 1.0
FIRST, THROUGHPUT = 1.2, 0.8
SPOOLED, MANY = 1_000_000, 10_000_000
GROWTH = 1.2
_BLOB = 1_000_000
_TURNS = 5
_SECONDS = 15.0
_DEADLINE = 180.0
_LINES = re.compile(r"· ([\d,]+) lines")
_OPEN = re.compile(r"(\d+) open")
_SIZE = (200, 50)


def measure(place: Place) -> list[Line]:
    found = _spooled()
    with serving(place.folder / "logs", clusters=4, pods=56) as server:
        for rate in (RATE, BURST):
            found += _many_streams(place, server, rate)
        found += _beside_kubectl(place, server)
    return found


# --- the spool


def _spooled() -> list[Line]:
    """Memory by number of lines, and a filter over a million of them."""
    with tempfile.TemporaryDirectory() as folder:
        spool = Spool(folder=SpoolFolder(Path(folder)), largest=512 * 1024 * 1024)
        try:
            reader = LevelReader()
            began = time.perf_counter()
            _append(spool, reader, 0, SPOOLED)
            wrote = time.perf_counter() - began
            few = _filter(spool, "seq=77..77$")
            half = _filter(spool, "seq=.*[02468]$")
            first = _resident()
            _append(spool, reader, SPOOLED, MANY)
            last = _resident()
        finally:
            spool.close()
    growth = last / first
    return [
        Line("a million lines levelled, spooled, encrypted", seconds(wrote)),
        Line("filter over them, few match", seconds(few), goal=f"≤ {FILTER:.0f} s", met=few <= FILTER),
        Line("… every second one matches", seconds(half), goal=f"≤ {FILTER:.0f} s", met=half <= FILTER),
        Line(
            f"memory after {MANY / 1e6:.0f} million lines, against 1",
            megabytes(last),
            megabytes(first),
            growth,
            f"≤ {GROWTH} ×",
            growth <= GROWTH,
        ),
    ]


def _append(spool: Spool, reader: LevelReader, start: int, stop: int) -> None:
    text = TEXT + b"%d"
    for at in range(start, stop, 1000):
        lines = [text % number for number in range(at, at + 1000)]
        spool.append([Entry(number, 0, reader.level(line), line) for number, line in enumerate(lines, at)])
        if spool.busy:
            spool.settle().result(_DEADLINE)
    spool.settle().result(_DEADLINE)


def _filter(spool: Spool, pattern: str) -> float:
    began = time.perf_counter()
    shown = ShownLines(spool, line_filter(match=pattern))
    while shown.behind:
        shown.look()
    if not len(shown):
        raise Failed(f"{pattern} was not found")
    return time.perf_counter() - began


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return float(pages * 4096)


# --- the console


def _many_streams(place: Place, server: LogServer, rate: float) -> list[Line]:
    report = place.folder / "probe.json"
    command = [sys.executable, "-m", "tests.bench.probed", str(report)]
    command += ["--kubeconfig", str(server.kubeconfig)]
    environment = place.environment | {"PYTHONPATH": str(Path(__file__).parents[3])}
    with Terminal(command, environment, size=_SIZE) as terminal:
        terminal.expect("live", deadline=_DEADLINE)
        terminal.type(":logs --tail 0\r")
        opened = _until(terminal, server, lambda: _number(_OPEN, terminal) >= STREAMS)
        before = server.sent()[0]
        server.order(rate=rate)
        began = time.monotonic()
        _pump(terminal, _SECONDS)
        server.order(rate=0)
        done = time.monotonic()
        _pump(terminal, 1.0)
        sent = server.sent()[0] - before
        _until(terminal, server, lambda: _number(_LINES, terminal) >= sent)
        shown = _number(_LINES, terminal)
        terminal.press("ctrl+q")
        terminal.wait_for_end(deadline=30)
    said = json.loads(report.read_text())
    whole: Samples = [(at, lag) for at, lag, _ in said["samples"]]
    ours: Samples = [(at, own) for at, _, own in said["samples"]]
    came = sent / (done - began)
    lag = quantile(whole, 0.99, since=began, until=done)
    own = quantile(ours, 0.99, since=began, until=done)
    return [
        Line("streams open", str(opened), goal=f"{STREAMS}", met=opened >= STREAMS),
        Line(
            f"{sent:,} lines at {came:,.0f} a second, lost", f"{sent - shown:,}", goal="0", met=sent == shown
        ),
        Line("… loop lag, p99", milliseconds(lag), goal=f"≤ {milliseconds(LAG)}", met=lag <= LAG),
        Line("… of it our own work", milliseconds(own), goal=f"≤ {milliseconds(LAG)}", met=own <= LAG),
        Line("… memory at most", megabytes(said["peak"])),
    ]


def _number(pattern: re.Pattern[str], terminal: Terminal) -> int:
    found = pattern.search(terminal.text)
    return int(found[1].replace(",", "")) if found else 0


def _until(terminal: Terminal, server: LogServer, held) -> int:  # type: ignore[no-untyped-def]
    stop = time.monotonic() + _DEADLINE
    while not held():
        if time.monotonic() > stop or not terminal.pump(0.2):
            raise Failed(f"it did not come true; {server.sent()} sent and open:\n{terminal.text}")
    return _number(_OPEN, terminal)


def _pump(terminal: Terminal, duration: float) -> None:
    stop = time.monotonic() + duration
    while (left := stop - time.monotonic()) > 0:
        terminal.pump(min(left, 0.2))


# --- the command line


def _beside_kubectl(place: Place, server: LogServer) -> list[Line]:
    cluster, namespace, pod = asyncio.run(_a_pod(server))
    config = ["--kubeconfig", str(server.kubeconfig)]
    peer = [binaries.find()["kubectl"], *config, "--context", cluster, "-n", namespace, "logs", pod]
    ours = [*place.navarch, "logs", pod, "-n", namespace, "-c", cluster, *config]
    server.order(blob=_BLOB)
    first = _pair(place, [*ours, "--tail", "1"], [*peer, "--tail", "1"], lines=1)
    console = _first_line(place, server, f"pods {pod} -n {namespace} @{cluster}")
    every = _pair(place, ours, peer, lines=_BLOB)
    quick, fast = first[0] / first[1], every[1] / every[0]
    followed = _followed(place, ours, peer)
    flow, work = (getattr(followed["peer"], of) / getattr(followed["ours"], of) for of in ("wall", "cpu"))
    return [
        Line(
            "l in the console until the first line, against kubectl logs POD --tail 1",
            seconds(console),
            seconds(first[1]),
            console / first[1],
            f"≤ {FIRST} ×",
            console <= FIRST * first[1],
        ),
        Line(
            "navarch logs POD --tail 1, the program's start included",
            seconds(first[0]),
            seconds(first[1]),
            quick,
            f"≤ {FIRST} ×",
            quick <= FIRST,
        ),
        Line(
            f"navarch logs of {_BLOB:,} lines: lines a second",
            f"{_BLOB / every[0]:,.0f}",
            f"{_BLOB / every[1]:,.0f}",
            fast,
            f"≥ {THROUGHPUT} ×",
            fast >= THROUGHPUT,
        ),
        Line(
            f"navarch logs -f of {_BLOB:,} lines into a pipe: lines a second",
            f"{_BLOB / followed['ours'].wall:,.0f}",
            f"{_BLOB / followed['peer'].wall:,.0f}",
            flow,
            f"≥ {THROUGHPUT} ×",
            flow >= THROUGHPUT,
        ),
        Line(
            "… lines a second of processor time",
            f"{_BLOB / followed['ours'].cpu:,.0f}",
            f"{_BLOB / followed['peer'].cpu:,.0f}",
            work,
            f"≥ {THROUGHPUT} ×",
            work >= THROUGHPUT,
        ),
    ]


def _followed(place: Place, ours: Sequence[str], peer: Sequence[str]) -> dict[str, Run]:
    """Until the last line is printed, the start included; then each is ended: ours would go on."""
    last = TEXT + b"%d\n" % (_BLOB - 1)
    runs: dict[str, list[Run]] = {"ours": [], "peer": []}
    for turn in range(_TURNS + 1):
        for name, command in (("ours", ours), ("peer", peer)):
            measured = until_printed([*command, "-f"], place.environment, last)
            if turn:
                runs[name].append(measured)
    return {name: median(some) for name, some in runs.items()}


def _first_line(place: Place, server: LogServer, list_line: str) -> float:
    """Seconds from ``l`` on a pod until a line of its log is on the screen."""
    command = [*place.navarch, "--kubeconfig", str(server.kubeconfig)]
    with Terminal(command, place.environment, size=_SIZE) as terminal:
        terminal.expect("live", deadline=_DEADLINE)
        terminal.type(f":{list_line}\r")
        terminal.expect("· 1 row", deadline=_DEADLINE)
        terminal.expect("Running", deadline=_DEADLINE)
        pressed = time.monotonic()
        terminal.press("l")
        terminal.expect("seq=", deadline=_DEADLINE)
        took = terminal.read_at - pressed
        terminal.press("ctrl+q")
        terminal.wait_for_end(deadline=30)
    return took


def _pair(place: Place, ours: Sequence[str], peer: Sequence[str], *, lines: int) -> tuple[float, float]:
    medians = alternate({"ours": ours, "peer": peer}, place.environment, place.folder, lines=lines)
    return medians["ours"].wall, medians["peer"].wall


async def _a_pod(server: LogServer) -> tuple[str, str, str]:
    """(cluster, namespace, name) of a pod with one running container."""
    from backend.fleet.fleet import Fleet
    from backend.fleet.inmemory import members_of
    from backend.fleet.listing import list_once
    from backend.fleet.query import Query

    members, _ = members_of(server.kubeconfig)
    async with Fleet(member for member in members if member.name in server.clusters) as fleet:
        clusters = fleet.select([server.clusters[0]])
        async for piece in list_once(clusters, Query(kind="pods", names=("api-*",)), timeout=60):
            for row in piece.rows:
                if getattr(row.item, "status", "") == "Running":
                    return server.clusters[0], row.item.metadata.namespace, row.item.metadata.name
    raise Failed("no pod runs")
