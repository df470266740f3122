"""``navarch search`` as a program: what it prints, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from tests.cli.navarch_command import navarch
from tests.fleet.running_demo import Demo


def test_the_best_come_first_and_the_exit_code_says_found(demo: Demo) -> None:
    done = navarch("search", "api", "-n", "pay", kubeconfig=demo.kubeconfig)
    assert done.returncode == 0, done.stderr
    titles, *lines = done.stdout.splitlines()
    assert titles.split() == ["CLUSTER", "NAMESPACE", "KIND", "NAME", "MATCH", "AGE"]
    matches = [line.split()[4] for line in lines]
    assert matches == sorted(matches)
    assert {"exact", "prefix"} <= set(matches)
    assert {line.split()[0] for line in lines} == set(demo.clusters)


def test_nothing_found(demo: Demo) -> None:
    done = navarch("search", "no-such-thing", "--kind", "pods", kubeconfig=demo.kubeconfig)
    assert (done.returncode, done.stdout) == (5, "")
    assert "nothing was found" in done.stderr


def test_nothing_to_look_for_is_wrong_use(demo: Demo) -> None:
    for words, said in (([], "nothing to look for"), ([""], "TERM is empty"), (["a", "b"], "one name")):
        done = navarch("search", *words, kubeconfig=demo.kubeconfig)
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr
    done = navarch("search", "/(/", kubeconfig=demo.kubeconfig)
    assert done.returncode == 2
    assert "no regular expression" in done.stderr


def test_names_for_a_shell(demo: Demo) -> None:
    cluster = demo.clusters[0]
    done = navarch("search", "/^ledger$/", f"@{cluster}", "-o", "name", kubeconfig=demo.kubeconfig)
    assert f"{cluster} pay statefulset.apps/ledger" in done.stdout.splitlines()


def test_json_and_yaml_hold_metadata_and_nothing_else(demo: Demo) -> None:
    words = ("search", "ledger-credentials", "--kind", "secrets", "-c", demo.clusters[0])
    done = navarch(*words, "-o", "json", kubeconfig=demo.kubeconfig)
    (item,) = json.loads(done.stdout)["items"]
    assert item.keys() == {"apiVersion", "kind", "metadata"}
    assert (item["kind"], item["metadata"]["namespace"]) == ("Secret", "pay")
    assert item["metadata"]["annotations"] == {
        "navarch.dev/cluster": demo.clusters[0],
        "navarch.dev/match": "exact",
    }
    again = navarch(*words, "-o", "yaml", kubeconfig=demo.kubeconfig)
    assert yaml.safe_load(again.stdout)["items"] == [item]


def test_images(demo: Demo) -> None:
    done = navarch("search", "--image", "cart/checkout", "-c", demo.clusters[0], kubeconfig=demo.kubeconfig)
    assert done.returncode == 0
    assert "IMAGE" in done.stdout.splitlines()[0]
    assert "registry.shop.example/cart/checkout:2.14.0" in done.stdout


def test_a_dead_cluster_is_named_and_the_others_printed(demo: Demo, tmp_path: Path) -> None:
    config = yaml.safe_load(demo.kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    broken = tmp_path / "config"
    broken.write_text(yaml.safe_dump(config))
    done = navarch("search", "api", "--kind", "deploy", kubeconfig=broken)
    assert done.returncode == 1
    assert [line.split()[0] for line in done.stdout.splitlines()[1:]] == [demo.clusters[1]]
    assert f"{demo.clusters[0]}: " in done.stderr


def test_a_user_who_may_not_list_everything_is_told(demo: Demo) -> None:
    done = navarch("search", "api", "-c", "*-team", kubeconfig=demo.users_kubeconfig)
    assert done.returncode == 0
    assert "forbidden: nodes" in done.stderr
