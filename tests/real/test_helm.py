"""Helm releases on real API servers, from secrets and config maps in Helm's own format."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integrations.helm.stored import release, stored
from tests.real.program import Navarch
from tests.real.rig import Rig

CANARY = "helm-canary-91c4"
MANIFEST = f"---\napiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{p: {CANARY}}}\n"


@pytest.fixture
def navarch(tmp_path: Path) -> Navarch:
    return Navarch(tmp_path / "home")


def keep(rig: Rig, namespace: str, *, cluster: int, driver: str = "secret", **content: object) -> None:
    obj = stored(release("shop", **content), driver=driver)  # type: ignore[arg-type]
    plural = "secrets" if driver == "secret" else "configmaps"
    rig.clusters[cluster].api().post(f"/api/v1/namespaces/{namespace}/{plural}", obj)


def test_releases_of_both_stores_are_listed_described_and_printed(
    rig: Rig, namespace: str, navarch: Navarch
) -> None:
    keep(rig, namespace, cluster=0, number=1, status="superseded", version="1.0.0")
    keep(
        rig,
        namespace,
        cluster=0,
        number=2,
        version="1.1.0",
        values={"auth": {"password": CANARY}},
        manifest=MANIFEST,
        notes=f"password: {CANARY}",
    )
    keep(rig, namespace, cluster=1, driver="configmap", status="failed", description="timed out")
    place = ("-n", namespace, "--kubeconfig", str(rig.kubeconfig))

    done = navarch.run("get", "helm", *place)
    assert done.returncode == 0, done.stderr
    lines = {line.split()[0]: line.split()[2:7] for line in done.stdout.splitlines()[1:]}
    assert lines == {
        rig.clusters[0].name: ["shop", "2", "deployed", "nginx-1.1.0", "1.27.1"],
        rig.clusters[1].name: ["shop", "1", "failed", "nginx-1.0.0", "1.27.1"],
    }
    done = navarch.run("get", "helm", "--problems", *place)
    assert "timed out" in done.stdout

    one = ("helm", "shop", "-c", rig.clusters[0].name, *place)
    done = navarch.run("describe", *one)
    assert done.returncode == 0, done.stderr
    assert "superseded" in done.stdout
    assert CANARY not in done.stdout
    done = navarch.run("yaml", *one)
    assert "password: ‹masked" in done.stdout
    assert CANARY not in done.stdout
    done = navarch.run("yaml", *one, "--reveal", "auth.password")
    assert f"password: {CANARY}" in done.stdout
    done = navarch.run("get", "helm", "-o", "json", *place)
    items = json.loads(done.stdout)["items"]
    assert {item["status"]["storedIn"].partition("/")[0] for item in items} == {"secret", "configmap"}
    assert CANARY not in done.stdout


def test_a_live_list_follows_an_upgrade(rig: Rig, namespace: str, navarch: Navarch) -> None:
    keep(rig, namespace, cluster=0, number=1, version="1.0.0")
    words = ("get", "helm", "-n", namespace, "-w", "--kubeconfig", str(rig.kubeconfig))
    with navarch.follow(*words) as follower:
        follower.wait_for_line("shop", "deployed", "nginx-1.0.0")
        keep(rig, namespace, cluster=0, number=2, status="pending-upgrade", version="1.1.0")
        follower.wait_for_line("shop", "pending-upgrade", "nginx-1.1.0")
        path = f"/api/v1/namespaces/{namespace}/secrets/sh.helm.release.v1.shop.v2"
        rig.clusters[0].api().merge(path, {"metadata": {"labels": {"status": "deployed"}}})
        follower.wait_for_line("shop", "2", "deployed", "nginx-1.1.0")
