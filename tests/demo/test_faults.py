"""What is wrong with a simulated server is what a client meets."""

from __future__ import annotations

import asyncio
import http.client
import json
import time

import pytest

from backend.demo.faults import FaultError, FaultRule, Faults, faults_of
from backend.demo.fleet import DemoClusters
from tests.contract.door import Door, Reply

PODS = "/api/v1/pods"
pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def door(here: DemoClusters) -> Door:
    return Door(here.kubeconfig(), "prod-eu")


@pytest.fixture
def faults(here: DemoClusters) -> Faults:
    return here.planes[0].engine.cluster.faults


async def ask(door: Door, path: str = PODS) -> Reply:
    return await asyncio.to_thread(door.ask, "GET", path)


@pytest.mark.parametrize("status", [401, 403, 410, 429, 500, 503])
async def test_a_status_comes_with_the_servers_words(door: Door, faults: Faults, status: int) -> None:
    faults.take(faults_of(f"status={status}"))
    reply = await ask(door)
    assert reply.status == status
    assert reply.json["kind"] == "Status"
    assert reply.json["code"] == status
    assert ("retry-after" in reply.headers) is (status in (429, 503))


async def test_a_share_of_requests_gets_it_and_the_rest_does_not(door: Door, faults: Faults) -> None:
    faults.take(faults_of("status=500,share=50%"))
    seen = {(await ask(door, "/version")).status for _ in range(30)}
    assert seen == {200, 500}


async def test_losses_and_resets_are_cut_connections(door: Door, faults: Faults) -> None:
    for text in ("down", "loss=100%", "reset=100%"):
        faults.take(faults_of(text))
        with pytest.raises((OSError, http.client.HTTPException)):
            await ask(door)
    faults.take(Faults())
    assert (await ask(door)).status == 200


async def test_a_half_open_connection_is_silent_until_it_is_mended(door: Door, faults: Faults) -> None:
    faults.half_open = True
    asked = asyncio.create_task(ask(door))
    done, _ = await asyncio.wait([asked], timeout=0.4)
    assert not done
    faults.half_open = False
    assert (await asked).status == 200


async def test_slow_answers_and_slow_bodies_take_their_time_and_are_whole(door: Door, faults: Faults) -> None:
    whole = (await ask(door)).body
    faults.take(faults_of(f"latency=100ms,rate={len(whole) * 4}B/s"))
    began = time.monotonic()
    reply = await ask(door)
    assert len(json.loads(reply.body)["items"]) == len(json.loads(whole)["items"])
    assert time.monotonic() - began > 0.2, "a quarter of a second for the body alone"


async def test_a_wrong_clock_shows_in_the_date(door: Door, faults: Faults) -> None:
    faults.take(faults_of("skew=-2h"))
    date = (await ask(door)).headers["date"]
    assert abs(time.time() - 7200 - _seconds(date)) < 120


def test_rules_name_clusters() -> None:
    rule = FaultRule.parse("prod-*,edge-7:latency=250ms,jitter=1s,half-open")
    assert [rule.matches(name) for name in ("prod-eu", "edge-7", "edge-8")] == [True, True, False]
    assert (rule.faults.latency, rule.faults.jitter, rule.faults.half_open) == (0.25, 1.0, True)
    assert FaultRule.parse("down").matches("anything")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("gravity=1", "there is no fault 'gravity'; there are: down, latency"),
        ("latency", "latency needs a value"),
        ("down=1", "down takes no value"),
        ("latency=fast", "latency=fast: a value like 300ms"),
        ("share=120%", "a value like 20%"),
        ("status=418", "a value like 503"),
        ("rate=0", "a value like 20kB/s"),
    ],
)
def test_a_mistake_says_what_is_known(text: str, says: str) -> None:
    with pytest.raises(FaultError, match=says):
        faults_of(text)


def _seconds(date: str) -> float:
    from email.utils import parsedate_to_datetime

    return parsedate_to_datetime(date).timestamp()
