from __future__ import annotations

import json
from typing import Any

import pytest

from backend.kube.errors import Malformed
from backend.observe.metrics.known import Known, rate
from backend.observe.metrics.kubelet import Disk, NodeSummary, Volume, read_summary, summary_path
from tests.observe.metrics.samples import MI, MOMENT, summary, summary_pod


def read(document: Any, *, node: str = "n1") -> NodeSummary:
    return read_summary(json.dumps(document).encode(), node=node)


def test_a_node_with_its_pods() -> None:
    volume = {
        "name": "data",
        "pvcRef": {"name": "pg-data", "namespace": "pay"},
        "capacityBytes": 100,
        "availableBytes": 5,
        "usedBytes": 95,
    }
    found = read(summary("n1", summary_pod("db", volume=[volume], network={"rxBytes": 7, "txBytes": 8})))
    assert (found.cpu, found.memory, found.available) == (1.5, 3 * 2.0**30, 5 * 2.0**30)
    assert found.disk is not None
    assert found.disk.filled == pytest.approx(0.4)
    (pod,) = found.pods
    assert (pod.namespace, pod.name, pod.at) == ("pay", "db", MOMENT)
    assert (pod.cpu, pod.memory) == (pytest.approx(0.012), 96 * MI)
    detail = found.details["pay", "db"]
    assert detail.volumes == (
        Volume(name="data", claim="pg-data", disk=Disk(used=95, capacity=100, available=5)),
    )
    assert (detail.received, detail.sent) == (7, 8)


def test_a_node_is_the_one_that_was_asked_whatever_it_calls_itself() -> None:
    assert read(summary("somebody-else"), node="n1").name == "n1"
    assert summary_path("a/../b?x") == "/api/v1/nodes/a%2F..%2Fb%3Fx/proxy/stats/summary"


def test_a_kubelet_that_lies_is_not_believed_in_what_cannot_be() -> None:
    node = {
        "cpu": {"time": "2026-09-21T14:13:20Z", "usageNanoCores": -5},
        "memory": {"time": "2026-09-21T14:13:20Z", "workingSetBytes": 1e300},
        "fs": {"capacityBytes": 0, "availableBytes": 10},
        "rlimit": {"maxpid": 0, "curproc": 3},
    }
    found = read(
        {
            "node": node,
            "pods": [
                summary_pod("negative", nanocores=-1),
                summary_pod("absurd", nanocores=1e30),
                summary_pod("typed", nanocores="many"),
                summary_pod("not-yet", nanocores=None),
                summary_pod("fine"),
                7,
            ],
        }
    )
    assert (found.cpu, found.memory, found.processes) == (None, None, None)
    assert found.disk is not None
    assert found.disk.filled is None
    assert [pod.name for pod in found.pods] == ["fine"]
    assert found.odd == 4


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"node": 3}', b"forbidden\n"])
def test_what_is_no_summary_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        read_summary(body, node="n1")


def test_a_rate_needs_two_answers_and_ends_where_a_counter_was_reset() -> None:
    def with_traffic(received: int, at: float) -> NodeSummary:
        return read(summary("n1", at=at, network={"rxBytes": received, "txBytes": 0}))

    first, second = with_traffic(1000, MOMENT), with_traffic(4000, MOMENT + 30)
    assert rate(first, second, "received") == 100.0
    assert rate(second, with_traffic(10, MOMENT + 60), "received") is None
    assert rate(second, second, "received") is None
    known = Known()
    for one in (first, second):
        known.take_summary(one, now=MOMENT + 60)
    assert [point.values[0] for point in known.flows.recent("n1")][1:] == [100.0]
    assert known.flows.recent("n1")[1].values[2] == pytest.approx(0.4)


def test_a_kubelet_from_the_future_is_not_heard() -> None:
    known = Known()
    known.take_summary(read(summary("n1", at=MOMENT + 3600)), now=MOMENT)
    assert not known.summaries
    assert "clock" in known.no_summary["n1"]
