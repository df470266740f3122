"""``navarch delete`` without a terminal, on the simulated fleet."""

from __future__ import annotations

from tests.cli.navarch_command import navarch
from tests.fleet.running_demo import Demo


def victim(demo: Demo) -> tuple[str, str, str]:
    line = navarch("get", "deploy", "-o", "name", kubeconfig=demo.kubeconfig).stdout.splitlines()[-1]
    cluster, namespace, name = line.split()
    return cluster, namespace, name


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


def test_the_preview_says_what_falls_and_yes_deletes(demo: Demo) -> None:
    cluster, namespace, name = victim(demo)
    where = (name, "-c", cluster, "-n", namespace)
    done = navarch("delete", *where, "--yes", kubeconfig=demo.kubeconfig)
    assert done.returncode == 0, done.stderr
    short = name.replace(".apps", "")
    assert f"delete {cluster} {namespace} {short}" in done.stderr
    assert "with it: 1 replicaset" in done.stderr
    assert "pod" in done.stderr
    assert f"{cluster} {namespace} {short} deleted" in done.stdout
    assert navarch("get", *where, kubeconfig=demo.kubeconfig).returncode == 5
