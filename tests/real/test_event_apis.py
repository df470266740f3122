"""Events for people who may read one of the two APIs that serve them, on a real API server."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import pytest
import yaml

from tests.real.control_plane import ControlPlane, wait_for, write_private
from tests.real.program import Navarch
from tests.real.rig import Rig
from tests.real.test_rights import bind, subject


@pytest.fixture
def plane(rig: Rig, namespace: str) -> ControlPlane:
    """A cluster with one event, about a pod."""
    found = rig.clusters[0]
    event = {
        "metadata": {"name": "web.1", "namespace": namespace},
        "involvedObject": {"kind": "Pod", "namespace": namespace, "name": "web"},
        "reason": "BackOff",
        "message": "Back-off restarting",
        "type": "Warning",
        "count": 7,
        "firstTimestamp": "2026-11-30T10:00:00Z",
        "lastTimestamp": "2026-11-30T11:00:00Z",
        "source": {"component": "kubelet"},
    }
    found.api().post(f"/api/v1/namespaces/{namespace}/events", event)
    return found


@pytest.mark.parametrize("group", ["", "events.k8s.io"])
def test_either_right_shows_the_events(
    plane: ControlPlane, namespace: str, tmp_path: Path, group: str
) -> None:
    user = f"eve-{secrets.token_hex(3)}"
    navarch, config = Navarch(tmp_path / "home"), tmp_path / "config"
    write_private(config, yaml.safe_dump(plane.kubeconfig(plane.mint(user))).encode())
    line = ("events", "pod/web", "-n", namespace, "--since", "all", "-o", "json", "--kubeconfig", str(config))
    refused = navarch.run(*line)
    assert refused.returncode == 1
    assert "events" in refused.stderr
    rule = {"apiGroups": [group], "resources": ["events"], "verbs": ["get", "list", "watch"]}
    bind(plane, user, [rule], subject("User", user))

    def told() -> bool:
        done = navarch.run(*line)
        found = json.loads(done.stdout)["items"] if done.returncode == 0 else []
        return [(one["reason"], one["count"], one["message"]) for one in found] == [
            ("BackOff", 7, "Back-off restarting")
        ]

    assert wait_for(told, 30), "rights take a moment"
    with navarch.follow(*line[:-4], "--watch", "--kubeconfig", str(config)) as follower:
        follower.wait_for_line("BackOff", "pod/web")
