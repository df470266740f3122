"""``navarch describe`` on the simulated fleet."""

from __future__ import annotations

from tests.cli.navarch_command import navarch
from tests.fleet.running_demo import Demo


def test_a_pod(demo: Demo) -> None:
    line = navarch("get", "pods", "-n", "pay", "-o", "name", kubeconfig=demo.kubeconfig).stdout.splitlines()[
        0
    ]
    cluster, namespace, name = line.split()
    done = navarch("describe", name, f"@{cluster}", "-n", namespace, kubeconfig=demo.kubeconfig)
    assert (done.returncode, done.stderr) == (0, "")
    fields = dict(entry.split(":", 1) for entry in done.stdout.splitlines() if ":" in entry)
    assert fields["Name"].strip() == name.partition("/")[2]
    assert fields["Cluster"].strip() == cluster
    assert "Containers" in done.stdout
    assert "Events" in done.stdout


def test_a_secrets_values_stay_out(demo: Demo) -> None:
    line = navarch("get", "secrets", "-o", "name", kubeconfig=demo.kubeconfig).stdout.splitlines()[0]
    cluster, namespace, name = line.split()
    done = navarch("describe", name, "-c", cluster, "-n", namespace, kubeconfig=demo.kubeconfig)
    assert done.returncode == 0
    assert "masked" in done.stdout


def test_ambiguity_is_shown(demo: Demo) -> None:
    done = navarch("describe", "ns", "pay", kubeconfig=demo.kubeconfig)
    assert (done.returncode, done.stdout) == (2, "")
    for name in demo.clusters:
        assert f"{name} - namespace/pay" in done.stderr


def test_nothing_found_and_wrong_use(demo: Demo) -> None:
    assert navarch("describe", "pod", "nope", kubeconfig=demo.kubeconfig).returncode == 5
    assert navarch("describe", "pod", kubeconfig=demo.kubeconfig).returncode == 2
    assert navarch("describe", "pod", "a", "b", kubeconfig=demo.kubeconfig).returncode == 2
