"""The topology screen on a real (simulated) fleet: tree, folding, search, drawing; and the blast radius."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from backend.fleet.fleet import Fleet
from backend.fleet.inmemory import members_of
from console.application import NavarchApp
from console.screens.topology import TopologyScreen
from console.views import TopologyView
from console.widgets.fold_tree import FoldTree
from tests.fleet.running_demo import Demo, running_demo
from tests.ui.double import SessionDouble
from tests.ui.seeing import screen_text, see, until, write

Open = Callable[..., NavarchApp]
SIZES = [(80, 24), (120, 40), (200, 50)]


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with running_demo() as running:
        yield running


@pytest.fixture
async def session(demo: Demo) -> AsyncIterator[SessionDouble]:
    async with Fleet(members_of(demo.kubeconfig)[0]) as fleet:
        session = SessionDouble()
        session.fleet = fleet  # type: ignore[assignment]
        yield session


def view(demo: Demo, **words: object) -> TopologyView:
    cluster = demo.clusters[0]
    found = {"aim": "resource", "kind": "deployments.apps", "name": "api", "namespaces": ("pay",)} | words
    return TopologyView(clusters=(ids(demo)[0],), names={ids(demo)[0]: cluster}, **found)  # type: ignore[arg-type]


def ids(demo: Demo) -> list[str]:
    return [member.id for member in members_of(demo.kubeconfig)[0]]


@pytest.mark.parametrize("size", SIZES)
async def test_a_tree_and_its_drawing(
    open_app: Open, session: SessionDouble, demo: Demo, size: tuple[int, int]
) -> None:
    app = open_app(session)
    async with app.run_test(size=size) as pilot:
        await see(pilot, "2/2 live")
        app.show(view(demo))
        await see(pilot, "▼ ● Deployment pay/api", "owns: ReplicaSet api-", "needed by")
        await pilot.press("tab")
        await see(pilot, "(drawing)", "│ api", "─▶│ ● ReplicaSet")
        assert all(len(line) <= size[0] for line in screen_text(app).split("\n"))
        await pilot.press("right")
        await pilot.press("tab")
        await see(pilot, "(tree)", "owns: ReplicaSet api-")


async def test_folding_and_search_by_keyboard(open_app: Open, session: SessionDouble, demo: Demo) -> None:
    app = open_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "2/2 live")
        app.show(view(demo, aim="cluster", kind="", name="", namespaces=()))
        await see(pilot, "namespace pay", "namespace cart")
        tree = app.screen.query_one(FoldTree)
        await write(pilot, "/pod .*ledger-1")
        await pilot.press("enter")
        await see(pilot, "Pod ledger-1", "1 of ")
        assert tree.current is not None
        assert "ledger-1" in tree.current.title
        path = tree.current.path
        await pilot.press("left")
        await until(pilot, lambda: tree.current is not None and tree.current.path == path[:-1], what="out")
        await pilot.press("left")
        await until(pilot, lambda: all(row.branch.path != path for row in tree.rows), what="folded")
        await pilot.press("n", "enter")
        await see(pilot, "Containers")
        await pilot.press("escape")
        await see(pilot, "namespace cart")


async def test_what_happens_is_followed_and_the_cursor_stays(
    open_app: Open, session: SessionDouble, demo: Demo
) -> None:
    from backend.resources import registry

    app = open_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "2/2 live")
        app.show(view(demo, name="checkout", namespaces=("cart",)))
        await see(pilot, "owns: ReplicaSet checkout-", "owns: Pod checkout-")
        tree = app.screen.query_one(FoldTree)
        place = next(n for n, row in enumerate(tree.rows) if row.branch.title.startswith("Pod"))
        tree.move_to(place + 1)
        pod, stays = tree.rows[place].branch.node, tree.current
        assert pod is not None
        assert stays is not None
        kind = registry.builtin("pods")
        assert kind is not None
        cluster = session.fleet.cluster(ids(demo)[0])
        await cluster.client.delete(kind.resource, pod.name, namespace="cart")
        await until(pilot, lambda: all(row.branch.node is not pod for row in tree.rows), what="it is gone")
        assert tree.current is not None
        assert tree.current.path == stays.path


async def test_t_and_b_on_a_row_and_in_the_deletion(open_app: Open, session: SessionDouble) -> None:
    app = open_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "2/2 live")
        await write(pilot, ":sts ledger @prod-eu -n pay")
        await pilot.press("enter")
        await see(pilot, "ledger", "3/3")
        await pilot.press("b")
        await see(pilot, "What stops if it goes", "certain", "Service pay/ledger", "3 pods stop")
        await pilot.press("escape")
        await pilot.press("D")
        await see(pilot, "Keep everything", "stops with it", "Service pay/ledger: no endpoints left")
        await pilot.press("b")
        await see(pilot, "Pod pay/ledger-0")
        await pilot.press("escape", "escape")
        await pilot.press("t")
        await see(pilot, "StatefulSet pay/ledger", "owns: Pod ledger-0")
        assert isinstance(app.screen, TopologyScreen)


async def test_a_deletion_does_not_wait_for_what_stops(
    open_app: Open, session: SessionDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    from console.screens import acting

    never = asyncio.Event()

    async def slow(*_: object, **__: object) -> object:
        await never.wait()
        return {}

    monkeypatch.setattr(acting, "blasts", slow)
    app = open_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "2/2 live")
        await write(pilot, ":cm api-config @prod-eu -n pay")
        await pilot.press("enter")
        await see(pilot, "· 1 row")  # the name alone also stands in the second line, before there is a row
        await pilot.press("D")
        await see(pilot, "Keep everything", "Delete  what it owns", "looking what stops with it")
        await pilot.press("escape")


async def test_the_fleet_is_summed_up_without_reading_it(open_app: Open, session: SessionDouble) -> None:
    app = open_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "2/2 live")
        await write(pilot, ":screen topology")
        await pilot.press("enter")
        text = await see(pilot, "cluster prod-eu", "cluster prod-us")
        assert re.search(r"cluster prod-eu\s+\d+ pods", text)
        await pilot.press("enter")
        await see(pilot, "namespace kube-system")


async def test_what_may_not_be_read_is_unknown(open_app: Open, demo: Demo) -> None:
    team = [member for member in members_of(demo.users_kubeconfig)[0] if "team" in member.name][:1]
    async with Fleet(team) as fleet:
        session = SessionDouble()
        session.fleet = fleet  # type: ignore[assignment]
        app = open_app(session)
        async with app.run_test(size=(120, 40)) as pilot:
            await see(pilot, "1 live")
            app.show(TopologyView(aim="cluster", clusters=(team[0].id,), names={team[0].id: team[0].name}))
            await see(pilot, "namespace pay", "kinds not read", "? nodes not read")
