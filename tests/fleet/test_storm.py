"""Many clusters at once, over real TLS: handshakes in flight, descriptors, what dead ones cost the living."""

from __future__ import annotations

import asyncio
import json
import os
import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from backend.fleet.background import Tier
from backend.fleet.descriptors import make_room
from backend.fleet.fleet import Fleet
from backend.fleet.inmemory import members_of
from backend.fleet.member import Member
from backend.fleet.overview import FleetOverview
from backend.kube.admission import HANDSHAKE_PATIENCE, HANDSHAKES_AT_ONCE
from backend.kube.client import Client
from backend.kube.dial import Handshakes
from backend.kube.status import State
from backend.kube.transport import Transport
from tests.bench.benches.fleet300 import mixed
from tests.bench.dead_ports import dead_ports
from tests.bench.feeder.process import feeding

LIVE, DEAD = 40, 12
DEADLINE = 60.0


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Iterator[Path]:
    with (
        feeding(clusters=LIVE, pods=20) as feeder,
        dead_ports(refusing=DEAD // 3, dropping=DEAD // 3, silent=DEAD // 3) as ports,
    ):
        path = tmp_path / "many.json"
        path.write_text(json.dumps(mixed(json.loads(feeder.kubeconfig.read_text()), ports)))
        yield path


class Openings:
    """Counts connections being opened, of those that began lately, and this process's descriptors."""

    def __init__(self) -> None:
        self.begun: dict[int, float] = {}
        self.made = 0
        self.most_fresh = 0
        self.most_descriptors = 0

    def enter(self) -> int:
        self.made += 1
        now = asyncio.get_running_loop().time()
        self.begun[self.made] = now
        fresh = [at for at in self.begun.values() if now - at < HANDSHAKE_PATIENCE * 0.9]
        self.most_fresh = max(self.most_fresh, len(fresh))
        self.most_descriptors = max(self.most_descriptors, len(os.listdir("/proc/self/fd")))
        return self.made


def counted(handshakes: Handshakes, openings: Openings) -> Handshakes:
    """The same gate; whoever is let in is counted in that moment, until its TLS is there."""

    @asynccontextmanager
    async def admitted() -> AsyncIterator[None]:
        async with handshakes():
            number = openings.enter()
            try:
                yield
            finally:
                del openings.begun[number]

    return admitted


async def test_a_start_is_no_storm(kubeconfig: Path) -> None:
    openings = Openings()
    before = len(os.listdir("/proc/self/fd"))

    def connect(member: Member) -> Client:
        gate = counted(fleet.admission.handshakes(member.id), openings)
        return Client(member.access, wire=Transport(member.access, handshakes=gate))

    members, _ = members_of(kubeconfig)
    async with (
        asyncio.timeout(DEADLINE),
        Fleet(members, connect=connect) as fleet,
        FleetOverview(fleet) as overview,
    ):
        async for summaries in overview.updates():
            live = [one for one in summaries if one.status.state is State.LIVE and one.used is not None]
            if len(live) == LIVE:
                break
        assert all(one.pods == 20 and one.nodes == 10 for one in live)
        assert {one.name.partition("-")[0] for one in live} == {"fed"}
        assert openings.most_fresh <= HANDSHAKES_AT_ONCE
        assert openings.most_descriptors - before <= LIVE + DEAD + 8
        assert openings.made <= LIVE + 2 * DEAD  # one each, and what the dead cost again
        assert {fleet.background.tier(member.id) for member in members} == {Tier.FAR}
        while len(os.listdir("/proc/self/fd")) - before > DEAD + 8:
            await asyncio.sleep(0.05)  # who is far keeps no connection


def test_the_limit_is_raised_as_far_as_the_fleet_needs() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        raised = make_room(300)
        assert raised == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        assert raised >= min(300 * 3, hard if hard != resource.RLIM_INFINITY else 900)
        assert make_room(1) == raised  # it never falls
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
