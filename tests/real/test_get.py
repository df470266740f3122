"""``navarch get`` against a real API server, beside kubectl of the same release."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.real import workload
from tests.real.control_plane import ControlPlane, wait_for, write_private
from tests.real.program import Navarch
from tests.real.rig import Rig

NODE = "node-of-get"
KINDS = [
    "nodes",
    "namespaces",
    "pods",
    "deployments",
    "replicasets",
    "statefulsets",
    "daemonsets",
    "jobs",
    "services",
    "configmaps",
    "secrets",
    "events",
    "persistentvolumeclaims",
    "cronjobs",
    "ingresses",
    "serviceaccounts",
    "clusterroles",
    "clusterrolebindings",
    "rolebindings",
    "endpointslices",
    "leases",
    "priorityclasses",
    "apiservices",
    "customresourcedefinitions",
]
THROUGH_THE_TABLE = ["ships", "controllerrevisions", "flowschemas", "prioritylevelconfigurations"]
DURATION = re.compile(r"\b(?:\d+[ydhms])+\b|\b\d+(?:\.\d+)?s\b")
SECONDS = {"y": 365 * 86400, "d": 86400, "h": 3600, "m": 60, "s": 1}

Table = dict[tuple[str, str], dict[str, str]]


@pytest.fixture(scope="module")
def furnished(rig: Rig, controllers: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A namespace on the first cluster with one of each kind, in states that take many shapes."""
    plane = rig.clusters[0]
    namespace = "furnished"
    workload.add_node(plane.api(), NODE)
    with workload.fresh_namespace([plane], namespace):
        text = (Path(__file__).parent / "objects.yaml").read_text().replace("%NODE%", NODE)
        file = tmp_path_factory.mktemp("objects") / "objects.yaml"
        file.write_text(text)
        done = rig.kubectl("apply", "-n", namespace, "-f", str(file), context=plane.name)
        assert done.returncode == 0, done.stderr
        _add_ship(plane, namespace)
        _set_states(plane, namespace)
        _wait_until_settled(plane, namespace)
        yield namespace
        api = plane.api()
        api.merge(f"/api/v1/namespaces/{namespace}/pods/finishing", {"metadata": {"finalizers": None}})
        api.delete("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/ships.sea.example.invalid")


@pytest.fixture
def navarch(tmp_path: Path) -> Navarch:
    return Navarch(tmp_path / "home")


def _add_ship(plane: ControlPlane, namespace: str) -> None:
    body = {
        "apiVersion": "sea.example.invalid/v1",
        "kind": "Ship",
        "metadata": {"name": "victory"},
        "spec": {"captain": "Hardy", "guns": 104, "log": "fair winds"},
    }
    api = plane.api()

    def sailed() -> bool:
        try:
            api.post(f"/apis/sea.example.invalid/v1/namespaces/{namespace}/ships", body)
        except Exception:  # the definition is not served yet
            return False
        return True

    assert wait_for(sailed, 30)


def _set_states(plane: ControlPlane, namespace: str) -> None:
    """The states that kubectl's STATUS, READY and RESTARTS columns are known for."""
    api = plane.api()
    ago = (datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
    ended = {"exitCode": 137, "reason": "OOMKilled", "startedAt": ago, "finishedAt": ago}

    def container(name: str, state: dict[str, Any], **more: Any) -> dict[str, Any]:
        image = f"example.invalid/{name}:1"
        return {
            "name": name,
            "image": image,
            "imageID": "",
            "ready": False,
            "restartCount": 0,
            "state": state,
            **more,
        }

    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    for name, status in {
        "bound": {
            "phase": "Running",
            "podIP": "10.2.3.4",
            "podIPs": [{"ip": "10.2.3.4"}],
            "conditions": [{"type": "example.invalid/ready", "status": "True"}],
            "containerStatuses": [container("one", {"running": {"startedAt": ago}}, ready=True)],
        },
        "crashing": {
            "phase": "Running",
            "containerStatuses": [
                container("one", waiting, restartCount=41, lastState={"terminated": ended})
            ],
        },
        "starting": {
            "phase": "Pending",
            "initContainerStatuses": [
                container(
                    "first", {"terminated": {**ended, "exitCode": 0, "reason": "Completed"}}, ready=True
                ),
                container("second", {"terminated": {**ended, "exitCode": 2, "reason": ""}}),
            ],
            "containerStatuses": [container("one", {"waiting": {"reason": "PodInitializing"}})],
        },
        "evicted": {
            "phase": "Failed",
            "reason": "Evicted",
            "message": "The node was low on resource: memory.",
        },
        "finishing": {
            "phase": "Running",
            "containerStatuses": [container("one", {"running": {"startedAt": ago}}, ready=True)],
        },
    }.items():
        api.merge(f"/api/v1/namespaces/{namespace}/pods/{name}/status", {"status": status})
    api.delete(f"/api/v1/namespaces/{namespace}/pods/finishing")


def _wait_until_settled(plane: ControlPlane, namespace: str) -> None:
    """Until the controllers have made what they will make, so that two listings see the same."""
    api = plane.api()

    def settled() -> bool:
        pods = api.get(f"/api/v1/namespaces/{namespace}/pods")["items"]
        owned = [pod for pod in pods if pod["metadata"].get("ownerReferences")]
        job = api.get(f"/apis/batch/v1/namespaces/{namespace}/jobs/once")["status"]
        bound = all(pod["spec"].get("nodeName") for pod in owned)
        return len(owned) == 5 and job.get("active") == 2 and bound

    assert wait_for(settled, 60), api.get(f"/api/v1/namespaces/{namespace}/pods")


def _read(text: str) -> Table:
    """A printed table by (namespace, name); cells by column, found by where the titles stand."""
    lines = text.splitlines()
    titles = [(found.start(), found[0]) for found in re.finditer(r"\S+(?: \S+)*", lines[0])] if lines else []
    ends = [start for start, _ in titles[1:]] + [None]
    rows: Table = {}
    for line in lines[1:]:
        cells = {title: line[start:end].strip() for (start, title), end in zip(titles, ends, strict=True)}
        name = cells.get("NAME") or " ".join(cells[title] for title in ("OBJECT", "REASON", "MESSAGE"))
        rows[cells.get("NAMESPACE", ""), name] = cells
    return rows


def _same_cell(ours: str, before: str, after: str) -> bool:
    """Equal, but for durations, which must lie between those of kubectl's run before and after ours."""
    if ours in (before, after):
        return True
    if not DURATION.sub("#", ours) == DURATION.sub("#", before) == DURATION.sub("#", after):
        return False
    triples = zip(*(DURATION.findall(cell) for cell in (before, ours, after)), strict=True)
    return all(_seconds(low) <= _seconds(mine) <= _seconds(high) for low, mine, high in triples)


def _seconds(text: str) -> float:
    return sum(float(amount) * SECONDS[unit] for amount, unit in re.findall(r"([\d.]+)([ydhms])", text))


@pytest.mark.parametrize("form", ["table", "wide"])
@pytest.mark.parametrize("kind", [*KINDS, *THROUGH_THE_TABLE])
def test_every_row_reads_as_kubectl_prints_it(
    rig: Rig, furnished: str, navarch: Navarch, kind: str, form: str
) -> None:
    cluster = rig.clusters[0].name
    wide = ["-o", "wide"] if form == "wide" else []

    def theirs() -> Table:
        done = rig.kubectl("get", kind, "-A", *wide, context=cluster)
        assert done.returncode == 0, done.stderr
        return _read(done.stdout)

    before = theirs()
    done = navarch.run("get", kind, "-c", cluster, "-o", form, "--kubeconfig", str(rig.kubeconfig))
    assert done.returncode == 0, done.stderr
    after = theirs()
    ours = _read(done.stdout)
    steady = [key for key in before if key in after and (kind != "events" or key[0] == furnished)]
    assert steady
    for key in steady:
        assert ours[key].pop("CLUSTER") == cluster
        assert list(ours[key]) == list(before[key])
        different = {
            title: (cell, before[key][title])
            for title, cell in ours[key].items()
            if not _same_cell(cell, before[key][title], after[key][title])
        }
        assert not different, f"{key}: ours, kubectl's"


@pytest.mark.parametrize("kind", ["pods", "configmaps", "ships"])
def test_json_is_the_servers_object_with_its_cluster(
    rig: Rig, furnished: str, navarch: Navarch, kind: str
) -> None:
    cluster = rig.clusters[0].name
    done = navarch.run(
        "get", kind, "-n", furnished, "-c", cluster, "-o", "json", "--kubeconfig", str(rig.kubeconfig)
    )
    assert done.returncode == 0, done.stderr
    ours = {item["metadata"]["name"]: item for item in json.loads(done.stdout)["items"]}
    theirs = json.loads(rig.kubectl("get", kind, "-n", furnished, "-o", "json", context=cluster).stdout)[
        "items"
    ]
    assert len(ours) == len(theirs) > 0
    for item in theirs:
        mine = ours[item["metadata"]["name"]]
        assert mine["metadata"].setdefault("annotations", {}).pop("navarch.dev/cluster") == cluster
        item["metadata"].setdefault("annotations", {})
        assert mine == item


@pytest.mark.parametrize("form", ["json", "yaml", "table", "wide"])
def test_a_secret_value_is_printed_nowhere(rig: Rig, furnished: str, navarch: Navarch, form: str) -> None:
    done = navarch.run("get", "secrets", "-n", furnished, "-o", form, "--kubeconfig", str(rig.kubeconfig))
    assert "password" in done.stdout
    for text in ("correct-horse", "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5"):
        assert text not in done.stdout + done.stderr


def test_short_names_names_globs_and_labels_choose(rig: Rig, furnished: str, navarch: Navarch) -> None:
    config = ["--kubeconfig", str(rig.kubeconfig), "-c", rig.clusters[0].name]

    def names(*arguments: str) -> list[str]:
        done = navarch.run("get", *arguments, "-o", "name", "-n", furnished, *config)
        assert done.returncode == 0, done.stderr
        return sorted(line.split()[-1] for line in done.stdout.splitlines())

    assert names("sh") == ["ship.sea.example.invalid/victory"]
    assert names("svc", "web", "db") == ["service/db", "service/web"]
    assert names("po", "cr*") == ["pod/crashing"]
    assert names("po", "-l", "app=db") == ["pod/db-0"]
    assert names("po", "--match", "OOMKilled|Evicted") == ["pod/evicted"]


def test_a_dead_cluster_costs_the_exit_code_and_not_the_rows(
    rig: Rig, navarch: Navarch, tmp_path: Path
) -> None:
    plane = rig.extra("dead-for-get")  # never started: nothing listens there
    config = plane.kubeconfig()
    live = rig.clusters[1].kubeconfig()
    for part in ("clusters", "users", "contexts"):
        config[part] += live[part]
    file = tmp_path / "config"
    write_private(file, json.dumps(config).encode())
    done = navarch.run("get", "namespaces", "--kubeconfig", str(file))
    assert done.returncode == 1
    assert "kube-system" in done.stdout
    assert "dead-for-get" in done.stderr
    assert "refused" in done.stderr


def test_who_may_not_list_is_told_so_in_words(rig: Rig, navarch: Navarch, tmp_path: Path) -> None:
    plane = rig.clusters[0]
    file = tmp_path / "config"
    write_private(file, json.dumps(plane.kubeconfig(plane.mint("stranger"), user_name="stranger")).encode())
    done = navarch.run("get", "secrets", "--kubeconfig", str(file))
    assert done.returncode == 1
    assert done.stdout == ""
    assert "secrets" in done.stderr
    assert "stranger" in done.stderr


def test_a_watch_survives_its_server(rig: Rig, navarch: Navarch, tmp_path: Path) -> None:
    """A cluster stopped and started again: it says so, and what happened meanwhile and later arrives."""
    plane = rig.extra("restarted")
    plane.launch()
    plane.wait_ready()
    file = tmp_path / "config"
    write_private(file, json.dumps(plane.kubeconfig()).encode())

    def make(name: str) -> None:
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
        plane.api().post("/api/v1/namespaces/default/configmaps", body)

    make("before")
    with navarch.follow("get", "configmaps", "--watch", "--kubeconfig", str(file)) as watch:
        watch.wait_for_line("restarted", "default", "before")
        make("during")
        watch.wait_for_line("restarted", "default", "during")
        plane.stop_apiserver(grace=0)
        watch.wait_for_line("restarted", stream="err")
        plane.start_apiserver()
        make("after")
        watch.wait_for_line("restarted", "default", "after", deadline=60)
        assert watch.interrupt() in (0, 130)
        assert not any("Traceback" in line for line in watch.err)
    plane.stop(grace=0)
