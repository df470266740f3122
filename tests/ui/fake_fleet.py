"""A fleet whose rows a test writes: real rows, columns and batches, no network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from backend.fleet.batch import Batch
from backend.fleet.member import Member
from backend.fleet.query import Query
from backend.fleet.row import Row, RowKey, make_row, table_columns
from backend.kube.access import ClusterAccess
from backend.kube.objects import ObjectMeta
from backend.kube.status import State, Status
from backend.resources.kind import Health
from backend.resources.kinds.pod import KIND as POD
from backend.resources.kinds.pod import Pod
from backend.text import safe_text

NOW = 1_790_000_000.0
"""When all pictures are taken."""


def member(name: str, **more: Any) -> Member:
    return Member(
        id=f"id-{name}",
        name=name,
        access=ClusterAccess(id=f"id-{name}", name=name, server="https://192.0.2.1"),
        **more,
    )


def pod(
    cluster: str,
    namespace: str,
    name: str,
    *,
    status: str = "Running",
    health: Health = Health.OK,
    ready: int = 1,
    containers: int = 1,
    restarts: int = 0,
    node: str = "node-1",
    minutes: int = 90,
) -> Row:
    from datetime import UTC, datetime

    created = datetime.fromtimestamp(NOW - 60 * minutes, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    item = Pod(
        metadata=ObjectMeta(
            name=name, namespace=namespace, uid=f"{cluster}-{namespace}-{name}", creation_timestamp=created
        ),
        phase="Running",
        status=status,
        ready=ready,
        containers=containers,
        restarts=restarts,
        restarted_at="",
        health=health,
        why="" if health is Health.OK else status,
        ip="10.0.0.7",
        node=node,
        nominated_node="",
        gates="",
    )
    return make_row(item, cluster_id=f"id-{cluster}", cluster=safe_text(cluster), kind=POD)


def live(*names: str) -> dict[str, Status]:
    return {f"id-{name}": Status(state=State.LIVE, since=NOW - 60) for name in names}


class FakeTable:
    """What a screen reads like a LiveTable; :meth:`push` is what a cluster would do."""

    def __init__(self, rows: Sequence[Row], statuses: dict[str, Status]) -> None:
        self.columns = table_columns([POD])
        self.statuses = statuses
        self._queue: asyncio.Queue[Batch] = asyncio.Queue()
        self._queue.put_nowait(Batch(changed=tuple(rows), statuses=statuses))

    async def __aenter__(self) -> FakeTable:
        return self

    async def __aexit__(self, *exc_info: object) -> None: ...

    def push(
        self, *changed: Row, removed: Sequence[RowKey] = (), statuses: dict[str, Status] | None = None
    ) -> None:
        if statuses is not None:
            self.statuses = statuses
        self._queue.put_nowait(Batch(changed=changed, removed=tuple(removed), statuses=self.statuses))

    async def batches(self) -> AsyncIterator[Batch]:
        while True:
            yield await self._queue.get()


class FakeFleet:
    def __init__(
        self, rows: Sequence[Row] | None = None, *, names: Sequence[str] = ("prod-eu", "prod-us", "edge-7")
    ) -> None:
        self.members = [member(name) for name in names]
        self.rows = list(rows) if rows is not None else some_pods(names)
        self.tables: list[FakeTable] = []
        self.statuses = live(*names)

    def table(self, query: Query) -> FakeTable:
        table = FakeTable(self.rows, self.statuses)
        self.tables.append(table)
        return table

    async def aclose(self) -> None: ...


def some_pods(names: Sequence[str], *, each: int = 40) -> list[Row]:
    rows = []
    for cluster in names:
        for index in range(each):
            status, health, ready = "Running", Health.OK, 1
            if index % 13 == 5:
                status, health, ready = "CrashLoopBackOff", Health.FAILING, 0
            elif index % 17 == 3:
                status, health, ready = "ContainerCreating", Health.PROGRESSING, 0
            rows.append(
                pod(
                    cluster,
                    ("pay", "cart", "kube-system")[index % 3],
                    f"api-{index:03d}-6c9f7d8b5c-x{index:04x}",
                    status=status,
                    health=health,
                    ready=ready,
                    restarts=index % 7,
                    minutes=11 * index + 3,
                )
            )
    return rows
