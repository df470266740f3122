from __future__ import annotations

import contextlib
import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real import workload
from tests.real.api import Api, ApiError
from tests.real.binaries import Binaries
from tests.real.control_plane import ControlPlane, kubeconfig, wait_for
from tests.real.processes import clean_up_after_the_dead, start_time
from tests.real.rig import Rig

DEADLINE = 60.0
TREE = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def spare(rig: Rig) -> Iterator[ControlPlane]:
    """A third cluster that these tests may fill and stop."""
    plane = rig.extra("spare", controllers=True)
    plane.launch()
    plane.wait_ready()
    yield plane
    plane.stop(grace=0)


def test_kubectl_and_both_servers_tell_a_parsable_version(rig: Rig) -> None:
    for plane in rig.clusters:
        done = rig.kubectl("version", "-o", "json", context=plane.name)
        assert done.returncode == 0, done.stderr
        versions = json.loads(done.stdout)
        for side in ("clientVersion", "serverVersion"):
            major, minor = versions[side]["major"], int(versions[side]["minor"].rstrip("+"))
            assert versions[side]["gitVersion"].startswith(f"v{major}.{minor}.")
        assert (major, minor >= 35) == ("1", True)


def test_clusters_are_independent(rig: Rig, namespace: str) -> None:
    east, west = rig.clusters
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "only-east"}}
    east.api().post(f"/api/v1/namespaces/{namespace}/configmaps", body)
    with pytest.raises(ApiError, match="not found"):
        west.api().get(f"/api/v1/namespaces/{namespace}/configmaps/only-east")
    with pytest.raises(ssl.SSLCertVerificationError):
        Api("127.0.0.1", west.port, east.ca, east.admin()).get("/version")
    with pytest.raises((ApiError, OSError)):
        west.api(east.admin()).get("/api/v1/namespaces")


def test_a_minted_user_may_do_what_rbac_grants_and_no_more(rig: Rig, namespace: str) -> None:
    plane = rig.clusters[0]
    user = plane.api(plane.mint("dana", ["readers"]))
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    with pytest.raises(ApiError) as refused:
        user.get(path)
    assert refused.value.status == 403
    assert "dana" in str(refused.value)
    group = "rbac.authorization.k8s.io"
    role = {
        "apiVersion": f"{group}/v1",
        "kind": "Role",
        "metadata": {"name": "readers"},
        "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]}],
    }
    plane.api().post(f"/apis/{group}/v1/namespaces/{namespace}/roles", role)
    binding = {
        "apiVersion": f"{group}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "readers"},
        "roleRef": {"apiGroup": group, "kind": "Role", "name": "readers"},
        "subjects": [{"kind": "Group", "apiGroup": group, "name": "readers"}],
    }
    plane.api().post(f"/apis/{group}/v1/namespaces/{namespace}/rolebindings", binding)

    def may_read() -> bool:
        with contextlib.suppress(ApiError):
            return bool(user.get(path)["kind"] == "ConfigMapList")
        return False

    assert wait_for(may_read, DEADLINE)
    with pytest.raises(ApiError) as refused:
        user.delete(f"{path}/anything")
    assert refused.value.status == 403


def test_an_expired_certificate_is_refused(rig: Rig) -> None:
    plane = rig.clusters[0]
    with pytest.raises((ApiError, OSError)) as refused:
        plane.api(plane.mint("late", ["system:masters"], days=-1)).get("/api/v1/namespaces")
    assert getattr(refused.value, "status", 401) == 401


@pytest.mark.usefixtures("controllers")
def test_controllers_and_scheduler_turn_a_deployment_into_bound_pods(rig: Rig, namespace: str) -> None:
    plane = rig.clusters[1]
    api = plane.api()
    workload.add_node(api, "node-of-test")
    labels = {"app": "web"}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "web", "image": "example.invalid/web:1"}]},
    }
    spec = {"replicas": 3, "selector": {"matchLabels": labels}, "template": template}
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}
    api.post(f"/apis/apps/v1/namespaces/{namespace}/deployments", body)

    def bound() -> list[str]:
        pods = api.get(f"/api/v1/namespaces/{namespace}/pods", labelSelector="app=web")["items"]
        return [pod["spec"]["nodeName"] for pod in pods if pod["spec"].get("nodeName")]

    assert wait_for(lambda: len(bound()) == 3, DEADLINE), rig.kubectl(
        "get", "all", "-A", context=plane.name
    ).stdout
    sets = api.get(f"/apis/apps/v1/namespaces/{namespace}/replicasets")["items"]
    assert [item["spec"]["replicas"] for item in sets] == [3]


@pytest.mark.usefixtures("controllers")
def test_a_namespace_and_what_is_in_it_go_away_after_the_test(rig: Rig) -> None:
    api = rig.clusters[0].api()
    with workload.fresh_namespace(rig.clusters, "passing-by"):
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "litter"}}
        api.post("/api/v1/namespaces/passing-by/configmaps", body)

    def gone(plane: ControlPlane) -> bool:
        with contextlib.suppress(ApiError):
            plane.api().get("/api/v1/namespaces/passing-by")
            return False
        return True

    for plane in rig.clusters:
        assert wait_for(lambda plane=plane: gone(plane), DEADLINE)  # type: ignore[misc]


def test_filled_pods_look_alive_and_have_the_size_asked_for(
    rig: Rig, spare: ControlPlane, tmp_path: Path
) -> None:
    workload.fill(spare, pods=60, size=5000)
    listed = spare.api().get("/api/v1/pods")["items"]
    assert len(listed) == 60
    sizes = [len(json.dumps(pod, separators=(",", ":"))) for pod in listed]
    assert 4500 < sum(sizes) / len(sizes) < 5500
    config = tmp_path / "kubeconfig"
    config.write_text(json.dumps(kubeconfig([(spare, spare.admin(), "admin")])))
    command = [rig.programs["kubectl"], f"--kubeconfig={config}", "get", "pods", "-A", "--no-headers"]
    table = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    assert table.count("Running") == 59
    assert table.count("CrashLoopBackOff") == 1


def test_a_stopped_cluster_comes_back_on_its_port_with_its_data(spare: ControlPlane) -> None:
    before = spare.api().get("/api/v1/namespaces/kube-system")["metadata"]["uid"]
    server = spare.server
    spare.stop()
    with pytest.raises(OSError, match="refused"):
        spare.api().get("/version")
    spare.launch()
    spare.wait_ready()
    assert spare.server == server
    assert spare.api().get("/api/v1/namespaces/kube-system")["metadata"]["uid"] == before
    spare.stop_apiserver()
    spare.start_apiserver()
    assert spare.api().get("/api/v1/namespaces/kube-system")["metadata"]["uid"] == before


def test_a_killed_owner_leaves_no_process_and_a_later_run_removes_its_folder(
    kube_binaries: Binaries, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "tests.real", "up", "--clusters", "1"]
    # In a folder of its own: another run that starts meanwhile would clean up, and hide what is tested.
    environment = {**os.environ, "NAVARCH_KUBE_BIN": str(kube_binaries.folder), "TMPDIR": str(tmp_path)}
    owner = subprocess.Popen(
        command, cwd=TREE, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert owner.stdout is not None
    try:
        told = json.loads(owner.stdout.readline())
        folder = Path(told["folder"])
        records = [json.loads(path.read_text()) for path in folder.rglob("*.pid.json")]
        assert len(records) == (4 if kube_binaries.has_controllers else 2)
        assert all(start_time(record["pid"]) == record["started"] for record in records)
    finally:
        owner.send_signal(signal.SIGKILL)
        owner.communicate()

    def all_dead() -> bool:
        return not any(start_time(record["pid"]) == record["started"] for record in records)

    if sys.platform == "linux":  # elsewhere the next run ends them
        assert wait_for(all_dead, DEADLINE)
    clean_up_after_the_dead(tmp_path)
    assert wait_for(all_dead, DEADLINE)
    assert not folder.exists()


def test_up_ends_cleanly_when_its_input_ends(kube_binaries: Binaries) -> None:
    command = [sys.executable, "-m", "tests.real", "up", "--clusters", "1"]
    environment = {**os.environ, "NAVARCH_KUBE_BIN": str(kube_binaries.folder)}
    done = subprocess.run(
        command, cwd=TREE, env=environment, input="", capture_output=True, text=True, timeout=90, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["clusters"] == ["real-east"]
    assert not Path(told["folder"]).exists()
