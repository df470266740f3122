"""10,000 measured pods: taking a measurement in, its memory, ordering by it, sums. Peer: json.loads of the
answer."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any

from backend.fleet.batch import Batch
from backend.fleet.row import Row, make_row, table_columns
from backend.fleet.view import TableView
from backend.observe.metrics.columns import MetricColumns
from backend.observe.metrics.known import POD_SAMPLES, Known, Source
from backend.observe.metrics.loads import Level, Objects, loads
from backend.observe.metrics.wire import pod_samples
from backend.resources import registry
from backend.resources.kinds.pod import KIND as POD
from backend.text import SafeStr
from tests.bench.bench import Place
from tests.bench.table import Line, milliseconds

PODS = 10_000
MOMENT = 1_790_000_000.0
_ROUNDS = 5


class _Metrics:
    """What columns read of ``sampling.Metrics``."""

    def __init__(self) -> None:
        self.known = Known()

    def of(self, cluster_id: str) -> Known:
        return self.known

    def now(self) -> float:
        return MOMENT


def measure(place: Place) -> list[Line]:
    """Lines: one measurement taken in, the loop's lag meanwhile, memory of a full history, orders and
    sums."""
    metrics = _Metrics()
    rows = _rows()
    bodies = [_answer(round_) for round_ in range(3)]
    taken, lags, plain = [], [], []
    for round_, body in enumerate(bodies):
        seconds, lag = asyncio.run(_lagging(lambda body=body, at=round_: _take(metrics.known, body, at)))  # type: ignore[misc]
        taken.append(seconds)
        lags.append(lag)
        begin = time.perf_counter()
        json.loads(body)
        plain.append(time.perf_counter() - begin)
    for round_ in range(len(bodies), POD_SAMPLES):
        for row in rows:
            metrics.known.pods.push(
                (row.item.metadata.namespace, row.item.metadata.name), MOMENT + 15 * round_, (0.1, 1e8)
            )
    columns = MetricColumns(metrics)  # type: ignore[arg-type]
    view = TableView(columns.over(table_columns([POD]), POD))
    view.apply(Batch(changed=tuple(rows), statuses={}))
    view.sort_by("name")
    by_name = _median(lambda: view.sort_by("name") or view.sort_by("restarts"))
    view.sort_by("cpu")
    ordered, lag = asyncio.run(_lagging(lambda: _order(view, columns)))
    objects = Objects(cluster_id="eu", cluster=SafeStr("eu"), pods=[row.item for row in rows])  # type: ignore[misc]
    summed, sum_lag = asyncio.run(
        _lagging(lambda: loads(Level.NAMESPACES, [(objects, metrics.known)], now=MOMENT))
    )
    return [
        Line(
            f"take in a measurement of {PODS:,} pods; peer json.loads alone",
            milliseconds(statistics.median(taken)),
            milliseconds(statistics.median(plain)),
            statistics.median(taken) / statistics.median(plain),
        ),
        Line("… longest the loop was held meanwhile", milliseconds(max(lags))),
        Line(
            f"memory of {POD_SAMPLES} measurements of each",
            f"{metrics.known.pods.octets / 2**20:.1f} MiB",
        ),
        Line(
            f"order {PODS:,} rows by CPU anew; peer by name and restarts",
            milliseconds(ordered),
            milliseconds(by_name),
            ordered / by_name,
        ),
        Line("… longest the loop was held meanwhile", milliseconds(lag)),
        Line(f"sum {PODS:,} pods over namespaces, with findings", milliseconds(summed)),
        Line("… longest the loop was held meanwhile", milliseconds(sum_lag)),
    ]


async def _take(known: Known, body: bytes, round_: int) -> None:
    async for samples, _ in pod_samples(body):
        known.take_pods(samples, now=MOMENT + 15 * round_)
    known.finish(known.told_pods, source=Source.SERVER, now=MOMENT, odd=0)


async def _order(view: TableView, columns: MetricColumns) -> None:
    view.resort(await columns.values(view.rows.values(), "CPU"))


async def _lagging(work: Callable[[], Awaitable[Any]]) -> tuple[float, float]:
    """Seconds the work took, and the longest that another task waited for its turn."""
    longest, done = 0.0, False

    async def tick() -> None:
        nonlocal longest
        while not done:
            begin = time.perf_counter()
            await asyncio.sleep(0)
            longest = max(longest, time.perf_counter() - begin)

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0)
    begin = time.perf_counter()
    await work()
    seconds = time.perf_counter() - begin
    done = True
    await ticking
    return seconds, longest


def _rows() -> list[Row]:
    items = [
        {
            "metadata": {"name": f"api-{n:05d}", "namespace": f"ns-{n % 50}", "uid": f"u{n}"},
            "spec": {
                "nodeName": f"node-{n % 100}",
                "containers": [
                    {
                        "name": "app",
                        "resources": {
                            "requests": {"cpu": "100m", "memory": "128Mi"},
                            "limits": {"memory": "256Mi"},
                        },
                    }
                ],
            },
            "status": {"phase": "Running"},
        }
        for n in range(PODS)
    ]
    page = registry.struct_decoder(POD).page(json.dumps({"metadata": {}, "items": items}).encode())
    return [make_row(item, cluster_id="eu", cluster=SafeStr("eu"), kind=POD) for item in page.items]


def _answer(round_: int) -> bytes:
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(MOMENT + 15 * round_))
    items = [
        {
            "metadata": {
                "name": f"api-{n:05d}",
                "namespace": f"ns-{n % 50}",
                "creationTimestamp": stamp,
                "labels": {"app": "api"},
            },
            "timestamp": stamp,
            "window": "15.1s",
            "containers": [
                {"name": "app", "usage": {"cpu": f"{n * 7919 % 99991}n", "memory": f"{n + round_}Ki"}}
            ],
        }
        for n in range(PODS)
    ]
    return json.dumps({"kind": "PodMetricsList", "items": items}).encode()


def _median(work: Callable[[], object]) -> float:
    seconds = []
    for _ in range(_ROUNDS):
        begin = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds)
