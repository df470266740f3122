"""``get all`` against kubectl's, and what a person sees of it who may list only some of its kinds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.real.control_plane import wait_for, write_private
from tests.real.program import Navarch
from tests.real.rig import Rig

LABELS = {"app": "web"}
TEMPLATE = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "a", "image": "x"}]}}


@pytest.fixture
def navarch(tmp_path: Path) -> Navarch:
    return Navarch(tmp_path / "home")


def furnish(rig: Rig, namespace: str) -> None:
    api = rig.clusters[0].api()
    spec: dict[str, Any] = {"replicas": 2, "selector": {"matchLabels": LABELS}, "template": TEMPLATE}
    api.post(f"/apis/apps/v1/namespaces/{namespace}/deployments", {"metadata": {"name": "web"}, "spec": spec})
    service = {"metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}], "selector": LABELS}}
    api.post(f"/api/v1/namespaces/{namespace}/services", service)
    wait_for(lambda: len(api.get(f"/api/v1/namespaces/{namespace}/pods")["items"]) == 2, 20)


def test_all_is_what_kubectl_gives(rig: Rig, controllers: None, namespace: str, navarch: Navarch) -> None:
    furnish(rig, namespace)
    cluster = rig.clusters[0].name
    theirs = rig.kubectl("get", "all", "-n", namespace, "-o", "name", context=cluster).stdout.split()
    where = ("-n", namespace, "-c", cluster, "--kubeconfig", str(rig.kubeconfig))
    ours = navarch.run("get", "all", *where, "-o", "name")
    assert ours.returncode == 0, ours.stderr
    assert sorted(line.split()[-1] for line in ours.stdout.splitlines()) == sorted(theirs)
    assert len(theirs) == 5  # two pods, a replica set, a deployment, a service

    table = navarch.run("get", "all", *where).stdout.splitlines()
    assert table[0].split() == ["CLUSTER", "NAMESPACE", "KIND", "NAME", "READY", "HEALTH", "WHY", "AGE"]
    assert len(table) == 6
    whole = json.loads(navarch.run("get", "all", *where, "-o", "json").stdout)
    kinds = sorted(item["kind"] for item in whole["items"])
    assert kinds == ["Deployment", "Pod", "Pod", "ReplicaSet", "Service"]


def test_kinds_that_may_not_be_listed_are_named(
    rig: Rig, controllers: None, namespace: str, navarch: Navarch, tmp_path: Path
) -> None:
    furnish(rig, namespace)
    plane = rig.clusters[0]
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    rules = [
        {"apiGroups": [""], "resources": ["pods", "services"], "verbs": ["list", "watch"]},
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["list", "watch"]},
    ]
    plane.api().post(f"{rbac}/roles", {"metadata": {"name": "some"}, "rules": rules})
    group = "rbac.authorization.k8s.io"
    binding = {
        "metadata": {"name": "some"},
        "roleRef": {"apiGroup": group, "kind": "Role", "name": "some"},
        "subjects": [{"kind": "User", "name": "kim", "apiGroup": group}],
    }
    plane.api().post(f"{rbac}/rolebindings", binding)
    file = tmp_path / "kubeconfig"
    write_private(file, json.dumps(plane.kubeconfig(plane.mint("kim"), user_name="kim")).encode())

    got = navarch.run("get", "all", "-n", namespace, "-o", "name", "--kubeconfig", str(file))
    assert got.returncode == 0, got.stderr
    kinds = sorted(line.split()[-1].split("/")[0] for line in got.stdout.splitlines())
    assert kinds == ["deployment.apps", "pod", "pod", "service"]
    assert "forbidden" in got.stderr
    assert "replicasets.apps" in got.stderr
    assert "pods" not in got.stderr
