"""Categories: ``all`` is every workload of a namespace in one table; what may not be listed is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backend.fleet.cluster import KindNotFound
from backend.fleet.fleet import Fleet
from backend.fleet.inmemory import members_of
from backend.fleet.listing import list_once
from backend.fleet.objects import find
from backend.fleet.problems import KINDS
from backend.fleet.query import parse_line
from backend.kube.discovery import Discovery
from backend.kube.status import State
from backend.resources import registry
from backend.resources.kind import Health, always_well
from tests.fleet.running_demo import Demo
from tests.fleet.test_live_table import fleet, watching

__all__ = ["fleet"]
TITLES = ["CLUSTER", "NAMESPACE", "KIND", "NAME", "READY", "HEALTH", "WHY", "AGE"]


async def test_a_live_table_of_everything(fleet: Fleet, demo: Demo) -> None:
    async with watching(fleet, "all -n pay") as watched:
        kinds: set[str] = set()

        def complete() -> bool:
            kinds.update(row.kind.resource.plural for row in watched.view.all())
            return watched.live() and kinds >= {"pods", "deployments", "replicasets", "services"}

        await watched.until(complete)
        assert [column.name for column in watched.table.columns] == TITLES
        assert {str(row.cluster) for row in watched.view.all()} == set(demo.clusters)
        for title in TITLES:
            watched.view.sort_by(title)
            assert len(watched.view.all()) == len(watched.table.rows)


async def test_a_list_of_everything(fleet: Fleet) -> None:
    kinds: set[str] = set()
    async for piece in list_once(fleet.clusters[:1], parse_line("all -n pay")):
        assert piece.error is None
        assert piece.mixed or piece.done
        kinds.update(row.kind.resource.plural for row in piece.rows)
    assert kinds >= {"pods", "deployments", "replicasets", "services"}


async def test_problems_are_kinds_of_all_clusters_in_one_table(fleet: Fleet, demo: Demo) -> None:
    async with watching(fleet, "problems") as watched:
        wanted = {"nodes", "pods", "deployments", "daemonsets"}
        await watched.until(
            lambda: watched.live() and {row.kind.resource.plural for row in watched.view.all()} >= wanted
        )
        assert [column.name for column in watched.table.columns] == TITLES
        assert not any(row.kind.resource.plural == "replicasets" for row in watched.view.all())
        everything = len(watched.view.all())
        watched.view.show_problems(True)
        assert all(row.health.problem for row in watched.view.all())
        assert len(watched.view.all()) < everything


async def test_a_cluster_that_serves_not_all_kinds_of_problems(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it does not serve is not asked for: it would count as broken for the rest."""
    cluster = fleet.clusters[0]
    whole = await cluster.client.discovery()
    less = replace(whole, everything=tuple(r for r in whole.everything if r.plural != "apiservices"))

    async def discovery(*, refresh: bool = False) -> Discovery:
        return less

    assert {target.resource.plural for target in await cluster.resolve_all("problems")} == set(KINDS)
    monkeypatch.setattr(cluster.client, "discovery", discovery)
    meant = {target.resource.plural for target in await cluster.resolve_all("problems")}
    assert meant == set(KINDS) - {"apiservices"}


def test_every_kind_of_problems_is_judged() -> None:
    for word in KINDS:
        kind = registry.builtin(word)
        assert kind is not None, word
        assert kind.assess is not always_well, word


async def test_whole_objects_keep_their_kinds(fleet: Fleet) -> None:
    found, errors = await find(fleet.clusters[:1], parse_line("all -n pay"))
    assert not errors
    assert {one.obj["kind"] for one in found} >= {"Pod", "Deployment", "ReplicaSet", "Service"}


async def test_a_category_of_one_kind_keeps_its_columns(fleet: Fleet) -> None:
    async with watching(fleet, "ops") as watched:
        await watched.until(lambda: watched.live() and len(watched.view) > 0)
        titles = [column.name for column in watched.table.columns]
        assert "START" in titles
        assert "KIND" not in titles


async def test_what_is_no_category_is_no_kind(fleet: Fleet) -> None:
    async for piece in list_once(fleet.clusters[:1], parse_line("everything")):
        assert isinstance(piece.error, KindNotFound)


async def test_forbidden_kinds_of_a_category(demo: Demo) -> None:
    """One who may list only in ``pay`` sees what is there, and no cluster counts as broken for the rest."""
    team = [m for m in members_of(demo.users_kubeconfig)[0] if m.name.endswith("-team")]
    async with Fleet(team) as fleet, watching(fleet, "all -n search") as watched:
        await watched.until(lambda: set(watched.states.values()) == {State.FORBIDDEN})
        assert len(watched.view) == 0


async def test_cron_jobs_of_the_demo_are_judged_by_their_runs(fleet: Fleet) -> None:
    """The demo's runs succeed, and say so: none is taken for one that failed."""
    async with watching(fleet, "cronjobs") as watched:
        await watched.until(lambda: watched.live() and len(watched.view) > 0)
        rows = list(watched.view.all())
        # Done: suspended by a test of acts, which shares this fleet.
        assert {row.health for row in rows} <= {Health.OK, Health.DONE}
