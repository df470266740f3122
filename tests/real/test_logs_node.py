"""Logs of containers that really run: restarts, earlier runs, a rollout, a deletion; the Logs screen."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from backend.fleet.fleet import Fleet
from backend.fleet.inmemory import members_of
from backend.observe.logs.following import LogFollower
from backend.observe.logs.merge import OwnLine, Told
from backend.observe.logs.selection import parse_logs
from backend.observe.logs.sources import SourceState
from tests.real.control_plane import wait_for
from tests.real.node.cluster import NodeCluster
from tests.real.node.images import BUSYBOX
from tests.real.program import Navarch
from tests.real.test_console import SLOW, command, console

DEADLINE = 90.0
pytestmark = pytest.mark.timeout(300)
COUNT = 'i=0; while true; do i=$((i+1)); echo "line $i"; sleep 0.05; done'


@pytest.fixture
def space(node: NodeCluster) -> Iterator[str]:
    """A fresh namespace on the node's cluster."""
    name = f"logs-{secrets.token_hex(3)}"
    node.kubectl("create", "namespace", name)
    api = node.plane.api()
    assert wait_for(lambda: bool(api.get(f"/api/v1/namespaces/{name}/serviceaccounts")["items"]), DEADLINE)
    yield name
    node.kubectl("delete", "namespace", name, "--wait=false")
    node.kubectl("delete", "pods", "--all", "-n", name, "--now", "--wait=false")


def pod(name: str, *commands: str, **spec: Any) -> dict[str, Any]:
    containers = [
        {"name": f"c{number}", "image": BUSYBOX, "command": ["sh", "-c", words]}
        for number, words in enumerate(commands)
    ]
    whole = {"terminationGracePeriodSeconds": 1, "containers": containers, **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": whole}


def create(node: NodeCluster, space: str, *objects: dict[str, Any]) -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
    node.kubectl("create", "-n", space, "-f", "-", given=json.dumps(listed))


class Followed:
    """What a follower told so far."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.follower: LogFollower | None = None

    async def take(self, told: Sequence[Told]) -> None:
        self.told += told

    def lines(self, source: int) -> list[str]:
        return [text.decode() for _, number, _, text in self.told if number == source]

    @property
    def seams(self) -> list[str]:
        return [text.decode() for _, _, _, text in self.told if type(text) is OwnLine]

    @property
    def sources(self) -> list[Any]:
        assert self.follower is not None
        return self.follower.sources


@asynccontextmanager
async def following(node: NodeCluster, line: str) -> AsyncIterator[Followed]:
    members, _ = members_of(node.kubeconfig)
    followed = Followed()
    async with Fleet(members[:1]) as fleet:
        followed.follower = LogFollower(fleet, parse_logs(line), take=followed.take)
        task = asyncio.create_task(followed.follower.run())
        try:
            yield followed
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def until(held: Callable[[], bool], followed: Followed) -> None:
    """Wait for a condition."""
    try:
        async with asyncio.timeout(DEADLINE):
            while not held():
                await asyncio.sleep(0.05)
    except TimeoutError:
        states = [(source.label, source.state, source.detail) for source in followed.sources]
        pytest.fail(f"it did not come true: {states} {followed.told[-20:]}")


async def test_a_restart_is_a_seam_and_no_line_is_missing(
    node: NodeCluster, space: str, tmp_path: Path
) -> None:
    """Three runs of thirty lines; the second is told by ``previous`` too."""
    words = 'for i in $(seq 30); do echo "line $i"; done; sleep 1; echo last >&2; exit 3'
    create(node, space, pod("crashing", words))
    async with following(node, f"crashing -n {space} --tail=-1") as followed:
        await until(lambda: len(followed.seams) >= 2, followed)
        await until(lambda: len(followed.lines(0)) >= 3 * 31 + 2, followed)
    run = [f"line {number}" for number in range(1, 31)] + ["last"]
    lines = followed.lines(0)
    at = [place for place, text in enumerate(lines) if text.startswith("restarted")]
    assert lines[: at[0]] == run
    assert lines[at[0] + 1 : at[1]] == run
    assert "after exit code 3, Error" in lines[at[0]]

    navarch = Navarch(tmp_path / "home")

    def before() -> list[str]:
        words = ("logs", "crashing", "-n", space, "--previous", "--kubeconfig", str(node.kubeconfig))
        return navarch.run(*words).stdout.splitlines()

    # Between two restarts the kubelet has removed the one before the last.
    assert wait_for(lambda: before() == run, DEADLINE)


async def test_a_restart_that_nobody_saw_stands_above_the_log(node: NodeCluster, space: str) -> None:
    create(node, space, pod("crashed", "echo hello; exit 3"))
    api = node.plane.api()

    def restarted() -> bool:
        found = api.get(f"/api/v1/namespaces/{space}/pods/crashed")["status"].get("containerStatuses")
        return bool(found and found[0]["restartCount"])

    assert wait_for(restarted, DEADLINE)
    async with following(node, f"crashed -n {space}") as followed:
        await until(lambda: len(followed.lines(0)) >= 2, followed)
    seam, line, *_ = followed.lines(0)
    assert seam.startswith("restarted (run ")
    assert seam.endswith("; the run before is not shown")
    assert line == "hello"


async def test_a_rollout_is_followed_from_pod_to_pod(node: NodeCluster, space: str) -> None:
    node.kubectl("create", "deployment", "web", "-n", space, f"--image={BUSYBOX}", "--", "sh", "-c", COUNT)
    brief = '{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":1}}}}'
    node.kubectl("patch", "deployment", "web", "-n", space, "-p", brief)
    node.kubectl("rollout", "status", "deployment/web", "-n", space, "--timeout=60s")
    async with following(node, f"deploy/web -n {space}") as followed:
        await until(lambda: any(s.state is SourceState.OPEN and s.lines for s in followed.sources), followed)
        before = len(followed.sources)
        node.kubectl("rollout", "restart", "deployment/web", "-n", space)
        await until(lambda: len(followed.sources) > before and followed.sources[-1].lines > 20, followed)
        await until(lambda: followed.sources[before - 1].state is SourceState.GONE, followed)
        for number in range(len(followed.sources)):
            lines = [int(text.split()[1]) for text in followed.lines(number) if text.startswith("line ")]
            assert lines == list(range(lines[0], lines[0] + len(lines))) if lines else True


async def test_all_containers_init_ones_too_and_a_pod_that_is_deleted(node: NodeCluster, space: str) -> None:
    init = [{"name": "prepare", "image": BUSYBOX, "command": ["sh", "-c", "echo preparing; sleep 1"]}]
    create(node, space, pod("box", COUNT, "echo once; sleep 1000", initContainers=init))
    async with following(node, f"box -n {space}") as followed:
        await until(lambda: sum(bool(source.lines) for source in followed.sources) == 3, followed)
        assert [(source.name, source.role) for source in followed.sources] == [
            ("prepare", "init"),
            ("c0", "container"),
            ("c1", "container"),
        ]
        assert followed.lines(0) == ["preparing"]
        assert followed.sources[0].state is SourceState.ENDED
        node.kubectl("delete", "pod", "box", "-n", space, "--wait=false")
        await until(lambda: all(source.state.over for source in followed.sources), followed)
        numbers = [int(text.split()[1]) for text in followed.lines(1)]
        assert numbers == list(range(1, len(numbers) + 1))


def test_who_may_only_read_logs_has_those_of_the_pods_they_name(
    node: NodeCluster, space: str, tmp_path: Path
) -> None:
    alone, both = pod("one", "echo alone; sleep 1000"), pod("two", "echo a; sleep 1000", "echo b; sleep 1000")
    create(node, space, alone, both)
    node.kubectl("wait", "-n", space, "--for=condition=Ready", "--timeout=60s", "pod/one", "pod/two")
    node.kubectl("create", "role", "logs", "-n", space, "--verb=get", "--resource=pods/log")
    node.kubectl("create", "rolebinding", "logs", "-n", space, "--role=logs", "--user=reader")
    navarch = Navarch(tmp_path / "home")

    def read(name: str, *options: str) -> list[str]:
        words = ("logs", name, "-n", space, "--as", "reader", "--kubeconfig", str(node.kubeconfig))
        return sorted(navarch.run(*words, *options).stdout.splitlines())

    assert wait_for(lambda: read("one") == ["alone"], DEADLINE)
    assert wait_for(lambda: read("two", "--no-prefix") == ["a", "b"], DEADLINE)
    assert read("two", "--container", "c1") == ["b"]
    refused = navarch.run(
        "logs", "one", "-n", "kube-system", "--as", "reader", "--kubeconfig", str(node.kubeconfig)
    )
    assert refused.returncode == 1
    assert "forbidden" in refused.stderr


async def test_long_lines_binary_ones_and_the_kubelet_s_times(node: NodeCluster, space: str) -> None:
    words = (
        "head -c 100000 /dev/zero | tr '\\0' x; echo; "
        "printf 'a\\000b\\033[31mred\\033]0;t\\007\\377\\n'; echo end; sleep 1000"
    )
    create(node, space, pod("odd", words))
    async with following(node, f"odd -n {space}") as followed:
        await until(lambda: "end" in [text[3].decode("utf-8", "replace") for text in followed.told], followed)
    texts = [text for _, _, _, text in followed.told]
    assert texts[0] == b"x" * 100_000, "a line that the runtime wrote in pieces is one again"
    assert texts[1].startswith(b"a\x00bred")
    times = [moment for _, _, moment, _ in followed.told]
    assert times == sorted(times)
    assert times[0] > 1_700_000_000 * 10**9


def test_the_screen_of_a_pod_that_really_runs(node: NodeCluster, space: str, tmp_path: Path) -> None:
    create(node, space, pod("counter", COUNT))
    node.kubectl("wait", "-n", space, "--for=condition=Ready", "--timeout=60s", "pod/counter")
    with console(tmp_path / "home", "--kubeconfig", str(node.kubeconfig)) as terminal:
        terminal.expect("1/1 live", deadline=SLOW)
        command(terminal, f"pods -n {space}")
        terminal.expect_line("counter", "Running", deadline=SLOW)
        terminal.press("l")
        terminal.expect("1 open", deadline=SLOW)
        terminal.expect_line("line 40", deadline=DEADLINE)
        terminal.type("/9$\r")
        terminal.expect("/9$", deadline=SLOW)
        terminal.expect_line("line 59", deadline=DEADLINE)
        assert "line 58" not in terminal.text
        terminal.press("esc")
        node.kubectl("delete", "pod", "counter", "-n", space, "--wait=false")
        terminal.expect("1 gone", deadline=DEADLINE)
        terminal.press("ctrl+q")
        assert terminal.wait_for_end() == 0
