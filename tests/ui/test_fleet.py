"""Home: what a row tells, filters, all facts of a cluster, and what a person says about clusters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from backend.fleet.marks import Marks
from backend.kube.access import ClusterAccess
from backend.secret import Secret
from console.application import NavarchApp
from console.sessions.file import FileSession
from tests.fleet.samples import token
from tests.ui.double import NOW, FleetDouble, SessionDouble, default_objects, node
from tests.ui.seeing import gone, screen_text, see, until, write
from tests.ui.test_pictures import SIZES, compare, counted_live, fits

Open = Callable[..., NavarchApp]
SIZE = (160, 40)
DAY = 86_400.0
FILTERS = (("#pci", "1 of 3"), ("@core", "2 of 3"), ("edge|read-only", "2 of 3"), ("kubelet", ""))


def fleet() -> FleetDouble:
    """Three clusters that differ in everything a row can show."""
    objects = default_objects()
    for number, one in enumerate(objects["nodes"]):
        one["status"]["allocatable"] = {"cpu": "16", "memory": "64Gi"}
        one["status"]["nodeInfo"]["kubeletVersion"] = ("v1.35.4", "v1.35.4", "v1.31.9")[number]
    objects["nodemetrics"] = [
        {"metadata": {"name": one["metadata"]["name"]}, "usage": {"cpu": "4500m", "memory": "60Gi"}}
        for one in objects["nodes"]
    ]
    made = FleetDouble(objects)
    europe, america, edge = made.members
    core: Any = {"groups": ("core",)}
    made.renew(
        [
            replace(europe, **core, tags=("prod", "pci"), protected=True, access=access("prod-eu", days=3)),
            replace(america, **core, tags=("prod",), read_only=True, access=access("prod-us", days=90)),
            replace(edge, groups=("shops",), access=access("edge-7", days=-1)),
        ]
    )
    return made


def access(name: str, *, days: float) -> ClusterAccess:
    ends = datetime.fromtimestamp(NOW + days * DAY + 60, UTC)
    return ClusterAccess(id=f"id-{name}", name=name, server="https://192.0.2.1", token=Secret(token(ends)))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_pictures_of_a_fleet_that_has_everything(open_app: Open, size: tuple[int, int]) -> None:
    app = open_app(SessionDouble(fleet()))
    name = f"{size[0]}x{size[1]}"
    async with app.run_test(size=size) as pilot:
        await see(pilot, "90 pods", "expired", "28%")
        await counted_live(pilot, 3)
        await pilot.pause()
        fits(screen_text(app), *size)
        compare(f"fleet-full-{name}", screen_text(app))
        await pilot.press("w")
        await see(pilot, "13.5/48.0" if size[0] > 150 else "28%")
        compare(f"fleet-wide-{name}", screen_text(app))
        await pilot.press("w", "down", "d")
        await see(pilot, "180G of 192G used", "v1.31.9 on 1 node", "until 2026-09-24 14:14 UTC")
        compare(f"cluster-facts-{name}", screen_text(app))
        await pilot.press("escape", "*", "e")
        await see(pilot, "Tags, groups and guard of 3 clusters", "1 of 3")
        fits(screen_text(app), *size)
        compare(f"cluster-marks-{name}", screen_text(app))


async def test_a_filter_finds_names_states_tags_and_groups(open_app: Open) -> None:
    app = open_app(SessionDouble(fleet()))
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "expired")
        for typed, left in FILTERS:
            await pilot.press("slash")
            await write(pilot, typed)
            await pilot.press("enter")
            await see(pilot, f"/{typed}", f"{left} clusters" if left else "3 clusters")
            await pilot.press("escape")
            await gone(pilot, f"/{typed}")
        await pilot.press("slash")
        await write(pilot, "nobody")
        await see(pilot, "None of the clusters matches")
        await pilot.press("escape")
        await see(pilot, "edge-7")


async def test_the_line_opens_the_fleet_narrowed_and_ordered(open_app: Open) -> None:
    app = open_app(SessionDouble(fleet()))
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "expired")
        await write(pilot, ":fleet @#prod,nope --sort expires --desc")
        await pilot.press("enter")
        await see(pilot, "2 of 3 clusters", "@#prod,nope", "EXPIRES↓", "is called nope")

        def names() -> list[str]:
            rows = [line for line in screen_text(app).splitlines() if "v1.35.4" in line]
            return [line.split("│")[1].split()[-1] for line in rows]

        await until(pilot, lambda: names() == ["prod-us", "prod-eu"])
        await pilot.press("enter")
        await see(pilot, "fleet/prod-us/pods")
        await pilot.press("escape")
        await see(pilot, "2 of 3 clusters", "EXPIRES↓")  # the way back keeps it


async def test_problems_only(open_app: Open) -> None:
    objects = default_objects()
    objects["pods"], objects["nodes"] = [], [node("node-1")]
    made = FleetDouble(objects)
    made.renew([replace(made.members[0], access=access("prod-eu", days=0.2))])
    app = open_app(SessionDouble(made))
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "its token expires in")
        await pilot.press("z")
        await see(pilot, "problems only", "1 of 3 clusters")
        await pilot.press("z")
        await gone(pilot, "problems only")


async def test_what_is_said_about_marked_clusters_is_kept_and_shown_at_once(open_app: Open) -> None:
    session = SessionDouble()
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3/3 live")
        await pilot.press("space", "space", "e")
        await see(pilot, "guard of 2 clusters", "[ ] protected")
        await pilot.press("space", "tab")
        await write(pilot, "#eu,west")
        await pilot.press("enter")
        await see(pilot, "can't be the name")
        for _ in "#eu,west":
            await pilot.press("backspace")
        await write(pilot, "@core")
        await pilot.press("enter")
        await see(pilot, "[x] @core", "[x] protected")
        await pilot.press("ctrl+s")
        await see(pilot, "Kept for 2 clusters", "protected")
        rows = [line for line in screen_text(app).splitlines() if "@core" in line and "│" in line]
        assert len(rows) == 2
    assert session.marked == [(("id-prod-eu", "id-edge-7"), Marks(add_groups=("core",), protected=True))]


async def test_protection_comes_off_only_with_the_name_typed(open_app: Open) -> None:
    session = SessionDouble(fleet())
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "expired")
        await pilot.press("slash")
        await write(pilot, "prod-eu")
        await pilot.press("enter", "e")
        await see(pilot, "guard of prod-eu", "[x] protected")
        await pilot.press("space", "ctrl+s")
        await see(pilot, "type: prod-eu", "Type prod-eu below")
        assert session.marked == []
        await write(pilot, "prod-eu")
        await pilot.press("ctrl+s")
        await see(pilot, "Kept for 1 cluster: not protected")
    assert session.marked == [(("id-prod-eu",), Marks(protected=False))]


async def test_a_fleet_in_memory_offers_no_marks(open_app: Open, tmp_path) -> None:  # type: ignore[no-untyped-def]
    assert not FileSession(tmp_path / "none").can_import


async def test_coming_home_asks_no_cluster_anything(open_app: Open) -> None:
    made = fleet()
    made.objects["podmetrics"] = []
    app = open_app(SessionDouble(made))
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "expired")
        await counted_live(pilot, 3)
        await until(pilot, lambda: all("nodes" in "".join(c.client.answers.asked) for c in made.select()))
        asked = [list(one.client.answers.asked) for one in made.select()]
        tables = len(made.tables)
        await pilot.press("enter")
        await see(pilot, "fleet/edge-7/pods")
        await pilot.press("escape")
        await see(pilot, "expired", "90 pods")
        await counted_live(pilot, 3)
    use = "/apis/metrics.k8s.io/v1beta1/pods"  # what the list itself asked for
    assert [[p for p in one.client.answers.asked if p != use] for one in made.select()] == asked
    assert len(made.tables) == tables + 1  # the pods that were opened
