"""``navarch get`` as scripts use it: the real program on the simulated fleet."""

from __future__ import annotations

import base64
import json
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.navarch_command import COMMAND, navarch
from tests.fleet.running_demo import Demo


def table(text: str) -> list[dict[str, str]]:
    """Rows of an aligned table by title."""
    header, *lines = text.splitlines()
    starts = [found.start() for found in re.finditer(r"(?:^|(?<=   ))\S", header)]
    titles = re.split(r"\s{3,}", header)
    spans = list(zip(starts, [*starts[1:], None], strict=True))
    return [{title: line[a:b].strip() for title, (a, b) in zip(titles, spans, strict=True)} for line in lines]


def test_a_table_of_all_clusters(demo: Demo) -> None:
    done = navarch("get", "ns", kubeconfig=demo.kubeconfig)
    assert (done.returncode, done.stderr) == (0, "")
    rows = table(done.stdout)
    assert list(rows[0]) == ["CLUSTER", "NAME", "STATUS", "AGE"]
    assert [row["CLUSTER"] for row in rows] == sorted(
        (row["CLUSTER"] for row in rows), key=demo.clusters.index
    )
    assert {row["CLUSTER"] for row in rows} == set(demo.clusters)
    assert "pay" in {row["NAME"] for row in rows}


def test_clusters_namespaces_names_filters_and_order(demo: Demo) -> None:
    first = demo.clusters[0]
    done = navarch(
        "get", "pods", f"@{first}", "-n", "pay,cart", "--sort", "name", "--desc", kubeconfig=demo.kubeconfig
    )
    rows = table(done.stdout)
    names = [row["NAME"] for row in rows]
    assert {row["CLUSTER"] for row in rows} == {first}
    assert {row["NAMESPACE"] for row in rows} <= {"pay", "cart"}
    assert names == sorted(names, reverse=True)
    some = names[0]
    only = table(navarch("get", f"pod/{some}", "-c", first, kubeconfig=demo.kubeconfig).stdout)
    assert [row["NAME"] for row in only] == [some]
    rest = navarch("get", "pods", "-c", first, "--not-match", re.escape(some), kubeconfig=demo.kubeconfig)
    assert some not in rest.stdout
    assert (
        navarch(
            "get", "pods", "-c", first, "--match", f"^{first} .*{some}", kubeconfig=demo.kubeconfig
        ).stdout.count("\n")
        == 2
    )


def test_wide_has_more_columns(demo: Demo) -> None:
    rows = table(navarch("get", "nodes", "-o", "wide", kubeconfig=demo.kubeconfig).stdout)
    assert list(rows[0])[-1] == "CONTAINER-RUNTIME"


def test_use_in_wide_lists_and_where_it_orders(demo: Demo) -> None:
    rows = table(navarch("get", "nodes", "-o", "wide", kubeconfig=demo.kubeconfig).stdout)
    assert {"CPU", "%CPU", "MEM", "%MEM"} <= set(rows[0])
    assert all(re.fullmatch(r"\d+m|\d+\.\d", row["CPU"]) for row in rows)
    plain = navarch("get", "pods", "-n", "kube-system", kubeconfig=demo.kubeconfig)
    assert "CPU" not in plain.stdout.splitlines()[0], "kubectl's columns"
    done = navarch("get", "pods", "-n", "kube-system", "--sort", "mem", "--desc", kubeconfig=demo.kubeconfig)
    used = [row["MEM"] for row in table(done.stdout)]
    amounts = [float(one[:-1]) * {"M": 1, "G": 1024}[one[-1]] for one in used if one != "-"]
    assert amounts == sorted(amounts, reverse=True)
    assert len(amounts) > 3


def test_use_is_no_order_for_what_is_printed_as_it_changes(demo: Demo) -> None:
    done = navarch("get", "pods", "--sort", "cpu", "--watch", kubeconfig=demo.kubeconfig)
    assert done.returncode == 2
    assert "navarch top pods --watch" in done.stderr
    done = navarch("get", "pods", "--sort", "cpus", kubeconfig=demo.kubeconfig)
    assert "%MEM/L" in done.stderr


def test_names(demo: Demo) -> None:
    done = navarch("get", "deploy", "-n", "pay", "-o", "name", kubeconfig=demo.kubeconfig)
    for line in done.stdout.splitlines():
        cluster, namespace, name = line.split()
        assert (cluster in demo.clusters, namespace) == (True, "pay")
        assert name.startswith("deployment.apps/")


def test_json_is_a_list_in_kubectls_shape(demo: Demo) -> None:
    done = navarch("get", "services", "-n", "pay", "-o", "json", kubeconfig=demo.kubeconfig)
    found = json.loads(done.stdout)
    assert (found["apiVersion"], found["kind"]) == ("v1", "List")
    for item in found["items"]:
        assert (item["apiVersion"], item["kind"]) == ("v1", "Service")
        assert item["metadata"]["annotations"]["navarch.dev/cluster"] in demo.clusters
        assert "managedFields" not in item["metadata"]
    lines = navarch("get", "services", "-n", "pay", "-o", "name", kubeconfig=demo.kubeconfig).stdout
    assert len(found["items"]) == lines.count("\n")
    as_yaml = navarch("get", "services", "-n", "pay", "-o", "yaml", kubeconfig=demo.kubeconfig).stdout

    def by_uid(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return sorted(items, key=lambda item: str(item["metadata"]["uid"]))

    assert by_uid(yaml.safe_load(as_yaml)["items"]) == by_uid(found["items"])


def test_json_keeps_filters_and_order(demo: Demo) -> None:
    done = navarch(
        "get", "pods", "-n", "pay", "--match", "running", "--sort", "NAME", "--desc", "-o", "json",
        kubeconfig=demo.kubeconfig,
    )  # fmt: skip
    names = [item["metadata"]["name"] for item in json.loads(done.stdout)["items"]]
    assert names
    assert names == sorted(names, reverse=True)
    assert {item["status"]["phase"] for item in json.loads(done.stdout)["items"]} == {"Running"}


def test_one_name_on_one_cluster_is_the_object_itself(demo: Demo) -> None:
    done = navarch("get", "ns", "pay", "-c", demo.clusters[0], "-o", "json", kubeconfig=demo.kubeconfig)
    assert json.loads(done.stdout)["kind"] == "Namespace"


def test_secret_values_are_masked_until_asked_for(demo: Demo) -> None:
    masked = navarch("get", "secrets", "-o", "json", kubeconfig=demo.kubeconfig).stdout
    shown = navarch("get", "secrets", "-o", "json", "--reveal", kubeconfig=demo.kubeconfig).stdout
    values = [v for item in json.loads(shown)["items"] for v in (item.get("data") or {}).values() if v]
    assert values
    for value in values:
        assert value not in masked
        assert base64.b64decode(value)


def test_nothing_matched_is_five(demo: Demo) -> None:
    done = navarch("get", "pods", "no-such-pod", kubeconfig=demo.kubeconfig)
    assert (done.returncode, done.stdout) == (5, "")
    assert "nothing matched" in done.stderr
    assert (
        json.loads(navarch("get", "pods", "no-such", "-o", "json", kubeconfig=demo.kubeconfig).stdout)[
            "items"
        ]
        == []
    )


def test_a_dead_cluster_is_told_and_the_others_are_printed(demo: Demo, tmp_path: Path) -> None:
    config = yaml.safe_load(demo.kubeconfig.read_text())
    config["clusters"].append({"name": "dead", "cluster": {"server": "https://127.0.0.1:1"}})
    config["contexts"].insert(
        0, {"name": "dead", "context": {"cluster": "dead", "user": config["users"][0]["name"]}}
    )
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(config))
    for form in ("table", "json"):
        done = navarch("get", "ns", "-o", form, kubeconfig=path)
        assert done.returncode == 1
        assert "navarch: dead: " in done.stderr
        assert "Traceback" not in done.stderr
        for name in demo.clusters:
            assert name in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["get"], "Missing argument"),
        (["get", "pods", "--match", "("], "no regular expression"),
        (["get", "pods", "--sort", "colour"], "there is no column 'colour'"),
        (["get", "pods", "-c", "nowhere"], "no cluster is called 'nowhere'"),
        (["get", "pods,svc"], "can't be a kind"),
        (["get", "pods", "-w", "-o", "json"], "--watch prints tables"),
        (["get", "pods", "-o", "xml"], "xml"),
    ],
)
def test_wrong_use_is_two(demo: Demo, arguments: list[str], words: str) -> None:
    done = navarch(*arguments, kubeconfig=demo.kubeconfig)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr


def test_a_kind_nobody_has_fails_on_each_cluster(demo: Demo) -> None:
    done = navarch("get", "unicorns", kubeconfig=demo.kubeconfig)
    assert done.returncode == 1
    for name in demo.clusters:
        assert f"{name}: there is no kind 'unicorns'" in done.stderr


def test_who_may_see_one_namespace_sees_that(demo: Demo) -> None:
    done = navarch("get", "pods", "-c", "*-team", kubeconfig=demo.users_kubeconfig)
    assert done.returncode == 0
    assert {row["NAMESPACE"] for row in table(done.stdout)} == {"pay"}
    assert "only pay: listing all namespaces is forbidden" in done.stderr


def test_a_reader_that_leaves_is_no_error(demo: Demo) -> None:
    arguments = [*COMMAND, "get", "pods", "-o", "json", "--kubeconfig", str(demo.kubeconfig)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        words = process.stderr.read()
        assert process.wait(30) == 0
    assert words == b""


def test_watching_prints_rows_then_changes_until_interrupted(demo: Demo) -> None:
    arguments = [*COMMAND, "get", "ns", "-w", "--kubeconfig", str(demo.kubeconfig)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        seen = [process.stdout.readline().split()[0]]
        while len(set(seen)) < 1 + len(demo.clusters):
            seen.append(process.stdout.readline().split()[0])
        process.send_signal(signal.SIGINT)
        words = process.stderr.read()
        assert process.wait(30) == 130
    assert "Traceback" not in words


def test_a_broken_selector_is_pointed_at(demo: Demo) -> None:
    done = navarch("get", "pods", "-l", "(((", kubeconfig=demo.kubeconfig)
    assert done.returncode == 1
    assert "Check the label selector: (((" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [("-c", ""), ("-c", ","), ("-n", " "), ("-n", "pay", "-n", ""), ("@",), ("/",), ("!",), ("",)]
    + [(option, "") for option in ("-l", "--match", "--not-match", "--sort")],
)
def test_what_is_given_empty_is_refused_and_never_means_everything(
    demo: Demo, arguments: tuple[str, ...]
) -> None:
    """It is a script's unset variable."""
    done = navarch("get", "pods", *arguments, kubeconfig=demo.kubeconfig)
    assert (done.returncode, done.stdout) == (2, "")
    assert "is empty" in done.stderr


def test_csv_is_what_other_programs_read(demo: Demo) -> None:
    import csv

    done = navarch("get", "deploy", "-o", "csv", kubeconfig=demo.kubeconfig)
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(done.stdout.splitlines()))
    assert {row["CLUSTER"] for row in rows} == set(demo.clusters)
    assert all(row["IMAGES"] for row in rows)
    assert len(rows) == len(
        navarch("get", "deploy", "-o", "name", kubeconfig=demo.kubeconfig).stdout.splitlines()
    )
