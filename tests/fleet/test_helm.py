"""Helm releases in a fleet: one row each, little traffic, live; whole when opened, never a value unasked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from backend.fleet.acts import Refused, preview
from backend.fleet.acts.delete import ACT as DELETE
from backend.fleet.cluster import Cluster
from backend.fleet.fleet import Fleet
from backend.fleet.listing import Listed, list_once
from backend.fleet.objects import events_of, find, read
from backend.fleet.query import parse_line
from backend.integrations.helm.store import STORES
from backend.kube.errors import NotFound
from backend.kube.status import State
from backend.resources import registry
from backend.resources.kind import Health
from backend.resources.kinds.helmrelease import KIND, HelmRelease
from tests.fleet.test_live_table import watching
from tests.fleet.test_search import fleet, limited, spy
from tests.integrations.helm.stored import release, stored

__all__ = ["fleet", "limited"]
SECRETS, CONFIG_MAPS = STORES


class Kept:
    """Revisions written into one cluster for the length of a test."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._made: list[tuple[Any, str]] = []

    async def add(self, content: dict[str, Any], *, driver: str = "secret", **more: Any) -> None:
        kind = SECRETS if driver == "secret" else CONFIG_MAPS
        obj = stored(content, driver=driver, **more)
        await self.cluster.client.create(kind, obj, namespace="pay")
        self._made.append((kind, obj["metadata"]["name"]))

    async def status(self, name: str, status: str) -> None:
        """What helm does to the revision before: label and payload are written again."""
        patch = {"metadata": {"labels": {"status": status}}}
        await self.cluster.client.patch(SECRETS, patch, name=f"sh.helm.release.v1.{name}", namespace="pay")

    async def rewrite(self, content: dict[str, Any]) -> None:
        """The same revision with another payload."""
        obj = stored(content)
        patch = {"data": obj["data"]}
        await self.cluster.client.patch(SECRETS, patch, name=obj["metadata"]["name"], namespace="pay")

    async def remove(self) -> None:
        for kind, name in self._made:
            await self.cluster.client.delete(kind, name, namespace="pay")
        self._made = []


@pytest.fixture
async def kept(fleet: Fleet) -> AsyncIterator[Kept]:
    made = Kept(fleet.clusters[0])
    yield made
    await made.remove()


async def rows_of(cluster: Cluster, line: str) -> dict[str, HelmRelease]:
    found: dict[str, HelmRelease] = {}
    async for piece in list_once([cluster], parse_line(line)):
        assert piece.error is None
        assert not piece.mixed
        for row in piece.rows:
            assert isinstance(row.item, HelmRelease)
            assert row.item.metadata.name not in found
            found[row.item.metadata.name] = row.item
    return found


def test_the_words_for_releases() -> None:
    for word in ("helm", "helmreleases", "HelmRelease", "helmreleases.helm.sh"):
        assert registry.builtin(word) is KIND
    assert registry.builtin("hr") is None  # Flux's


async def test_each_release_is_one_row_with_its_latest_revision(kept: Kept) -> None:
    for number in (1, 2, 10, 9):
        await kept.add(release("herring", number=number, status="superseded", version=f"1.{number}.0"))
    await kept.add(release("herring", number=11, status="deployed", version="2.0.0"))
    await kept.add(release("sprat", status="failed"), driver="configmap")
    rows = await rows_of(kept.cluster, "helm -n pay")
    herring = rows["herring"]
    assert (herring.revision, herring.status, herring.deployed) == (11, "deployed", 11)
    assert (herring.chart, herring.app_version) == ("nginx-2.0.0", "1.27.1")
    assert herring.updated.startswith("2026-09-01T10:00:00")
    assert rows["sprat"].chart == "nginx-1.0.0"
    assert KIND.health(rows["sprat"]) is Health.FAILING
    assert set(await rows_of(kept.cluster, "helm herring -n pay")) == {"herring"}
    assert set(await rows_of(kept.cluster, "helm her* -n pay")) == {"herring"}


@pytest.mark.parametrize(
    ("status", "health", "why"),
    [
        ("deployed", Health.OK, ""),
        ("failed", Health.FAILING, "boom; revision 1 runs"),
        ("pending-upgrade", Health.PROGRESSING, "interrupted; revision 1 runs"),
        ("uninstalling", Health.PROGRESSING, "interrupted; revision 1 runs"),
        ("uninstalled", Health.DONE, "history"),
        ("superseded", Health.WARNING, "no revision is deployed"),
        ("", Health.UNKNOWN, "neither"),
    ],
)
async def test_health_says_why(kept: Kept, status: str, health: Health, why: str) -> None:
    await kept.add(release("carp", status="deployed" if "revision 1" in why else "superseded"))
    await kept.add(release("carp", number=2, status=status, description="boom"))
    carp = (await rows_of(kept.cluster, "helm carp -n pay"))["carp"]
    assert KIND.health(carp) is health
    assert KIND.why(carp).endswith(why) or why in KIND.why(carp)


async def test_a_payload_that_can_not_be_read_gives_a_row_that_says_so(kept: Kept) -> None:
    await kept.add(release("broken"), payload="no base64 at all%")
    await kept.add(release("whole"))
    rows = await rows_of(kept.cluster, "helm -n pay")
    assert rows["whole"].chart
    assert (rows["broken"].status, rows["broken"].chart) == ("deployed", "")
    assert KIND.health(rows["broken"]) is Health.UNKNOWN
    assert "not base64" in KIND.why(rows["broken"])


async def test_lists_read_metadata_and_only_the_latest_payloads(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 6):
        await kept.add(release("pike", number=number, status="superseded" if number < 5 else "deployed"))
    asked = spy(kept.cluster, monkeypatch)
    await rows_of(kept.cluster, "helm pike -n pay")
    whole = [path for path, accept in asked if accept == "application/json"]
    assert whole == ["/api/v1/namespaces/pay/secrets/sh.helm.release.v1.pike.v5"]
    assert {path for path, _ in asked} - set(whole) == {
        "/api/v1/namespaces/pay/secrets",
        "/api/v1/namespaces/pay/configmaps",
    }


async def test_many_releases_are_read_by_the_page(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(12):
        await kept.add(release(f"fry-{number:02d}"))
    asked = spy(kept.cluster, monkeypatch)
    rows = await rows_of(kept.cluster, "helm fry-* -n pay")
    assert len(rows) == 12
    assert all(row.chart for row in rows.values())
    assert len(asked) < 8


async def test_a_live_table_follows_an_upgrade(kept: Kept, fleet: Fleet) -> None:
    await kept.add(release("tench", version="1.0.0"))
    async with watching(fleet, f"helm tench @{fleet.clusters[0].name}") as watched:

        def row() -> Any:
            return next(iter(watched.view.all()), None)

        def shows(*facts: object) -> bool:
            return row() is not None and facts == (
                row().item.revision,
                row().item.status,
                row().item.chart,
            )

        await watched.until(lambda: watched.live() and shows(1, "deployed", "nginx-1.0.0"))
        key = row().key
        await kept.add(release("tench", number=2, status="pending-upgrade", version="1.1.0"))
        await watched.until(lambda: shows(2, "pending-upgrade", "nginx-1.1.0"))
        assert row().item.deployed == 1
        await kept.status("tench.v1", "superseded")
        await kept.status("tench.v2", "deployed")
        await watched.until(lambda: shows(2, "deployed", "nginx-1.1.0") and row().item.deployed == 2)
        assert row().key == key
        assert row().item.description == "Upgrade complete"
        again = release("tench", number=2, version="1.1.0", description="rolled on")
        await kept.rewrite(again)
        await watched.until(lambda: row().item.description == "rolled on")
        await kept.remove()
        await watched.until(lambda: not watched.view.all())


async def test_a_release_is_opened_whole(kept: Kept) -> None:
    await kept.add(release("roach", status="superseded", version="1.0.0"))
    await kept.add(
        release(
            "roach",
            number=2,
            version="1.1.0",
            values={"replicas": 2},
            defaults={"replicas": 1, "port": 80},
            manifest="---\nkind: Pod\n",
            notes="welcome",
        )
    )
    found = await read(kept.cluster, KIND.resource, "roach", namespace="pay")
    assert (found["apiVersion"], found["kind"]) == ("helm.sh/v1", "HelmRelease")
    assert found["spec"]["values"] == {"replicas": 2}
    assert found["spec"]["computedValues"] == {"replicas": 2, "port": 80}
    assert [entry["revision"] for entry in found["status"]["history"]] == [2, 1]
    assert found["status"]["history"][1]["chart"] == "nginx-1.0.0"
    assert (found["status"]["notes"], found["status"]["manifest"]) == ("welcome", "---\nkind: Pod\n")
    assert await events_of(kept.cluster, found) == []


async def test_secrets_of_a_manifest_are_masked_before_anybody_sees_it(kept: Kept) -> None:
    secret = "---\napiVersion: v1\nkind: Secret\nstringData: {p: canary-3b1}\n"
    content = release("perch", manifest=secret)
    content["hooks"] = [{"name": "h", "path": "p", "manifest": secret, "events": None}]
    await kept.add(content)
    found = await read(kept.cluster, KIND.resource, "perch", namespace="pay")
    assert "canary-3b1" not in str(found)
    assert "masked" in found["status"]["manifest"]
    assert "masked" in found["status"]["hooks"][0]["manifest"]


async def test_a_release_that_is_not_there(kept: Kept) -> None:
    with pytest.raises(NotFound, match="no Helm release pay/salmon"):
        await read(kept.cluster, KIND.resource, "salmon", namespace="pay")


async def test_whole_releases_by_a_query_and_no_deletion(kept: Kept) -> None:
    await kept.add(release("bream"))
    await kept.add(release("broken"), payload="%")
    found, errors = await find([kept.cluster], parse_line("helm b* -n pay"))
    assert not errors
    assert [one.name for one in found] == ["bream"]
    with pytest.raises(Refused) as refused:
        await preview(DELETE, found[0])
    assert "helm uninstall" in refused.value.sentence


async def test_what_could_not_be_read_is_told(kept: Kept) -> None:
    await kept.add(release("broken"), payload="%")
    pieces: list[Listed] = [
        piece async for piece in list_once([kept.cluster], parse_line("helm -n pay"), objects=True)
    ]
    assert any("revision 1 of the Helm release broken can't be read" in piece.limited for piece in pieces)


async def test_who_may_not_read_secrets_is_told(limited: Fleet) -> None:
    (viewer,) = limited.select(["prod-eu-viewer"])
    limits = [piece.limited async for piece in list_once([viewer], parse_line("helm"))]
    assert any("secrets" in limit for limit in limits)
    async with watching(limited, "helm @prod-eu-viewer") as watched:
        await watched.until(
            lambda: any("secrets" in status.detail for status in watched.table.statuses.values())
        )
        assert all(status.state is not State.UNREACHABLE for status in watched.table.statuses.values())


async def test_a_user_of_one_namespace_sees_its_releases(limited: Fleet) -> None:
    (team,) = limited.select(["prod-eu-team"])
    rows = await rows_of(team, "helm")
    assert set(rows) == {"ledger"}
