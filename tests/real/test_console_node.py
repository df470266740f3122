"""The console in a terminal on a cluster whose pods really run."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.control_plane import wait_for
from tests.real.node.cluster import NodeCluster
from tests.real.node.images import BUSYBOX
from tests.real.test_console import SLOW, command, console

DEADLINE = 60.0
pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def web(node: NodeCluster) -> Iterator[str]:
    """A namespace with a deployment ``web`` of one pod that ends at once when told to."""
    name = f"web-{secrets.token_hex(3)}"
    node.kubectl("create", "namespace", name)
    node.kubectl("create", "deployment", "web", "-n", name, f"--image={BUSYBOX}", "--", "sleep", "1000")
    brief = '{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":1}}}}'
    node.kubectl("patch", "deployment", "web", "-n", name, "-p", brief)
    node.kubectl("rollout", "status", "deployment/web", "-n", name, "--timeout=60s")
    yield name
    node.kubectl("delete", "namespace", name, "--wait=false")


def pods(node: NodeCluster, namespace: str) -> list[str]:
    return node.kubectl("get", "pods", "-n", namespace, "-o", "name").split()


def test_pods_appear_while_a_deployment_scales_and_one_is_deleted(
    node: NodeCluster, web: str, tmp_path: Path
) -> None:
    with console(tmp_path / "home", "--kubeconfig", str(node.kubeconfig)) as terminal:
        terminal.expect("1/1 live", deadline=SLOW)
        command(terminal, f"pods -n {web}")
        terminal.expect_line("web-", "1/1", "Running", deadline=SLOW)
        node.kubectl("scale", "deployment", "web", "-n", web, "--replicas=4")
        terminal.expect("4 rows", deadline=DEADLINE)
        assert terminal.wait(lambda: terminal.text.count("Running") == 4, DEADLINE), terminal.text
        before = pods(node, web)
        terminal.press("D")
        terminal.expect("Keep everything", deadline=SLOW)
        terminal.press("down")
        terminal.expect_line("▸ Delete")
        terminal.press("enter")
        assert wait_for(lambda: len(set(before) & set(pods(node, web))) == 3, DEADLINE)
        assert terminal.wait(lambda: terminal.text.count("Running") == 4, DEADLINE), terminal.text
        node.kubectl("scale", "deployment", "web", "-n", web, "--replicas=1")
        terminal.expect_line("web-", "Terminating", deadline=DEADLINE)
        terminal.expect("· 1 row", deadline=DEADLINE)
        terminal.press("ctrl+q")
        assert terminal.wait_for_end() == 0


def test_the_api_server_is_upgraded_under_the_console(node: NodeCluster, web: str, tmp_path: Path) -> None:
    """Gone and back, as in an upgrade: what was known stays, nothing has to be started again."""
    with console(tmp_path / "home", "--kubeconfig", str(node.kubeconfig)) as terminal:
        terminal.expect("1/1 live", deadline=SLOW)
        command(terminal, f"pods -n {web}")
        terminal.expect_line("web-", "Running", deadline=SLOW)
        node.plane.stop_apiserver()
        terminal.expect("0/1 live", deadline=DEADLINE)
        terminal.expect_line("web-", "Running")
        node.plane.start_apiserver()
        terminal.expect("1/1 live", deadline=DEADLINE)
        node.kubectl("scale", "deployment", "web", "-n", web, "--replicas=2")
        assert terminal.wait(lambda: terminal.text.count("Running") == 2, DEADLINE), terminal.text
        terminal.press("ctrl+q")
        assert terminal.wait_for_end() == 0
