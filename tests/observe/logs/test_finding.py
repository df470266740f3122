from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from backend.fleet.cluster import Cluster
from backend.fleet.fleet import Fleet
from backend.fleet.inmemory import members_of
from backend.fleet.query import Query
from backend.kube.errors import CredentialError, Forbidden, Invalid, NotFound
from backend.observe.logs.early import EarlyLog
from backend.observe.logs.following import LogFollower
from backend.observe.logs.merge import Told
from backend.observe.logs.named import containers_in, named_pod
from backend.observe.logs.selection import LogSelection
from backend.observe.logs.sources import SourceState
from tests.fleet.running_demo import Demo

_MANY = (
    "a container name must be specified for pod api-1, choose one of: [app side] "
    "or one of the init containers: [setup]"
)


def pod(*containers: str, init: Sequence[str] = ()) -> dict[str, Any]:
    run = {"state": {"running": {"startedAt": "2026-12-01T10:00:00Z"}}, "restartCount": 0}
    over = {"state": {"terminated": {"exitCode": 0}}, "restartCount": 0}
    return {
        "metadata": {"name": "api-1", "namespace": "pay", "uid": "u1"},
        "spec": {
            "containers": [{"name": name} for name in containers],
            "initContainers": [{"name": name} for name in init],
        },
        "status": {
            "phase": "Running",
            "containerStatuses": [{"name": name, **run} for name in containers],
            "initContainerStatuses": [{"name": name, **over} for name in init],
        },
    }


class Server:
    """What a client asks for: one pod and its logs."""

    def __init__(self, found: dict[str, Any] | Exception, *, logs: bool = True) -> None:
        self.found = found
        self.may_read = logs
        self.names = ["app"]
        self.asked: list[str] = []

    async def get(self, resource: object, name: str, **where: object) -> bytes:
        self.asked.append(f"pod {name}")
        if isinstance(self.found, Exception):
            raise self.found
        return msgspec.json.encode(self.found)

    async def logs(
        self, name: str, namespace: str, *, container: str, opened: Callable[[], None], **part: object
    ) -> AsyncGenerator[bytes, None]:
        self.asked.append(f"log {container}")
        if not self.may_read:
            raise Forbidden("lab", "not yours", code=403)
        if not container and len(self.names) > 1:
            raise Invalid("lab", _MANY, code=400)
        opened()
        yield b"2026-12-01T10:00:00.000000000Z said by %s\n" % (container or "the only one").encode()


@pytest_asyncio.fixture
async def fleet(demo: Demo) -> AsyncIterator[Fleet]:
    members, _ = members_of(demo.kubeconfig)
    async with Fleet([member for member in members if member.name == demo.clusters[0]]) as made:
        yield made


async def read(
    fleet: Fleet, server: Server, monkeypatch: pytest.MonkeyPatch, *containers: str
) -> tuple[LogFollower, list[str]]:
    monkeypatch.setattr(Cluster, "client", property(lambda cluster: server))
    told: list[str] = []

    async def take(some: Sequence[Told]) -> None:
        told.extend(text.decode() for _, _, _, text in some)

    selection = LogSelection(
        queries=(Query(kind="pods", names=("api-1",), namespaces=("pay",)),), containers=containers
    )
    follower = LogFollower(fleet, selection, take=take, follow=False)
    async with asyncio.timeout(60):
        await follower.run()
    return follower, told


async def test_a_named_pod_with_one_container_costs_two_requests(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(pod("app"))
    follower, told = await read(fleet, server, monkeypatch)
    assert told == ["said by the only one"]
    assert sorted(server.asked) == ["log ", "pod api-1"]
    assert [source.name for source in follower.sources] == ["app"]


async def test_init_containers_are_read_beside_the_early_log(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(pod("app", init=["setup"]))
    _, told = await read(fleet, server, monkeypatch)
    assert sorted(told) == ["said by setup", "said by the only one"]


async def test_of_several_containers_each_is_asked_by_name(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(pod("app", "side"))
    server.names = ["app", "side"]
    _, told = await read(fleet, server, monkeypatch)
    assert sorted(told) == ["said by app", "said by side"]


async def test_a_container_that_is_named_is_asked_for_early(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(pod("app", "side"))
    server.names = ["app", "side"]
    _, told = await read(fleet, server, monkeypatch, "side")
    assert told == ["said by side"]
    assert server.asked.count("log side") == 1


async def test_who_may_not_see_the_pod_still_reads_its_log(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(Forbidden("lab", "not yours", code=403))
    follower, told = await read(fleet, server, monkeypatch)
    assert told == ["said by the only one"]
    assert not follower.statuses
    assert follower.sources[0].state is SourceState.ENDED


async def test_who_may_not_see_the_pod_reads_all_containers_that_are_offered(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(Forbidden("lab", "not yours", code=403))
    server.names = ["app", "side", "setup"]
    _, told = await read(fleet, server, monkeypatch)
    assert sorted(told) == ["said by app", "said by setup", "said by side"]


async def test_a_pod_that_is_not_there_is_no_failure_of_a_cluster(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(NotFound("lab", "there is none", code=404))
    follower, told = await read(fleet, server, monkeypatch)
    assert (told, follower.sources, dict(follower.statuses)) == ([], [], {})


async def test_an_access_that_is_unusable_is_told_of_its_cluster(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unusable(cluster: Cluster) -> Server:
        raise CredentialError("lab", "its key can't be read")

    monkeypatch.setattr(Cluster, "client", property(unusable))
    selection = LogSelection(queries=(Query(kind="pods", names=("api-1",), namespaces=("pay",)),))
    follower = LogFollower(fleet, selection, take=_nothing, follow=False)
    async with asyncio.timeout(60):
        await follower.run()
    assert ["key can't be read" in status.detail for status in follower.statuses.values()] == [True]


async def _nothing(told: Sequence[Told]) -> None:
    raise AssertionError(told)


async def test_an_early_log_that_nobody_reads_is_closed() -> None:
    closed = asyncio.Event()

    async def endless(opened: Callable[[], None]) -> AsyncGenerator[bytes, None]:
        try:
            opened()
            while True:
                yield b"x\n"
                await asyncio.sleep(0)
        finally:
            closed.set()

    early = EarlyLog(endless)
    await early.answered()
    await early.close()
    assert closed.is_set()


def test_what_servers_offer() -> None:
    offered = containers_in(Invalid("lab", _MANY, code=400))
    assert offered == {"app": "container", "side": "container", "setup": "init"}
    assert containers_in(Invalid("lab", "previous terminated container not found", code=400)) == {}


@pytest.mark.parametrize(
    "query",
    [
        Query(kind="pods", names=("api-*",), namespaces=("pay",)),
        Query(kind="pods", names=("api-1", "api-2"), namespaces=("pay",)),
        Query(kind="pods", names=("api-1",)),
        Query(kind="pods", names=("api-1",), namespaces=("pay", "shop")),
        Query(kind="pods", names=("api-1",), namespaces=("pay",), labels="app=api"),
        Query(kind="pods", names=("../secrets",), namespaces=("pay",)),
    ],
)
def test_what_names_no_single_pod(query: Query, fleet: Fleet) -> None:
    assert named_pod(fleet.select(())[0], query) is None
