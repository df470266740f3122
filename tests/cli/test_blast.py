"""``navarch blast``, and what a deletion says, on the simulated fleet."""

from __future__ import annotations

import json

from tests.cli.navarch_command import navarch
from tests.fleet.running_demo import Demo


def test_a_workload_in_words_and_as_json(demo: Demo) -> None:
    where = ("blast", "sts/ledger", "-n", "pay", "-c", demo.clusters[0])
    done = navarch(*where, kubeconfig=demo.kubeconfig)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"If StatefulSet pay/ledger on {demo.clusters[0]} goes: ")
    assert "certain  Service pay/ledger: no endpoints left" in done.stdout
    assert "Pod pay/ledger-0: stops (StatefulSet ledger owns it)" in done.stdout
    [told] = json.loads(navarch(*where, "-o", "json", kubeconfig=demo.kubeconfig).stdout)
    pods = {effect["name"] for effect in told["effects"] if effect["harm"] == "pod"}
    assert pods == {"ledger-0", "ledger-1", "ledger-2"}
    assert told["unknown"] == []


def test_a_cluster_and_what_is_not_there(demo: Demo) -> None:
    done = navarch("blast", "cluster", demo.clusters[1], kubeconfig=demo.kubeconfig)
    assert "the cluster's API may stop answering" in done.stdout
    assert demo.clusters[0] not in done.stdout
    assert navarch("blast", "pod/nope", kubeconfig=demo.kubeconfig).returncode == 5
    assert navarch("blast", "pod", kubeconfig=demo.kubeconfig).returncode == 2


def test_what_we_may_not_read_is_not_passed_over(demo: Demo) -> None:
    name = f"{demo.clusters[0]}-team"
    done = navarch("blast", "deploy/api", "-n", "pay", "-c", name, kubeconfig=demo.users_kubeconfig)
    assert done.returncode == 0, done.stderr
    assert "you may not list nodes" in done.stderr
    assert "not known" in done.stderr


def test_a_deletion_says_what_stops_before_it_asks(demo: Demo) -> None:
    where = ("delete", "svc", "api", "-n", "pay", "-c", demo.clusters[0], "--dry-run")
    done = navarch(*where, kubeconfig=demo.kubeconfig)
    assert "stops with it: 1 entry dark" in done.stderr
    assert "certain: Ingress pay/api: api.pay.shop.example answers no more" in done.stderr
    refused = navarch(*where[:-1], kubeconfig=demo.kubeconfig)
    assert refused.returncode == 4
    assert "stops with it" in refused.stderr
