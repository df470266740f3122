"""An unmodified kubectl believes the demo."""

from __future__ import annotations

import asyncio

import pytest

from tests.demo.conftest import Eventually
from tests.demo.kubectl import Kubectl

MANIFEST = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME, namespace: default, labels: {app: NAME}}
spec:
  replicas: 2
  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME}}
    spec:
      containers:
      - {name: web, image: "nginx:IMAGE", ports: [{containerPort: 80}]}
"""
pytestmark = pytest.mark.timeout(90)


async def test_get(kubectl: Kubectl) -> None:
    pods = await kubectl.run("get", "pods", "-A")
    assert pods.split("\n")[0].split() == ["NAMESPACE", "NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    wide = await kubectl.run("get", "nodes", "-o", "wide")
    assert "containerd://" in wide
    assert "prod-eu-node-1" in await kubectl.run("get", "nodes", "-o", "name")
    windows = await kubectl.run("get", "mw", "-n", "pay")
    assert windows.split("\n")[0].split() == ["NAME", "START", "MINUTES", "PHASE", "AGE"]
    everything = await kubectl.run("get", "all", "-n", "pay")
    assert "deployment.apps/api" in everything
    assert "statefulset.apps/ledger" in everything
    assert 'pods "nothing" not found' in await kubectl.run("get", "pod", "nothing", fails=True)
    assert "apps/v1" in await kubectl.run("api-resources")
    assert "v1.35" in await kubectl.run("version")


async def test_client_side_apply_and_rollout(kubectl: Kubectl) -> None:
    first = MANIFEST.replace("NAME", "site").replace("IMAGE", "1.27")
    assert "site created" in await kubectl.run("apply", "-f", "-", stdin=first)
    assert "successfully rolled out" in await kubectl.run("rollout", "status", "deploy/site", "--timeout=40s")
    second = first.replace("1.27", "1.28")
    assert "site configured" in await kubectl.run("apply", "-f", "-", stdin=second)
    assert "unchanged" in await kubectl.run("apply", "-f", "-", stdin=second)
    assert "successfully rolled out" in await kubectl.run("rollout", "status", "deploy/site", "--timeout=40s")
    await kubectl.run("scale", "deploy/site", "--replicas=3")
    await kubectl.run("label", "deploy", "site", "tier=front")
    await kubectl.run("annotate", "deploy", "site", "note=x")
    assert "successfully rolled out" in await kubectl.run("rollout", "status", "deploy/site", "--timeout=40s")
    found = await kubectl.run(
        "get", "deploy", "-l", "tier=front", "-o", "jsonpath={.items[*].status.readyReplicas}"
    )
    assert found == "3"
    described = await kubectl.run("describe", "deploy", "site")
    assert "ScalingReplicaSet" in described
    assert "nginx:1.28" in described
    await kubectl.run("rollout", "undo", "deploy/site")
    image = await kubectl.run("get", "deploy", "site", "-o", "jsonpath={..image}")
    assert image == "nginx:1.27"
    await kubectl.run("delete", "deploy", "site", "--cascade=foreground", "--timeout=40s")
    assert "NotFound" in await kubectl.run("get", "deploy", "site", fails=True)


async def test_server_side_apply_conflicts(kubectl: Kubectl) -> None:
    manifest = MANIFEST.replace("NAME", "ssa").replace("IMAGE", "1")
    assert "serverside-applied" in await kubectl.run("apply", "--server-side", "-f", "-", stdin=manifest)
    changed = manifest.replace("nginx:1", "nginx:2")
    words = ("apply", "--server-side", "--field-manager=other", "-f", "-")
    refused = await kubectl.run(*words, stdin=changed, fails=True)
    assert 'Apply failed with 1 conflict: conflict with "kubectl"' in refused
    await kubectl.run(*words, "--force-conflicts", stdin=changed)
    await kubectl.run("delete", "deploy", "ssa")


async def test_a_wrong_manifest_is_refused_before_anything_happens(kubectl: Kubectl) -> None:
    wrong = MANIFEST.replace("NAME", "wrong").replace("IMAGE", "1").replace("replicas", "replikas")
    assert 'unknown field "spec.replikas"' in await kubectl.run("apply", "-f", "-", stdin=wrong, fails=True)
    assert "NotFound" in await kubectl.run("get", "deploy", "wrong", fails=True)


async def test_watch_sees_changes(kubectl: Kubectl, eventually: Eventually) -> None:
    watcher = kubectl.popen("get", "configmaps", "-n", "default", "-w", "--output-watch-events")
    lines: list[bytes] = []
    assert watcher.stdout is not None
    reader = asyncio.create_task(asyncio.to_thread(lambda: lines.extend(iter(watcher.stdout.readline, b""))))  # type: ignore[union-attr]
    try:
        await eventually(lambda: any(b"kube-root-ca.crt" in line for line in lines))
        config = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"seen","namespace":"default"}}'
        await kubectl.run("apply", "-f", "-", stdin=config)
        await eventually(lambda: any(line.split()[:2] == [b"ADDED", b"seen"] for line in lines))
        await kubectl.run("delete", "configmap", "seen")
        await eventually(lambda: any(line.split()[:2] == [b"DELETED", b"seen"] for line in lines))
    finally:
        watcher.terminate()
        watcher.wait(10)
        await reader


async def test_logs_and_describe(kubectl: Kubectl) -> None:
    # A stateful pod is old; a deployment's may have come a second ago, with one line to show.
    lines = await kubectl.run("logs", "ledger-0", "-n", "pay", "--tail=7", "--timestamps")
    assert len(lines.splitlines()) == 7
    assert await kubectl.run("logs", "deploy/fraud-check", "-n", "pay", "--tail=1")
    pod = (await kubectl.run("get", "pods", "-n", "pay", "-l", "app=ledger", "-o", "name")).split()[0]
    described = await kubectl.run("describe", pod, "-n", "pay")
    assert "Controlled By:  StatefulSet/ledger" in described
    assert "data-ledger-0" in described


async def test_patch_and_edit_like_commands(kubectl: Kubectl) -> None:
    await kubectl.run("apply", "-f", "-", stdin=MANIFEST.replace("NAME", "p").replace("IMAGE", "1"))
    await kubectl.run("set", "image", "deploy/p", "web=nginx:5")
    patch = '[{"op":"replace","path":"/spec/replicas","value":1}]'
    await kubectl.run("patch", "deploy", "p", "--type=json", "-p", patch)
    await kubectl.run("rollout", "restart", "deploy/p")
    found = await kubectl.run("get", "deploy", "p", "-o", "jsonpath={.spec.replicas} {..image}")
    assert found == "1 nginx:5"
    await kubectl.run("delete", "deploy", "p")
