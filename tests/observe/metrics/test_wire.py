from __future__ import annotations

import json
from typing import Any

import pytest

from backend.kube.errors import Malformed
from backend.observe.metrics.wire import ContainerUse, Sample, node_samples, pod_samples
from tests.observe.metrics.samples import MI, MOMENT, listed, node_metrics, pod_metrics


async def pods(body: bytes) -> tuple[list[Sample], int]:
    found, odd = [], 0
    async for samples, senseless in pod_samples(body):
        found += samples
        odd += senseless
    return found, odd


async def test_a_pod_uses_what_its_containers_do() -> None:
    (found,), odd = await pods(
        listed("PodMetricsList", pod_metrics("api", app=("10m", "64Mi"), mesh=("5500000n", "32768Ki")))
    )
    assert odd == 0
    assert found == Sample(
        "pay",
        "api",
        MOMENT,
        15.2,
        pytest.approx(0.0155),
        96 * MI,
        (ContainerUse("app", 0.01, 64 * MI), ContainerUse("mesh", pytest.approx(0.0055), 32 * MI)),
    )


async def test_nodes() -> None:
    found = [one async for one in node_samples(listed("NodeMetricsList", node_metrics("n1")))]
    assert found == [([Sample("", "n1", MOMENT, 15.0, 2.0, 4 * 2.0**30)], 0)]


ODD: list[Any] = [
    pod_metrics("negative", cpu="-1"),
    pod_metrics("absurd", memory="9" * 30),
    pod_metrics("nan", cpu="NaN"),
    pod_metrics("empty", cpu=""),
    pod_metrics(""),
    pod_metrics("undated") | {"timestamp": "yesterday"},
    pod_metrics("bare") | {"containers": []},
    pod_metrics("null") | {"containers": None},
    pod_metrics("typed") | {"metadata": {"name": 7}},
    None,
    [],
    "\u202e",
]


@pytest.mark.parametrize("odd", ODD)
async def test_an_odd_measurement_is_counted_and_spoils_no_other(odd: Any) -> None:
    found, count = await pods(listed("PodMetricsList", pod_metrics("a"), odd, pod_metrics("b")))
    assert [sample.name for sample in found] == ["a", "b"]
    assert count == 1


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"items": 3}', b'{"kind":"Status"}', b"\xff\xfe"])
async def test_what_is_no_list_of_measurements_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        await pods(body)


async def test_an_empty_list_is_one() -> None:
    assert await pods(b'{"kind":"PodMetricsList","items":null}') == ([], 0)


async def test_many_come_in_slices_so_that_the_loop_gets_its_turn() -> None:
    body = json.dumps({"kind": "PodMetricsList", "items": [pod_metrics(f"p{n}") for n in range(1000)]})
    sizes = [len(samples) async for samples, _ in pod_samples(body.encode())]
    assert sum(sizes) == 1000
    assert max(sizes) <= 250
