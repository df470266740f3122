"""CPU and MEM in lists: what a cell says, how it fares, an order that holds still between measurements."""

from __future__ import annotations

import asyncio
from typing import Any

from backend.fleet.batch import Batch
from backend.fleet.row import Row, make_row, table_columns
from backend.fleet.view import TableView
from backend.observe.metrics.columns import STALE, MetricColumns
from backend.observe.metrics.known import FORGET, Known
from backend.observe.metrics.sparkline import sparkline
from backend.observe.metrics.wire import Sample
from backend.resources import registry
from backend.resources.kind import Health
from backend.resources.kinds.node import KIND as NODE
from backend.resources.kinds.pod import KIND as POD
from backend.resources.use import use_titles
from backend.text import SafeStr
from tests.observe.metrics.samples import MI, MOMENT, container, node, pod


class MetricsDouble:
    def __init__(self) -> None:
        self.known = Known()
        self.moment = MOMENT

    def of(self, cluster_id: str) -> Known:
        return self.known

    def now(self) -> float:
        return self.moment

    def measure(self, name: str, cpu: float, memory: float = MI, *, at: float = MOMENT) -> None:
        self.known.take_pods([Sample("pay", name, at, 15.0, cpu, memory)], now=at)
        self.known.told_pods.asked = True


def row(made: Any, *, kind: Any = POD, skew: float = 0.0) -> Row:
    return make_row(made, cluster_id="eu", cluster=SafeStr("eu"), kind=kind, skew=skew)


def columns(metrics: MetricsDouble, *, sparks: bool = False, kind: Any = POD) -> dict[str, Any]:
    made = MetricColumns(metrics, sparks=sparks)  # type: ignore[arg-type]
    return {column.name: column for column in made.over(table_columns([kind]), kind)}


def cell(found: dict[str, Any], name: str, made: Row, *, now: float = MOMENT) -> str:
    return str(found[name].text(made, now))


def test_they_stand_before_the_age_and_are_the_ones_that_are_announced() -> None:
    for kind in (POD, NODE):
        names = list(columns(MetricsDouble(), kind=kind))
        at = names.index("AGE")
        assert tuple(names[at - len(use_titles(kind)) : at]) == use_titles(kind)
    made = MetricColumns(MetricsDouble())  # type: ignore[arg-type]
    secrets = registry.builtin("secrets")
    assert secrets is not None
    plain = table_columns([secrets])
    assert made.over(plain, secrets) == plain
    once = made.over(table_columns([POD]), POD)
    assert made.over(once, POD) == once, "asked again, nothing is added twice"
    assert made.over(table_columns([POD]), POD)[6] is once[6], "the same columns: a view keeps its order"


def test_a_cell_is_a_value_or_a_dash_with_its_reason() -> None:
    metrics = MetricsDouble()
    found, made = columns(metrics), row(pod("a", container(cpu="100m", memory_limit="200Mi")))
    meter = MetricColumns(metrics)  # type: ignore[arg-type]
    assert cell(found, "CPU", made) == cell(found, "%CPU/R", made) == "-"
    assert found["CPU"].fares(made) is Health.UNKNOWN
    assert meter.why(made) == "not asked yet"
    metrics.measure("a", 0.0425, 100 * MI)
    shown = [cell(found, name, made) for name in use_titles(POD)]
    assert shown == ["43m", "100M", "42%", "-", "-", "50%"]
    assert meter.why(made) == ""
    assert found["CPU"].fares(made) is Health.OK


def test_old_values_are_dim_and_then_gone() -> None:
    metrics = MetricsDouble()
    found, made = columns(metrics), row(pod("a"))
    metrics.measure("a", 1.0)
    metrics.moment += STALE + 1
    assert found["CPU"].fares(made) is Health.UNKNOWN
    assert cell(found, "CPU", made, now=metrics.moment) == "1.0"
    assert cell(found, "CPU", made, now=MOMENT + FORGET + 1) == "-"
    ahead = row(pod("a"), skew=-STALE)  # the cluster's clock is behind: the measurement is fresh
    assert found["CPU"].fares(ahead) is Health.OK


def test_near_a_limit_a_glyph_says_so_too() -> None:
    metrics = MetricsDouble()
    found = columns(metrics, sparks=True)
    made = row(pod("a", container(cpu_limit="1", memory_limit="100Mi")))
    metrics.measure("a", 0.95, 99 * MI)
    assert cell(found, "CPU", made).startswith("▲950m ")
    assert cell(found, "MEM", made).startswith("✖99M ")
    assert (found["CPU"].fares(made), found["MEM"].fares(made)) == (Health.WARNING, Health.FAILING)


def test_nodes_are_held_against_what_is_allocatable() -> None:
    metrics = MetricsDouble()
    metrics.known.take_nodes([Sample("", "n1", MOMENT, 15, 3.0, 2.0**30)], now=MOMENT)
    found, made = columns(metrics, kind=NODE), row(node("n1"), kind=NODE)
    assert [cell(found, name, made) for name in use_titles(NODE)] == ["3.0", "75%", "1.0G", "12%"]


def test_a_sparkline_is_measured_against_what_was_asked_for() -> None:
    assert sparkline([0.0, 0.5, 1.0], width=5) == "  ▁▅█"
    assert sparkline([0.1, 0.1], full=1.0, width=2) == "▁▁"
    assert sparkline([2.0, 1.0], full=1.0, width=2) == "█▅", "more than was asked for"
    assert sparkline([0.0, float("nan")], width=2) == "▁ "
    assert sparkline([], width=3) == "   "
    metrics = MetricsDouble()
    for step in range(4):
        metrics.measure("a", step / 10, at=MOMENT + 15 * step)
    found, made = columns(metrics, sparks=True), row(pod("a", container(cpu="400m")))
    assert cell(found, "CPU", made, now=MOMENT + 45) == "300m   ▁▃▅▇"


def names(view: TableView) -> list[str]:
    return [str(shown.name) for shown in view.all()]


def first(view: TableView) -> str:
    return "".join(names(view)[:3])


async def test_an_order_by_use_holds_still_until_it_is_taken_anew() -> None:
    metrics = MetricsDouble()
    rows = [row(pod(name)) for name in "abcefghij"]
    for name, used in (("a", 3.0), ("b", 1.0), ("c", 2.0)):
        metrics.measure(name, used)
    meter = MetricColumns(metrics)  # type: ignore[arg-type]
    view = TableView(meter.over(table_columns([POD]), POD))
    view.apply(Batch(changed=tuple(rows), statuses={}))
    view.sort_by("cpu", descending=True)
    assert first(view) == "acb"
    metrics.measure("b", 9.0, at=MOMENT + 15)
    changed = row(pod("b", born=MOMENT - 60))
    view.apply(Batch(changed=(changed,), statuses={}))  # an ordinary change in between finds its place
    assert first(view) == "acb"
    view.resort(await meter.values(view.rows.values(), "CPU"))
    assert first(view) == "bac"
    view.apply(Batch(changed=(row(pod("d")),), removed=(rows[0].key,), statuses={}))
    assert first(view) == "bcj", "not measured: the least"
    view.sort_by("name")
    before = names(view)
    view.resort({})  # ordered by what does not move
    assert names(view) == before


async def test_changes_under_a_moving_order_lose_no_row() -> None:
    metrics = MetricsDouble()
    meter = MetricColumns(metrics)  # type: ignore[arg-type]
    view = TableView(meter.over(table_columns([POD]), POD))
    view.apply(Batch(changed=tuple(row(pod(f"p{n:03d}")) for n in range(300)), statuses={}))
    view.sort_by("cpu")
    for round_ in range(5):
        for n in range(300):
            metrics.measure(f"p{n:03d}", (n * 7919 * (round_ + 1)) % 311, at=MOMENT + 15 * round_)
        again = tuple(row(pod(f"p{n:03d}", born=MOMENT - 3600 - round_)) for n in range(0, 300, 11))
        view.apply(Batch(changed=again, statuses={}))
        assert len(names(view)) == 300
        view.resort(await meter.values(view.rows.values(), "CPU"))
        used = [meter.reading(shown).use for shown in view.all()]
        amounts = [use.cpu for use in used if use is not None]
        assert amounts == sorted(amounts)
        await asyncio.sleep(0)
