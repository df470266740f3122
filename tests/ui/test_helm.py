"""A Helm release on the screen: its row, its tabs, and one value revealed at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from backend.fleet.query import Query
from backend.fleet.row import make_row, table_columns
from backend.integrations.helm.payload import head_of
from backend.integrations.helm.store import revision_of, shown
from backend.kube.objects import ObjectMeta
from backend.resources import registry
from backend.resources.kinds.helmrelease import KIND
from backend.text import safe_text
from console.application import NavarchApp
from tests.integrations.helm.stored import packed, release, stored
from tests.ui.double import FleetDouble, SessionDouble, TableDouble, default_objects, stamp
from tests.ui.seeing import gone, screen_text, see, write
from tests.ui.test_pictures import SIZES, compare, fits

Open = Callable[..., NavarchApp]
SIZE = (120, 40)
CANARY = "hunter2-canary"
MANIFEST = f"""---
# Source: shop/templates/secret.yaml
apiVersion: v1
kind: Secret
metadata:
  name: shop
stringData:
  password: {CANARY}
---
# Source: shop/templates/service.yaml
apiVersion: v1
kind: Service
metadata:
  name: shop
"""


def revisions() -> list[dict[str, Any]]:
    first = release("shop", status="superseded", version="1.0.0")
    last = release(
        "shop",
        number=2,
        status="failed",
        version="1.1.0",
        description="timed out waiting for the condition",
        values={"auth": {"password": CANARY}, "replicas": 3},
        defaults={"replicas": 1, "service": {"port": 80}},
        manifest=MANIFEST,
        notes=f"Log in as shop with {CANARY}\n",
    )
    contents = [first, last]
    for content in contents:
        content["info"] |= {"first_deployed": stamp(60 * 24 * 9), "last_deployed": stamp(90)}
    return [
        stored(content, namespace="pay", uid=f"uid-{content['version']}", resourceVersion="7")
        for content in contents
    ]


class Fleet(FleetDouble):
    """One cluster with one release, in the storage that the double's client serves."""

    def __init__(self) -> None:
        super().__init__({**default_objects(), "secrets": revisions()}, names=("prod-eu",))

    def table(self, query: Query, *, interval: float = 0.1, **more: Any) -> TableDouble:
        kind = registry.builtin(query.kind)
        if kind is not KIND:
            return super().table(query, interval=interval)
        found = []
        for obj in self.objects["secrets"]:
            head = obj["metadata"]
            metadata = ObjectMeta(
                name=head["name"], namespace="pay", labels=head["labels"], resource_version="7"
            )
            revision = revision_of(metadata)
            assert revision is not None
            found.append(revision)
        head = head_of(
            packed(release("shop", number=2, version="1.1.0", description="timed out")), secret=False
        )
        item = shown(found, head)
        row = make_row(item, cluster_id="id-prod-eu", cluster=safe_text("prod-eu"), kind=KIND)
        table = TableDouble("pods", [row], self.statuses)
        table.columns = table_columns([KIND])
        return table


async def open_release(pilot: Any) -> None:
    await see(pilot, "1 cluster")
    await write(pilot, ":helm")
    await pilot.press("enter")
    await see(pilot, "nginx-1.1.0", "failed", "1 failing")
    await pilot.press("enter")
    await see(pilot, "(describe)", "Stored in")


async def test_a_release_has_a_tab_for_each_thing_helm_tells(open_app: Open) -> None:
    app = open_app(SessionDouble(Fleet()))
    async with app.run_test(size=SIZE) as pilot:
        await open_release(pilot)
        for tab, signs in {
            "history": ("REVISION", "superseded", "timed out waiting for the condition"),
            "values": ("password: ‹masked›", "replicas: ‹masked›"),
            "computed": ("port: ‹masked›",),
            "manifest": ("# Source: shop/templates/service.yaml", "password: ‹masked, 14 bytes›"),
            "notes": ("Log in as shop with ‹masked›",),
            "yaml": ("apiVersion: helm.sh/v1",),
        }.items():
            await pilot.press("tab")
            text = await see(pilot, f"({tab})", *signs)
            assert CANARY not in text
        await pilot.press("tab")
        await see(pilot, "(describe)")


async def test_one_value_is_revealed_and_the_journal_notes_it(open_app: Open) -> None:
    session = SessionDouble(Fleet())
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await open_release(pilot)
        await pilot.press("x")
        await see(pilot, "Reveal one value", "auth.password", "service.port")
        await pilot.press("enter")
        await see(pilot, "(values)", f"password: {CANARY}", "replicas: ‹masked›")
        assert session.noted == [("reveal", "prod-eu", "helmreleases/pay/shop auth.password")]
        app.screen._mask()  # type: ignore[attr-defined]
        await gone(pilot, CANARY)


async def test_a_release_is_not_deleted_here(open_app: Open) -> None:
    app = open_app(SessionDouble(Fleet()))
    async with app.run_test(size=SIZE) as pilot:
        await open_release(pilot)
        await pilot.press("exclamation_mark")
        await see(pilot, "What can be done", "use helm uninstall")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_screens(open_app: Open, size: tuple[int, int]) -> None:
    app = open_app(SessionDouble(Fleet()))
    async with app.run_test(size=size) as pilot:
        await open_release(pilot)
        for tab in ("describe", "history", "values"):
            await see(pilot, f"({tab})")
            await pilot.pause()
            text = screen_text(app)
            fits(text, *size)
            compare(f"helm-{tab}-{size[0]}x{size[1]}", text)
            await pilot.press("tab")
