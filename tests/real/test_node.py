"""What only a kubelet shows: pods that really run, fail, restart, log and are evicted; kubectl judges."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from backend.kube.client import Client
from backend.kube.kubeconfig import load
from backend.kube.logs import LogResume, WholeLines
from tests.real.control_plane import wait_for
from tests.real.node import sandbox
from tests.real.node.cluster import NODE, NodeCluster
from tests.real.node.images import BUSYBOX
from tests.real.processes import start_time
from tests.real.program import Navarch

DEADLINE = 60.0
TREE = Path(__file__).parents[2]


@pytest.fixture
def space(node: NodeCluster) -> Iterator[str]:
    """A fresh namespace on the node's cluster."""
    name = f"space-{secrets.token_hex(3)}"
    node.kubectl("create", "namespace", name)
    api = node.plane.api()
    assert wait_for(lambda: bool(api.get(f"/api/v1/namespaces/{name}/serviceaccounts")["items"]), DEADLINE)
    yield name
    node.kubectl("delete", "namespace", name, "--wait=false")
    node.kubectl("delete", "pods", "--all", "-n", name, "--now", "--wait=false")


@pytest.fixture
def navarch(tmp_path: Path) -> Navarch:
    return Navarch(tmp_path / "home")


def pod(name: str, *commands: str, **spec: Any) -> dict[str, Any]:
    """A pod of one container for each shell command."""
    containers = [
        {"name": f"c{number}", "image": BUSYBOX, "command": ["sh", "-c", command]}
        for number, command in enumerate(commands)
    ]
    whole = {"terminationGracePeriodSeconds": 1, "containers": containers, **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": whole}


def create(node: NodeCluster, space: str, *objects: dict[str, Any]) -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
    node.kubectl("create", "-n", space, "-f", "-", given=json.dumps(listed))


def wait_until_running(node: NodeCluster, space: str, *names: str) -> None:
    pods = [f"pod/{name}" for name in names]
    node.kubectl("wait", "-n", space, "--for=condition=Ready", f"--timeout={DEADLINE:.0f}s", *pods)


@asynccontextmanager
async def connected(node: NodeCluster) -> AsyncIterator[Client]:
    client = Client(load(node.kubeconfig).access(node.plane.name, read_files=True))
    try:
        yield client
    finally:
        await client.aclose()


# --- what pods say of themselves

ODD_PODS = {
    "running": pod("running", "sleep 1000"),
    "completed": pod("completed", "true", restartPolicy="Never"),
    "failed": pod("failed", "exit 3", restartPolicy="Never"),
    "crashing": pod("crashing", "exit 1"),
    "half": pod("half", "sleep 1000", "exit 2", restartPolicy="Never"),
    "no-image": pod("no-image", "true"),
    "no-config": pod("no-config", "true"),
    "initialising": pod("initialising", "true"),
    "bad-init": pod("bad-init", "true", restartPolicy="Never"),
    "unschedulable": pod("unschedulable", "true", nodeSelector={"no": "where"}),
}
ODD_PODS["no-image"]["spec"]["containers"][0].update(image="navarch.test/none:1", imagePullPolicy="Never")
ODD_PODS["no-config"]["spec"]["containers"][0]["envFrom"] = [{"configMapRef": {"name": "missing"}}]
for _name, _command in (("initialising", "sleep 1000"), ("bad-init", "exit 9")):
    ODD_PODS[_name]["spec"]["initContainers"] = [
        {"name": "first", "image": BUSYBOX, "command": ["sh", "-c", _command]}
    ]
SEEN = {
    "Running",
    "Completed",
    "Error",
    "CrashLoopBackOff",
    "ErrImageNeverPull",
    "CreateContainerConfigError",
    "Init:0/1",
    "Init:Error",
    "Pending",
}


def test_status_and_ready_are_what_kubectl_says(node: NodeCluster, space: str, navarch: Navarch) -> None:
    create(node, space, *ODD_PODS.values())
    config = ["--kubeconfig", str(node.kubeconfig)]

    def theirs() -> dict[str, tuple[str, str]]:
        lines = node.kubectl("get", "pods", "-n", space, "--no-headers").splitlines()
        return {name: (ready, status) for name, ready, status, *_ in map(str.split, lines)}

    def ours() -> dict[str, tuple[str, str]]:
        said = navarch.run("get", "pods", "-n", space, *config).stdout.splitlines()
        head, *rows = [line.split() for line in said]
        at = [head.index(word) for word in ("NAME", "READY", "STATUS")]
        return {row[at[0]]: (row[at[1]], row[at[2]]) for row in rows}

    seen: set[str] = set()

    def agree() -> bool:  # states move on: a look at both must fall between two of them
        before, mine, after = theirs(), ours(), theirs()
        if before == after:
            assert mine == before
            seen.update(status for _, status in mine.values())
        return seen >= SEEN

    assert wait_for(agree, 2 * DEADLINE), SEEN - seen


# --- logs


async def test_the_log_of_a_container_that_restarted(node: NodeCluster, space: str) -> None:
    counting = "echo >>/state/runs; n=$(wc -l </state/runs); echo run $n; [ $n -gt 1 ] && sleep 1000"
    talking = pod("talking", counting, volumes=[{"name": "state", "emptyDir": {}}])
    talking["spec"]["containers"][0]["volumeMounts"] = [{"name": "state", "mountPath": "/state"}]
    create(node, space, talking)
    async with connected(node) as client:

        async def read(**options: Any) -> bytes:
            return b"".join([chunk async for chunk in client.logs("talking", space, **options)])

        async with asyncio.timeout(DEADLINE):
            while True:
                path = f"/api/v1/namespaces/{space}/pods/talking"
                status = json.loads((await client.request("GET", path)).body)["status"]
                containers = status.get("containerStatuses", [{}])
                if containers[0].get("restartCount") and "running" in containers[0]["state"]:
                    break
                await asyncio.sleep(0.2)
        assert await read(timestamps=False) == b"run 2\n"
        assert await read(timestamps=False, previous=True) == b"run 1\n"


async def test_a_followed_log_goes_on_after_a_cut(node: NodeCluster, space: str) -> None:
    create(node, space, pod("counter", "i=0; while sleep 0.01; do i=$((i+1)); echo line $i; done"))
    wait_until_running(node, space, "counter")
    lines: list[bytes] = []
    resume, splitter = LogResume(), WholeLines()
    async with connected(node) as client, asyncio.timeout(DEADLINE):
        for cut_after in (40, 90, 200):
            stream = client.logs("counter", space, follow=True, since=resume.since)
            async for chunk in stream:
                if block := splitter.feed(chunk):
                    lines += resume.new(block).splitlines()
                if len(lines) >= cut_after:
                    break
            await stream.aclose()
            splitter.drop()
            resume.cut()
    numbers = [int(line.rpartition(b" ")[2]) for line in lines]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


# --- what happens to nodes


def test_a_drained_node_shows_where_its_pods_went(node: NodeCluster, space: str, navarch: Navarch) -> None:
    node.kubectl("create", "deployment", "web", "-n", space, f"--image={BUSYBOX}", "--", "sleep", "1000")
    node.kubectl("wait", "-n", space, "--for=condition=Available", "deployment/web", "--timeout=60s")

    def shown(*words: str) -> str:
        return navarch.run("get", *words, "--kubeconfig", str(node.kubeconfig)).stdout

    try:
        node.kubectl("drain", NODE, "--force", "--grace-period=1", "--pod-selector=app=web")
        assert wait_for(lambda: "Pending" in shown("pods", "-n", space), DEADLINE)
        assert "SchedulingDisabled" in shown("nodes")
    finally:
        node.kubectl("uncordon", NODE)
    assert wait_for(lambda: "Running" in shown("pods", "-n", space), DEADLINE)
    assert "SchedulingDisabled" not in shown("nodes")


def test_a_claim_is_bound_mounted_and_written(node: NodeCluster, space: str, navarch: Navarch) -> None:
    disk = f"disk-{space}"
    volume = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": disk},
        "spec": {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Delete",
            "storageClassName": disk,
            "hostPath": {"path": f"/var/lib/{disk}", "type": "DirectoryOrCreate"},
        },
    }
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {
            "storageClassName": disk,
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    writer = pod(
        "writer",
        "echo kept >/data/file; sleep 1000",
        volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
    )
    writer["spec"]["containers"][0]["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    create(node, space, volume, claim, writer)
    wait_until_running(node, space, "writer")
    assert node.kubectl("exec", "-n", space, "writer", "--", "cat", "/data/file") == "kept\n"
    said = navarch.run("get", "pvc", "-n", space, "--kubeconfig", str(node.kubeconfig)).stdout
    assert "Bound" in said
    assert disk in said
    node.kubectl("delete", "pod", "writer", "-n", space, "--now")
    node.kubectl("delete", "pvc", "data", "-n", space)
    node.kubectl("delete", "pv", disk, "--wait=false")


async def test_the_kubelets_summary_has_its_pods(node: NodeCluster, space: str) -> None:
    create(node, space, pod("busy", "while :; do :; done"))
    wait_until_running(node, space, "busy")

    async def measured() -> dict[str, Any]:
        reply = await client.request("GET", f"/api/v1/nodes/{NODE}/proxy/stats/summary")
        pods = json.loads(reply.body)["pods"]
        return next((one for one in pods if one["podRef"]["name"] == "busy"), {})

    async with connected(node) as client, asyncio.timeout(DEADLINE):
        while not (await measured()).get("cpu", {}).get("usageNanoCores"):
            await asyncio.sleep(0.5)


# --- the node's own end


def test_a_killed_run_leaves_nothing_behind(node: NodeCluster, tmp_path: Path) -> None:
    """The kernel ends what ran in the sandbox; what it leaves (empty cgroups) the next run removes."""
    up = subprocess.Popen(
        [sys.executable, "-m", "tests.real", "up", "--node", "--ignore-input"],
        cwd=TREE,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    try:
        assert up.stdout is not None
        told = json.loads(up.stdout.readline())
        folder = Path(told["folder"])
        kubectl = [told["kubectl"], "--kubeconfig", told["kubeconfig"]]
        run = ["run", "left", f"--image={told['images'][0]}", "--", "sleep", "54321"]
        subprocess.run([*kubectl, *run], check=True, timeout=DEADLINE, stdout=subprocess.DEVNULL)
        waiting = ["wait", "--for=condition=Ready", "pod/left", f"--timeout={DEADLINE:.0f}s"]
        subprocess.run([*kubectl, *waiting], check=True, timeout=2 * DEADLINE, stdout=subprocess.DEVNULL)
        inside = processes_that_mention(str(folder)) | processes_that_mention("54321")
        started = {pid: start_time(pid) for pid in inside}
        assert len(inside) >= 6  # etcd, API server, controllers, containerd, its shims, kubelet, the pod
    finally:
        up.send_signal(signal.SIGKILL)
        up.wait(DEADLINE)
    assert wait_for(lambda: all(start_time(pid) != started[pid] for pid in inside), DEADLINE)
    assert str(folder) not in Path("/proc/self/mountinfo").read_text()

    def removed() -> bool:  # TMPDIR is another here: for this process that run has no folder
        sandbox.remove_cgroups_of_the_dead()
        return not groups_named(folder.name)

    assert wait_for(removed, DEADLINE)


def processes_that_mention(word: str) -> set[int]:
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if word.encode() in path.read_bytes() and int(path.parent.name) != os.getpid():
                found.add(int(path.parent.name))
        except OSError:
            continue
    return found


def groups_named(name: str) -> list[Path]:
    return [path for path in Path("/sys/fs/cgroup").rglob(name) if path.is_dir()]
