"""When clusters are asked, on a simulated clock: at the server's own pace, only while somebody looks."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise
from typing import Any

from backend.fleet.fleet import Fleet
from backend.kube.errors import ServerFailed
from backend.kube.wire import Reply
from backend.observe.metrics.sampling import FAILED_AGAIN, FAILED_LONGEST, LINGER, Interest, Metrics, What
from backend.observe.metrics.wire import GROUP
from tests.fleet.samples import member
from tests.kube.simulation import EPOCH, simulate
from tests.observe.metrics.samples import listed, pod_metrics

PODS = Interest("id-eu", What.PODS)


class MeteredServer:
    """Measures every ``window`` seconds and serves it ``late`` seconds after; notes when it is asked."""

    def __init__(self, *, window: float = 15.0, late: float = 0.5, skew: float = 0.0) -> None:
        self.window, self.late, self.clock_skew = window, late, skew
        self.broken = False
        self.asked: list[float] = []

    async def request(self, method: str, path: str, **options: Any) -> Reply:
        assert path == f"{GROUP}/pods"
        now = asyncio.get_running_loop().time()
        self.asked.append(now)
        await asyncio.sleep(0.05)
        if self.broken:
            raise ServerFailed("eu", "unavailable", code=503)
        moment = EPOCH + (now - self.late) // self.window * self.window + self.clock_skew
        item = pod_metrics("api", at=moment, cpu=f"{int(now) + 1}m") | {"window": f"{self.window:g}s"}
        return Reply(status=200, headers={}, body=listed("PodMetricsList", item))

    async def aclose(self) -> None: ...


def metrics_of(server: MeteredServer) -> tuple[Fleet, Metrics]:
    fleet = Fleet([member("eu")], connect=lambda _: server)  # type: ignore[arg-type,return-value]
    assert fleet.cluster("id-eu").client is not None
    return fleet, Metrics(fleet, wall=lambda: EPOCH + asyncio.get_running_loop().time())


def test_it_asks_once_a_measurement_and_keeps_each_once() -> None:
    async def main() -> None:
        server = MeteredServer()
        fleet, metrics = metrics_of(server)
        with metrics.looking([PODS]) as fresh:
            await asyncio.sleep(301)
            assert fresh.is_set()
        assert 19 <= len(server.asked) <= 23
        points = metrics.of("id-eu").pod_points("pay", "api")
        assert len(points) >= 19
        assert all(later.at - former.at == 15 for former, later in pairwise(points))
        await metrics.aclose()
        await fleet.aclose()

    simulate(main())


def test_a_clock_far_off_changes_nothing_about_the_pace() -> None:
    async def main() -> None:
        for skew in (-7200.0, 7200.0):
            server = MeteredServer(skew=skew)
            fleet, metrics = metrics_of(server)
            with metrics.looking([PODS]):
                await asyncio.sleep(150)
            assert 9 <= len(server.asked) <= 12
            assert metrics.of("id-eu").pod("pay", "api") is not None
            await metrics.aclose()
            await fleet.aclose()

    simulate(main())


def test_a_slow_server_is_asked_slowly_and_an_odd_window_is_no_storm() -> None:
    async def asked(window: float, seconds: float) -> int:
        server = MeteredServer(window=window)
        fleet, metrics = metrics_of(server)
        with metrics.looking([PODS]):
            await asyncio.sleep(seconds)
        await metrics.aclose()
        await fleet.aclose()
        return len(server.asked)

    assert simulate(asked(60.0, 600)) <= 13
    assert simulate(asked(0.01, 600)) <= 121, "never more often than every five seconds"


def test_sampling_ends_a_while_after_nobody_looks_and_goes_on_for_who_comes_back() -> None:
    async def main() -> None:
        server = MeteredServer()
        fleet, metrics = metrics_of(server)
        with metrics.looking([PODS]), metrics.looking([PODS]):
            await asyncio.sleep(1)
        await asyncio.sleep(LINGER / 2)
        before = len(server.asked)
        with metrics.looking([PODS]):
            await asyncio.sleep(LINGER * 2)
        assert len(server.asked) > before + 4
        await asyncio.sleep(LINGER + 1)
        ended = len(server.asked)
        await asyncio.sleep(600)
        assert len(server.asked) == ended
        await metrics.aclose()
        await fleet.aclose()

    simulate(main())


def test_who_leaves_after_all_was_ended_keeps_nothing() -> None:
    """The fleet was closed: no timer may keep it, and the names in it, for a while longer."""

    async def main() -> None:
        fleet, metrics = metrics_of(MeteredServer())
        with metrics.looking([PODS]):
            await asyncio.sleep(1)
            metrics.cancel()
        assert metrics._ending == {}
        await metrics.aclose()
        await fleet.aclose()

    simulate(main())


def test_a_server_that_fails_is_asked_less_and_less() -> None:
    async def main() -> None:
        server = MeteredServer()
        fleet, metrics = metrics_of(server)
        server.broken = True
        with metrics.looking([PODS]) as fresh:
            await asyncio.sleep(1800)
            assert fresh.is_set(), "why there is nothing is news too"
            assert "does not answer" in metrics.of("id-eu").told_pods.why
            gaps = [b - a for a, b in pairwise(server.asked)]
            assert gaps[0] >= FAILED_AGAIN * 0.8
            assert max(gaps) <= FAILED_LONGEST * 1.2 + 1
            assert len(gaps) <= 12
            server.broken = False
            await asyncio.sleep(FAILED_LONGEST * 1.3)
            assert not metrics.of("id-eu").told_pods.why
        await metrics.aclose()
        await fleet.aclose()

    simulate(main())


def test_a_fleet_made_anew_keeps_what_was_known() -> None:
    async def main() -> None:
        server = MeteredServer()
        fleet, metrics = metrics_of(server)
        await metrics.once([PODS])
        await metrics.aclose()
        again = Metrics(Fleet([member("eu"), member("us")]), after=metrics)
        assert again.of("id-eu").pod("pay", "api") is not None
        assert again.of("id-us").pod("pay", "api") is None
        assert again.of("gone").pod("pay", "api") is None
        await fleet.aclose()

    simulate(main())


def test_the_backgrounds_answers_about_nodes_become_history() -> None:
    async def main() -> None:
        fleet, metrics = metrics_of(MeteredServer())
        metrics.listen()
        heard = fleet.background.usage_heard
        assert heard is not None
        body = {
            "metadata": {"name": "n1"},
            "timestamp": "2026-09-21T14:13:00Z",
            "usage": {"cpu": "1", "memory": "1"},
        }
        heard("id-eu", json.dumps({"kind": "NodeMetricsList", "items": [body]}).encode())
        await asyncio.sleep(1)
        assert metrics.of("id-eu").node("n1") is not None
        await metrics.aclose()
        await fleet.aclose()

    simulate(main())
