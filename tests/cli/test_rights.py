"""Rights on the command line, on the simulated fleet's users: a viewer, and a team of one namespace."""

from __future__ import annotations

import json

import yaml

from tests.cli.navarch_command import navarch
from tests.cli.test_get import table
from tests.fleet.running_demo import Demo


def test_may_i_is_answered_cluster_by_cluster_and_namespace_by_namespace(demo: Demo) -> None:
    done = navarch("can-i", "delete", "pods", kubeconfig=demo.users_kubeconfig)
    assert done.returncode == 5, done.stderr
    rows = {(row["CLUSTER"], row["NAMESPACE"]): row["ALLOWED"] for row in table(done.stdout)}
    first = demo.clusters[0]
    assert rows[f"{first}-viewer", "(all)"] == "no"
    assert rows[f"{first}-team", "(all)"] == "no"
    assert rows[f"{first}-team", "pay"] == "yes"
    allowed = navarch("can-i", "delete", "pods", "-n", "pay", "@*-team", kubeconfig=demo.users_kubeconfig)
    assert allowed.returncode == 0
    assert {row["ALLOWED"] for row in table(allowed.stdout)} == {"yes"}


def test_a_kind_that_is_not_served_is_said(demo: Demo) -> None:
    done = navarch("can-i", "get", "podz", kubeconfig=demo.kubeconfig)
    assert "not known to serve a kind 'podz'" in done.stderr


def test_who_can_and_what_a_group_holds(demo: Demo) -> None:
    done = navarch("who-can", "delete", "pods", kubeconfig=demo.kubeconfig)
    assert done.returncode == 0, done.stderr
    rows = [(row["CLUSTER"], row["SUBJECT"], row["WHERE"]) for row in table(done.stdout)]
    assert (demo.clusters[0], "shop:team-pay", "pay") in rows
    assert (demo.clusters[0], "shop:viewers", "everywhere") not in rows
    assert done.stderr.count("from RBAC objects only") == 1  # once for all clusters
    held = navarch("rights", "group:shop:team-pay", "-o", "yaml", kubeconfig=demo.kubeconfig)
    documents = yaml.safe_load(held.stdout)
    assert [one["cluster"] for one in documents] == list(demo.clusters)
    assert {right["namespace"] for right in documents[0]["rights"]} == {"pay"}
    assert documents[0]["complete"] is True


def test_what_may_not_be_read_makes_an_answer_incomplete(demo: Demo) -> None:
    done = navarch("who-can", "get", "pods", "@*-viewer", "-o", "json", kubeconfig=demo.users_kubeconfig)
    assert done.returncode == 1
    assert "clusterroles may not be read" in done.stderr
    assert [one["complete"] for one in json.loads(done.stdout)] == [False, False]


def test_our_own_rights_kind_by_kind(demo: Demo) -> None:
    done = navarch("rights", "@*-viewer", "-n", "pay", kubeconfig=demo.users_kubeconfig)
    assert done.returncode == 0, done.stderr
    rows = {row["KIND"]: row for row in table(done.stdout)}
    assert (rows["pods"]["LIST"], rows["pods"]["DELETE"]) == ("yes", "-")
    assert "secrets" not in rows
    every = navarch("rights", "@*-viewer", "-n", "pay", "--all", kubeconfig=demo.users_kubeconfig)
    assert {row["KIND"]: row for row in table(every.stdout)}["secrets"]["GET"] == "-"


def test_words_that_make_no_question_are_refused(demo: Demo) -> None:
    for words in (
        ["can-i", "get"],
        ["who-can", "a", "b", "c", "d"],
        ["rights", "a", "b"],
        ["rights", "sa:x"],
    ):
        done = navarch(*words, kubeconfig=demo.kubeconfig)
        assert (done.returncode, done.stdout) == (2, ""), words
        assert done.stderr


def test_what_is_refused_of_named_namespaces_is_a_failure(demo: Demo) -> None:
    got = navarch("get", "pods", "-n", "pay,cart", "@*-team", kubeconfig=demo.users_kubeconfig)
    assert got.returncode == 1
    assert "1 of 2 namespaces; forbidden in cart" in got.stderr
    assert {row["NAMESPACE"] for row in table(got.stdout)} == {"pay"}


def test_a_kind_that_is_refused_everywhere_is_said(demo: Demo) -> None:
    got = navarch("get", "nodes", "@*-team", kubeconfig=demo.users_kubeconfig)
    assert got.returncode == 1
    assert "forbidden" in got.stderr


def test_options_for_acting_as_others_are_on_every_command_that_reaches_clusters(demo: Demo) -> None:
    for command in ("get", "describe", "yaml", "delete", "can-i", "who-can", "rights"):
        text = navarch(command, "--help").stdout
        assert "--as USER" in text, command
        assert "--as-group GROUP" in text, command
        assert "--as-uid UID" in text, command
        assert "--as-user-extra KEY=VALUE" in text, command
    assert "--as " not in navarch("vault", "lock", "--help").stdout
    for wrong in (["--as", "x", "--as-user-extra", "scopes"], ["--as-user-extra", "scopes=view"]):
        refused = navarch("get", "pods", *wrong, kubeconfig=demo.kubeconfig)
        assert refused.returncode == 2
        assert "KEY=VALUE" in refused.stderr or "need a user" in refused.stderr
    misplaced = navarch("--as", "alice", "get", "pods")
    assert misplaced.returncode == 2
    assert "put it after the command" in misplaced.stderr
