"""The client and the reflector against a real kube-apiserver: it, not our model of it, is the judge."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from backend.kube.client import Client
from backend.kube.decoder import StructDecoder
from backend.kube.discovery import Discovery
from backend.kube.errors import ApiError, Conflict, Expired, Invalid, NotFound, ServerFailed
from backend.kube.kubeconfig import load
from backend.kube.listing import Scope, collect
from backend.kube.objects import ApiResource, Change, Item
from backend.kube.reflector import Reflector
from backend.kube.status import State, Status
from backend.kube.table import TableDecoder, TableItem
from tests.kube.collection import Thing
from tests.real.rig import Rig

DEADLINE = 30.0
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


class Collecting:
    """A sink that can be waited on."""

    def __init__(self) -> None:
        self.rows: dict[str, Item] = {}
        self.state: State | None = None
        self.replaces = 0
        self._news = asyncio.Event()

    def status(self, status: Status) -> None:
        self.state = status.state
        self._news.set()

    def page(self, items: Sequence[Item], *, done: int, total: int | None) -> None:
        self._news.set()

    def replace(self, items: Sequence[Item], *, resource_version: str) -> None:
        self.replaces += 1
        self.rows = {item.metadata.name: item for item in items}
        self._news.set()

    def change(self, type: Change, item: Item) -> None:
        if type == "DELETED":
            self.rows.pop(item.metadata.name, None)
        else:
            self.rows[item.metadata.name] = item
        self._news.set()

    async def until(self, condition: Any, *, nudge: Callable[[], None] = lambda: None) -> None:
        """Wait for ``condition``; ``nudge`` is called before, as an impatient person would."""
        async with asyncio.timeout(DEADLINE):
            while not condition(self):
                self._news.clear()
                nudge()
                await self._news.wait()


@asynccontextmanager
async def connected(rig: Rig) -> AsyncIterator[tuple[Client, Discovery]]:
    access = load(rig.kubeconfig).access("real-east", read_files=True)
    client = Client(access)
    try:
        yield client, await client.discovery()
    finally:
        await client.aclose()


@asynccontextmanager
async def reflecting(
    client: Client, resource: ApiResource, decoder: Any, namespace: str
) -> AsyncIterator[Collecting]:
    sink = Collecting()
    running = asyncio.create_task(
        Reflector(client, resource, decoder, sink, scope=Scope(namespace=namespace)).run()
    )
    try:
        await sink.until(lambda s: s.state is State.LIVE)
        yield sink
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def one(found: Discovery, word: str) -> ApiResource:
    return found.find(word)[0]


async def test_discovery_agrees_with_kubectl(rig: Rig) -> None:
    async with connected(rig) as (client, found):
        assert (await client.version()).git_version.startswith("v1.")
        listed = rig.kubectl("api-resources", "--no-headers", "-o", "name").stdout.split()
        ours = {r.full_name for r in found.resources}
        assert set(listed) == ours
        for line in rig.kubectl("api-resources", "--no-headers").stdout.splitlines():
            *_, kind = line.split()
            plural = line.split()[0]
            assert kind in {r.kind for r in found.resources if r.plural == plural}


@pytest.mark.parametrize("word", ["po", "deploy", "ev", "hpa", "cm", "no", "sts", "pvc", "cj", "ing"])
async def test_words_mean_what_kubectl_takes_them_for(rig: Rig, word: str) -> None:
    async with connected(rig) as (_, found):
        said = rig.kubectl("get", word, "--all-namespaces", "-v=6", "--ignore-not-found").stderr
        path = one(found, word).path()
        assert f"{path}?limit=500" in said


async def test_pages_are_one_consistent_list(rig: Rig, namespace: str) -> None:
    async with connected(rig) as (client, found):
        maps = one(found, "cm")
        names = {f"m-{number:03}" for number in range(60)}
        await asyncio.gather(*(client.create(maps, config_map(name), namespace=namespace) for name in names))
        pages: list[int] = []
        listing = await collect(
            client,
            maps,
            StructDecoder(Thing),
            scope=Scope(namespace=namespace),
            limit=7,
            later_limit=20,
            on_page=lambda page, _: pages.append(len(page.items)),
        )
        assert names <= {item.metadata.name for item in listing.items}
        assert pages[:2] == [7, 20]
        assert listing.total == len(listing.items)
        assert int(listing.resource_version) > 0


async def test_a_reflector_follows_the_server(rig: Rig, namespace: str) -> None:
    async with connected(rig) as (client, found):
        maps = one(found, "cm")
        async with reflecting(client, maps, StructDecoder(Thing), namespace) as sink:
            await client.create(maps, config_map("a", x="1"), namespace=namespace)
            await sink.until(lambda s: "a" in s.rows)
            patched = json.loads(
                await client.patch(maps, {"data": {"x": "2"}}, name="a", namespace=namespace)
            )
            version = patched["metadata"]["resourceVersion"]
            await sink.until(lambda s: s.rows["a"].metadata.resource_version == version)
            await client.delete(maps, "a", namespace=namespace, uid=patched["metadata"]["uid"])
            await sink.until(lambda s: "a" not in s.rows)
            assert sink.replaces == 1


async def test_custom_resources_show_the_servers_columns(rig: Rig, namespace: str) -> None:
    async with connected(rig) as (client, found):
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
                        await client.create(widgets[0], widget, namespace=namespace)
                        break
                    except NotFound:
                        await asyncio.sleep(0.05)
            decoder = TableDecoder()
            async with reflecting(client, widgets[0], decoder, namespace) as sink:
                await sink.until(lambda s: "w" in s.rows)
                assert [column.name for column in decoder.columns] == ["Name", "Size"]
                await client.patch(widgets[0], {"size": 7}, name="w", namespace=namespace)
                await sink.until(lambda s: s.rows["w"].cells[1] == 7)
                row = sink.rows["w"]
                assert isinstance(row, TableItem)
                assert row.metadata.namespace == namespace
                assert row.text(1) == "7"
        finally:
            await client.delete(definitions, "widgets.navarch.test")


async def test_tables_of_built_in_kinds_are_kubectls(rig: Rig, namespace: str) -> None:
    async with connected(rig) as (client, found):
        decoder = TableDecoder()
        await collect(client, one(found, "cm"), decoder, scope=Scope(namespace=namespace))
        shown = rig.kubectl("get", "configmaps", "-n", namespace).stdout.splitlines()[0].split()
        assert [column.name.upper() for column in decoder.columns if not column.priority] == shown


async def test_deleting_what_changed_or_was_recreated_is_refused(rig: Rig, namespace: str) -> None:
    async with connected(rig) as (client, found):
        maps = one(found, "cm")
        first = json.loads(await client.create(maps, config_map("a"), namespace=namespace))["metadata"]
        await client.patch(maps, {"data": {"x": "2"}}, name="a", namespace=namespace)
        with pytest.raises(Conflict, match=f"delete configmap {namespace}/a"):
            await client.delete(maps, "a", namespace=namespace, resource_version=first["resourceVersion"])
        await client.delete(maps, "a", namespace=namespace, dry_run=True)
        await client.delete(maps, "a", namespace=namespace, uid=first["uid"])
        await client.create(maps, config_map("a"), namespace=namespace)
        with pytest.raises(Conflict):
            await client.delete(maps, "a", namespace=namespace, uid=first["uid"])
        assert json.loads(await client.get(maps, "a", namespace=namespace))["metadata"]["name"] == "a"


async def test_server_side_apply_and_its_conflicts(rig: Rig, namespace: str) -> None:
    async with connected(rig) as (client, found):
        maps = one(found, "cm")
        dry = await client.apply(maps, config_map("a", x="1"), name="a", namespace=namespace, dry_run=True)
        assert json.loads(dry)["data"] == {"x": "1"}
        with pytest.raises(NotFound):
            await client.get(maps, "a", namespace=namespace)
        rig.kubectl("create", "configmap", "a", "--from-literal=x=theirs", "-n", namespace)
        with pytest.raises(Conflict) as caught:
            await client.apply(maps, config_map("a", x="1"), name="a", namespace=namespace)
        assert caught.value.causes[0][1] == ".data.x"
        assert "kubectl-create" in caught.value.causes[0][2]
        forced = await client.apply(maps, config_map("a", x="1"), name="a", namespace=namespace, force=True)
        owners = {f["manager"] for f in json.loads(forced)["metadata"]["managedFields"]}
        assert "navarch" in owners


async def test_typing_errors_are_refused_whole(rig: Rig, namespace: str) -> None:
    async with connected(rig) as (client, found):
        wrong = {**config_map("a"), "dota": {"x": "1"}}
        with pytest.raises((Invalid, ServerFailed), match="dota"):
            await client.apply(one(found, "cm"), wrong, name="a", namespace=namespace)
        with pytest.raises(Invalid, match="dota"):
            await client.create(one(found, "cm"), wrong, namespace=namespace)


async def test_patches_of_each_kind_and_the_scale_of_a_deployment(rig: Rig, namespace: str) -> None:
    async with connected(rig) as (client, found):
        deployments = one(found, "deploy")
        labels = {"app": "a"}
        pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "x"}]}}
        made = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "a"},
            "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": pod},
        }
        await client.create(deployments, made, namespace=namespace)
        container = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "y"}]}}}}
        await client.patch(deployments, container, name="a", namespace=namespace, type="strategic")
        operation = {"op": "add", "path": "/metadata/labels", "value": {"l": "1"}}
        await client.patch(deployments, [operation], name="a", namespace=namespace, type="json")
        scale = {"spec": {"replicas": 3}}
        await client.patch(
            deployments, scale, name="a", namespace=namespace, subresource="scale", dry_run=True
        )
        now = json.loads(await client.get(deployments, "a", namespace=namespace))
        assert now["spec"]["replicas"] == 0
        assert now["metadata"]["labels"] == {"l": "1"}
        assert now["spec"]["template"]["spec"]["containers"][0]["image"] == "y"
        await client.patch(deployments, scale, name="a", namespace=namespace, subresource="scale")
        scaled = await client.get(deployments, "a", namespace=namespace, subresource="scale")
        assert json.loads(scaled)["spec"]["replicas"] == 3


async def test_an_expired_watch_and_a_version_from_the_future_are_told_apart(
    rig: Rig, namespace: str
) -> None:
    async with connected(rig) as (client, found):
        maps = one(found, "cm")
        decoder = StructDecoder(Thing)
        async with client.watch(
            maps, resource_version="1", timeout_seconds=5, namespace=namespace
        ) as batches:
            event = decoder.event((await anext(batches))[0])
            if event.type == "ERROR":  # a young server may still remember everything
                assert event.status is not None
                assert event.status.code == 410
        future = (("resourceVersion", "99999999999"), ("resourceVersionMatch", "NotOlderThan"))
        with pytest.raises(ApiError) as caught:
            async for _ in client.pages(maps, namespace=namespace, version_query=future, retries=0):
                pass
        assert caught.value.code == 504
        assert "ResourceVersionTooLarge" in {reason for reason, _, _ in caught.value.causes}
        assert not isinstance(caught.value, Expired)


async def test_bookmarks_and_an_end_come_from_the_server(rig: Rig, namespace: str) -> None:
    """The server sends a bookmark just before the end it was asked for."""
    async with connected(rig) as (client, found):
        maps = one(found, "cm")
        listing = await collect(client, maps, StructDecoder(Thing), scope=Scope(namespace=namespace))
        types: list[str] = []
        async with (
            asyncio.timeout(DEADLINE),
            client.watch(
                maps, resource_version=listing.resource_version, timeout_seconds=3, namespace=namespace
            ) as batches,
        ):
            async for batch in batches:
                types += [StructDecoder(Thing).event(line).type for line in batch]
        assert types
        assert set(types) == {"BOOKMARK"}


async def test_warnings_of_deprecated_versions_are_heard(rig: Rig) -> None:
    async with connected(rig) as (client, _):
        await client.request("GET", "/api/v1/componentstatuses")
        assert any("deprecated" in warning for warning in client.warnings)
        assert client.clock_skew == 0.0
