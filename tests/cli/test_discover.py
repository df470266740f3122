"""``navarch cluster discover`` with a simulated hub, and the vault's session doing the same."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.fleet.fleet import Fleet
from backend.fleet.inmemory import members_of
from backend.kube.objects import ApiResource
from backend.resources.kind import api_resource
from backend.resources.kinds.customresourcedefinition import KIND as DEFINITION
from backend.secret import Secret
from console.cli.exits import Exit
from console.session import Refused
from console.sessions.vault import VaultSession
from tests.cli.vault_command import PASSPHRASE, Navarch
from tests.fleet.registry.profiles import GROUP, definition, profile, provider
from tests.fleet.registry.test_review import plugin
from tests.fleet.running_demo import Demo

PROFILES: ApiResource = api_resource(f"{GROUP}/v1alpha1", "ClusterProfile", "clusterprofiles")
HUB = "prod-eu"


@pytest.fixture
def navarch(tmp_path: Path, demo: Demo) -> Navarch:
    """Somebody whose vault holds the demo fleet."""
    made = Navarch(tmp_path, in_process=True)
    made.make_vault()
    made.done("cluster", "import", str(demo.kubeconfig), "--yes")
    return made


@pytest.fixture
def hub(demo: Demo) -> Iterator[None]:
    """The first cluster publishes profiles, in the newer version alone."""

    async def change(kind: ApiResource, *objects: dict[str, Any], delete: str = "") -> None:
        async with Fleet(members_of(demo.kubeconfig)[0]) as fleet:
            client = fleet.select([HUB])[0].client
            for obj in objects:
                await client.create(kind, obj, namespace="pay" if kind is PROFILES else None)
            if delete:
                await client.delete(kind, delete)

    crd = definition("v1alpha1", "v1alpha2")
    asyncio.run(change(DEFINITION.resource, crd))
    profiles = [
        profile("sloop", provider("dock", "https://10.0.0.7:6443"), namespace="pay"),
        profile("lost", namespace="pay"),
    ]
    asyncio.run(change(PROFILES, *profiles))
    yield
    asyncio.run(change(DEFINITION.resource, delete=f"clusterprofiles.{GROUP}"))


def test_a_fleet_without_hubs(navarch: Navarch) -> None:
    done = navarch("cluster", "discover", "--yes")
    assert done.returncode == Exit.NOTHING
    assert "none of 2 clusters has ClusterProfiles" in done.stderr


@pytest.mark.usefixtures("hub")
def test_what_a_hub_offers_is_shown_and_taken_with_a_yes(navarch: Navarch, tmp_path: Path) -> None:
    program, marker = plugin(tmp_path)
    offer = ("cluster", "discover", "-c", HUB, "--provider", f"dock={program} login")
    seen = navarch(*offer, "--dry-run")
    for words in ("sloop", "https://10.0.0.7:6443", "harbour-master", f"{program} login", "no way to reach"):
        assert words in seen.stderr
    assert seen.returncode == Exit.FAILED  # one profile can't be used
    assert navarch(*offer).returncode == Exit.REFUSED
    taken = navarch(*offer, "--yes", "--tag", "found", "--profile", "pay/sloop", "-o", "json")
    [imported] = json.loads(taken.stdout)["imported"]
    assert imported["name"] == "sloop"
    [entry] = json.loads(navarch.done("cluster", "show", "sloop", "-o", "json"))
    assert entry["tags"] == ["found"]
    assert entry["source"]["context"] == f"{HUB}/pay/sloop"
    assert entry["approvedProgram"] is None
    assert not marker.exists()
    again = navarch(*offer, "--yes")
    assert "in the vault already" in again.stderr
    assert "imported 0 clusters" in again.stderr


@pytest.mark.usefixtures("hub")
def test_without_a_program_nothing_is_taken(navarch: Navarch) -> None:
    done = navarch("cluster", "discover", "-c", HUB, "--yes", "--profile", "sloop")
    assert "imported 0 clusters" in done.stderr
    assert "No program is set" in done.stderr


@pytest.mark.parametrize("given", ["dock", "=x", "dock=", "dock='x"])
def test_a_provider_is_a_name_and_a_program(navarch: Navarch, given: str) -> None:
    assert navarch("cluster", "discover", "--provider", given, "--yes").returncode == Exit.USAGE


@pytest.mark.usefixtures("hub")
def test_a_file_of_providers(navarch: Navarch, tmp_path: Path) -> None:
    file = tmp_path / "providers.json"
    file.write_text(json.dumps({"providers": [{"name": "dock", "execConfig": {"command": "./dock-login"}}]}))
    seen = navarch("cluster", "discover", "-c", HUB, "--providers", str(file), "--dry-run", "-o", "json")
    [sloop] = json.loads(seen.stdout)["candidates"]
    assert sloop["authentication"] == f"program {tmp_path / 'dock-login'}"
    file.write_text("[]")
    assert navarch("cluster", "discover", "--providers", str(file), "--yes").returncode == Exit.USAGE


@pytest.mark.usefixtures("hub")
async def test_the_consoles_session_reviews_the_same(
    navarch: Navarch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NAVARCH_HOME", str(navarch.home))
    program, _ = plugin(navarch.folder)
    config = navarch.home / "config"
    config.mkdir(mode=0o700, exist_ok=True)
    (config / "settings.toml").write_text(f'[providers.dock]\nrun = ["{program}"]\n')
    session = VaultSession()
    await session.unlock(Secret(PASSPHRASE))
    try:
        async with await session.open_fleet() as fleet:
            review = await session.discover(fleet)
        [sloop] = review.candidates
        assert (sloop.name, str(sloop.program)) == ("sloop", str(program))
        assert any("harbour-master" in fact for fact in sloop.facts)
        assert len(review.problems) == 1
    finally:
        await session.close()


async def test_the_consoles_session_says_when_there_is_no_hub(
    navarch: Navarch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NAVARCH_HOME", str(navarch.home))
    session = VaultSession()
    await session.unlock(Secret(PASSPHRASE))
    try:
        async with await session.open_fleet() as fleet:
            with pytest.raises(Refused, match="has ClusterProfiles"):
                await session.discover(fleet)
    finally:
        await session.close()
