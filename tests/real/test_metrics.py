"""Use where there is no metrics server: the kubelet of a real node is asked, and is the judge as well."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_get import table
from tests.real.control_plane import wait_for
from tests.real.node.cluster import NODE, NodeCluster
from tests.real.node.images import BUSYBOX
from tests.real.program import Navarch


@pytest.fixture
def navarch(tmp_path: Path) -> Navarch:
    return Navarch(tmp_path / "home")


@pytest.fixture(scope="module")
def busy(node: NodeCluster) -> Iterator[str]:
    """A pod that spins, with a request and a limit."""
    node.kubectl(
        "run", "busy", f"--image={BUSYBOX}", "--restart=Never", "--", "sh", "-c", "while :; do :; done"
    )

    def measured() -> bool:
        return any(pod["podRef"]["name"] == "busy" and _cores(pod) for pod in _summary(node)["pods"])

    assert wait_for(measured, 120), "the kubelet never measured it"
    yield "busy"
    node.kubectl("delete", "pod", "busy", "--grace-period=0", "--force")


def _summary(node: NodeCluster) -> Any:
    return json.loads(node.kubectl("get", "--raw", f"/api/v1/nodes/{NODE}/proxy/stats/summary"))


def _cores(pod: Any) -> float:
    return sum((one.get("cpu") or {}).get("usageNanoCores") or 0 for one in pod.get("containers", ())) / 1e9


def test_the_kubelets_numbers_are_ours(node: NodeCluster, navarch: Navarch, busy: str) -> None:
    done = navarch.run("top", "pods", busy, "-o", "json", "--kubeconfig", str(node.kubeconfig))
    assert done.returncode == 0, done.stderr
    (item,) = json.loads(done.stdout)["items"]
    said = [pod for pod in _summary(node)["pods"] if pod["podRef"]["name"] == busy]
    assert item["cpuCores"]["used"] > 0
    assert item["measured"]
    # it spins all the time, so two moments are alike; memory of a loop hardly moves
    assert item["cpuCores"]["used"] == pytest.approx(_cores(said[0]), rel=0.9)
    memory = sum(one["memory"]["workingSetBytes"] for one in said[0]["containers"])
    assert item["memoryBytes"]["used"] == pytest.approx(memory, rel=0.5)


def test_the_node_uses_what_its_kubelet_says(node: NodeCluster, navarch: Navarch, busy: str) -> None:
    done = navarch.run("top", "nodes", "--kubeconfig", str(node.kubeconfig))
    assert done.returncode == 0, done.stderr
    (row,) = table(done.stdout)
    used = int(row["MEMORY(bytes)"].removesuffix("Mi")) * 2**20
    assert used == pytest.approx(_summary(node)["node"]["memory"]["workingSetBytes"], rel=0.5)
    assert row["CPU(cores)"] != "-"


def test_a_list_ordered_by_use_asks_the_kubelets_too(node: NodeCluster, navarch: Navarch, busy: str) -> None:
    done = navarch.run("get", "pods", "--sort", "cpu", "--desc", "--kubeconfig", str(node.kubeconfig))
    assert done.returncode == 0, done.stderr
    assert table(done.stdout)[0]["NAME"] == busy
