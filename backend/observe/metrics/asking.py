"""One question to one cluster: what do its pods or nodes use now? Asked of whoever can say it there.

The metrics server first: one request for all. Where there is none, the kubelets, node by node. Why neither
can say it is told in a sentence; it is never a zero.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from typing import cast

from backend.fleet.cluster import Cluster
from backend.kube.errors import (
    Forbidden,
    ImpersonationForbidden,
    KubeError,
    Malformed,
    NotFound,
    ServerFailed,
    TooManyRequests,
)
from backend.observe.metrics.known import Known, Source, Told
from backend.observe.metrics.kubelet import NodeSummary, read_summary, summary_path
from backend.observe.metrics.wire import GROUP, Sample, node_samples, pod_samples
from backend.resources import registry
from backend.resources.kinds.node import Node
from backend.text import SafeStr, safe_text

DEADLINE = 30.0
KUBELET_DEADLINE = 10.0
MOST_KUBELETS = 100
"""Nodes that are asked one by one; more would be a load on the API server, which passes every answer on."""
AT_ONCE = 4
"""Kubelets of one cluster that are asked at a time."""
_NAMES = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
"""Of a node only what it is called is wanted: a whole one is some 25 kB."""
Answer = Callable[[bytes], AsyncIterator[tuple[list[Sample], int]]]


class NoMetrics(Exception):
    """Nobody can say it; the text is a sentence for people."""


class Asking:
    """Asks one cluster, and keeps in mind who answers there."""

    def __init__(
        self, cluster: Cluster, known: Known, *, wall: Callable[[], float], kubelets: bool = True
    ) -> None:
        """``wall``: seconds since the epoch, by our clock. ``kubelets``: whether they are asked at all."""
        self._cluster = cluster
        self.known = known
        self._wall = wall
        self._kubelets_too = kubelets

    async def pods(self, namespaces: Sequence[str] = ()) -> None:
        """Take in what pods use now: of these namespaces, or of all that may be seen. Raises nothing."""
        told = self.known.told_pods
        await self._attempt(told, self._pods(namespaces))

    async def nodes(self) -> None:
        """Take in what nodes use now. Raises nothing."""
        await self._attempt(self.known.told_nodes, self._nodes())

    async def take_nodes(self, body: bytes) -> None:
        """Take in a NodeMetricsList that somebody else asked for."""
        with suppress(NoMetrics):
            await self._take(self.known.told_nodes, body)

    async def kubelets(self, nodes: Sequence[str]) -> None:
        """Take in these kubelets' summaries; why one can't be had is kept beside it. Raises nothing."""
        gate = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(self._kubelet(node, gate) for node in nodes[:MOST_KUBELETS]))
        for node in nodes[MOST_KUBELETS:]:
            self.known.no_summary[node] = safe_text(f"only {MOST_KUBELETS} kubelets are asked one by one")
        self.known.changes += 1

    # --- who answers

    async def _attempt(self, told: Told, question: Awaitable[None]) -> None:
        try:
            await question
        except NoMetrics as error:
            self.known.fail(told, error)
        except KubeError as error:
            self.known.fail(told, error.sentence)

    async def _pods(self, namespaces: Sequence[str]) -> None:
        told = self.known.told_pods
        try:
            if namespaces:
                await self._in_each(namespaces)
            else:
                await self._everywhere()
        except _NoServer as missing:
            summaries = await self._by_kubelets(missing.sentence)
            pods, disputed = _undisputed(summaries)
            odd = disputed + sum(summary.odd for summary in summaries)
            odd += self.known.take_pods([sample for _, sample in pods], now=self._there())
            self.known.speakers = {(pod.namespace, pod.name): node for node, pod in pods}
            self.known.finish(told, source=Source.KUBELET, now=self._wall(), odd=odd)

    async def _everywhere(self) -> None:
        told = self.known.told_pods
        try:
            await self._take(told, await self._server("pods"))
        except _Refused as refused:
            names = self._cluster.known_namespaces
            if not names:
                raise NoMetrics(refused.sentence) from None
            await self._in_each(names)

    async def _in_each(self, namespaces: Sequence[str]) -> None:
        """Namespaces that are refused are left out, unless all are."""
        told, refusal, taken = self.known.told_pods, None, 0
        for namespace in namespaces:
            try:
                await self._take(told, await self._server("pods", namespace))
                taken += 1
            except _Refused as refused:
                refusal = refused
        if refusal is not None and not taken:
            raise NoMetrics(refusal.sentence)

    async def _nodes(self) -> None:
        told = self.known.told_nodes
        try:
            await self._take(told, await self._server("nodes"))
        except _Refused as refused:
            raise NoMetrics(refused.sentence) from None
        except _NoServer as missing:
            own = [
                Sample("", one.name, one.at, 0.0, one.cpu, one.memory)
                for one in await self._by_kubelets(missing.sentence)
                if one.cpu is not None and one.memory is not None
            ]
            odd = self.known.take_nodes(own, now=self._there())
            self.known.finish(told, source=Source.KUBELET, now=self._wall(), odd=odd)

    async def _server(self, plural: str, namespace: str | None = None) -> bytes:
        """A metrics server's answer. Raises _NoServer, _Refused, NoMetrics, and KubeError where the cluster
        itself can't be had."""
        where = f"/namespaces/{namespace}" if namespace is not None else ""
        try:
            reply = await self._cluster.client.request(
                "GET", f"{GROUP}{where}/{plural}", deadline=DEADLINE, background=True, what="read metrics"
            )
        except NotFound:
            raise _NoServer("no metrics server is installed (it serves no metrics.k8s.io/v1beta1)") from None
        except ImpersonationForbidden:
            raise
        except Forbidden as error:
            raise _Refused(f"reading metrics is forbidden: {error.sentence}") from None
        except (ServerFailed, TooManyRequests) as error:
            raise NoMetrics(f"its metrics server does not answer: {error.sentence}") from None
        return reply.body

    async def _take(self, told: Told, body: bytes) -> None:
        pods = told is self.known.told_pods
        decode: Answer = pod_samples if pods else node_samples
        odd = 0
        try:
            async for samples, senseless in decode(body):
                take = self.known.take_pods if pods else self.known.take_nodes
                odd += senseless + take(samples, now=self._there())
        except Malformed as error:
            raise NoMetrics(str(error)) from None
        self.known.finish(told, source=Source.SERVER, now=self._wall(), odd=odd)

    def _there(self) -> float:
        """Now, by the cluster's clock."""
        return self._wall() + self._cluster.clock_skew

    # --- kubelets

    async def _by_kubelets(self, sentence: str) -> list[NodeSummary]:
        """What all kubelets say that answer. ``sentence``: why they are asked. Raises NoMetrics."""
        if not self._kubelets_too:
            raise NoMetrics(sentence)
        try:
            nodes = await self._node_names()
        except KubeError as error:
            raise NoMetrics(
                f"{sentence}, and its nodes can't be listed to ask their kubelets: {error.sentence}"
            ) from None
        if len(nodes) > MOST_KUBELETS:
            raise NoMetrics(f"{sentence}, and its {len(nodes)} nodes are too many to ask each kubelet")
        await self.kubelets(nodes)
        for gone in self.known.summaries.keys() - set(nodes):
            del self.known.summaries[gone]
        answered = [self.known.summaries[node] for node in nodes if node not in self.known.no_summary]
        if not answered:
            reason = next(iter(self.known.no_summary.values()), SafeStr("it has no nodes"))
            raise NoMetrics(f"{sentence}, and its kubelets can't be asked: {reason}")
        return answered

    async def _node_names(self) -> list[str]:
        kind = registry.builtin("nodes")
        assert kind is not None
        reply = await self._cluster.client.request(
            "GET",
            kind.resource.path(),
            query=(("resourceVersion", "0"),),
            accept=_NAMES,
            deadline=DEADLINE,
            background=True,
            what="list nodes",
        )
        page = registry.struct_decoder(kind).page(reply.body)
        return [node.metadata.name for node in cast("Sequence[Node]", page.items)]

    async def _kubelet(self, node: str, gate: asyncio.Semaphore) -> None:
        async with gate:
            try:
                reply = await self._cluster.client.request(
                    "GET",
                    summary_path(node),
                    deadline=KUBELET_DEADLINE,
                    background=True,
                    what=f"read the kubelet's summary of node {node}",
                )
                summary = read_summary(reply.body, node=node)
            except (KubeError, Malformed) as error:
                self.known.no_summary[node] = safe_text(getattr(error, "sentence", error), limit=300)
                return
            self.known.take_summary(summary, now=self._there())


class _Unanswered(Exception):
    def __init__(self, sentence: str) -> None:
        self.sentence = sentence
        super().__init__(sentence)


class _NoServer(_Unanswered):
    """There is no metrics server."""


class _Refused(_Unanswered):
    """There is one, and we may not ask it."""


def _undisputed(summaries: Sequence[NodeSummary]) -> tuple[list[tuple[str, Sample]], int]:
    """The pods of these kubelets with the node each was measured on, and how many were left out: a pod that
    two kubelets speak for is on one of them at most, and who lies can't be told here."""
    speakers = Counter((pod.namespace, pod.name) for summary in summaries for pod in summary.pods)
    found = [
        (summary.name, pod)
        for summary in summaries
        for pod in summary.pods
        if speakers[pod.namespace, pod.name] == 1
    ]
    return found, sum(count for count in speakers.values() if count > 1)
