"""Events as real controllers and a real kubelet write them: grouped, and beside what was changed."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.real.control_plane import wait_for
from tests.real.node.cluster import NodeCluster
from tests.real.node.images import BUSYBOX
from tests.real.program import Navarch

DEADLINE = 120.0
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def shop(node: NodeCluster) -> Iterator[str]:
    """A namespace with a deployment ``web`` of two pods that run."""
    name = f"shop-{secrets.token_hex(3)}"
    node.kubectl("create", "namespace", name)
    node.kubectl(
        "create", "deployment", "web", "-n", name, f"--image={BUSYBOX}", "--replicas=2", "--", "sleep", "1000"
    )
    node.kubectl("rollout", "status", "deployment/web", "-n", name, "--timeout=60s")
    yield name
    node.kubectl("delete", "namespace", name, "--wait=false")


def test_a_rollout_that_crashes_is_found_with_its_revision(
    node: NodeCluster, shop: str, tmp_path: Path
) -> None:
    navarch = Navarch(tmp_path / "home")

    def told(*words: str) -> Any:
        done = navarch.run("events", *words, "-n", shop, "-o", "json", "--kubeconfig", str(node.kubeconfig))
        return json.loads(done.stdout) if done.stdout else {"items": []}

    scheduled = [one for one in told("pods")["items"] if one["reason"] == "Scheduled"]
    assert len(scheduled) == 2, "written through events.k8s.io, without a count"
    assert all(one["count"] == 1 and one["lastSeen"] for one in scheduled)
    crash = [{"op": "replace", "path": "/spec/template/spec/containers/0/command", "value": ["false"]}]
    node.kubectl("patch", "deployment", "web", "-n", shop, "--type=json", "-p", json.dumps(crash))

    def backing_off() -> bool:
        found = [one for one in told("pods")["items"] if one["reason"] == "BackOff"]
        return any(one["health"] == "failing" and one["count"] > 1 for one in found)

    assert wait_for(backing_off, DEADLINE)
    timeline = told("--timeline", "deploy", "web")
    (suspicion, *_) = timeline["suspicions"]
    assert suspicion["weight"] == "likely"
    assert suspicion["change"]["title"] == "revision 2"
    assert suspicion["change"]["text"] == "command busybox"
    assert {one["role"] for one in timeline["happenings"]} >= {"itself", "revision", "pod", "node"}
    assert any(one["what"] == "restart" for one in timeline["happenings"])
