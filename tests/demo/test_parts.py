"""A large fleet in several processes is one fleet to whoever looks at it."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import replace

import pytest
import yaml

from backend.demo.parts import PartFailed, Parts, parts_of
from backend.demo.plan import Plan
from tests.contract.door import Door

pytestmark = pytest.mark.timeout(120)
PLAN = Plan(clusters=3, pods=10, scenario="calm")
ARGUMENTS = ["--clusters=3", "--pods=10", "--scenario=calm"]


def test_only_a_large_fleet_is_divided() -> None:
    assert parts_of(Plan()) == [Plan()]
    large = Plan(clusters=100, pods=1000)
    parts = parts_of(large)
    assert len(parts) == min(os.cpu_count() or 1, 100)
    assert len(parts) == 1 or {part.part for part in parts} == set(range(len(parts)))


async def test_clusters_of_all_parts_are_reached_in_the_fleets_order() -> None:
    plans = [replace(PLAN, part=part, parts=2) for part in range(2)]
    async with Parts(plans, ARGUMENTS) as parts:
        names = ["prod-eu", "prod-us", "edge-7"]
        assert [cluster["name"] for cluster in parts.clusters] == names
        config = yaml.safe_load(parts.kubeconfig)
        assert [context["name"] for context in config["contexts"]] == names
        assert config["current-context"] == "prod-eu"
        for name in names:
            reply = await asyncio.to_thread(Door(parts.kubeconfig, name).ask, "GET", "/api/v1/nodes")
            assert reply.json["items"][0]["metadata"]["name"].startswith(name)
        viewers = yaml.safe_load(parts.users_kubeconfig)["contexts"]
        assert len(viewers) == 6
        waiting = asyncio.create_task(parts.ended())
        os.kill(parts.pids[1], signal.SIGKILL)
        async with asyncio.timeout(20):
            await waiting


async def test_a_part_that_does_not_come_up_is_told() -> None:
    with pytest.raises(PartFailed, match="ended with 2"):
        async with Parts([replace(PLAN, part=0, parts=2)], ["--pods=nonsense"]):
            pass
