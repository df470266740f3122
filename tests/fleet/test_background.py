"""The fleet's background on a simulated clock: tiers, the law of pauses, dead clusters, logins."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import pytest

from backend.fleet.background import (
    FAR_AGAIN,
    LOGIN_AGAIN,
    NEAR_AGAIN,
    SHORTEST,
    SPREAD,
    UNSEEN,
    WATCHED_MOST,
    WATCHED_PODS,
    Background,
    Tier,
)
from backend.fleet.batch import Batch
from backend.fleet.member import Member
from backend.fleet.query import Query
from backend.fleet.survey import METRICS, Surveyor
from backend.kube.access import ExecSpec
from backend.kube.admission import Admission
from backend.kube.errors import (
    DeadlineExceeded,
    Forbidden,
    KubeError,
    NeedsLogin,
    NotFound,
    ServerFailed,
    Unauthorized,
    Unreachable,
)
from backend.kube.status import State, Status
from backend.kube.wire import Reply
from tests.fleet.samples import member
from tests.kube.simulation import EPOCH, LoopClock, simulate

PODS = "/api/v1/pods"


class Lists:
    """Whole lists under way, over all clusters."""

    def __init__(self) -> None:
        self.now = self.most = self.ever = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        self.now += 1
        self.ever += 1
        self.most = max(self.most, self.now)
        try:
            yield
        finally:
            self.now -= 1


@dataclass
class ClusterDouble:
    """Answers from a script: ``broken`` says what a path raises; each request is noted with its time."""

    member: Member
    pods: int = 3
    latency: float = 0.01
    broken: dict[str, Callable[[], KubeError]] = field(default_factory=dict)
    asked: list[tuple[float, str]] = field(default_factory=list)
    released: list[float] = field(default_factory=list)
    names: list[str] = field(default_factory=lambda: ["node-1"])
    server_certificate: bytes | None = None
    lists: Lists = field(default_factory=Lists)

    @property
    def id(self) -> str:
        return self.member.id

    @property
    def client(self) -> ClusterDouble:
        return self

    async def release(self) -> None:
        self.released.append(now())

    async def reach(self) -> None:
        """There is a connection: whole lists are asked for after Tables only."""

    async def request(self, method: str, path: str, **options: Any) -> Reply:
        assert options.get("background") is True, (
            "background calls never take more than half of the rate (R3)"
        )
        self.asked.append((now(), path))
        whole = path.endswith("nodes") and "as=Table" not in options.get("accept", "") and path != METRICS
        with self.lists.one() if whole else nullcontext():
            await asyncio.sleep(self.latency)
        failing = self.broken.get(path) or self.broken.get("")
        if failing is not None:
            raise failing()
        return Reply(status=200, headers={}, body=json.dumps(self._body(path, options)).encode())

    def _body(self, path: str, options: dict[str, Any]) -> Any:
        if path == "/version":
            return {"gitVersion": "v1.35.4"}
        if path == METRICS:
            return {"items": [{"usage": {"cpu": "1", "memory": "1Gi"}}]}
        if path.endswith("pods"):
            assert ("includeObject", "None") in options["query"]
            columns, row = ("Name", "Ready", "Status"), ["api", "1/1", "Running"]
            rows = [row] * self.pods
        elif "as=Table" not in options.get("accept", ""):
            allocatable = {"cpu": "4", "memory": "8Gi"}
            return {
                "items": [
                    {"metadata": {"name": n}, "status": {"allocatable": allocatable}} for n in self.names
                ]
            }
        else:
            columns, rows = ("Name", "Status", "Version"), [[n, "Ready", "v1.35.4"] for n in self.names]
        return {
            "kind": "Table",
            "columnDefinitions": [{"name": name} for name in columns],
            "rows": [{"cells": cells, "object": None} for cells in rows],
        }

    def looks(self, path: str = PODS) -> list[float]:
        return [at for at, asked in self.asked if asked == path]


class Tables:
    """Live tables that are live at once; counts those that are open."""

    def __init__(self) -> None:
        self.open: Counter[str] = Counter()
        self.ever: list[str] = []

    def __call__(self, query: Query) -> Any:
        return _Table(self, query)


class _Table:
    def __init__(self, tables: Tables, query: Query) -> None:
        (self._cluster,) = query.clusters
        self._tables = tables
        self._kind = query.kind

    async def __aenter__(self) -> _Table:
        self._tables.open[self._cluster] += 1
        self._tables.ever.append(self._cluster)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._tables.open[self._cluster] -= 1

    async def batches(self) -> Any:
        yield Batch(statuses={self._cluster: Status(state=State.LIVE, since=EPOCH)})
        await asyncio.Event().wait()


def now() -> float:
    return asyncio.get_running_loop().time()


def background(clusters: list[ClusterDouble], tables: Tables | None = None) -> Background:
    clock = LoopClock()
    return Background(
        clusters, open_table=tables or Tables(), admission=Admission(clock=clock), wall=clock.wall
    )


def fleet(count: int, **more: Any) -> list[ClusterDouble]:
    return [ClusterDouble(member(f"c{number}"), **more) for number in range(count)]


def unreachable() -> KubeError:
    return Unreachable("c0", "refused the connection")


def pauses(times: list[float]) -> list[float]:
    return [later - earlier for earlier, later in pairwise(times)]


def test_far_clusters_are_looked_at_once_a_minute_and_keep_no_connection() -> None:
    async def scenario() -> None:
        clusters = fleet(3)
        tiers = background(clusters)
        tiers.begin()
        tiers.begin()  # once is enough
        await asyncio.sleep(1200)
        for cluster in clusters:
            looked = cluster.looks()
            assert (
                1200 / (FAR_AGAIN * (1 + SPREAD)) - 1 <= len(looked) <= 1200 / (FAR_AGAIN * (1 - SPREAD)) + 1
            )
            assert min(pauses(looked)) >= FAR_AGAIN * (1 - SPREAD)
            assert len(cluster.released) in {len(looked), len(looked) - 1}
            assert len(cluster.looks("/version")) <= 5
            assert tiers.tier(cluster.id) is Tier.FAR
        await tiers.aclose()

    simulate(scenario())


def test_a_fleet_does_not_look_in_step() -> None:
    async def scenario() -> None:
        clusters = fleet(20)
        tiers = background(clusters)
        tiers.begin()
        await asyncio.sleep(600)
        late = [cluster.looks()[-1] for cluster in clusters]
        assert max(late) - min(late) > 10
        await tiers.aclose()

    simulate(scenario())


def test_what_is_on_the_screen_is_looked_at_more_often_and_watched_if_it_may() -> None:
    async def scenario() -> None:
        clusters, tables = fleet(WATCHED_MOST + 3), Tables()
        clusters[1].pods = WATCHED_PODS + 1
        tiers = background(clusters, tables)
        tiers.begin()
        await asyncio.sleep(2)
        ids = [cluster.id for cluster in clusters]
        tiers.see(ids)
        await asyncio.sleep(300)
        watched = {one for one in ids if tiers.tier(one) is Tier.WATCHED}
        assert len(watched) == WATCHED_MOST == sum(count == 2 for count in tables.open.values())
        assert ids[1] not in watched  # its rows would cost too much
        assert ids[0] in watched
        assert len(clusters[0].looks()) == 1  # the watch counts, the look does not
        assert len(clusters[0].looks(METRICS)) > 10
        near = clusters[-1]
        assert tiers.tier(near.id) is Tier.NEAR
        assert min(pauses(near.looks())) >= SHORTEST
        assert max(pauses(near.looks()[2:])) <= NEAR_AGAIN * (1 + SPREAD) + 1
        assert max(pauses(clusters[1].looks()[2:])) > NEAR_AGAIN * (
            1 + SPREAD
        )  # twice as many pods, twice the pause
        await tiers.aclose()
        assert not +tables.open

    simulate(scenario())


def test_scrolling_makes_room_and_what_nobody_sees_ends() -> None:
    async def scenario() -> None:
        clusters, tables = fleet(WATCHED_MOST * 2), Tables()
        ids = [cluster.id for cluster in clusters]
        tiers = background(clusters, tables)
        tiers.begin()
        await asyncio.sleep(2)
        tiers.see(ids[:WATCHED_MOST])
        await asyncio.sleep(5)
        tiers.see(ids[WATCHED_MOST:])
        await asyncio.sleep(5)
        assert set(tiers.watched) == set(ids[WATCHED_MOST:])
        tiers.see(ids[WATCHED_MOST : WATCHED_MOST + 1])
        await asyncio.sleep(5)
        assert len(tiers.watched) == WATCHED_MOST  # nobody needs the room yet
        tiers.see(())
        await asyncio.sleep(UNSEEN + 5)
        assert not tiers.watched
        assert not +tables.open
        await tiers.aclose()

    simulate(scenario())


def test_scrolling_up_and_down_never_breaks_the_law() -> None:
    async def scenario() -> None:
        clusters = fleet(40, pods=WATCHED_PODS + 1)
        ids = [cluster.id for cluster in clusters]
        tiers = background(clusters)
        tiers.begin()
        for step in range(2000):
            tiers.see(ids[step % 30 : step % 30 + 10])
            await asyncio.sleep(0.2)
        for cluster in clusters:
            assert min(pauses(cluster.looks())) >= SHORTEST
        await tiers.aclose()

    simulate(scenario())


def test_sixty_dead_of_three_hundred_never_delay_the_living() -> None:
    async def scenario() -> None:
        clusters = fleet(300)
        for number, cluster in enumerate(clusters[::5]):
            if number % 2:
                cluster.broken[""] = unreachable
            else:
                cluster.latency = 10_000.0  # accepts, and says nothing
        tiers = background(clusters)
        tiers.begin()
        await asyncio.sleep(9)
        live = [one for one in tiers.surveys.values() if one.status.state is State.LIVE]
        assert len(live) == 240
        assert all(survey.pods.value for survey in live)
        await asyncio.sleep(600)
        for cluster in clusters[5::10]:
            assert min(pauses(cluster.looks("/version"))) >= SHORTEST
            assert len(cluster.looks("/version")) < 600 / SHORTEST
        await tiers.aclose()

    simulate(scenario())


@pytest.mark.parametrize("error", [NeedsLogin, Unauthorized])
def test_a_program_that_logs_in_is_not_run_again_in_the_background(error: type[KubeError]) -> None:
    async def scenario() -> None:
        (cluster,) = fleet(1)
        cluster.member = _with_program(cluster.member)
        more = {"code": 401} if error is Unauthorized else {}
        cluster.broken[""] = lambda: error("c0", "log in", **more)
        tiers = background([cluster])
        tiers.begin()
        tiers.see([cluster.id])
        await asyncio.sleep(LOGIN_AGAIN - 1)
        assert len(cluster.asked) == 1
        assert tiers.surveys[cluster.id].status.state is State.AUTH
        await tiers.aclose()

    simulate(scenario())


def _with_program(of: Member) -> Member:
    spec = ExecSpec(api_version="client.authentication.k8s.io/v1", command="login")
    return replace(of, access=replace(of.access, exec=spec))


def test_numbers_outlive_a_failure_with_their_age() -> None:
    async def scenario() -> None:
        (cluster,) = fleet(1)
        surveyor = Surveyor(
            lambda: cluster, cluster.member, admission=Admission(clock=LoopClock()), wall=LoopClock().wall
        )
        assert await surveyor.look(lambda _: None) is None
        before = surveyor.survey
        assert before.pods.at == pytest.approx(EPOCH, abs=1)
        await asyncio.sleep(500)
        cluster.broken[""] = lambda: DeadlineExceeded("c0", "no answer")
        assert isinstance(await surveyor.look(lambda _: None), DeadlineExceeded)
        after = surveyor.survey
        assert after.status.state is State.UNREACHABLE
        assert after.status.last_success == before.status.last_success
        assert after.pods == before.pods
        cluster.broken[""] = lambda: ServerFailed("c0", "etcd is leaderless", code=500)
        await surveyor.look(lambda _: None)
        assert surveyor.survey.status.state is State.STALE  # it answers, but not this

    simulate(scenario())


@pytest.mark.parametrize(
    ("path", "error", "words"),
    [
        (METRICS, NotFound, "no metrics server"),
        (METRICS, Forbidden, "no right"),
        (METRICS, ServerFailed, "does not answer"),
    ],
)
def test_why_there_are_no_metrics(path: str, error: type[Any], words: str) -> None:
    async def scenario() -> None:
        (cluster,) = fleet(1)
        cluster.broken[path] = lambda: error("c0", "no right", code=0)
        surveyor = Surveyor(
            lambda: cluster, cluster.member, admission=Admission(clock=LoopClock()), wall=LoopClock().wall
        )
        await surveyor.look(lambda _: None)
        assert surveyor.survey.status.state is State.LIVE
        assert surveyor.survey.used.value is None
        assert words in surveyor.survey.used.why
        assert surveyor.survey.pods.value is not None

    simulate(scenario())


def test_who_may_list_nothing_is_forbidden_and_who_may_list_some_is_counted_there() -> None:
    async def scenario() -> None:
        (cluster,) = fleet(1)
        cluster.broken = {PODS: lambda: Forbidden("c0", "count pods: forbidden", code=403)}
        surveyor = Surveyor(
            lambda: cluster, cluster.member, admission=Admission(clock=LoopClock()), wall=LoopClock().wall
        )
        await surveyor.look(lambda _: None)
        assert surveyor.survey.status.state is State.FORBIDDEN
        assert surveyor.survey.status.detail.startswith("count pods: forbidden")
        limited = member("c0", namespaces=("pay", "cart", "secret"))
        cluster.broken["/api/v1/namespaces/secret/pods"] = cluster.broken[PODS]
        surveyor = Surveyor(
            lambda: cluster, limited, admission=Admission(clock=LoopClock()), wall=LoopClock().wall
        )
        await surveyor.look(lambda _: None)
        assert surveyor.survey.status.state is State.LIVE
        assert surveyor.survey.pods.value is not None
        assert surveyor.survey.pods.value.total == 2 * cluster.pods
        assert surveyor.survey.limited == "only pay, cart: listing all namespaces is forbidden"

    simulate(scenario())


def test_whole_nodes_are_read_only_when_there_are_others() -> None:
    async def scenario() -> None:
        (cluster,) = fleet(1)
        nodes = "/api/v1/nodes"
        surveyor = Surveyor(
            lambda: cluster, cluster.member, admission=Admission(clock=LoopClock()), wall=LoopClock().wall
        )
        for _ in range(10):
            await surveyor.look(lambda _: None)
            await asyncio.sleep(60)
        assert len(cluster.looks(nodes)) == 11  # ten Tables, one list
        cluster.names = ["node-1", "node-2"]
        await surveyor.look(lambda _: None)
        assert len(cluster.looks(nodes)) == 13
        assert surveyor.survey.room.value is not None
        assert surveyor.survey.room.value.cpu == 8.0

    simulate(scenario())


def test_looks_at_a_hundred_clusters_read_three_lists_of_whole_nodes_at_a_time() -> None:
    """Rule 2 is one for screens and background alike: what is on the screen goes first."""

    async def scenario() -> None:
        clock, lists = LoopClock(), Lists()
        clusters = fleet(100, lists=lists, latency=0.1)
        admission = Admission(clock=clock)
        tiers = Background(clusters, open_table=Tables(), admission=admission, wall=clock.wall)
        tiers.begin()
        await asyncio.sleep(0.5)
        for number in range(10):
            async with admission.listing(f"open-{number}", ready=clusters[0].reach):
                with lists.one():
                    await asyncio.sleep(0.1)
        assert now() < 2.5  # each waited for one of the three at most
        await asyncio.sleep(30)
        assert lists.ever == 110
        assert lists.most == 3
        assert all(survey.room.value is not None for survey in tiers.surveys.values())
        await tiers.aclose()

    simulate(scenario())


def test_who_listens_hears_of_everything_that_is_known_anew() -> None:
    async def scenario() -> None:
        (cluster,) = fleet(1)
        tiers = background([cluster])
        with tiers.listening() as something:
            tiers.begin()
            await something.wait()
            something.clear()
            await asyncio.sleep(5)
            assert something.is_set()
        await tiers.aclose()

    simulate(scenario())
