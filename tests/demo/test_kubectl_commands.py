"""What a person types, in the order they might: every verb of kubectl that the demo claims to believe."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.demo.kubectl import Kubectl

pytestmark = pytest.mark.timeout(120)

CREATED = [
    "deployment web --image=nginx --replicas=2 --port=80",
    "configmap settings --from-literal=mode=fast",
    "secret generic password --from-literal=word=secret",
    "serviceaccount robot",
    "role reader --verb=get,list --resource=pods",
    "rolebinding readers --role=reader --serviceaccount=SPACE:robot",
    "job once --image=busybox -- true",
    "cronjob often --image=busybox --schedule=*/5_*_*_*_* -- true",
    "job again --from=cronjob/often",
    "quota limits --hard=pods=20",
    "poddisruptionbudget guard --selector=app=web --min-available=1",
    "ingress door --rule=web.example/=web:80",
    "service clusterip plain --tcp=80:80",
]


@pytest_asyncio.fixture(loop_scope="module")
async def space(kubectl: Kubectl, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    name = f"kubectl-{abs(hash(request.node.name)) % 10**6}"
    await kubectl.run("create", "namespace", name)
    yield name
    await kubectl.run("delete", "namespace", name, "--wait=false")


async def test_everything_that_create_makes(kubectl: Kubectl, space: str) -> None:
    for line in CREATED:
        words = [word.replace("_", " ").replace("SPACE", space) for word in line.split()]
        assert "created" in await kubectl.run("create", "-n", space, *words), line
    await kubectl.run("expose", "deployment", "web", "--name=shown", "-n", space)
    ready = ("wait", "--for=condition=Available", "deployment/web", "--timeout=60s", "-n", space)
    assert "condition met" in await kubectl.run(*ready)
    described = await kubectl.run("describe", "all", "-n", space)
    assert "shown" in described
    assert "minAvailable" in await kubectl.run("get", "pdb", "guard", "-o", "yaml", "-n", space)
    quota = await kubectl.run("describe", "quota", "limits", "-n", space)
    assert "pods" in quota


async def test_a_quota_tells_what_is_used_and_refuses_more(kubectl: Kubectl, space: str) -> None:
    await kubectl.run("create", "quota", "small", "--hard=secrets=1,requests.cpu=1", "-n", space)
    await kubectl.run("create", "secret", "generic", "one", "-n", space)
    refused = await kubectl.run("create", "secret", "generic", "two", "-n", space, fails=True)
    told = "exceeded quota: small, requested: secrets=1, used: secrets=1, limited: secrets=1"
    assert f'secrets "two" is forbidden: {told}' in refused
    refused = await kubectl.run("run", "free", "--image=nginx", "-n", space, fails=True)
    assert "failed quota: small: must specify requests.cpu for: free" in refused
    described = await kubectl.run("describe", "quota", "small", "-n", space)
    assert ["secrets", "1", "1"] in [line.split() for line in described.splitlines()]


async def test_a_disruption_budget_holds_an_eviction_up(kubectl: Kubectl, space: str) -> None:
    await kubectl.run("create", "deployment", "web", "--image=nginx", "--replicas=2", "-n", space)
    ready = ("wait", "--for=condition=Available", "deployment/web", "--timeout=60s", "-n", space)
    await kubectl.run(*ready)
    await kubectl.run("create", "pdb", "guard", "--selector=app=web", "--min-available=2", "-n", space)
    pod = (await kubectl.run("get", "pods", "-n", space, "-o", "jsonpath={.items[0].metadata.name}")).strip()
    meta = {"name": pod, "namespace": space}
    body = json.dumps({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": meta})
    evict = ("create", "--raw", f"/api/v1/namespaces/{space}/pods/{pod}/eviction", "-f", "-")
    assert "violate the pod's disruption budget" in await kubectl.run(*evict, stdin=body, fails=True)
    await kubectl.run("delete", "pdb", "guard", "-n", space)
    await kubectl.run(*evict, stdin=body)


async def test_rights_and_tokens(kubectl: Kubectl, space: str) -> None:
    assert "yes" in await kubectl.run("auth", "can-i", "create", "pods")
    assert "admin" in await kubectl.run("auth", "whoami")
    assert "*.*" in await kubectl.run("auth", "can-i", "--list")
    await kubectl.run("create", "serviceaccount", "robot", "-n", space)
    token = (await kubectl.run("create", "token", "robot", "-n", space)).strip()
    assert token.count(".") == 2
    refused = await kubectl.run("create", "token", "robot", "--duration=1s", "-n", space, fails=True)
    assert "10 minutes" in refused


async def test_a_shell_files_and_the_way_out(kubectl: Kubectl, space: str, tmp_path: Path) -> None:
    await kubectl.run("run", "box", "--image=busybox", "--port=8080", "-n", space)
    await kubectl.run("wait", "--for=condition=Ready", "pod/box", "--timeout=60s", "-n", space)
    box = ("exec", "box", "-n", space, "-i", "--")
    assert await kubectl.run(*box, "hostname") == "box\n"
    assert await kubectl.run(*box, "cat", stdin="through\n") == "through\n"
    assert "exit code 3" in await kubectl.run(*box, "sh", "-c", "exit 3", fails=True)
    assert "not found" in await kubectl.run(*box, "nonsense", fails=True)
    (tmp_path / "there").write_bytes(b"\x00binary\xff" * 1000)
    await kubectl.run("cp", str(tmp_path / "there"), f"{space}/box:/tmp/f")
    await kubectl.run("cp", f"{space}/box:/tmp/f", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == (tmp_path / "there").read_bytes()
    assert "No such file" in await kubectl.run("exec", "box", "-n", space, "--", "ls", "/none", fails=True)


async def test_a_forwarded_port_answers_and_a_closed_one_refuses(kubectl: Kubectl, space: str) -> None:
    await kubectl.run("run", "web", "--image=nginx", "--port=8080", "-n", space)
    await kubectl.run("wait", "--for=condition=Ready", "pod/web", "--timeout=60s", "-n", space)
    forwarding = kubectl.popen("port-forward", "pod/web", ":8080", "-n", space)
    try:
        assert forwarding.stdout is not None
        told = (await asyncio.to_thread(forwarding.stdout.readline)).decode()
        port = int(told.split("127.0.0.1:")[1].split()[0])
        for _ in range(3):
            assert f"{space}/web in the demo fleet" in await asyncio.to_thread(fetched, port)
    finally:
        forwarding.terminate()
        forwarding.wait(10)
    refused = kubectl.popen("port-forward", "pod/web", ":9999", "-n", space)
    try:
        assert refused.stdout is not None
        told = (await asyncio.to_thread(refused.stdout.readline)).decode()
        port = int(told.split("127.0.0.1:")[1].split()[0])
        with pytest.raises((http.client.HTTPException, OSError)):
            await asyncio.to_thread(fetched, port)
    finally:
        refused.terminate()
        refused.wait(10)


async def test_attach_shows_what_the_container_says(kubectl: Kubectl) -> None:
    attached = kubectl.popen("attach", "ledger-0", "-n", "pay")
    try:
        assert attached.stdout is not None
        assert await asyncio.to_thread(attached.stdout.readline)
    finally:
        attached.terminate()
        attached.wait(10)


async def test_looking_from_every_side(kubectl: Kubectl) -> None:
    for words in (
        "describe nodes",
        "describe pods -A",
        "describe pv,pvc,sc -A",
        "events -A",
        "get events -A --sort-by=.lastTimestamp",
        "get pods -A --chunk-size=3",
        "get hpa,pdb,quota,limits,pc,lease,csr,crd,apiservice -A",
        "explain deployment --recursive",
        "explain mw.spec.affects",
        "api-resources",
        "cluster-info",
        "top nodes",
        "top pods -A",
        "get --raw /openapi/v2",
    ):
        assert await kubectl.run(*words.split()), words


async def test_nodes_are_cordoned_drained_and_given_back(kubectl: Kubectl) -> None:
    node = "prod-eu-node-2"
    await kubectl.run("cordon", node)
    assert "SchedulingDisabled" in await kubectl.run("get", "node", node)
    options = ("--ignore-daemonsets", "--delete-emptydir-data", "--force", "--timeout=60s")
    assert "drained" in await kubectl.run("drain", node, *options)
    await kubectl.run("uncordon", node)
    await kubectl.run("taint", "node", node, "a=b:NoSchedule")
    await kubectl.run("taint", "node", node, "a-")


def fetched(port: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read().decode()
    finally:
        connection.close()
