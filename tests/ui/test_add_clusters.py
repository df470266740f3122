"""Adding clusters from the fleet screen: where from, the review, what is stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from console.application import NavarchApp
from console.session import Decision, ImportReview, Refused
from tests.ui.double import SessionDouble
from tests.ui.seeing import screen_text, see, until
from tests.ui.test_pictures import SIZES, compare, counted_live, fits

Open = Callable[..., NavarchApp]
SIZE = (120, 40)


async def ask_hubs(pilot: Any) -> None:
    await see(pilot, "3 clusters")
    await counted_live(pilot, 3)
    await pilot.press("n")
    await see(pilot, "Add clusters", "From a kubeconfig", "From ClusterProfiles")
    await pilot.press("down", "enter")


async def test_clusters_of_profiles_are_reviewed_and_stored(open_app: Open) -> None:
    session = SessionDouble()
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await ask_hubs(pilot)
        await see(
            pilot, "ClusterProfiles of prod-eu", "sloop", "may run", "managed by harbour-master", "lost"
        )
        await pilot.press("down", "space", "ctrl+s")
        await until(pilot, lambda: bool(session.decisions))
        assert session.decisions == (Decision(id="prod-eu/fleet/sloop", approve_program=True),)
        await see(pilot, "1 clusters imported.")


async def test_a_kubeconfig_is_asked_for_by_its_path(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await pilot.press("n")
        await see(pilot, "From a kubeconfig")
        await pilot.press("enter")
        await see(pilot, "Which kubeconfig?", "~/.kube/config")


async def test_a_fleet_without_hubs_says_so(open_app: Open) -> None:
    class Without(SessionDouble):
        async def discover(self, fleet: Any) -> ImportReview:
            raise Refused("No cluster that answered has ClusterProfiles", "Hubs serve them.")

    app = open_app(Without())
    async with app.run_test(size=SIZE) as pilot:
        await ask_hubs(pilot)
        await see(pilot, "No cluster that answered has ClusterProfiles")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_review(open_app: Open, size: tuple[int, int]) -> None:
    app = open_app()
    async with app.run_test(size=size) as pilot:
        await ask_hubs(pilot)
        await see(pilot, "ClusterProfiles of prod-eu")
        await pilot.pause()
        text = screen_text(app)
    fits(text, *size)
    compare(f"discover-{size[0]}x{size[1]}", text)
