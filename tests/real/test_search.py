"""``navarch search`` against real API servers: all kinds, custom ones, limited users, little traffic."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.real.control_plane import wait_for, write_private
from tests.real.program import Navarch
from tests.real.rig import Rig

CANARY = "c2VhcmNoLWNhbmFyeQ=="
DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "boats.sea.example.invalid"},
    "spec": {
        "group": "sea.example.invalid",
        "scope": "Namespaced",
        "names": {"plural": "boats", "singular": "boat", "kind": "Boat"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
                },
            }
        ],
    },
}


@pytest.fixture
def navarch(tmp_path: Path) -> Navarch:
    return Navarch(tmp_path / "home")


def furnish(rig: Rig, namespace: str) -> None:
    """Things called heron-something, of built-in and custom kinds, in both clusters."""
    for plane in rig.clusters:
        api = plane.api()
        core = f"/api/v1/namespaces/{namespace}"
        labels = {"bird": "heron"}
        api.post(f"{core}/configmaps", {"metadata": {"name": "heron", "labels": labels}, "data": {"a": "b"}})
        api.post(f"{core}/secrets", {"metadata": {"name": "heron-key"}, "data": {"key": CANARY}})
        api.post(
            f"/apis/apps/v1/namespaces/{namespace}/deployments",
            {
                "metadata": {"name": "grey-heron", "labels": labels},
                "spec": {
                    "replicas": 0,
                    "selector": {"matchLabels": labels},
                    "template": {
                        "metadata": {"labels": labels},
                        "spec": {"containers": [{"name": "c", "image": "example.invalid/heron:7.1"}]},
                    },
                },
            },
        )


def hits(navarch: Navarch, rig: Rig, *words: str) -> tuple[int, list[dict[str, Any]], str]:
    done = navarch.run("search", *words, "-o", "json", "--kubeconfig", str(rig.kubeconfig))
    assert "search-canary" not in done.stdout + done.stderr
    assert CANARY not in done.stdout + done.stderr
    return done.returncode, json.loads(done.stdout)["items"], done.stderr


def told(items: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    return {
        (i["metadata"]["annotations"]["navarch.dev/cluster"], i["kind"], i["metadata"]["name"]) for i in items
    }


def test_everything_of_a_name_is_found_once_in_every_cluster(
    rig: Rig, namespace: str, navarch: Navarch
) -> None:
    furnish(rig, namespace)
    east = rig.clusters[0].api()
    east.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", DEFINITION)
    try:
        boats = f"/apis/sea.example.invalid/v1/namespaces/{namespace}/boats"
        body = {"apiVersion": "sea.example.invalid/v1", "kind": "Boat", "metadata": {"name": "heron-boat"}}

        def launched() -> bool:
            try:
                east.post(boats, body)
            except Exception:  # the definition is not served yet
                return False
            return True

        assert wait_for(launched, 30)
        code, items, words = hits(navarch, rig, "heron")
        assert code == 0, words
        expected = {
            (plane.name, kind, name)
            for plane in rig.clusters
            for kind, name in (
                ("ConfigMap", "heron"),
                ("Secret", "heron-key"),
                ("Deployment", "grey-heron"),
            )
        }
        found = told(items)
        assert found >= expected | {(rig.clusters[0].name, "Boat", "heron-boat")}
        uids = [item["metadata"]["uid"] for item in items]
        assert len(uids) == len(set(uids))
        assert items[0]["metadata"]["name"] == "heron"
        assert not {kind for _, kind, _ in found} & {"Event"}
    finally:
        east.delete("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/boats.sea.example.invalid")


def test_labels_images_patterns_and_many_hits(rig: Rig, namespace: str, navarch: Navarch) -> None:
    furnish(rig, namespace)
    api = rig.clusters[0].api()
    for number in range(60):
        api.post(
            f"/api/v1/namespaces/{namespace}/configmaps",
            {"metadata": {"name": f"egret-{number:02d}"}, "data": {}},
        )
    _, items, _ = hits(navarch, rig, "-l", "bird=heron", "-n", namespace)
    assert {i["kind"] for i in items} >= {"ConfigMap", "Deployment"}
    assert "Secret" not in {i["kind"] for i in items}
    _, items, _ = hits(navarch, rig, "--image", "heron:7", "-n", namespace)
    assert {i["kind"] for i in items} >= {"Deployment"}
    assert items[0]["metadata"]["annotations"]["navarch.dev/image"] == "example.invalid/heron:7.1"
    _, items, _ = hits(navarch, rig, "egret", "-c", rig.clusters[0].name)
    assert sum(i["kind"] == "ConfigMap" for i in items) == 60
    _, items, _ = hits(navarch, rig, "/^egret-4[01]$/")
    assert [i["metadata"]["name"] for i in items] == ["egret-40", "egret-41"]


def test_a_limited_user_is_told_what_was_not_searched(
    rig: Rig, namespace: str, navarch: Navarch, tmp_path: Path
) -> None:
    furnish(rig, namespace)
    plane = rig.clusters[0]
    role = {
        "metadata": {"name": "birds"},
        "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}],
    }
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    plane.api().post(f"{rbac}/roles", role)
    plane.api().post(
        f"{rbac}/rolebindings",
        {
            "metadata": {"name": "birds"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "birds"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "wren"}],
        },
    )
    file = tmp_path / "kubeconfig"
    config = plane.kubeconfig(plane.mint("wren"), user_name="wren")
    config["contexts"][0]["context"]["namespace"] = namespace
    write_private(file, json.dumps(config).encode())
    done = navarch.run("search", "heron", "-o", "name", "--kubeconfig", str(file))
    assert done.returncode == 0, done.stderr
    assert [line.split()[1:] for line in done.stdout.splitlines()] == [[namespace, "configmap/heron"]]
    assert "forbidden: " in done.stderr
    assert "secrets" in done.stderr
