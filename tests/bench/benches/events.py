"""100,000 kept events of one fleet: opened, grouped, filtered; and what one more costs while it is live."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from backend.fleet.batch import Batch
from backend.fleet.view import TableView
from backend.observe.events.group import COLUMNS, WORST_FIRST
from backend.observe.events.grouping import Grouping
from backend.observe.events.history import EventHistory
from backend.observe.events.key import EventKey
from backend.observe.events.seen import Seen
from backend.observe.events.selection import Selection
from backend.observe.events.store import EventStore
from backend.text import SafeStr
from tests.bench.bench import Place
from tests.bench.table import Line, milliseconds

CLUSTERS, EACH = 10, 10_000
_REASONS = (
    "BackOff",
    "Unhealthy",
    "FailedScheduling",
    "Pulled",
    "Created",
    "Started",
    "Killing",
    "Scheduled",
)
_STEP = 500
_ROUNDS = 5


def measure(place: Place) -> list[Line]:
    """Lines: writing, reading, grouping, ordering and filtering 100,000; one event more."""
    now = time.time()
    folder = place.folder / "vault.db.events"
    key = os.urandom(32)
    fleet = {f"id-{number}": _events(number, now) for number in range(CLUSTERS)}
    written, size = _write(folder, key, fleet)
    begin = time.perf_counter()
    store = EventStore(folder, EventKey(key))
    loaded = {cluster: store.load(cluster) for cluster in fleet}
    read = time.perf_counter() - begin
    count = sum(map(len, loaded.values()))
    grouping = Grouping(Selection())
    steps: list[float] = []
    begin = time.perf_counter()
    for cluster, events in loaded.items():
        for start in range(0, len(events), _STEP):
            step = time.perf_counter()
            grouping.take(cluster, SafeStr(cluster), events[start : start + _STEP], now=now)
            steps.append(time.perf_counter() - step)
    view = TableView(COLUMNS)
    view.sort_by(WORST_FIRST)
    while grouping.pending:
        step = time.perf_counter()
        view.apply(Batch(changed=tuple(grouping.changes(_STEP)[0]), statuses={}))
        steps.append(time.perf_counter() - step)
    rows = view.rows
    grouped = time.perf_counter() - begin
    filtered = _median(lambda: view.filter("backoff.*-77"), view.filter)
    problems = _median(lambda: view.show_problems(True), lambda: view.show_problems(False))
    return [
        Line(f"write {count:,} events, {size / count:.0f} bytes each", milliseconds(written)),
        Line(f"read them, {CLUSTERS} files", milliseconds(read)),
        Line(f"group them into {len(rows):,} rows, problems first", milliseconds(grouped)),
        Line("… longest step of it in the console", milliseconds(max(steps))),
        Line(f"filter {len(rows):,} rows", milliseconds(filtered)),
        Line("problems only", milliseconds(problems)),
        Line("100 live events among them: rows, places", milliseconds(_live(grouping, view, loaded, now))),
        Line("… and their write", milliseconds(_append(store, fleet["id-0"]))),
    ]


def _events(cluster: int, now: float) -> list[Seen]:
    """Of 2,500 pods of one cluster; the texts are as long as kubelets'."""
    found = []
    for number in range(EACH):
        reason = _REASONS[number % len(_REASONS)]
        last = now - (number * 7919 % 500_000)
        name = f"checkout-6c9f7d8b5c-{number % 2500:05x}"
        message = f"Back-off 5m0s restarting failed container=api pod={name}_pay(3fdfbc3a-{number:08x})"
        found.append(
            Seen(
                f"{cluster:04x}-{number:08x}-4811-b9a8-848deca80147",
                str(number),
                "Pod",
                "v1",
                "pay",
                name,
                f"c0bba51a-{number % 2500:08x}",
                "spec.containers{api}",
                reason,
                "Warning" if number % 8 < 3 else "Normal",
                message,
                "kubelet",
                f"node-{number % 40}",
                last - 600,
                last,
                1 + number % 50,
                "pay",
                f"{name}.{number:x}",
            )
        )
    return found


def _write(folder: Path, key: bytes, fleet: dict[str, list[Seen]]) -> tuple[float, int]:
    store = EventStore(folder, EventKey(key))
    begin = time.perf_counter()
    for cluster, events in fleet.items():
        store.append(cluster, events)
    spent, size = time.perf_counter() - begin, store.size()
    store.close()
    return spent, size


def _live(grouping: Grouping, view: TableView, loaded: dict[str, list[Seen]], now: float) -> float:
    """Seconds for a busy second's hundred."""
    history = EventHistory(None)
    busy = loaded["id-0"][:2500:25]
    some = [replace(event, count=event.count + 1, version="x", last=now) for event in busy]
    begin = time.perf_counter()
    history.take("id-0", some)
    grouping.take("id-0", SafeStr("id-0"), some, now=now)
    view.apply(Batch(changed=tuple(grouping.changes()[0]), statuses={}))
    return time.perf_counter() - begin


def _append(store: EventStore, events: list[Seen]) -> float:
    fresh = [replace(event, version="y") for event in events[:100]]
    begin = time.perf_counter()
    store.append("id-0", fresh)
    return time.perf_counter() - begin


def _median(do: Callable[[], object], undo: Callable[[], object]) -> float:
    spent = []
    for _ in range(_ROUNDS):
        begin = time.perf_counter()
        do()
        spent.append(time.perf_counter() - begin)
        undo()
    return statistics.median(spent)
