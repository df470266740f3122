"""The recorder: what nobody looks at is noted too, at little cost; who does not answer is left alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from backend.fleet.fleet import Fleet
from backend.fleet.inmemory import members_of
from backend.observe.events import recorder
from backend.observe.events.history import EventHistory
from backend.observe.events.recorder import AGAIN, LONGEST, SPREAD, Recorder
from tests.fleet.running_demo import Demo

DEADLINE = 30.0
HOUR = 3600.0


@pytest.fixture
async def fleet(demo: Demo) -> AsyncIterator[Fleet]:
    async with Fleet(members_of(demo.kubeconfig)[0]) as opened:
        yield opened


def test_no_event_can_come_and_go_between_two_looks() -> None:
    assert AGAIN <= LONGEST
    assert LONGEST * (1 + SPREAD) <= HOUR


async def test_only_clusters_that_answer_are_asked(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "_BEGIN", 0.01)
    history = EventHistory(None)
    one, other = fleet.clusters
    recording = Recorder(fleet.clusters, history, answers=lambda cluster_id: cluster_id == one.id)
    recording.begin()
    try:
        async with asyncio.timeout(DEADLINE):
            while not history.known(one.id):
                await asyncio.sleep(0)
    finally:
        await recording.aclose()
    assert history.known(other.id) == []


async def test_a_cluster_that_is_away_costs_the_others_nothing(demo: Demo) -> None:
    from tests.fleet.samples import member

    async with Fleet([member("dead"), *members_of(demo.kubeconfig)[0]]) as fleet:
        history = EventHistory(None)
        recording = Recorder(fleet.clusters, history, answers=lambda _: True)
        dead, *alive = fleet.clusters
        assert await recording.look(dead) == 0
        for cluster in alive:
            assert await recording.look(cluster) == len(history.known(cluster.id)) > 0
