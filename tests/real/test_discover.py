"""From a hub's ClusterProfile to a cluster that answers: real servers, a real credential program."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.fleet.registry.profiles import GROUP, definition, profile, provider
from tests.real import workload
from tests.real.control_plane import wait_for, write_private
from tests.real.rig import Rig
from tests.real.test_main_job import Person

PROFILES = f"/apis/{GROUP}/v1alpha1/namespaces/%s/clusterprofiles"


@pytest.fixture
def hub(rig: Rig, namespace: str) -> Iterator[str]:
    """The namespace of the first cluster's profiles; one of them is of the second cluster."""
    east, west = rig.clusters
    api = east.api()
    api.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition("v1alpha1", "v1alpha2"))
    whole = profile("sloop", provider("dock", west.server, west.ca), namespace=namespace)
    lost = profile("lost", namespace=namespace)

    def published() -> bool:
        try:
            api.post(PROFILES % namespace, whole)
        except Exception:  # the definition is not served yet
            return False
        return True

    assert wait_for(published, 30)
    api.post(PROFILES % namespace, lost)
    yield namespace
    api.delete(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/clusterprofiles.{GROUP}")


@pytest.fixture
def person(rig: Rig, tmp_path: Path) -> Person:
    """Somebody whose vault holds the hub alone."""
    someone = Person(rig, tmp_path / "person")
    config = yaml.safe_load(rig.kubeconfig.read_text())
    east = rig.clusters[0]
    config["contexts"] = [entry for entry in config["contexts"] if entry["name"] == east.name]
    write_private(someone.home / "config", yaml.safe_dump(config).encode())
    someone.does("vault", "init")
    someone.does("cluster", "import", str(someone.home / "config"), "--yes")
    return someone


def program(rig: Rig, folder: Path) -> tuple[Path, Path]:
    """A credential plugin for the second cluster, and the file that shows that it ran."""
    pair = rig.clusters[1].admin()
    answer = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {
            "clientCertificateData": pair.certificate.decode(),
            "clientKeyData": pair.key.decode(),
        },
    }
    write_private(folder / "answer.json", json.dumps(answer).encode())
    script, marker = folder / "dock-login", folder / "ran"
    script.write_text(f"#!/bin/sh\ntouch {marker}\ncat {folder / 'answer.json'}\n")
    script.chmod(0o700)
    return script, marker


def test_a_profile_is_reviewed_approved_imported_and_used(rig: Rig, hub: str, person: Person) -> None:
    script, marker = program(rig, person.home)
    east, west = rig.clusters
    refused = person.unlocked.run("cluster", "discover", "--dry-run")
    assert "No program is set that logs in through access provider dock" in refused.stderr
    assert "no way to reach" in refused.stderr

    offer = ("cluster", "discover", "--provider", f"dock={script}")
    seen = person.unlocked.run(*offer, "--dry-run", "-o", "json")
    [found] = [json.loads(seen.stdout)["candidates"][0]]
    assert (found["context"], found["server"]) == ("sloop", west.server)
    assert person.unlocked.run(*offer).returncode == 4  # nobody is there to agree
    assert not marker.exists()

    done = person.unlocked.run(*offer, "--yes", "--approve-programs", "--profile", "sloop")
    assert "imported 1 cluster: sloop" in done.stderr
    assert not marker.exists()
    person.does("cluster", "test", "sloop")
    assert marker.exists()
    with workload.fresh_namespace([west], "only-west"):
        rows = person.does("get", "ns", "only-west")
    assert [line.split()[0] for line in rows.splitlines()[1:]] == ["sloop"]
    [entry] = [e for e in json.loads(person.does("cluster", "list", "-o", "json")) if e["name"] == "sloop"]
    assert entry["source"]["profile"] == f"{hub}/sloop"

    settings = person.home / "navarch" / "config" / "settings.toml"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(f'[providers.dock]\nrun = ["{script}"]\n')
    assert "0 of" in person.unlocked.run("cluster", "refresh").stderr

    east.api().delete(f"{PROFILES % hub}/sloop")
    gone = person.unlocked.run("cluster", "refresh", "sloop")
    assert gone.returncode == 1
    assert f"Its ClusterProfile {hub}/sloop is gone from {east.name}" in gone.stderr


def test_clusters_that_are_no_hubs_are_told(rig: Rig, person: Person) -> None:
    done = person.unlocked.run("cluster", "discover", "--yes")
    assert done.returncode == 5
    assert "none of 1 cluster has ClusterProfiles" in done.stderr
