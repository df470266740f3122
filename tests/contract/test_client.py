"""The client and the reflector against a real kube-apiserver and the simulated one: both must judge alike.

Cases of client-go's reflector tests are among them, named in docstrings; those that need a server that
misbehaves are in tests/kube/test_reflector.py.
"""

from __future__ import annotations

import asyncio
import json

import pytest

from backend.kube.decoder import StructDecoder
from backend.kube.errors import ApiError, Conflict, Expired, Invalid, NotFound, ServerFailed
from backend.kube.listing import Scope, collect
from backend.kube.table import TableDecoder, TableItem
from tests.contract.connection import DEADLINE, Server, config_map, connected, one, reflecting
from tests.kube.collection import Thing

WIDGETS = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.navarch.test"},
    "spec": {
        "group": "navarch.test",
        "scope": "Namespaced",
        "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "shortNames": ["wd"]},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {"size": {"type": "integer"}},
                    }
                },
                "additionalPrinterColumns": [{"name": "Size", "type": "integer", "jsonPath": ".size"}],
            }
        ],
    },
}


async def test_discovery_agrees_with_kubectl(server: Server) -> None:
    async with connected(server) as (client, found):
        assert (await client.version()).git_version.startswith("v1.")
        listed = (await server.kubectl.run("api-resources", "--no-headers", "-o", "name")).split()
        ours = {r.full_name for r in found.resources}
        assert set(listed) == ours
        for line in (await server.kubectl.run("api-resources", "--no-headers")).splitlines():
            *_, kind = line.split()
            plural = line.split()[0]
            assert kind in {r.kind for r in found.resources if r.plural == plural}


@pytest.mark.parametrize("word", ["po", "deploy", "ev", "hpa", "cm", "no", "sts", "pvc", "cj", "ing"])
async def test_words_mean_what_kubectl_takes_them_for(server: Server, word: str) -> None:
    async with connected(server) as (_, found):
        words = ("get", word, "--all-namespaces", "-v=6", "--ignore-not-found")
        path = one(found, word).path()
        assert f"{path}?limit=500" in await server.kubectl.run(*words, told=True)


async def test_pages_are_one_consistent_list(server: Server, space: str) -> None:
    async with connected(server) as (client, found):
        maps = one(found, "cm")
        names = {f"m-{number:03}" for number in range(60)}
        await asyncio.gather(*(client.create(maps, config_map(name), namespace=space) for name in names))
        pages: list[int] = []
        listing = await collect(
            client,
            maps,
            StructDecoder(Thing),
            scope=Scope(namespace=space),
            limit=7,
            later_limit=20,
            on_page=lambda page, _: pages.append(len(page.items)),
        )
        assert names <= {item.metadata.name for item in listing.items}
        assert pages[:2] == [7, 20]
        assert listing.total == len(listing.items)
        assert int(listing.resource_version) > 0


async def test_a_reflector_follows_the_server(server: Server, space: str) -> None:
    async with connected(server) as (client, found):
        maps = one(found, "cm")
        async with reflecting(client, maps, StructDecoder(Thing), space) as sink:
            await client.create(maps, config_map("a", x="1"), namespace=space)
            await sink.until(lambda s: "a" in s.rows)
            patched = json.loads(await client.patch(maps, {"data": {"x": "2"}}, name="a", namespace=space))
            version = patched["metadata"]["resourceVersion"]
            await sink.until(lambda s: s.rows["a"].metadata.resource_version == version)
            await client.delete(maps, "a", namespace=space, uid=patched["metadata"]["uid"])
            await sink.until(lambda s: "a" not in s.rows)
            assert sink.replaces == 1


async def test_custom_resources_show_the_servers_columns(server: Server, space: str) -> None:
    async with connected(server) as (client, found):
        definitions = one(found, "crd")
        await client.apply(definitions, WIDGETS, name="widgets.navarch.test")
        try:
            async with asyncio.timeout(DEADLINE):
                while not (widgets := (await client.discovery(refresh=True)).find("wd")):
                    await asyncio.sleep(0.05)
            widget = {"apiVersion": "navarch.test/v1", "kind": "Widget", "metadata": {"name": "w"}, "size": 3}
            async with asyncio.timeout(DEADLINE):
                while True:  # a CRD is discovered a moment before it is served
                    try:
                        await client.create(widgets[0], widget, namespace=space)
                        break
                    except NotFound:
                        await asyncio.sleep(0.05)
            decoder = TableDecoder()
            async with reflecting(client, widgets[0], decoder, space) as sink:
                await sink.until(lambda s: "w" in s.rows)
                assert [column.name for column in decoder.columns] == ["Name", "Size"]
                await client.patch(widgets[0], {"size": 7}, name="w", namespace=space)
                await sink.until(lambda s: s.rows["w"].cells[1] == 7)
                row = sink.rows["w"]
                assert isinstance(row, TableItem)
                assert row.metadata.namespace == space
                assert row.text(1) == "7"
        finally:
            await client.delete(definitions, "widgets.navarch.test")


async def test_tables_of_built_in_kinds_are_kubectls(server: Server, space: str) -> None:
    async with connected(server) as (client, found):
        decoder = TableDecoder()
        await collect(client, one(found, "cm"), decoder, scope=Scope(namespace=space))
        shown = (await server.kubectl.run("get", "configmaps", "-n", space)).splitlines()[0].split()
        assert [column.name.upper() for column in decoder.columns if not column.priority] == shown


async def test_deleting_what_changed_or_was_recreated_is_refused(server: Server, space: str) -> None:
    async with connected(server) as (client, found):
        maps = one(found, "cm")
        first = json.loads(await client.create(maps, config_map("a"), namespace=space))["metadata"]
        await client.patch(maps, {"data": {"x": "2"}}, name="a", namespace=space)
        with pytest.raises(Conflict, match=f"delete configmap {space}/a"):
            await client.delete(maps, "a", namespace=space, resource_version=first["resourceVersion"])
        await client.delete(maps, "a", namespace=space, dry_run=True)
        await client.delete(maps, "a", namespace=space, uid=first["uid"])
        await client.create(maps, config_map("a"), namespace=space)
        with pytest.raises(Conflict):
            await client.delete(maps, "a", namespace=space, uid=first["uid"])
        assert json.loads(await client.get(maps, "a", namespace=space))["metadata"]["name"] == "a"


async def test_server_side_apply_and_its_conflicts(server: Server, space: str) -> None:
    async with connected(server) as (client, found):
        maps = one(found, "cm")
        dry = await client.apply(maps, config_map("a", x="1"), name="a", namespace=space, dry_run=True)
        assert json.loads(dry)["data"] == {"x": "1"}
        with pytest.raises(NotFound):
            await client.get(maps, "a", namespace=space)
        await server.kubectl.run("create", "configmap", "a", "--from-literal=x=theirs", "-n", space)
        with pytest.raises(Conflict) as caught:
            await client.apply(maps, config_map("a", x="1"), name="a", namespace=space)
        assert caught.value.causes[0][1] == ".data.x"
        assert "kubectl-create" in caught.value.causes[0][2]
        forced = await client.apply(maps, config_map("a", x="1"), name="a", namespace=space, force=True)
        owners = {f["manager"] for f in json.loads(forced)["metadata"]["managedFields"]}
        assert "navarch" in owners


async def test_typing_errors_are_refused_whole(server: Server, space: str) -> None:
    async with connected(server) as (client, found):
        wrong = {**config_map("a"), "dota": {"x": "1"}}
        with pytest.raises((Invalid, ServerFailed), match="dota"):
            await client.apply(one(found, "cm"), wrong, name="a", namespace=space)
        with pytest.raises(Invalid, match="dota"):
            await client.create(one(found, "cm"), wrong, namespace=space)


async def test_patches_of_each_kind_and_the_scale_of_a_deployment(server: Server, space: str) -> None:
    async with connected(server) as (client, found):
        deployments = one(found, "deploy")
        labels = {"app": "a"}
        pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "x"}]}}
        made = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "a"},
            "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": pod},
        }
        await client.create(deployments, made, namespace=space)
        container = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "y"}]}}}}
        await client.patch(deployments, container, name="a", namespace=space, type="strategic")
        operation = {"op": "add", "path": "/metadata/labels", "value": {"l": "1"}}
        await client.patch(deployments, [operation], name="a", namespace=space, type="json")
        scale = {"spec": {"replicas": 3}}
        await client.patch(deployments, scale, name="a", namespace=space, subresource="scale", dry_run=True)
        now = json.loads(await client.get(deployments, "a", namespace=space))
        assert now["spec"]["replicas"] == 0
        assert now["metadata"]["labels"] == {"l": "1"}
        assert now["spec"]["template"]["spec"]["containers"][0]["image"] == "y"
        await client.patch(deployments, scale, name="a", namespace=space, subresource="scale")
        scaled = await client.get(deployments, "a", namespace=space, subresource="scale")
        assert json.loads(scaled)["spec"]["replicas"] == 3


async def test_an_expired_watch_and_a_version_from_the_future_are_told_apart(
    server: Server, space: str
) -> None:
    async with connected(server) as (client, found):
        maps = one(found, "cm")
        decoder = StructDecoder(Thing)
        async with client.watch(maps, resource_version="1", timeout_seconds=5, namespace=space) as batches:
            event = decoder.event((await anext(batches))[0])
            if event.type == "ERROR":  # a young server may still remember everything
                assert event.status is not None
                assert event.status.code == 410
        future = (("resourceVersion", "99999999999"), ("resourceVersionMatch", "NotOlderThan"))
        with pytest.raises(ApiError) as caught:
            async for _ in client.pages(maps, namespace=space, version_query=future, retries=0):
                pass
        assert caught.value.code == 504
        assert "ResourceVersionTooLarge" in {reason for reason, _, _ in caught.value.causes}
        assert not isinstance(caught.value, Expired)


async def test_bookmarks_and_an_end_come_from_the_server(server: Server, space: str) -> None:
    """The server sends a bookmark just before the end it was asked for."""
    async with connected(server) as (client, found):
        maps = one(found, "cm")
        listing = await collect(client, maps, StructDecoder(Thing), scope=Scope(namespace=space))
        # A bookmark tells of progress: something must happen, though nothing that this watch sees.
        await client.create(maps, config_map(f"beside-{space}"), namespace="default")
        types: list[str] = []
        for seconds in (3, 6, 12):  # a busy server may let the moment of a short watch pass
            async with (
                asyncio.timeout(DEADLINE),
                client.watch(
                    maps, resource_version=listing.resource_version, timeout_seconds=seconds, namespace=space
                ) as batches,
            ):
                async for batch in batches:
                    types += [StructDecoder(Thing).event(line).type for line in batch]
            if types[-1:] == ["BOOKMARK"]:
                break
        await client.delete(maps, f"beside-{space}", namespace="default")
        assert set(types) <= {"ADDED", "BOOKMARK"}
        # The real server owes nobody a bookmark, and in long runs was seen to send none within 12 seconds.
        assert types[-1:] == ["BOOKMARK"] or server.kind == "real"


async def test_warnings_of_deprecated_versions_are_heard(server: Server) -> None:
    async with connected(server) as (client, _):
        await client.request("GET", "/api/v1/componentstatuses")
        assert any("deprecated" in warning for warning in client.warnings)
        assert client.clock_skew == 0.0
