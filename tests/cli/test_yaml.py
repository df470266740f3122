"""``navarch yaml`` on the simulated fleet."""

from __future__ import annotations

import yaml

from tests.cli.navarch_command import navarch
from tests.fleet.running_demo import Demo


def test_one_object(demo: Demo) -> None:
    first = demo.clusters[0]
    done = navarch("yaml", "ns/pay", "-c", first, kubeconfig=demo.kubeconfig)
    assert (done.returncode, done.stderr) == (0, "")
    found = yaml.safe_load(done.stdout)
    assert (found["kind"], found["metadata"]["name"]) == ("Namespace", "pay")
    assert found["metadata"]["annotations"]["navarch.dev/cluster"] == first


def test_secrets_are_revealed_key_by_key(demo: Demo) -> None:
    lines = navarch("get", "secrets", "-o", "name", kubeconfig=demo.kubeconfig).stdout.splitlines()
    for line in lines:
        cluster, namespace, name = line.split()
        where = (name, "-c", cluster, "-n", namespace)
        masked = yaml.safe_load(navarch("yaml", *where, kubeconfig=demo.kubeconfig).stdout)["data"]
        if len(masked) > 1:
            break
    assert all("masked" in value for value in masked.values())
    key = next(iter(masked))
    shown = yaml.safe_load(navarch("yaml", *where, "--reveal", key, kubeconfig=demo.kubeconfig).stdout)[
        "data"
    ]
    assert "masked" not in shown.pop(key)
    assert all("masked" in value for value in shown.values())


def test_ambiguity_is_shown(demo: Demo) -> None:
    done = navarch("yaml", "ns", "pay", kubeconfig=demo.kubeconfig)
    assert (done.returncode, done.stdout) == (2, "")
    assert "2 objects could be meant" in done.stderr


def test_a_key_that_is_not_there_is_told(demo: Demo) -> None:
    line = navarch("get", "secrets", "-o", "name", kubeconfig=demo.kubeconfig).stdout.splitlines()[0]
    cluster, namespace, name = line.split()
    done = navarch(
        "yaml", name, "-c", cluster, "-n", namespace, "--reveal", "no-such", kubeconfig=demo.kubeconfig
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "'no-such'" in done.stderr
    assert "Its keys: " in done.stderr
