"""An unmodified kubectl, and Navarch itself, against real API servers through the vault."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.cli.exits import Exit
from tests.cli.vault_command import PASSPHRASE, Navarch
from tests.real.rig import Rig


@pytest.fixture
def navarch(rig: Rig, tmp_path: Path) -> Iterator[Navarch]:
    """A vault with both clusters of the rig, locked."""
    made = Navarch(tmp_path)
    made.make_vault()
    made.done("cluster", "import", str(rig.kubeconfig), "--yes")
    yield made
    made("vault", "lock")


def kubectl(
    rig: Rig, navarch: Navarch, kubeconfig: Path, *arguments: str, unlocked: bool = True
) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(navarch.folder)}
    if unlocked:
        environment["NAVARCH_PASSWORD_FILE"] = navarch.secret_file("passphrase", PASSPHRASE)
    return subprocess.run(
        [rig.programs["kubectl"], f"--kubeconfig={kubeconfig}", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        start_new_session=True,
    )


def test_kubectl_works_through_the_vault(rig: Rig, navarch: Navarch, namespace: str, tmp_path: Path) -> None:
    path = tmp_path / "asking"
    navarch.done("kubeconfig", "-o", str(path))
    assert "client-key-data" not in path.read_text()
    for plane in rig.clusters:
        got = kubectl(
            rig, navarch, path, f"--context={plane.name}", "get", "namespace", namespace, "-o", "name"
        )
        assert got.stdout == f"namespace/{namespace}\n", got.stderr
        who = kubectl(rig, navarch, path, f"--context={plane.name}", "auth", "whoami", "-o", "json")
        assert json.loads(who.stdout)["status"]["userInfo"]["username"]
    made = kubectl(
        rig,
        navarch,
        path,
        "--context=real-east",
        "-n",
        namespace,
        "create",
        "configmap",
        "x",
        "--from-literal=a=b",
    )
    assert made.returncode == 0, made.stderr


def test_kubectl_gets_one_clear_sentence_when_locked(rig: Rig, navarch: Navarch, tmp_path: Path) -> None:
    path = tmp_path / "asking"
    navarch.done("kubeconfig", "real-east", "-o", str(path))
    refused = kubectl(rig, navarch, path, "get", "namespaces", unlocked=False)
    assert refused.returncode != 0
    said = refused.stderr.splitlines()
    ours = [line for line in said if line.startswith("navarch:")]
    # With a cold discovery cache kubectl asks several times.
    assert ours == ["navarch: The vault is locked. Unlock it with: navarch vault unlock"]
    assert "exit code 3" in said[-1]


def test_impersonation_travels_with_the_kubeconfig(rig: Rig, navarch: Navarch, tmp_path: Path) -> None:
    plane = rig.clusters[0]
    config = plane.kubeconfig()
    config["users"][0]["user"] |= {"as": "somebody-else", "as-groups": ["nobody"]}
    source = tmp_path / "acting"
    source.write_text(json.dumps(config))
    navarch.done("cluster", "import", str(source), "--yes")
    acting = next(
        entry
        for entry in json.loads(navarch.done("cluster", "list", "-o", "json"))
        if entry["actsAs"] == "somebody-else"
    )
    path = tmp_path / "asking"
    navarch.done("kubeconfig", acting["name"], "-o", str(path))
    who = kubectl(rig, navarch, path, "auth", "whoami", "-o", "json")
    assert json.loads(who.stdout)["status"]["userInfo"]["username"] == "somebody-else", who.stderr


def test_cluster_test_notes_identity_and_notices_another_cluster(
    rig: Rig, navarch: Navarch, tmp_path: Path
) -> None:
    results = json.loads(navarch.done("cluster", "test", "-o", "json"))
    assert {r["state"] for r in results} == {"LIVE"}
    east = json.loads(navarch.done("cluster", "show", "real-east", "-o", "json"))[0]
    assert east["kubeSystemUid"]
    # The same name leads to the other cluster now: its file was rewritten.
    other = rig.clusters[1].kubeconfig()
    for group in ("clusters", "users", "contexts"):
        other[group][0]["name"] = "moved"
    other["contexts"][0]["context"] = {"cluster": "moved", "user": "moved"}
    source = tmp_path / "moving"
    mine = json.loads(json.dumps(other))
    first = rig.clusters[0].kubeconfig()
    mine["clusters"][0]["cluster"] = first["clusters"][0]["cluster"]
    mine["users"][0]["user"] = first["users"][0]["user"]
    source.write_text(json.dumps(mine))
    navarch.done("cluster", "import", str(source), "--yes")
    navarch.done("cluster", "test", "moved")
    source.write_text(json.dumps(other))
    navarch.done("cluster", "refresh", "moved", "--yes")
    noticed = navarch("cluster", "test", "moved")
    assert noticed.returncode == Exit.FAILED
    assert "another cluster" in noticed.stderr
    navarch("cluster", "test", "moved", "--accept-identity")
    navarch.done("cluster", "test", "moved")
