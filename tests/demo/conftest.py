"""A simulated cluster in this process, and a whole demo fleet in its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from backend.demo.cluster import Cluster
from backend.demo.controllers.plane import ControlPlane, control_plane
from backend.demo.customs import follow
from backend.demo.fleet import DemoClusters
from backend.demo.plan import Plan
from backend.demo.process import DemoFleet, start
from backend.demo.world import add_namespace, add_node
from tests.demo.kubectl import Kubectl
from tests.real.binaries import Binaries

Eventually = Callable[[Callable[[], bool]], Awaitable[None]]


@pytest.fixture
def eventually() -> Eventually:
    """Wait for a condition, with a deadline: ``await eventually(lambda: …)``."""

    async def wait(held: Callable[[], bool]) -> None:
        stop = time.monotonic() + 20
        while not held():
            assert time.monotonic() < stop, "it did not come true in time"
            await asyncio.sleep(0.01)

    return wait


@pytest_asyncio.fixture
async def plane() -> AsyncIterator[ControlPlane]:
    """A running control plane of an empty cluster with two nodes, two hundred times faster than life."""
    cluster = Cluster("lab", seed=1, speed=200.0)
    follow(cluster)
    made = control_plane(cluster)
    add_namespace(cluster, "default")
    for number in (1, 2):
        add_node(cluster, f"lab-node-{number}", zone="a", number=number, control=False, cpu=4)
    task = asyncio.create_task(made.engine.run())
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest_asyncio.fixture
async def here(tmp_path: Path) -> AsyncIterator[DemoClusters]:
    """One calm cluster, served from this process, so that a test can reach into it."""
    async with DemoClusters(Plan(clusters=1, pods=20, scenario="calm", speed=0.1), tmp_path) as clusters:
        yield clusters


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fleet() -> AsyncIterator[DemoFleet]:
    """A demo in its own process, as the console starts it, five times faster than life."""
    async with await start(clusters=1, pods=20, scenario="calm", speed=5.0) as running:
        yield running


@pytest.fixture
def kubectl(kube_binaries: Binaries, fleet: DemoFleet, tmp_path: Path) -> Kubectl:
    """kubectl of the real servers' release, as administrator of that demo."""
    return Kubectl(kube_binaries["kubectl"], fleet.kubeconfig_path, tmp_path)
