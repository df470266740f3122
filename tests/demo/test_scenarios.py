"""Scenario files: what they say comes true, a seed repeats it, mistakes are told with their line."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from backend.demo.fleet import DemoClusters
from backend.demo.plan import Plan
from backend.demo.printers.pods import pod_cells
from backend.demo.scenarios import BadScenario, UnknownScenario, scenario, scenarios
from tests.demo.conftest import Eventually

STORY = "summary: x\nstory:\n"
STATUSES = {
    "incident": {"CrashLoopBackOff", "OOMKilled", "ImagePullBackOff", "Pending"},
    "rollout-gone-wrong": {"CrashLoopBackOff"},
    "memory-leak": {"OOMKilled", "CrashLoopBackOff"},
    "storage-full": {"Evicted", "CrashLoopBackOff"},
}
"""Some of these are seen when the demo begins; which state of a crash loop is a matter of the moment."""


def statuses(clusters: DemoClusters) -> Counter[str]:
    return Counter(
        pod_cells(stored.object())[2]
        for plane in clusters.planes
        for stored in plane.engine.cluster.store.collection("pods").ordered()
    )


def names(clusters: DemoClusters) -> list[str]:
    return [
        stored.path
        for plane in clusters.planes
        for stored in plane.engine.cluster.store.collection("pods").ordered()
    ]


def test_every_scenario_is_read_and_says_what_it_is() -> None:
    assert set(scenarios()) == {
        "calm",
        "incident",
        "rollout-gone-wrong",
        "node-loss",
        "memory-leak",
        "storage-full",
        "black-friday",
        "100-clusters",
    }
    assert all(told.summary.endswith(".") and told.story for told in scenarios().values())


@pytest.mark.parametrize("name", [name for name in scenarios() if name != "100-clusters"])
async def test_the_same_seed_gives_the_same_beginning(name: str, tmp_path: Path) -> None:
    plan = Plan(clusters=3, pods=24, scenario=name, speed=0.01)
    async with DemoClusters(plan, tmp_path) as one, DemoClusters(plan, tmp_path) as other:
        assert names(one) == names(other)
        wanted = STATUSES.get(name)
        assert wanted is None or wanted & set(statuses(one))


async def test_calm_has_no_trouble(tmp_path: Path) -> None:
    async with DemoClusters(Plan(clusters=1, pods=24, scenario="calm", speed=0.01), tmp_path) as clusters:
        assert set(statuses(clusters)) <= {"Running", "Completed"}


async def test_what_is_still_to_happen_happens(tmp_path: Path, eventually: Eventually) -> None:
    story = tmp_path / "mine.yaml"
    story.write_text(
        """
summary: Mine.
story:
  - do: lose-node
    at: 20s
    node: prod-eu-node-1
  - do: scale
    clusters: prod-us
    at: 10s
    deployments: web/storefront
    to: 9
  - do: disk-pressure
    clusters: 1/3
    at: 30s
    node: prod-eu-node-2
    evict: 1
  - do: break-server
    clusters: prod-us
    at: 10s
    faults: status=503
  - do: delete-pods
    clusters: prod-eu
    every: 5s..6s
    pods: pay/*
"""
    )
    plan = Plan(clusters=2, pods=24, scenario=str(story), speed=100.0)
    async with DemoClusters(plan, tmp_path) as clusters:
        europe, america = (plane.engine.cluster for plane in clusters.planes)
        before = {stored.name for stored in europe.store.collection("pods").ordered()}
        await eventually(lambda: "prod-eu-node-1" in europe.dead_nodes)
        await eventually(lambda: america.faults.status == 503)
        assert not america.dead_nodes, "that cluster has no such node"
        storefront = america.store.get("apps/deployments", "web", "storefront")
        assert storefront is not None
        assert storefront.object()["spec"]["replicas"] == 9
        await eventually(lambda: statuses(clusters)["Evicted"] >= 1)
        gone = lambda: before - {stored.name for stored in europe.store.collection("pods").ordered()}  # noqa: E731
        await eventually(lambda: any("api" in name or "fraud" in name for name in gone()))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("summary: x\nstory:\n  - do: lose-node\n    at: soon\n", ":3: 'soon' is no time"),
        ("summary: x\nstory:\n  - do: calm\n", ":3: Invalid value 'calm'"),
        (
            "summary: x\nstory:\n  - do: scale\n    deployments: a/*\n\n    too: 3\n",
            ":3: .*unknown field `too`",
        ),
        ("summary: x\nstory:\n  - do: scale\n    deployments: a/*\n    to: many\n", ":5: Expected `int"),
        ("summary: x\nstory:\n  - {do: delete-pods, every: 9s..1s}\n", ":3: '9s..1s'"),
        (
            "summary: x\nstory:\n  - do: break-server\n    faults: gravity\n",
            ":3: there is no fault 'gravity'",
        ),
        ("summary: [x\nstory: 1", ":2: did not find"),
        ("- a", ":1: a scenario has a summary"),
        ("story: []", ":1: Object missing required field `summary`"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(text: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(BadScenario, match=f"mine.yaml{says}"):
        scenario(str(file))


def test_what_is_no_scenario_is_said_with_the_names_there_are(tmp_path: Path) -> None:
    with pytest.raises(UnknownScenario, match=r"black-friday.*or name a file"):
        scenario("nonsense")
    with pytest.raises(UnknownScenario, match="can't be read"):
        scenario(str(tmp_path / "none.yaml"))
    with pytest.raises(UnknownScenario):
        scenario("../calm")


async def test_a_story_goes_on_when_nobody_looks(tmp_path: Path) -> None:
    async with DemoClusters(
        Plan(clusters=1, pods=24, scenario="black-friday", speed=500), tmp_path
    ) as clusters:
        store = clusters.planes[0].engine.cluster.store
        seen = store.rv
        async with asyncio.timeout(30):
            while store.rv < seen + 300:
                await asyncio.sleep(0.02)
