"""What is counted of a cluster's pods and nodes, from the server's Tables without objects.

``includeObject=None`` leaves a row its printed cells alone: 10,000 pods are 1.2 MB before compression and
10 ms of our time, where the pods themselves are 50 MB. STATUS, READY and VERSION are all the fleet needs.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from backend.kube.decoder import UNREADABLE
from backend.kube.errors import Malformed
from backend.resources.kind import Health
from backend.resources.kinds.node import Node, is_ready
from backend.resources.pod_status import health_of
from backend.resources.quantity import parse_quantity
from backend.text import SafeStr, safe_text

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
_SLICE = 2000
"""Rows decoded before the loop gets its turn: some 3 ms (R24)."""
_MOST_VERSIONS = 32
"""Different kubelets of one cluster that are told apart; an odd cluster must not fill the memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodCounts:
    total: int = 0
    failing: int = 0

    def __add__(self, other: PodCounts) -> PodCounts:
        return PodCounts(total=self.total + other.total, failing=self.failing + other.failing)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeCounts:
    total: int = 0
    ready: int = 0
    """Whose kubelet says so; cordoned ones too."""
    kubelets: tuple[tuple[SafeStr, int], ...] = ()
    """(version, nodes that run it), by version."""
    names: int = 0
    """A hash of the nodes' names: whether they are the same ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """CPU in cores, memory in bytes."""

    cpu: float = 0.0
    memory: float = 0.0


class _Column(msgspec.Struct):
    name: str = ""


class _Table(msgspec.Struct, rename="camel"):
    kind: str = ""
    column_definitions: list[_Column] | None = None
    rows: list[msgspec.Raw] | None = None


class _Row(msgspec.Struct):
    cells: list[Any] = []


class _Amounts(msgspec.Struct, frozen=True):
    cpu: str = "0"
    memory: str = "0"


class _Usage(msgspec.Struct):
    usage: _Amounts = _Amounts()


class _UsageList(msgspec.Struct):
    items: list[_Usage] | None = None


_table = msgspec.json.Decoder(_Table)
_row = msgspec.json.Decoder(_Row)
_rows = msgspec.json.Decoder(list[_Row])
_usages = msgspec.json.Decoder(_UsageList)


async def count_pods(body: bytes) -> PodCounts:
    """Of a Table of pods. Raises Malformed."""
    total = failing = 0
    async for ready, status in _cells(body, "Ready", "Status"):
        have, _, of = ready.partition("/")
        total += 1
        health = health_of(status, ready=_number(have), containers=_number(of))
        failing += health is Health.FAILING
    return PodCounts(total=total, failing=failing)


async def count_nodes(body: bytes) -> NodeCounts:
    """Of a Table of nodes. Raises Malformed."""
    found = [cells async for cells in _cells(body, "Name", "Status", "Version")]
    return _nodes((name, status.split(",")[0] == "Ready", version) for name, status, version in found)


def nodes_counted(nodes: Iterable[Node]) -> NodeCounts:
    """The same of whole nodes, as a watch brings them."""
    return _nodes(
        (node.metadata.name, is_ready(node), node.status.node_info.kubelet_version) for node in nodes
    )


def _nodes(seen: Iterable[tuple[str, bool, str]]) -> NodeCounts:
    ready, names, versions = 0, [], Counter[str]()
    for name, well, version in seen:
        names.append(name)
        ready += well
        versions[version if len(versions) < _MOST_VERSIONS or version in versions else ""] += 1
    return NodeCounts(
        total=len(names),
        ready=ready,
        kubelets=tuple((safe_text(version, limit=40), versions[version]) for version in sorted(versions)),
        names=hash(tuple(sorted(names))),
    )


def capacity(nodes: Iterable[Node]) -> Resources:
    """What pods may use of these nodes (their allocatable, not their whole capacity)."""
    room = [node.status.allocatable or {} for node in nodes]
    return Resources(
        cpu=float(sum(_quantity(one.get("cpu", "")) for one in room)),
        memory=float(sum(_quantity(one.get("memory", "")) for one in room)),
    )


def usage(body: bytes) -> Resources:
    """The sum of a NodeMetricsList (metrics.k8s.io/v1beta1). Raises Malformed."""
    try:
        items = _usages.decode(body).items or []
    except UNREADABLE as error:
        raise Malformed(f"the metrics can't be read: {error}") from None
    return Resources(
        cpu=float(sum(_quantity(item.usage.cpu) for item in items)),
        memory=float(sum(_quantity(item.usage.memory) for item in items)),
    )


async def _cells(body: bytes, *columns: str) -> AsyncIterator[tuple[str, ...]]:
    """The texts of these columns, row by row; a row of an unexpected shape is left out. Raises Malformed."""
    try:
        table = _table.decode(body)
    except UNREADABLE as error:
        raise Malformed(f"the body is no Table: {error}") from None
    titles = [column.name for column in table.column_definitions or ()]
    if table.kind != "Table" or not set(columns) <= set(titles):
        raise Malformed(f"the body is a {table.kind[:40]!r} without the columns {', '.join(columns)}")
    places = [titles.index(column) for column in columns]
    raws = table.rows or []
    for start in range(0, len(raws), _SLICE):
        for row in _slice(raws[start : start + _SLICE]):
            if len(row.cells) >= len(titles):
                yield tuple(str(row.cells[place]) for place in places)
        await asyncio.sleep(0)


def _slice(raws: list[msgspec.Raw]) -> list[_Row]:
    try:
        return _rows.decode(b"[" + b",".join(raws) + b"]")
    except UNREADABLE:
        return [row for raw in raws if (row := _one(raw)) is not None]


def _one(raw: msgspec.Raw) -> _Row | None:
    try:
        return _row.decode(raw)
    except UNREADABLE:
        return None


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _quantity(text: str) -> Decimal:
    try:
        return parse_quantity(text)
    except ValueError:
        return Decimal(0)
