"""``navarch fleet`` and ``navarch cluster group`` as scripts use them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from console.cli.exits import Exit
from tests.bench.dead_ports import dead_ports
from tests.cli.navarch_command import navarch
from tests.cli.test_get import table
from tests.cli.vault_command import Navarch
from tests.fleet.registry.conftest import Kubeconfig
from tests.fleet.running_demo import Demo
from tests.kube.pki import Authority


@pytest.fixture
def vaulted(tmp_path: Path) -> Navarch:
    made = Navarch(tmp_path, in_process=True)
    made.make_vault()
    return made


@pytest.fixture
def two(vaulted: Navarch, tmp_path: Path) -> Navarch:
    """A vault with the clusters prod-eu and lab."""
    file, authority = Kubeconfig(tmp_path), Authority()
    for name in ("prod-eu", "lab"):
        file.add_certificate(name, authority, authority.client("jane"))
    vaulted.done("cluster", "import", str(file.path), "--yes")
    return vaulted


def test_a_row_for_every_cluster(demo: Demo) -> None:
    done = navarch("fleet", kubeconfig=demo.kubeconfig)
    assert done.returncode == Exit.OK
    assert done.stderr == "navarch: 2/2 live\n"
    rows = table(done.stdout)
    assert {row["CLUSTER"] for row in rows} == set(demo.clusters)
    for row in rows:
        assert row["STATE"] == "LIVE"
        assert row["VERSION"] == "v1.35.4"
        assert int(row["PODS"]) > 20
        assert row["CPU"].endswith("%")
        assert row["EXPIRES"].endswith("d")
    wide = table(navarch("fleet", "-o", "wide", "@prod-eu", kubeconfig=demo.kubeconfig).stdout)
    assert wide[0]["KUBELETS"] == "v1.35.4"
    assert "/" in wide[0]["CORES"]
    assert "NO METRICS" in wide[0]


def test_documents_hold_all_that_is_known(demo: Demo) -> None:
    done = navarch("fleet", "-o", "json", kubeconfig=demo.kubeconfig)
    found = json.loads(done.stdout)
    assert found["coverage"] == {"live": 2, "clusters": 2}
    one = found["clusters"][0]
    assert one["nodes"]["total"] == one["nodes"]["ready"] > 0
    assert 0 < one["cpuCores"]["used"] < one["cpuCores"]["allocatable"]
    assert 0 < one["memoryBytes"]["used"] < one["memoryBytes"]["allocatable"]
    assert one["expires"]["clientCertificate"].endswith("Z")
    assert one["expires"]["serverCertificate"].endswith("Z")
    assert one["expires"]["token"] is None
    again = yaml.safe_load(navarch("fleet", "-o", "yaml", kubeconfig=demo.kubeconfig).stdout)
    assert set(again["clusters"][0]) == set(one)


def test_order_filters_and_names(demo: Demo) -> None:
    def names(*arguments: str) -> list[str]:
        return navarch("fleet", "-o", "name", *arguments, kubeconfig=demo.kubeconfig).stdout.split()

    assert names("--sort", "cluster") == sorted(demo.clusters)
    assert names("--sort", "cluster", "--desc") == sorted(demo.clusters, reverse=True)
    assert names("/us$|us ") == ["prod-us"]
    assert names("--not-match", "prod-us") == ["prod-eu"]
    assert navarch("fleet", "--problems", kubeconfig=demo.kubeconfig).returncode == Exit.NOTHING
    for wrong in (["--sort", "colour"], ["prod-eu"], ["--match", "("], ["-c", ""]):
        assert navarch("fleet", *wrong, kubeconfig=demo.kubeconfig).returncode == Exit.USAGE, wrong
    assert navarch("fleet", "@nope", kubeconfig=demo.kubeconfig).returncode == Exit.USAGE


def test_dead_clusters_are_named_and_the_others_printed(demo: Demo, tmp_path: Path) -> None:
    config = yaml.safe_load(demo.kubeconfig.read_text())
    with dead_ports(refusing=1, dropping=0, silent=1) as ports:
        for port in ports:
            template = config["clusters"][0]["cluster"]
            name = f"dead-{port}"
            config["clusters"].append(
                {"name": name, "cluster": {**template, "server": f"https://127.0.0.1:{port}"}}
            )
            context = {**config["contexts"][0]["context"], "cluster": name}
            config["contexts"].append({"name": name, "context": context})
        path = tmp_path / "mixed.yaml"
        path.write_text(yaml.safe_dump(config))
        done = navarch("fleet", "--timeout", "3", kubeconfig=path)
    assert done.returncode == Exit.FAILED
    assert "2/4 live" in done.stderr
    assert "refused the connection" in done.stderr
    assert "no answer within 3 s" in done.stderr
    states = {row["CLUSTER"]: row["STATE"] for row in table(done.stdout)}
    assert sorted(states.values()) == ["LIVE", "LIVE", "UNREACHABLE", "UNREACHABLE"]


def test_groups_are_made_used_renamed_and_ended(two: Navarch) -> None:
    assert "no cluster is in a group" in two("cluster", "group", "list").stderr
    assert "put 2 clusters into @core" in two("cluster", "group", "add", "@core", "prod-eu", "lab").stderr
    two.done("cluster", "tag", "lab", "--add", "#old")
    listed = json.loads(two.done("cluster", "group", "list", "-o", "json"))
    assert listed == [
        {"name": "#old", "clusters": ["lab"]},
        {"name": "@core", "clusters": ["lab", "prod-eu"]},
    ]
    shown = two.done("cluster", "list", "@core", "-o", "json")
    assert [one["name"] for one in json.loads(shown)] == ["lab", "prod-eu"]
    two.done("cluster", "group", "rename", "core", "heart")
    assert two("cluster", "list", "@core").returncode == Exit.USAGE
    two.done("cluster", "group", "drop", "heart", "lab")
    assert [one["name"] for one in json.loads(two.done("cluster", "list", "heart", "-o", "json"))] == [
        "prod-eu"
    ]
    two.done("cluster", "group", "drop", "heart")
    assert two("cluster", "group", "drop", "heart").returncode == Exit.USAGE
    acts = [entry["act"] for entry in json.loads(two.done("journal", "-o", "json"))]
    assert acts.count("cluster group") == 6


@pytest.mark.parametrize("word", ["", "a,b", "a b", "*", "#x", "@", "-rf", "x" * 64, "\x1b[31m"])
def test_names_that_could_not_be_typed_again_are_refused(two: Navarch, word: str) -> None:
    done = two("cluster", "group", "add", word, "lab")
    assert done.returncode == Exit.USAGE
    assert "\x1b" not in done.stderr
    assert two("cluster", "tag", "lab", "--add", word.replace("#", "@")).returncode == Exit.USAGE
    (lab,) = json.loads(two.done("cluster", "list", "lab", "-o", "json"))
    assert (lab["tags"], lab["groups"]) == ([], [])


def test_a_group_means_its_clusters_on_every_line(vaulted: Navarch, tmp_path: Path) -> None:
    file, authority = Kubeconfig(tmp_path), Authority()
    with dead_ports(refusing=1, dropping=0, silent=0) as (port,):
        for name in ("prod-eu", "prod-us"):
            server = f"https://127.0.0.1:{port}"
            file.add_certificate(name, authority, authority.client("jane"), server=server)
        vaulted.done("cluster", "import", str(file.path), "--yes")
        vaulted.done("cluster", "group", "add", "core", "prod-eu")
        vaulted.done("cluster", "read-only", "prod-us")
        for line in (("fleet", "@core"), ("get", "pods", "@core"), ("get", "pods", "-c", "core")):
            done = vaulted(*line)
            assert "prod-eu" in done.stderr
            assert "prod-us" not in done.stderr
