"""Search: what is found, in which order, and what is asked of servers for it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing

import pytest

from backend.fleet.cluster import Cluster
from backend.fleet.fleet import Fleet
from backend.fleet.inmemory import members_of
from backend.fleet.query import QuerySyntaxError
from backend.fleet.row import Row
from backend.fleet.search import Found, search
from backend.fleet.search_kinds import chosen, without_twins
from backend.fleet.search_lists import KindSearch
from backend.fleet.search_rows import BEST_FIRST, Hit, columns_for
from backend.fleet.search_terms import Match, Search, parse_search
from backend.fleet.view import find_column
from backend.kube.errors import DeadlineExceeded
from backend.kube.objects import ApiResource
from backend.kube.status import State
from tests.fleet.running_demo import Demo
from tests.fleet.samples import member


@pytest.fixture
async def fleet(demo: Demo) -> AsyncIterator[Fleet]:
    async with Fleet(members_of(demo.kubeconfig)[0]) as opened:
        yield opened


@pytest.fixture
async def limited(demo: Demo) -> AsyncIterator[Fleet]:
    """Users who may not see everything."""
    async with Fleet(members_of(demo.users_kubeconfig)[0]) as opened:
        yield opened


async def found_by(
    clusters: list[Cluster], line: str, **options: float
) -> tuple[list[Row], dict[str, Found]]:
    rows: list[Row] = []
    ends: dict[str, Found] = {}
    async for piece in search(clusters, parse_search(line), **options):  # type: ignore[arg-type]
        rows += piece.rows
        if piece.done:
            assert piece.cluster.name not in ends
            ends[piece.cluster.name] = piece
    return rows, ends


def kinds(rows: list[Row]) -> Counter[str]:
    return Counter(row.kind.resource.plural for row in rows)


def spy(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """(path, Accept) of every request from now on."""
    asked: list[tuple[str, str]] = []
    wire = cluster.client._calls.wire
    send = wire.send

    async def sending(method: str, path: str, **more: object) -> object:
        asked.append((path, dict(more["headers"])["accept"]))  # type: ignore[call-overload]
        return await send(method, path, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(wire, "send", sending)
    return asked


# --- terms


@pytest.mark.parametrize(
    ("term", "name", "match"),
    [
        ("api", "api", Match.EXACT),
        ("API", "api", Match.EXACT),
        ("api", "api-config", Match.PREFIX),
        ("api", "pay-api-7", Match.SUBSTRING),
        ("api", "web", None),
        ("/^api-.*x$/", "api-7x", Match.PATTERN),
        ("/^api-.*x$/", "my-api-7x", None),
        ("", "anything", Match.LABELS),
    ],
)
def test_how_well_a_name_matches(term: str, name: str, match: Match | None) -> None:
    assert Search(term=term, labels="a=b").match(name) is match


@pytest.mark.parametrize(
    "line",
    [
        "api",
        "/api|web/ @prod-*,edge-7 -n pay,cart --kind pods,svc",
        "-l app=api,tier!=web --image nginx:1.27",
        "'two words' @'a,b'",
    ],
)
def test_a_line_reads_back_as_itself(line: str) -> None:
    search = parse_search(line)
    assert parse_search(str(search)) == search


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "nothing to look for"),
        ("@prod-eu -n pay", "nothing to look for"),
        ("api web", "second name"),
        ("api --colour red", "no option --colour"),
        ("api -n", "needs a value"),
        ("api --image=", "needs a value"),
        ("/(/", "no regular expression"),
        ("'api", "never closed"),
    ],
)
def test_a_line_that_means_nothing_is_refused(line: str, words: str) -> None:
    with pytest.raises(QuerySyntaxError, match=words):
        parse_search(line)


def test_an_option_may_hold_its_value() -> None:
    assert parse_search("--image=nginx --kind=pods,svc") == Search(image="nginx", kinds=("pods", "svc"))


# --- kinds


def resource(plural: str, group: str = "", kind: str = "Thing") -> ApiResource:
    return ApiResource(
        group=group, version="v1", plural=plural, singular="", kind=kind, namespaced=True, verbs=("list",)
    )


def test_what_the_old_group_serves_again_is_left_out() -> None:
    old = resource("ingresses", "extensions", "Ingress")
    new = resource("ingresses", "networking.k8s.io", "Ingress")
    alone = resource("relics", "extensions", "Relic")
    assert without_twins([old, new, alone]) == [new, alone]


async def test_every_listable_kind_is_asked_the_common_ones_first(fleet: Fleet) -> None:
    cluster = fleet.clusters[0]
    names = [r.full_name for r in await chosen(cluster, Search(term="x"))]
    assert names[:3] == ["pods", "deployments.apps", "statefulsets.apps"]
    assert "maintenancewindows.ops.shop.example" in names
    assert not {"events", "events.events.k8s.io"} & set(names)
    assert len(names) == len(set(names))
    asked = [r.full_name for r in await chosen(cluster, Search(term="x", kinds=("events", "po")))]
    assert asked == ["pods", "events"]


async def test_a_namespace_leaves_out_what_has_none(fleet: Fleet) -> None:
    found = await chosen(fleet.clusters[0], Search(term="x", namespaces=("pay",)))
    assert found
    assert all(resource.namespaced for resource in found)


# --- hits


async def test_names_are_found_in_all_kinds_of_all_clusters_best_first(fleet: Fleet, demo: Demo) -> None:
    rows, ends = await found_by(fleet.clusters, "api -n pay")
    assert set(ends) == set(demo.clusters)
    assert {str(row.cluster) for row in rows} == set(demo.clusters)
    assert kinds(rows).keys() >= {"pods", "deployments", "services", "secrets", "replicasets", "ingresses"}
    order = find_column(columns_for(Search(term="api")), BEST_FIRST).key
    names = [row.item.metadata.name for row in sorted(rows, key=order)]
    exact = [name == "api" for name in names]
    assert exact == sorted(exact, reverse=True)
    assert all("api" in name for name in names)


async def test_custom_kinds_and_cluster_wide_kinds_are_found(fleet: Fleet) -> None:
    rows, _ = await found_by(fleet.clusters[:1], "maintenancewindows")
    assert kinds(rows) == {"customresourcedefinitions": 1}
    rows, _ = await found_by(fleet.clusters[:1], f"{fleet.clusters[0].name}-node")
    assert kinds(rows)["nodes"] >= 1


async def test_labels_are_the_servers_business(fleet: Fleet) -> None:
    rows, _ = await found_by(fleet.clusters[:1], "-l app=ledger -n pay")
    assert kinds(rows).keys() >= {"pods", "statefulsets", "services", "persistentvolumeclaims"}
    for row in rows:
        assert (row.item.metadata.labels or {})["app"] == "ledger"
        assert isinstance(row.item, Hit)
        assert row.item.why == "labels"


async def test_images_are_found_in_pods_and_what_makes_them(fleet: Fleet) -> None:
    rows, _ = await found_by(fleet.clusters[:1], "--image /cart/checkout")
    assert kinds(rows).keys() == {"pods", "deployments", "replicasets"}
    assert all("cart/checkout" in row.item.image for row in rows if isinstance(row.item, Hit))
    rows, _ = await found_by(fleet.clusters[:1], "--image nightly-compact --kind cronjobs")
    assert kinds(rows) == {"cronjobs": 1}
    rows, _ = await found_by(fleet.clusters[:1], "nothing-like-it --image /cart/checkout")
    assert not rows


async def test_only_little_is_asked_for(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names, then metadata; whole objects for images alone; never a secret's values."""
    cluster = fleet.clusters[0]
    await cluster.client.discovery()
    asked = spy(cluster, monkeypatch)
    rows, _ = await found_by([cluster], "api")
    assert kinds(rows)["secrets"]
    assert asked
    for path, accept in asked:
        assert accept.startswith("application/json;as="), path
        assert not accept.endswith(",application/json"), path
    asked.clear()
    await found_by([cluster], "--image checkout")
    assert {path.rpartition("/")[2] for path, accept in asked if accept == "application/json"} >= {"pods"}
    assert not any("secrets" in path for path, _ in asked)


async def test_a_user_of_one_namespace_gets_what_they_may_see(limited: Fleet) -> None:
    team = limited.select(["*-team"])
    rows, ends = await found_by(team, "api")
    assert rows
    assert {row.namespace for row in rows} == {"pay"}
    for end in ends.values():
        assert end.error is None
        assert end.status.state is State.LIVE
        assert "nodes" in end.refused
        assert "pods" not in end.refused
        assert "forbidden: " in end.status.detail


async def test_refused_everywhere_is_forbidden(limited: Fleet) -> None:
    _, ends = await found_by(limited.select(["*-team"])[:1], "x --kind nodes")
    (end,) = ends.values()
    assert end.status.state is State.FORBIDDEN
    assert end.error is not None


async def test_a_dead_cluster_costs_the_others_nothing_and_is_told(demo: Demo) -> None:
    members = [member("dead", server="https://127.0.0.1:1"), *members_of(demo.kubeconfig)[0]]
    async with Fleet(members) as fleet:
        rows, ends = await found_by(fleet.clusters, "ledger -n pay --kind pods")
        assert {str(row.cluster) for row in rows} == set(demo.clusters)
        assert ends["dead"].status.state is State.UNREACHABLE
        assert ends["dead"].error is not None
        assert all(ends[name].status.state is State.LIVE for name in demo.clusters)


async def test_an_unknown_kind_is_said_by_each_cluster(fleet: Fleet) -> None:
    _, ends = await found_by(fleet.clusters, "x --kind nonsense")
    assert all(end.error is not None and "nonsense" in end.error.sentence for end in ends.values())


async def test_a_bad_label_selector_is_named(fleet: Fleet) -> None:
    _, ends = await found_by(fleet.clusters[:1], "-l 'a in (' --kind pods")
    (end,) = ends.values()
    assert end.error is not None
    assert "label selector" in end.error.advice


async def test_too_many_hits_are_cut_and_said(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.fleet.search_lists.PER_KIND", 3)
    rows, ends = await found_by(fleet.clusters[:1], "/./ --kind pods,services")
    assert kinds(rows) == {"pods": 3, "services": 3}
    (end,) = ends.values()
    assert set(end.cut) == {"pods", "services"}
    assert "only the first" in end.status.detail


async def test_a_search_ends_after_its_hits(fleet: Fleet) -> None:
    rows, ends = await found_by(fleet.clusters, "/./", hits=10)
    assert len(rows) >= 10
    assert len(ends) < len(fleet.clusters)


async def test_leaving_a_search_ends_its_requests(fleet: Fleet) -> None:
    async with aclosing(search(fleet.clusters, Search(term="a"))) as pieces:
        await anext(pieces)
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("search ")]


async def test_progress_is_told(fleet: Fleet) -> None:
    shares = []
    async for piece in search(fleet.clusters[:1], Search(term="zzz", kinds=("pods", "svc", "cm"))):
        if not piece.done and not piece.rows:
            shares.append(piece.status.progress)
    assert shares == [pytest.approx(share) for share in (1 / 3, 2 / 3, 1.0)]


def late(monkeypatch: pytest.MonkeyPatch, *kinds: str) -> None:
    """Lists of these kinds get no answer in time."""
    rows = KindSearch.rows

    async def rows_or_late(self: KindSearch) -> AsyncIterator[list[Row]]:
        if self._resource.plural in kinds:
            raise DeadlineExceeded(self._cluster.name, "list: no answer within 1 s")
        async for page in rows(self):
            yield page

    monkeypatch.setattr(KindSearch, "rows", rows_or_late)


async def test_one_kind_that_is_late_is_only_that_kind(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    late(monkeypatch, "services")
    rows, ends = await found_by(fleet.clusters[:1], "ledger -n pay")
    (end,) = ends.values()
    assert "pods" in kinds(rows)
    assert end.status.state is State.LIVE
    assert end.failed == ("services: list: no answer within 1 s",)


async def test_a_cluster_that_says_nothing_is_unreachable(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    late(monkeypatch, "services", "pods")
    _, ends = await found_by(fleet.clusters[:1], "ledger --kind services,pods")
    (end,) = ends.values()
    assert end.error is not None
    assert end.status.state is State.UNREACHABLE


async def test_what_two_groups_serve_is_found_once(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    (pods,) = await chosen(fleet.clusters[0], Search(kinds=("pods",)))

    async def twice(*_: object) -> list[ApiResource]:
        return [pods, pods]

    monkeypatch.setattr("backend.fleet.search.chosen", twice)
    rows, _ = await found_by(fleet.clusters[:1], "ledger -n pay")
    assert kinds(rows)["pods"] == len({row.key for row in rows}) == len(rows)


async def test_a_searched_cluster_keeps_no_idle_connection(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    released: list[str] = []
    for cluster in fleet.clusters:
        monkeypatch.setattr(cluster.client, "release", _noting(released, cluster))
    await found_by(fleet.clusters, "x --kind pods")
    assert sorted(released) == sorted(cluster.id for cluster in fleet.clusters)


def _noting(released: list[str], cluster: Cluster) -> Callable[[], Awaitable[None]]:
    async def release() -> None:
        released.append(cluster.id)

    return release
