"""pytest's door to the rig: fixtures `rig` and `namespace`, the option --real, and skips that say why.

A test that asks for `kube_binaries`, `rig` or a fixture on top of them gets the marker `real` and runs in one
xdist worker with the other such tests, so that one rig is started per session; those that ask for `node`
share another one. The programs are found, or built, before the first test: no test's time-out includes a
build.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator

import pytest

from tests.real import binaries, workload
from tests.real.node.cluster import NodeCluster
from tests.real.rig import Rig
from tests.real.toolchain import Unavailable

_ROOT_FIXTURE = "kube_binaries"
_PROGRAMS = pytest.StashKey["binaries.Binaries | Unavailable"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--real", action="store_true", help="fail, instead of skip, the tests that need a real Kubernetes"
    )


def pytest_configure(config: pytest.Config) -> None:
    # xdist defines this one only where it is active; a serial run must know it too.
    config.addinivalue_line("markers", "xdist_group(name): tests of one group run in one worker")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, pytest.Function) and _ROOT_FIXTURE in item.fixturenames:
            item.add_marker(pytest.mark.real)
            group = "node" if "node" in item.fixturenames else "real"
            item.add_marker(pytest.mark.xdist_group(group))


def pytest_collection_finish(session: pytest.Session) -> None:
    if session.config.option.collectonly or not any(
        item.get_closest_marker("real") for item in session.items
    ):
        return
    capture = session.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():  # a build takes minutes: its progress must be seen
        try:
            session.config.stash[_PROGRAMS] = binaries.find()
        except Unavailable as reason:
            session.config.stash[_PROGRAMS] = reason


@pytest.fixture(scope="session")
def kube_binaries(pytestconfig: pytest.Config) -> binaries.Binaries:
    """The programs of a real Kubernetes; skips (fails with --real) where there are none."""
    found = pytestconfig.stash[_PROGRAMS]
    if isinstance(found, Unavailable):
        if pytestconfig.getoption("--real"):
            pytest.fail(f"no real Kubernetes: {found}", pytrace=False)
        pytest.skip(f"no real Kubernetes: {found}")
    return found


@pytest.fixture(scope="session")
def rig(kube_binaries: binaries.Binaries) -> Iterator[Rig]:
    """Two real clusters, started once per session."""
    with Rig(kube_binaries) as running:
        yield running


@pytest.fixture(scope="session")
def node(kube_binaries: binaries.Binaries) -> Iterator[NodeCluster]:
    """A cluster with a kubelet, started once per session; skips where a node can't run, and says why."""
    try:
        cluster = NodeCluster(kube_binaries)
    except Unavailable as reason:
        pytest.skip(str(reason))
    with cluster:
        yield cluster


@pytest.fixture(scope="session")
def controllers(kube_binaries: binaries.Binaries) -> None:
    """For tests that need the controller manager and the scheduler."""
    if not kube_binaries.has_controllers:
        pytest.skip(f"no kube-controller-manager and kube-scheduler in {kube_binaries.source}")


@pytest.fixture
def namespace(rig: Rig, request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh namespace, of the same name in every cluster of the rig; deleted afterwards."""
    stem = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())[:24].strip("-")
    name = f"{stem}-{secrets.token_hex(3)}"
    with workload.fresh_namespace(rig.clusters, name):
        yield name
