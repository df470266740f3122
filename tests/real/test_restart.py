"""An API server that goes away and comes back, as in every upgrade: nothing lost, etcd not burdened."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import yaml

from backend.kube.client import Client
from backend.kube.decoder import StructDecoder
from backend.kube.kubeconfig import parse
from backend.kube.status import State
from backend.kube.wire import Query
from tests.contract.connection import config_map, one, reflecting
from tests.kube.collection import Thing
from tests.real.rig import Rig


async def test_a_reflector_survives_a_restart_of_the_api_server_without_burdening_etcd(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    plane = rig.extra("restarted")
    try:
        plane.launch()
        plane.wait_ready()
        config = parse(yaml.safe_dump(plane.kubeconfig()).encode(), origin=None)
        client = Client(config.access(config.current_context or config.usable[0], read_files=True))
        maps = one(await client.discovery(), "cm")
        await client.create(maps, config_map("before"), namespace="default")
        asked: list[Query] = []
        pages = client.pages

        def noting(*arguments: Any, version_query: Query, **options: Any) -> AsyncGenerator[bytes, None]:
            asked.append(version_query)
            return pages(*arguments, version_query=version_query, **options)

        monkeypatch.setattr(client, "pages", noting)
        async with reflecting(client, maps, StructDecoder(Thing), "default") as sink:
            plane.stop_apiserver()
            await sink.until(lambda s: s.state is State.UNREACHABLE)
            assert "before" in sink.rows, "what was known stays on the screen"
            plane.start_apiserver()
            await sink.until(lambda s: s.state is State.LIVE)
            made = json.loads(await client.create(maps, config_map("after"), namespace="default"))
            await sink.until(lambda s: "after" in s.rows)
            assert sink.rows["after"].metadata.uid == made["metadata"]["uid"]
        # A new API server's watch cache begins at its start: it may answer 410 to our older version. Then one
        # list follows, from the cache ("not older than"), never one that goes through to etcd.
        assert len(asked) <= 2
        assert all(dict(query)["resourceVersionMatch"] == "NotOlderThan" for query in asked[1:])
        await client.aclose()
    finally:
        plane.stop(grace=0)
