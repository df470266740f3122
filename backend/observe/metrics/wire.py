"""metrics.k8s.io/v1beta1, decoded: what a metrics server says of pods and nodes.

A measurement that makes no sense is left out and counted; it never spoils the others. Long lists are decoded
in slices, so that the loop gets its turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple, TypeVar

import msgspec

from backend.kube.decoder import UNREADABLE
from backend.kube.errors import Malformed
from backend.observe.metrics.amounts import Senseless, cores, octets, window_seconds
from backend.resources.duration import epoch

Item = TypeVar("Item")
GROUP = "/apis/metrics.k8s.io/v1beta1"
_SLICE = 250
"""Measurements decoded before the loop gets its turn: some 3 ms (R24)."""


class _Amounts(msgspec.Struct, frozen=True, gc=False):
    cpu: str = ""
    memory: str = ""


class _Meta(msgspec.Struct, frozen=True, gc=False):
    name: str = ""
    namespace: str = ""


class _Container(msgspec.Struct, frozen=True, gc=False):
    name: str = ""
    usage: _Amounts = _Amounts()


class _PodMetrics(msgspec.Struct, frozen=True, gc=False):
    metadata: _Meta = _Meta()
    timestamp: str = ""
    window: str = ""
    containers: tuple[_Container, ...] = ()


class _NodeMetrics(msgspec.Struct, frozen=True, gc=False):
    metadata: _Meta = _Meta()
    timestamp: str = ""
    window: str = ""
    usage: _Amounts = _Amounts()


class _List(msgspec.Struct):
    kind: str = ""
    items: list[msgspec.Raw] | None = None


class ContainerUse(NamedTuple):
    """One container now: cores and bytes."""

    name: str
    cpu: float
    memory: float


class Sample(NamedTuple):
    """One measurement. ``at``: seconds since the epoch by the node's clock; ``window``: seconds over which
    CPU was averaged (0: not said). ``containers``: of a pod."""

    namespace: str
    name: str
    at: float
    window: float
    cpu: float
    memory: float
    containers: tuple[ContainerUse, ...] = ()


_list = msgspec.json.Decoder(_List)
_pods = msgspec.json.Decoder(list[_PodMetrics])
_pod = msgspec.json.Decoder(_PodMetrics)
_nodes = msgspec.json.Decoder(list[_NodeMetrics])
_node = msgspec.json.Decoder(_NodeMetrics)


async def pod_samples(body: bytes) -> AsyncIterator[tuple[list[Sample], int]]:
    """Slices of a PodMetricsList: its samples, and how many made no sense. Raises Malformed."""
    async for raws in _slices(body, "PodMetrics"):
        samples, odd = [], 0
        for item in _decoded(raws, _pods, _pod):
            sample = _of_pod(item) if item is not None else None
            if sample is None:
                odd += 1
            else:
                samples.append(sample)
        yield samples, odd


async def node_samples(body: bytes) -> AsyncIterator[tuple[list[Sample], int]]:
    """The same of a NodeMetricsList. Raises Malformed."""
    async for raws in _slices(body, "NodeMetrics"):
        samples, odd = [], 0
        for item in _decoded(raws, _nodes, _node):
            sample = _of_node(item) if item is not None else None
            if sample is None:
                odd += 1
            else:
                samples.append(sample)
        yield samples, odd


async def _slices(body: bytes, kind: str) -> AsyncIterator[list[msgspec.Raw]]:
    try:
        found = _list.decode(body)
    except UNREADABLE as error:
        raise Malformed(f"the metrics can't be read: {error}") from None
    if not found.kind.startswith(kind):
        raise Malformed(f"the body is a {found.kind[:40]!r}, no {kind}List")
    raws = found.items or []
    for start in range(0, len(raws), _SLICE):
        yield raws[start : start + _SLICE]
        await asyncio.sleep(0)


def _decoded(
    raws: Sequence[msgspec.Raw], many: msgspec.json.Decoder[list[Item]], one: msgspec.json.Decoder[Item]
) -> Sequence[Item | None]:
    """The items; None for one of an unexpected shape."""
    try:
        return many.decode(b"[" + b",".join(raws) + b"]")
    except UNREADABLE:
        return [_alone(raw, one) for raw in raws]


def _alone(raw: msgspec.Raw, decoder: msgspec.json.Decoder[Item]) -> Item | None:
    try:
        return decoder.decode(raw)
    except UNREADABLE:
        return None


def _of_pod(item: _PodMetrics) -> Sample | None:
    at = epoch(item.timestamp)
    if not at or not item.metadata.name or not item.containers:
        return None
    try:
        used = tuple(
            [
                ContainerUse(one.name, cores(one.usage.cpu), octets(one.usage.memory))
                for one in item.containers
            ]
        )
    except Senseless:
        return None
    meta = item.metadata
    if len(used) == 1:
        _, cpu, memory = used[0]
    else:
        cpu, memory = sum(one.cpu for one in used), sum(one.memory for one in used)
    return Sample(meta.namespace, meta.name, at, window_seconds(item.window), cpu, memory, used)


def _of_node(item: _NodeMetrics) -> Sample | None:
    at = epoch(item.timestamp)
    if not at or not item.metadata.name:
        return None
    try:
        cpu, memory = cores(item.usage.cpu), octets(item.usage.memory)
    except Senseless:
        return None
    return Sample("", item.metadata.name, at, window_seconds(item.window), cpu, memory)
