"""``navarch delete`` without a terminal, on the simulated fleet."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.navarch_command import navarch
from tests.cli.vault_command import Navarch
from tests.fleet.running_demo import Demo


def victim(demo: Demo) -> tuple[str, str, str]:
    line = navarch("get", "deploy", "-o", "name", kubeconfig=demo.kubeconfig).stdout.splitlines()[-1]
    cluster, namespace, name = line.split()
    return cluster, namespace, name


def owned(demo: Demo, cluster: str, namespace: str, deployment: str) -> int:
    """How many replica sets name this deployment as their owner."""
    told = navarch(
        "get", "rs", "-c", cluster, "-n", namespace, "-o", "json", kubeconfig=demo.kubeconfig
    ).stdout
    owners = [item["metadata"].get("ownerReferences", []) for item in json.loads(told)["items"]]
    return sum(any(owner["name"] == deployment for owner in each) for each in owners)


def test_nothing_is_deleted_unasked(demo: Demo) -> None:
    cluster, namespace, name = victim(demo)
    where = (name, "-c", cluster, "-n", namespace)
    done = navarch("delete", *where, kubeconfig=demo.kubeconfig)
    assert (done.returncode, done.stdout) == (4, "")
    assert "Agree with --yes" in done.stderr
    tried = navarch("delete", *where, "--dry-run", kubeconfig=demo.kubeconfig)
    assert tried.returncode == 0
    assert "could be deleted" in tried.stdout
    assert navarch("get", *where, kubeconfig=demo.kubeconfig).returncode == 0


def test_a_name_is_needed(demo: Demo) -> None:
    done = navarch("delete", "pods", "--yes", kubeconfig=demo.kubeconfig)
    assert done.returncode == 2
    assert "a name is missing" in done.stderr
    assert navarch("delete", "pods", "no-such", "--yes", kubeconfig=demo.kubeconfig).returncode == 5


@pytest.mark.parametrize("arguments", [("-c", ""), ("-n", ""), ("@",), ("",), ("-c", ",")])
def test_an_unset_variable_never_deletes_everywhere(demo: Demo, arguments: tuple[str, ...]) -> None:
    done = navarch("delete", "pods", "*", *arguments, "--yes", kubeconfig=demo.kubeconfig)
    assert (done.returncode, done.stdout) == (2, "")
    assert "is empty" in done.stderr


def test_the_preview_says_what_falls_and_yes_deletes(demo: Demo) -> None:
    cluster, namespace, name = victim(demo)
    where = (name, "-c", cluster, "-n", namespace)
    short = name.replace(".apps", "")
    sets = owned(demo, cluster, namespace, short.partition("/")[2])
    assert sets
    done = navarch("delete", *where, "--yes", kubeconfig=demo.kubeconfig)
    assert done.returncode == 0, done.stderr
    assert f"delete {cluster} {namespace} {short}" in done.stderr
    assert f"with it: {sets} replicaset{'s' * (sets > 1)}\n" in done.stderr
    assert re.search(r"with it: \d+ pods?\n", done.stderr)
    assert f"{cluster} {namespace} {short} deleted" in done.stdout
    assert navarch("get", *where, kubeconfig=demo.kubeconfig).returncode == 5


def test_through_the_vault_it_is_written_down_and_protected_clusters_want_the_name(
    demo: Demo, tmp_path: Path
) -> None:
    person = Navarch(tmp_path)
    person.make_vault()
    person.done("cluster", "import", str(demo.kubeconfig), "--yes")
    cluster, namespace, name = victim(demo)
    where = (name, "-c", cluster, "-n", namespace, "--yes")
    person.done("cluster", "protect", cluster)
    refused = person("delete", *where)
    assert refused.returncode == 4
    assert f"--confirm {name.partition('/')[2]}" in refused.stderr
    assert person("delete", *where, "--confirm", "another").returncode == 4
    person.done("delete", *where, "--confirm", name.partition("/")[2])
    entries = json.loads(person.done("journal", "-o", "json"))
    acts = [(entry["act"], entry["outcome"]) for entry in entries if entry["act"] == "delete"]
    assert acts == [("delete", "started"), ("delete", "done")]
    assert name.partition("/")[2] in json.dumps(entries)
