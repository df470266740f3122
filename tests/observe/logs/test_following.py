from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio

from backend.fleet.fleet import Fleet, NoSuchCluster
from backend.fleet.inmemory import members_of
from backend.fleet.query import Query
from backend.observe.logs import finding
from backend.observe.logs.finding import joined
from backend.observe.logs.following import LogFollower
from backend.observe.logs.intake import pieces, plain
from backend.observe.logs.merge import Told
from backend.observe.logs.selection import LogSelection, of_object, parse_logs
from backend.observe.logs.sources import SourceState
from backend.observe.logs.workloads import selector_text
from backend.resources.kinds.deployment import KIND as DEPLOYMENT
from tests.fleet.running_demo import Demo


@pytest_asyncio.fixture
async def fleet(demo: Demo) -> AsyncIterator[Fleet]:
    members, _ = members_of(demo.kubeconfig)
    async with Fleet([member for member in members if member.name in demo.clusters]) as made:
        yield made


async def read(fleet: Fleet, selection: LogSelection) -> tuple[LogFollower, list[Told]]:
    """Everything that a selection means, read once."""
    told: list[Told] = []

    async def take(some: Sequence[Told]) -> None:
        told.extend(some)

    follower = LogFollower(fleet, selection, take=take, follow=False)
    async with asyncio.timeout(60):
        await follower.run()
    return follower, told


async def test_a_workload_in_two_clusters_as_one_stream(fleet: Fleet, demo: Demo) -> None:
    follower, told = await read(fleet, parse_logs("deploy/api -n pay --tail 30"))
    assert {source.cluster for source in follower.sources} == set(demo.clusters)
    assert {source.name for source in follower.sources} >= {"api"}
    assert {source.state for source in follower.sources} == {SourceState.ENDED}
    assert [time for _, _, time, _ in told] == sorted(time for _, _, time, _ in told)
    assert sum(source.lines for source in follower.sources) == len(told) > 30
    assert not follower.problems


_RUNNERS = ["sts", "ds", "svc -n pay", "jobs", "cronjobs", "nodes", "ns pay", "-l app=api"]


@pytest.mark.parametrize("line", _RUNNERS)
async def test_whatever_runs_pods_has_logs(fleet: Fleet, demo: Demo, line: str) -> None:
    follower, told = await read(fleet, parse_logs(f"{line} @{demo.clusters[0]} --tail 2"))
    assert follower.sources, line
    assert told, line


async def test_what_runs_no_pods_says_so(fleet: Fleet, demo: Demo) -> None:
    follower, told = await read(fleet, parse_logs(f"configmap @{demo.clusters[0]}"))
    assert not told
    assert "runs no pods" in follower.problems[0].sentence


async def test_a_cluster_that_does_not_exist(fleet: Fleet) -> None:
    with pytest.raises(NoSuchCluster):
        await read(fleet, parse_logs("@nowhere"))


async def test_followed_lines_come_and_new_pods_join(fleet: Fleet, demo: Demo) -> None:
    lines = asyncio.Event()

    async def take(some: Sequence[Told]) -> None:
        lines.set()

    selection = parse_logs(f"deploy/api -n pay @{demo.clusters[0]} --tail 1")
    follower = LogFollower(fleet, selection, take=take)
    task = asyncio.create_task(follower.run())
    try:
        async with asyncio.timeout(60):
            await lines.wait()
            before = len(follower.sources)
            pod = follower.sources[0].pod
            client = fleet.select([demo.clusters[0]])[0].client
            from backend.resources.kinds.pod import KIND

            await client.delete(KIND.resource, pod, namespace="pay", grace_seconds=0)
            while len(follower.sources) == before or follower.sources[0].state is not SourceState.GONE:
                await asyncio.sleep(0.05)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert follower.sources[-1].pod != pod


async def test_a_workload_that_is_made_later_joins(
    fleet: Fleet, demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "_LOOK_AGAIN", 0.1)

    async def take(some: Sequence[Told]) -> None:
        pass

    cluster = fleet.select([demo.clusters[0]])[0]
    follower = LogFollower(fleet, parse_logs(f"deploy/late-* -n pay @{demo.clusters[0]} --tail 1"), take=take)
    task = asyncio.create_task(follower.run())
    try:
        async with asyncio.timeout(60):
            while follower.finding:
                await asyncio.sleep(0.02)
            assert not follower.sources
            labels = {"app": "late"}
            template = {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "app", "image": "x"}]},
            }
            spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
            await cluster.client.create(
                DEPLOYMENT.resource, {"metadata": {"name": "late-1"}, "spec": spec}, namespace="pay"
            )
            while not follower.sources:
                await asyncio.sleep(0.02)
        assert follower.sources[0].pod.startswith("late-1")
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await cluster.client.delete(DEPLOYMENT.resource, "late-1", namespace="pay")


def test_many_marked_pods_need_one_watch() -> None:
    one, two = (of_object(cluster_id="a", kind="pods", namespace="pay", name=name) for name in ("x", "y"))
    other = of_object(cluster_id="b", kind="pods", namespace="pay", name="x")
    assert joined((one, two, other)) == [
        Query(kind="pods", names=("x", "y"), clusters=("a",), namespaces=("pay",)),
        other,
    ]


def test_colours_go_and_progress_bars_keep_what_they_said_last() -> None:
    block = b"T \x1b[31mred\x1b[0m\nT 10%\r 50%\r100%\r\nT \x1b]52;c;x\x07 stays for the boundary\n"
    assert plain(block) == b"T red\nT 100%\nT \x1b]52;c;x\x07 stays for the boundary\n"


def test_selectors_in_both_forms() -> None:
    assert selector_text({"app": "api", "tier": "web"}) == "app=api,tier=web"
    expressions = [
        {"key": "env", "operator": "In", "values": ["a", "b"]},
        {"key": "old", "operator": "DoesNotExist"},
    ]
    assert (
        selector_text({"matchLabels": {"app": "api"}, "matchExpressions": expressions})
        == "app=api,env in (a,b),!old"
    )
    assert selector_text(None) == ""


def test_a_large_block_is_taken_in_in_parts_of_whole_lines() -> None:
    block = b"".join(b"x" * (number * 7 % 1000) + b"\n" for number in range(200))
    parts = list(pieces(block))
    assert b"".join(parts) == block
    assert len(parts) > 2
    assert all(part.endswith(b"\n") for part in parts)
    assert list(pieces(b"small\n")) == [b"small\n"]
    assert list(pieces(b"y" * 100_000 + b"\n")) == [b"y" * 100_000 + b"\n"]
