"""``navarch top`` on the simulated fleet, held against kubectl where that is built."""

from __future__ import annotations

import csv
import io
import json
import re
import signal
import subprocess
import time
from typing import Any

import pytest
import yaml

from tests.cli.navarch_command import COMMAND, navarch
from tests.cli.test_get import table
from tests.fleet.running_demo import Demo
from tests.real.binaries import Binaries


def top(demo: Demo, *arguments: str) -> Any:
    return navarch("top", *arguments, kubeconfig=demo.kubeconfig)


def millicores(text: str) -> int:
    return int(text.lstrip("≥").removesuffix("m"))


def test_clusters_are_what_is_meant_when_nothing_is_said(demo: Demo) -> None:
    done = top(demo)
    assert (done.returncode, done.stderr) == (0, "")
    rows = table(done.stdout)
    assert {row["CLUSTER"] for row in rows} == set(demo.clusters)
    assert list(rows[0])[:6] == ["CLUSTER", "PODS", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)"]


def test_the_busiest_pods_come_first(demo: Demo) -> None:
    rows = table(top(demo, "pods", "-n", "kube-system").stdout)
    used = [millicores(row["CPU(cores)"]) for row in rows if row["CPU(cores)"] != "-"]
    assert used == sorted(used, reverse=True)
    assert len(used) > 3
    by_name = table(top(demo, "pods", "-n", "kube-system", "--sort", "name").stdout)
    assert [row["NAME"] for row in by_name] == sorted(row["NAME"] for row in rows)
    few = table(top(demo, "po", "-n", "kube-system", "--sort-by", "memory", "--limit", "2").stdout)
    assert len(few) == 2
    backwards = table(top(demo, "pods", "-n", "kube-system", "--reverse").stdout)
    assert {row["NAME"] for row in backwards} == {row["NAME"] for row in rows}
    known = [millicores(r["CPU(cores)"]) for r in backwards if r["CPU(cores)"] != "-"]
    assert known == sorted(known)


@pytest.mark.parametrize(
    ("level", "column"),
    [("workloads", "KIND"), ("ns", "PODS"), ("nodes", "CPU(%)"), ("containers", "POD")],
)
def test_levels(demo: Demo, level: str, column: str) -> None:
    done = top(demo, level, f"@{demo.clusters[0]}")
    assert done.returncode == 0
    rows = table(done.stdout)
    assert column in rows[0]
    assert {row["CLUSTER"] for row in rows} == {demo.clusters[0]}


def test_wide_has_what_was_asked_for_and_ages(demo: Demo) -> None:
    rows = table(top(demo, "workloads", "-o", "wide").stdout)
    assert {"%CPU/R", "%MEM/L", "CPU/REQ", "MEM/LIM", "MEASURED"} <= set(rows[0])
    assert any(re.fullmatch(r"\d+%", row["%CPU/R"]) for row in rows)


def test_json_and_yaml_hold_everything(demo: Demo) -> None:
    found = json.loads(top(demo, "namespaces", "kube-system", "-o", "json").stdout)
    assert found["level"] == "namespaces"
    assert {item["name"] for item in found["items"]} == {"kube-system"}
    item = found["items"][0]
    assert item["cpuCores"]["used"] > 0
    assert item["memoryBytes"]["requested"] is None or item["memoryBytes"]["requested"] > 0
    assert re.fullmatch(r"\d{4}-.*Z", item["measured"])
    plain = yaml.safe_load(top(demo, "nodes", "-o", "yaml").stdout)
    assert plain["items"][0]["cpuCores"]["allocatable"] > 0


def test_csv_and_names(demo: Demo) -> None:
    rows = list(csv.DictReader(io.StringIO(top(demo, "nodes", "-o", "csv").stdout)))
    assert rows[0]["CLUSTER"] in demo.clusters
    assert "CPU/REQ" in rows[0]
    lines = top(demo, "nodes", "-o", "name").stdout.splitlines()
    assert all(re.fullmatch(r"\S+ - node/\S+", line) for line in lines)


def test_the_sum_is_the_sum(demo: Demo) -> None:
    *rows, last = table(top(demo, "pods", "-n", "kube-system", "--sum", f"@{demo.clusters[0]}").stdout)
    assert last["CLUSTER"] == "SUM"
    used = sum(millicores(row["CPU(cores)"]) for row in rows if row["CPU(cores)"] != "-")
    assert abs(millicores(last["CPU(cores)"]) - used) <= len(rows), "each row is rounded up"


def test_nothing_under_pressure_says_so(demo: Demo) -> None:
    done = top(demo, "pods", "--pressure", "-n", "kube-system")
    assert (done.returncode, done.stdout) == (5, "")
    assert "as far as it is known" in done.stderr


def test_waste_has_reasons(demo: Demo) -> None:
    done = top(demo, "pods", "--waste", "--limit", "3")
    rows = table(done.stdout)
    assert all(row["WHY"].startswith("asks for ") for row in rows)


def test_who_may_not_see_all_is_told_what_they_may(demo: Demo) -> None:
    name = f"{demo.clusters[0]}-team"
    done = navarch("top", "pods", "-c", name, "-n", "pay", kubeconfig=demo.users_kubeconfig)
    assert done.returncode == 0
    assert {row["NAMESPACE"] for row in table(done.stdout)} == {"pay"}
    done = navarch("top", "nodes", "-c", name, kubeconfig=demo.users_kubeconfig)
    assert done.returncode == 1
    assert "forbidden" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["secrets"], "is none of"),
        (["pods", "--sort", "color"], "there are: cluster"),
        (["pods", "--waste", "--pressure"], "ask for one"),
        (["pods", "--watch", "-o", "json"], "--watch prints tables"),
        (["pods", "/api"], "patterns belong to get"),
    ],
)
def test_wrong_use(demo: Demo, arguments: list[str], said: str) -> None:
    done = top(demo, *arguments)
    assert done.returncode == 2
    assert said in " ".join(re.sub(r"[│╭╰╯─]", " ", done.stderr).split())


def test_watching_prints_the_table_again_until_interrupted(demo: Demo) -> None:
    arguments = [*COMMAND, "top", "nodes", "-w", "--kubeconfig", str(demo.kubeconfig)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        header = process.stdout.readline()
        assert header.split()[:4] == ["CLUSTER", "NAME", "PODS", "CPU(cores)"]
        while process.stdout.readline() != header:  # a later table begins: numbers changed
            pass
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


@pytest.mark.parametrize("level", ["pods", "nodes"])
def test_kubectl_top_says_the_same(demo: Demo, kube_binaries: Binaries, level: str) -> None:
    """Measurements change every 15 seconds: compared is when kubectl says one thing before and after."""
    name = demo.clusters[0]
    end = time.monotonic() + 120
    while (before := _kubectl_top(demo, kube_binaries, level)) is not None:
        rows = table(top(demo, level, f"@{name}").stdout)
        if before == _kubectl_top(demo, kube_binaries, level):
            break
        assert time.monotonic() < end, "never the same for as long as three commands take"
    titles = ["CPU(cores)", "MEMORY(bytes)"] if level == "pods" else list(rows[0])[3:7]
    ours = {row["NAME"]: [row[title] for title in titles] for row in rows if row["CPU(cores)"] != "-"}
    assert ours == before


def _kubectl_top(demo: Demo, kube_binaries: Binaries, level: str) -> dict[str, list[str]]:
    everywhere = ["-A", "--no-headers"] if level == "pods" else ["--no-headers"]
    command = [kube_binaries["kubectl"], "--kubeconfig", str(demo.kubeconfig), "--context", demo.clusters[0]]
    done = subprocess.run([*command, "top", level, *everywhere], capture_output=True, text=True, check=True)
    cells = [line.split() for line in done.stdout.splitlines()]
    return {line[1 if level == "pods" else 0]: line[2 if level == "pods" else 1 :] for line in cells}
