"""Counting from the server's Tables: what typed lists say, for a hundredth of the bytes."""

from __future__ import annotations

import asyncio
import json
from typing import Any, cast

import pytest

from backend.fleet.counts import (
    PodCounts,
    Resources,
    capacity,
    count_nodes,
    count_pods,
    nodes_counted,
    usage,
)
from backend.fleet.fleet import Fleet
from backend.fleet.inmemory import members_of
from backend.fleet.listing import list_once
from backend.fleet.overview import look_once
from backend.fleet.query import Query
from backend.kube.errors import Malformed
from backend.kube.status import State
from backend.resources import registry
from backend.resources.kind import Health
from backend.resources.kinds.node import Node
from tests.fleet.running_demo import Demo
from tests.ui.double import node


def table(columns: list[str], rows: list[Any], **more: Any) -> bytes:
    definitions = [{"name": name, "type": "string"} for name in columns]
    cells = [{"cells": row, "object": None} if isinstance(row, list) else row for row in rows]
    return json.dumps({"kind": "Table", "columnDefinitions": definitions, "rows": cells, **more}).encode()


PODS = ["Name", "Ready", "Status", "Restarts", "Age"]


@pytest.mark.parametrize(
    ("ready", "status", "failing"),
    [
        ("1/1", "Running", 0),
        ("0/1", "Running", 0),
        ("0/1", "CrashLoopBackOff", 1),
        ("0/2", "Init:1/2", 0),
        ("0/2", "Init:Error", 1),
        ("0/1", "Completed", 0),
        ("0/1", "ContainerCreating", 0),
        ("0/1", "Evicted", 1),
        ("0/1", "OOMKilled", 1),
        ("0/1", "Unknown", 0),
        ("1/1", "Terminating", 0),
        ("x", "Signal:9", 1),
    ],
)
async def test_what_fails(ready: str, status: str, failing: int) -> None:
    counted = await count_pods(table(PODS, [["api-1", ready, status, "3 (5h ago)", "3d"]]))
    assert counted == PodCounts(total=1, failing=failing)


async def test_an_odd_row_spoils_nothing() -> None:
    good = ["api-1", "0/1", "Error", 0, "3d"]
    rows = [good, ["short"], {"cells": "none"}, {"cells": [None, None, None, None, None]}, good]
    counted = await count_pods(table(PODS, rows))
    assert counted.failing >= 2
    assert counted.total == 3


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"kind":"PodList","items":[]}', b'{"kind":"Table"}'])
async def test_what_is_no_table_is_said(body: bytes) -> None:
    with pytest.raises(Malformed):
        await count_pods(body)


async def test_a_large_table_lets_others_have_their_turn() -> None:
    body = table(PODS, [["api", "1/1", "Running", 0, "3d"]] * 20_000)
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    assert (await count_pods(body)).total == 20_000
    task.cancel()
    assert turns >= 10


async def test_nodes_ready_cordoned_and_their_kubelets() -> None:
    rows = [
        ["a", "Ready", "<none>", "3d", "v1.35.4"],
        ["b", "Ready,SchedulingDisabled", "<none>", "3d", "v1.35.4"],
        ["c", "NotReady", "<none>", "3d", "v1.33.1"],
        ["d", "Unknown", "<none>", "3d", "v1.35.4\x1b[31m"],
    ]
    counted = await count_nodes(table(["Name", "Status", "Roles", "Age", "Version"], rows))
    assert (counted.total, counted.ready) == (4, 2)
    assert dict(counted.kubelets) == {"v1.33.1": 1, "v1.35.4": 2, "v1.35.4·": 1}
    again = await count_nodes(table(["Name", "Status", "Roles", "Age", "Version"], rows[::-1]))
    assert again.names == counted.names
    fewer = await count_nodes(table(["Name", "Status", "Roles", "Age", "Version"], rows[1:]))
    assert fewer.names != counted.names


async def test_typed_nodes_give_the_same() -> None:
    nodes = [node("a"), node("b", ready=False)]
    for one in nodes:
        one["status"]["allocatable"] = {"cpu": "1500m", "memory": "1Gi", "pods": "110"}
    kind = registry.builtin("nodes")
    assert kind is not None
    items = cast(
        "list[Node]", registry.struct_decoder(kind).page(json.dumps({"items": nodes}).encode()).items
    )
    counted = nodes_counted(items)
    assert (counted.total, counted.ready, counted.kubelets) == (2, 1, (("v1.35.4", 2),))
    assert capacity(items) == Resources(cpu=3.0, memory=2 * 2**30)


def test_usage_is_summed_and_nonsense_is_nothing() -> None:
    items = [{"usage": {"cpu": "250000000n", "memory": "1024Ki"}}, {"usage": {"cpu": "many"}}, {}]
    assert usage(json.dumps({"items": items}).encode()) == Resources(cpu=0.25, memory=2**20)
    with pytest.raises(Malformed):
        usage(b'{"items": 3}')


async def test_a_look_counts_what_the_lists_hold(demo: Demo) -> None:
    members, _ = members_of(demo.kubeconfig)
    async with Fleet(members) as fleet:
        found = {
            summary.id: summary
            for summary in await look_once(fleet.clusters, admission=fleet.admission, timeout=30)
        }
        rows: dict[str, list[Health]] = {one.id: [] for one in fleet.clusters}
        async for piece in list_once(fleet.clusters, Query(kind="pods")):
            rows[piece.cluster.id] += [row.health for row in piece.rows]
    assert len(found) == 2
    for cluster_id, summary in found.items():
        assert summary.status.state is State.LIVE
        assert summary.pods == len(rows[cluster_id]) > 0
        assert summary.pods_failing == rows[cluster_id].count(Health.FAILING)
        assert summary.nodes == summary.nodes_ready
        assert summary.version == "v1.35.4"
        assert summary.kubelets == (("v1.35.4", summary.nodes),)
        assert 0.0 < (summary.share("cpu") or 0) < 1.0
        assert 0.0 < (summary.share("memory") or 0) < 1.0
        assert summary.expiry.client_certificate is not None
        assert summary.expiry.server_certificate is not None


async def test_who_may_see_one_namespace_is_counted_there(demo: Demo) -> None:
    members, _ = members_of(demo.users_kubeconfig)
    team = [member for member in members if member.name == "prod-eu-team"]
    async with Fleet(team) as fleet:
        (summary,) = await look_once(fleet.clusters, admission=fleet.admission, timeout=30)
    assert summary.status.state is State.LIVE
    assert summary.status.detail.startswith("only pay: ")
    assert summary.pods
    assert summary.nodes is None
    assert "nodes" in summary.no_nodes
    assert "nodes" in summary.no_metrics


def test_counts_of_namespaces_add_up() -> None:
    assert PodCounts(total=2, failing=1) + PodCounts(total=3) == PodCounts(total=5, failing=1)
