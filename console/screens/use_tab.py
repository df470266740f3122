"""The metrics tab of a pod's or node's detail: measured as long as it is looked at."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from textual import work

from backend.text import SafeStr
from console.object_text import USE_TAB
from console.screens.frame import FrameScreen
from console.views import ObjectRef

if TYPE_CHECKING:
    from backend.observe.metrics.sampling import Metrics

_AGAIN = 1.0
"""Seconds between two repaints."""


class UseTab(FrameScreen):
    """Mixed into the detail, which says what is open and shows the text."""

    ref: ObjectRef
    tab: str

    def opened_object(self) -> Mapping[str, Any] | None:
        """The whole object as it was read last."""
        raise NotImplementedError

    def show_use(self, text: SafeStr) -> None:
        """The text of the tab, if it is still the one that is shown."""
        raise NotImplementedError

    def chart_width(self) -> int:
        """Cells there are for a chart."""
        raise NotImplementedError

    @work(exclusive=True, group="measure", exit_on_error=False)
    async def measure(self) -> None:
        """Sample the object as long as its tab is shown."""
        await self.navarch.attempt(self._measure)

    async def _measure(self) -> None:
        from backend.observe.metrics.sampling import Interest, What

        metrics = await self.navarch.measuring.metrics()
        where = self.ref.cluster_id
        obj = self.opened_object() or {}
        if self.ref.resource.full_name == "nodes":
            node, wanted = self.ref.name, [Interest(where, What.NODES)]
        else:
            node = str(obj.get("spec", {}).get("nodeName") or "")
            wanted = [Interest(where, What.PODS, (self.ref.namespace,))]
        if node:
            wanted.append(Interest(where, What.NODES, kubelet=node))
        with metrics.looking(wanted) as fresh:
            while self.tab == USE_TAB:
                await self._show(metrics)
                await asyncio.sleep(_AGAIN)
                await fresh.wait()
                fresh.clear()

    async def _show(self, metrics: Metrics) -> None:
        import json

        from backend.observe.metrics.loads import Level, Objects, loads
        from backend.resources import registry
        from console.use_text import use_text

        obj = self.opened_object()
        kind = registry.for_resource(self.ref.resource)
        if obj is None or kind is None:
            return
        page = registry.struct_decoder(kind).page(json.dumps({"items": [obj]}).encode())
        known = metrics.of(self.ref.cluster_id)
        cluster = (await self.navarch.fleet()).cluster(self.ref.cluster_id)
        nodes = self.ref.resource.full_name == "nodes"
        items: Any = list(page.items)
        objects = Objects(
            cluster_id=cluster.id,
            cluster=cluster.name,
            pods=() if nodes else items,
            nodes=items if nodes else (),
            skew=cluster.clock_skew,
        )
        now = metrics.now()
        found = await loads(Level.NODES if nodes else Level.PODS, [(objects, known)], now=now)
        parts = [] if nodes else await loads(Level.CONTAINERS, [(objects, known)], now=now)
        if not found:
            return
        load = found[0]
        points = (
            known.nodes.recent(load.name)
            if nodes
            else known.pod_points(load.namespace, load.name, born=load.born)
        )
        text = use_text(load, parts, points, known, now=now + load.skew, width=self.chart_width())
        if self.tab == USE_TAB:
            self.show_use(text)
