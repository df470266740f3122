"""What can be done with the object under the cursor: go inside, to its owner, act, copy."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

from console.application import NavarchApp
from console.copying import kubectl_line
from console.views import ObjectRef, inside
from tests.ui.double import (
    FleetDouble,
    SessionDouble,
    default_objects,
    deployment,
    metadata,
    node,
    pod,
    service,
)
from tests.ui.seeing import see, until, write

Open = Callable[..., NavarchApp]
SIZE = (120, 40)


def fleet(**more: Any) -> FleetDouble:
    objects = default_objects()
    objects["deployments"] = [deployment("web", "pay"), deployment("api", "pay", replicas=2)]
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "uid-pay-web"}
    owned = pod("owned", "shop")
    owned["metadata"]["ownerReferences"] = [{**owner, "controller": True}]
    owned["metadata"]["namespace"] = "pay"
    objects["pods"] = [owned, pod("alone", "pay")]
    objects["namespaces"] = [{"kind": "Namespace", "metadata": metadata("pay")}]
    return FleetDouble(objects, names=("prod-eu",), **more)


async def at(pilot: Any, line: str, sign: str) -> None:
    await see(pilot, "1 cluster")
    await write(pilot, f":{line}")
    await pilot.press("enter")
    await see(pilot, sign)


def ref(plural: str, group: str = "", name: str = "x") -> ObjectRef:
    from backend.kube.objects import ApiResource

    resource = ApiResource(
        group=group, version="v1", plural=plural, singular=plural[:-1], kind=plural.title(), namespaced=False
    )
    return ObjectRef(cluster_id="id", cluster="prod eu", resource=resource, namespace="", name=name)


def test_enter_goes_into_what_is_there_to_hold_others() -> None:
    view = inside(ref("namespaces", name="pay"))
    assert view is not None
    assert (view.query.kind, view.query.namespaces, view.query.clusters) == ("all", ("pay",), ("prod eu",))
    crd = inside(ref("customresourcedefinitions", "apiextensions.k8s.io", "ships.sea.example.com"))
    assert crd is not None
    assert crd.query.kind == "ships.sea.example.com"
    assert inside(ref("pods")) is None
    assert inside(ref("namespaces", "sea.example.com")) is None


async def test_enter_on_a_namespace_shows_what_is_in_it(open_app: Open) -> None:
    app = open_app(SessionDouble(fleet()))
    async with app.run_test(size=SIZE) as pilot:
        await at(pilot, "ns", "· 1 row")
        await pilot.press("enter")
        await see(pilot, "fleet/prod-eu/all", "-n pay")


async def test_o_goes_to_the_owner_and_says_when_there_is_none(open_app: Open) -> None:
    app = open_app(SessionDouble(fleet()))
    async with app.run_test(size=SIZE) as pilot:
        await at(pilot, "pods", "2 rows")
        await write(pilot, "o")
        await see(pilot, "pod/alone has no owner")
        await pilot.press("down", "o")
        await see(pilot, "Deployment · web", "(describe)")
        await pilot.press("escape")
        await see(pilot, "fleet/pods")


async def test_an_owner_that_is_gone_is_said(open_app: Open) -> None:
    world = fleet()
    world.objects["deployments"] = []
    app = open_app(SessionDouble(world))
    async with app.run_test(size=SIZE) as pilot:
        await at(pilot, "pods", "2 rows")
        await pilot.press("down", "o")
        await see(pilot, "Deployment web, which owns", "is gone")


async def test_the_menu_does_what_works_and_says_why_the_rest_does_not(open_app: Open) -> None:
    app = open_app(SessionDouble(fleet()))
    async with app.run_test(size=SIZE) as pilot:
        await at(pilot, "pods", "2 rows")
        await write(pilot, "!")
        await see(pilot, "What can be done", "only nodes are cordoned", "roll out")
        await write(pilot, "r")
        await see(pilot, "restart: only deployments")
        await write(pilot, "y")
        await see(pilot, "(yaml)")


async def test_restart_is_previewed_done_and_written_down(open_app: Open) -> None:
    session = SessionDouble(fleet())
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await at(pilot, "deploy", "2 rows")
        await pilot.press("down", "r")
        await see(pilot, "Deployment web in prod-eu", "all its pods are replaced (3 pods)")
        client = session.fleet.client("id-prod-eu")
        assert client.patched == []
        await pilot.press("down", "enter")
        await see(pilot, "deployment/web restarted")
    [(name, change)] = client.patched
    assert name == "web"
    assert change["metadata"] == {"resourceVersion": "7", "uid": "uid-pay-web"}
    assert [line["act"] for line in session.lines] == ["restart", "restart"]


async def test_marked_rows_are_acted_on_together(open_app: Open) -> None:
    session = SessionDouble(fleet())
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await at(pilot, "deploy", "2 rows")
        await write(pilot, "*r")
        await see(pilot, "2 objects of kind Deployment", "Restart all 2")
        await pilot.press("down", "enter")
        await see(pilot, "Restart: 2 objects done")
    assert sorted(name for name, _ in session.fleet.client("id-prod-eu").patched) == ["api", "web"]


async def test_a_protected_cluster_wants_the_name(open_app: Open) -> None:
    session = SessionDouble(fleet(protected=True))
    app = open_app(session)
    client = session.fleet.client("id-prod-eu")
    async with app.run_test(size=SIZE) as pilot:
        await at(pilot, "deploy", "2 rows")
        await write(pilot, "r")
        await see(pilot, "To confirm, type api")
        await pilot.press("enter", "down", "enter")
        await see(pilot, "Type api first")
        assert client.patched == []
        await write(pilot, "api")
        await pilot.press("enter", "enter")
        await see(pilot, "deployment/api restarted")


async def test_a_cordoned_node_is_not_cordoned_again(open_app: Open) -> None:
    world = fleet()
    world.objects["nodes"] = [node("node-1")]
    session = SessionDouble(world)
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await at(pilot, "nodes", "· 1 row")
        await write(pilot, "!")
        await see(pilot, "cordon")
        await write(pilot, letter(app, "cordon"))
        await see(pilot, "no new pods are placed on it")
        await pilot.press("down", "enter")
        await see(pilot, "node/node-1 cordoned")
        await write(pilot, "!" + letter(app, "cordon"))
        await see(pilot, "is cordoned already", "Close")
    assert len(session.fleet.client("id-prod-eu").patched) == 1


def letter(app: NavarchApp, id: str) -> str:
    from console.actions import Scope, in_scope
    from console.screens.object_menu import letters

    return letters([action for action in in_scope(Scope.OBJECT) if action.id != "menu"])[f"act.{id}"]


@pytest.mark.parametrize("name", ["plain", "odd; rm -rf ~", "-o yaml", "$(id)"])
def test_a_command_line_names_one_object_whatever_it_is_called(name: str) -> None:
    import shlex

    words = shlex.split(kubectl_line(ref("ships", "sea.example.com", name)))
    assert words == ["kubectl", "--context", "prod eu", "get", f"ships.sea.example.com/{name}"]


def copied(app: NavarchApp) -> str:
    return app._clipboard


async def test_what_is_copied_is_what_the_line_says(open_app: Open) -> None:
    app = open_app(SessionDouble(fleet()))
    async with app.run_test(size=SIZE) as pilot:
        await at(pilot, "pods", "2 rows")
        for steps, wanted in (
            (0, "alone"),
            (1, "pay/alone"),
            (2, "kubectl --context prod-eu -n pay get pods/alone"),
        ):
            await write(pilot, "c")
            await see(pilot, "Copy", "namespace/name")
            await pilot.press(*["down"] * steps, "enter")
            await until(pilot, lambda wanted=wanted: copied(app) == wanted, what=wanted)
        await write(pilot, "*c")
        await see(pilot, "2 marked rows")
        await pilot.press("enter")
        await until(pilot, lambda: copied(app).startswith("CLUSTER\tNAMESPACE\tNAME\t"))
        assert len(copied(app).split("\n")) == 3


async def test_a_secrets_yaml_is_copied_masked(open_app: Open) -> None:
    app = open_app(SessionDouble(fleet()))
    async with app.run_test(size=SIZE) as pilot:
        await at(pilot, "secrets", "· 1 row")
        await write(pilot, "c")
        await see(pilot, "YAML")
        await pilot.press(*["down"] * 4, "enter")
        await until(pilot, lambda: "kind: Secret" in copied(app))
    assert "masked" in copied(app)
    assert base64.b64encode(b"hunter2-canary").decode() not in copied(app)


async def test_relations_are_a_tab_whose_lines_open(open_app: Open) -> None:
    world = fleet()
    world.objects["services"] = [service("web", "pay")]
    app = open_app(SessionDouble(world))
    async with app.run_test(size=SIZE) as pilot:
        await at(pilot, "deploy", "2 rows")
        await pilot.press("down", "d")
        await see(pilot, "(describe)", "relations")
        await pilot.press("shift+tab")
        await see(pilot, "(relations)", "served by", "not-there", "missing", "1 missing")
        table = app.screen.table  # type: ignore[attr-defined]
        row = next(row for row in table.source.window(0, 99) if row.role == "served by")
        table.move_to_key(table.source.key(row))
        await pilot.press("enter")
        await see(pilot, "Service · web", "(describe)")
        await pilot.press("escape")
        await see(pilot, "(relations)")
        await pilot.press("tab")
        await see(pilot, "Deployment · web", "(describe)")
        await pilot.press("escape")
        await see(pilot, "fleet/deployments")


async def test_what_is_missing_does_not_open(open_app: Open) -> None:
    app = open_app(SessionDouble(fleet()))
    async with app.run_test(size=SIZE) as pilot:
        await at(pilot, "deploy", "2 rows")
        await write(pilot, "X")
        await see(pilot, "(relations)", "not-there")
        table = app.screen.table  # type: ignore[attr-defined]
        row = next(row for row in table.source.window(0, 99) if row.missing)
        table.move_to_key(table.source.key(row))
        await pilot.press("enter")
        await see(pilot, "ConfigMap not-there is not there")
