"""What reaches into containers: a real kubelet and the simulated one give kubectl the same answers."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from backend.demo.process import DemoFleet
from tests.demo.kubectl import Kubectl
from tests.real.node.cluster import NodeCluster
from tests.real.node.images import BUSYBOX

pytestmark = pytest.mark.timeout(180)


@pytest_asyncio.fixture(params=["node", "demo"], scope="module", loop_scope="module")
async def box(
    request: pytest.FixtureRequest,
    node: NodeCluster,
    fleet: DemoFleet,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[Kubectl, str]]:
    """kubectl and a namespace with the running pod ``box``, on the one and then on the other."""
    kubeconfig = node.kubeconfig if request.param == "node" else fleet.kubeconfig_path
    kubectl = Kubectl(node.plane.binaries["kubectl"], kubeconfig, tmp_path_factory.mktemp("home"))
    space = f"box-{secrets.token_hex(3)}"
    await kubectl.run("create", "namespace", space)
    await kubectl.run("wait", "--for=create", "serviceaccount/default", "-n", space, "--timeout=60s")
    await kubectl.run("run", "box", "-n", space, f"--image={BUSYBOX}", "--", "sleep", "1000")
    await kubectl.run("wait", "--for=condition=Ready", "pod/box", "-n", space, "--timeout=60s")
    yield kubectl, space
    await kubectl.run("delete", "pod", "box", "-n", space, "--now", "--wait=false")
    await kubectl.run("delete", "namespace", space, "--wait=false")


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["exec", "box", "--", "hostname"], "box\n"),
        (["exec", "box", "--", "echo", "a  b"], "a  b\n"),
        (["exec", "box", "--", "sh", "-c", "echo $HOSTNAME; echo x | cat"], "box\nx\n"),
        (["exec", "box", "--", "sh", "-c", "cd /tmp && pwd"], "/tmp\n"),
        (["exec", "box", "--", "cat", "/etc/hostname"], "box\n"),
        (["exec", "box", "--", "id", "-u"], None),
    ],
    ids=str,
)
async def test_commands_answer(box: tuple[Kubectl, str], words: list[str], answer: str | None) -> None:
    kubectl, space = box
    told = await kubectl.run(*words[:1], "-n", space, *words[1:])
    assert told == answer if answer is not None else told


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["exec", "box", "--", "sh", "-c", "exit 7"], r"exit code 7"),
        (["exec", "box", "--", "false"], r"exit code 1"),
        (["exec", "box", "--", "cat", "/none"], r"exit code 1"),
        (
            ["exec", "box", "-c", "other", "--", "true"],
            r"container (not|other)",
        ),
        (["exec", "none", "--", "true"], r'pods "none" not found'),
        (["logs", "none"], r'pods "none" not found'),
        (["logs", "box", "-c", "other"], r"container other is not valid for pod box"),
        (["logs", "box", "--previous"], r'previous terminated container "box" in pod "box" not found'),
        (["attach", "none"], r'pods "none" not found'),
        (["port-forward", "none", ":80"], r'pods "none" not found'),
    ],
    ids=str,
)
async def test_refusals_have_the_same_words(box: tuple[Kubectl, str], words: list[str], says: str) -> None:
    kubectl, space = box
    told = await kubectl.run(*words[:1], "-n", space, *words[1:], fails=True)
    assert re.search(says, told), told


async def test_bytes_come_and_go_unharmed(box: tuple[Kubectl, str], tmp_path: Path) -> None:
    kubectl, space = box
    (tmp_path / "there").write_bytes(bytes(range(256)) * 500)
    await kubectl.run("cp", str(tmp_path / "there"), f"{space}/box:/tmp/f")
    assert (await kubectl.run("exec", "box", "-n", space, "--", "wc", "-c", "/tmp/f")).split()[0] == "128000"
    await kubectl.run("cp", f"{space}/box:/tmp/f", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == (tmp_path / "there").read_bytes()
    piped = await kubectl.run("exec", "-i", "box", "-n", space, "--", "wc", "-l", stdin="a\nb\nc\n")
    assert piped.split() == ["3"]
