"""The two servers that must give the same answers."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from backend.demo.process import DemoFleet, start
from tests.contract.connection import Server
from tests.demo.kubectl import Kubectl
from tests.real.rig import Rig


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fleet() -> AsyncIterator[DemoFleet]:
    async with await start(clusters=1, pods=10, scenario="calm", speed=0.1) as running:
        yield running


@pytest.fixture(params=["real", "demo"])
def server(request: pytest.FixtureRequest, rig: Rig, fleet: DemoFleet, tmp_path: Path) -> Server:
    """First the one, then the other."""
    kubeconfig = rig.kubeconfig if request.param == "real" else fleet.kubeconfig_path
    context = rig.clusters[0].name if request.param == "real" else fleet.clusters[0].name
    kubectl = Kubectl(rig.programs["kubectl"], kubeconfig, tmp_path, context=context)
    return Server(request.param, kubeconfig, context, kubectl)


@pytest_asyncio.fixture(loop_scope="function")
async def space(server: Server) -> AsyncIterator[str]:
    """A fresh namespace there."""
    name = f"client-{secrets.token_hex(3)}"
    await server.kubectl.run("create", "namespace", name)
    yield name
    await server.kubectl.run("delete", "namespace", name, "--wait=false")
