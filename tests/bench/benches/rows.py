"""Sorting, filtering and marking 100,000 rows of 100 clusters, in the code that console and ``get`` use."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from functools import partial

from backend.fleet.batch import Batch
from backend.fleet.row import Row, make_row, table_columns
from backend.fleet.view import TableView
from backend.resources import registry
from backend.resources.kinds.pod import KIND
from backend.text import SafeStr
from tests.bench.bench import Place
from tests.bench.feeder.collection import Collection
from tests.bench.table import Line, milliseconds

CLUSTERS, PODS = 100, 1_000
GOAL, STEP_GOAL = 0.15, 0.05
_ROUNDS = 5
_FILTERS = ("crash", "app-3", "nothing of this kind", "fed-05[0-9].*running")


def measure(place: Place) -> list[Line]:
    """Lines: the slowest column to sort by, the slowest filter, problems only, marks, a batch of changes."""
    rows = _rows()
    view = TableView(table_columns([KIND]))
    for start in range(0, len(rows), 5_000):
        view.apply(Batch(changed=tuple(rows[start : start + 5_000]), statuses={}))
    gc.collect()
    sorts = {
        column.name: _median(partial(view.sort_by, column.name), partial(view.sort_by, ""))
        for column in view.columns
    }
    slowest = max(sorts, key=lambda name: sorts[name])
    view.sort_by("")
    filters = {text: _median(partial(view.filter, text), view.filter) for text in _FILTERS}
    hardest = max(filters, key=lambda text: filters[text])
    view.filter()
    problems = _median(lambda: view.show_problems(True), lambda: view.show_problems(False))
    view.show_problems(False)
    marks = _median(view.mark_shown)
    changed = [make_row(r.item, cluster_id=r.cluster_id, cluster=r.cluster, kind=KIND) for r in rows[::1000]]
    view.sort_by(slowest)
    batch = _median(lambda: view.apply(Batch(changed=tuple(changed), statuses={})))
    view.sort_by("")
    steps = [*_steps(view, partial(view.sort_by, slowest)), *_steps(view, partial(view.filter, hardest))]
    return [
        _line(f"sort {len(rows):,} rows by {slowest}", sorts[slowest]),
        _line(f"filter {len(rows):,} rows by {hardest!r}", filters[hardest]),
        _longest("… longest step of both in the console", max(steps)),
        Line("… all steps of both", milliseconds(sum(steps))),
        _line(f"problems only of {len(rows):,} rows", problems),
        Line(f"mark {len(rows):,} rows", milliseconds(marks)),
        Line(f"a batch of {len(changed)} changes among them", milliseconds(batch)),
    ]


def _line(what: str, taken: float) -> Line:
    return Line(what, milliseconds(taken), goal=f"≤ {milliseconds(GOAL)}", met=taken <= GOAL)


def _longest(what: str, taken: float) -> Line:
    return Line(what, milliseconds(taken), goal=f"≤ {milliseconds(STEP_GOAL)}", met=taken <= STEP_GOAL)


def _steps(view: TableView, act: Callable[[], object]) -> list[float]:
    """Seconds of each step of what ``act`` begins, as the console takes them."""
    view.spread = lambda: None
    taken, more = [], True
    began = time.perf_counter()
    act()
    while more:
        more = view.arrange()
        taken.append(time.perf_counter() - began)
        began = time.perf_counter()
    view.spread = None
    return taken


def _median(act: Callable[[], object], undo: Callable[[], object] = bool) -> float:
    """Seconds that ``act`` takes, ``undo`` done before each turn."""
    taken = []
    for _ in range(_ROUNDS):
        undo()
        began = time.perf_counter()
        act()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def _rows() -> list[Row]:
    """Decoded from lists of the feeder, as a console would."""
    decoder = registry.struct_decoder(KIND)
    rows = []
    for number in range(CLUSTERS):
        collection = Collection(pods=PODS, seed=number)
        bodies = b",".join(map(collection.template.render, collection.pods.values()))
        page = decoder.page(b'{"metadata":{"resourceVersion":"1"},"items":[%s]}' % bodies)
        name = SafeStr(f"fed-{number:03d}")
        rows += [make_row(item, cluster_id=name, cluster=name, kind=KIND) for item in page.items]
    return rows
