"""The console in a terminal for people whom a cluster lets in a little, or no more."""

from __future__ import annotations

import json
from pathlib import Path

from tests.real.control_plane import ControlPlane, write_private
from tests.real.rig import Rig
from tests.real.test_console import SLOW, command, console, make


def only_in(plane: ControlPlane, namespace: str, user: str) -> bytes:
    """A kubeconfig for somebody who may do everything in one namespace and nothing elsewhere."""
    api = plane.api()
    subject = {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": user}
    role = {"kind": "ClusterRole", "apiGroup": "rbac.authorization.k8s.io", "name": "admin"}
    api.post(
        f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings",
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": user},
            "subjects": [subject],
            "roleRef": role,
        },
    )
    config = plane.kubeconfig(plane.mint(user), user_name=user)
    config["contexts"][0]["context"]["namespace"] = namespace
    return json.dumps(config).encode()


def test_who_may_see_one_namespace_sees_it_and_is_told_so(rig: Rig, namespace: str, tmp_path: Path) -> None:
    plane = rig.clusters[0]
    write_private(tmp_path / "config", only_in(plane, namespace, f"dana-{namespace[-6:]}"))
    make(plane, namespace, "ConfigMap", "mine")
    with console(tmp_path / "home", "--kubeconfig", str(tmp_path / "config")) as terminal:
        terminal.expect("1/1 live", deadline=SLOW)
        command(terminal, "configmaps")
        terminal.expect("mine", deadline=SLOW)
        terminal.expect("1 namespace only")
        make(plane, namespace, "ConfigMap", "mine-too")
        terminal.expect("mine-too")
        command(terminal, "nodes")
        terminal.expect("forbidden", deadline=SLOW)
        terminal.press("ctrl+q")
        assert terminal.wait_for_end() == 0


def test_an_expired_certificate_is_said_to_be_one(rig: Rig, tmp_path: Path) -> None:
    east, west = rig.clusters
    config = east.kubeconfig(east.mint("late", days=-1.0), user_name="late")
    for part in ("clusters", "users", "contexts"):
        config[part] += west.kubeconfig()[part]
    write_private(tmp_path / "config", json.dumps(config).encode())
    with console(tmp_path / "home", "--kubeconfig", str(tmp_path / "config")) as terminal:
        terminal.expect("1/2 live", deadline=SLOW)
        terminal.expect_line("real-east", "expired", deadline=SLOW)
        command(terminal, "namespaces")
        terminal.expect_line("real-west", "kube-system", deadline=SLOW)
        terminal.press("ctrl+q")
        assert terminal.wait_for_end() == 0
