"""Pictures of the topology screen at three sizes: a tree, its drawing, and a fleet with nothing unfolded.

The objects are written here and all of them are read before the picture is taken; whatever moves while kinds
come in (their order, what is unknown yet) is over by then.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from textual.pilot import Pilot

from console.application import NavarchApp
from console.screens.topology import TopologyScreen
from console.views import TopologyView
from tests.ui.double import FleetDouble, SessionDouble, default_objects, deployment, metadata, pod, service
from tests.ui.seeing import screen_text, see, until, write
from tests.ui.test_pictures import FOLDER, SIZES, compare, counted_live, fits, without_pane

Open = Callable[..., NavarchApp]


def owner(kind: str, name: str) -> list[dict[str, Any]]:
    return [
        {"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": f"uid-pay-{name}", "controller": True}
    ]


def a_shop() -> dict[str, list[dict[str, Any]]]:
    """A deployment of three pods, one crashing; its configuration is missing, a service leads to it."""
    objects = default_objects()
    web = deployment("web", "pay")
    replicas = deployment("web-5d9c", "pay")
    replicas["kind"] = "ReplicaSet"
    replicas["metadata"] |= {"ownerReferences": owner("Deployment", "web"), "labels": {"app": "web"}}
    pods = [pod(f"web-5d9c-{letter}", "pay") for letter in "abc"]
    pods[1] = pod("web-5d9c-b", "pay", waiting="CrashLoopBackOff", restarts=41)
    for one in pods:
        one["metadata"] |= {"ownerReferences": owner("ReplicaSet", "web-5d9c"), "labels": {"app": "web"}}
    objects |= {"deployments": [web], "replicasets": [replicas], "services": [service("web", "pay")]}
    objects["pods"] = pods
    objects["namespaces"] = [{"metadata": metadata("pay"), "status": {"phase": "Active"}}]
    return objects


WEB = TopologyView(
    aim="resource",
    clusters=("id-prod-eu",),
    namespaces=("pay",),
    kind="deployments.apps",
    name="web",
    names={"id-prod-eu": "prod-eu"},
)


def graph_is_read(app: NavarchApp) -> bool:
    """Every kind was read and shown."""
    screen = app.screen
    outline = screen._outline if isinstance(screen, TopologyScreen) else None
    return (
        outline is not None and not outline.graph.unread("id-prod-eu") and "not read" not in screen_text(app)
    )


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_a_tree_and_its_drawing(open_app: Open, size: tuple[int, int]) -> None:
    app = open_app(SessionDouble(FleetDouble(a_shop())), settings=without_pane())
    async with app.run_test(size=size) as pilot:
        await see(pilot, "9 pods", "3/3 live")
        app.show(WEB)
        await until(pilot, lambda: graph_is_read(app), what="all kinds read")
        await see(pilot, "Deployment pay/web", "CrashLoopBackOff", "not-there")
        await pictured(pilot, "topology", size)
        await pilot.press("tab")
        await see(pilot, "(drawing)", "─▶│")
        await pictured(pilot, "topology-drawing", size)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_a_fleet_as_a_tree(open_app: Open, size: tuple[int, int]) -> None:
    app = open_app(SessionDouble(FleetDouble(a_shop())), settings=without_pane())
    async with app.run_test(size=size) as pilot:
        await see(pilot, "9 pods", "3/3 live")
        await counted_live(pilot, 3)
        await write(pilot, ":screen topology")
        await pilot.press("enter")
        await see(pilot, "cluster prod-eu", "3 pods", "3/3 live")
        await pictured(pilot, "topology-fleet", size)


async def pictured(pilot: Pilot[None], name: str, size: tuple[int, int]) -> None:
    """Compare; whatever is read last may be shown a moment later."""
    path = FOLDER / f"{name}-{size[0]}x{size[1]}.txt"
    if os.environ.get("NAVARCH_PICTURES") == "write":
        await asyncio.sleep(2)
    elif path.exists():
        with suppress(AssertionError):  # the comparison says it better
            await until(pilot, lambda: screen_text(pilot.app) + "\n" == path.read_text("utf-8"))
    text = screen_text(pilot.app)
    fits(text, *size)
    compare(path.stem, text)
