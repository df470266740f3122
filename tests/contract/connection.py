"""A client, and a reflector whose news can be waited for, on a real or a simulated API server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.kube.client import Client
from backend.kube.discovery import Discovery
from backend.kube.kubeconfig import parse
from backend.kube.listing import Scope
from backend.kube.objects import ApiResource, Change, Item
from backend.kube.reflector import Reflector
from backend.kube.status import State, Status
from tests.demo.kubectl import Kubectl

DEADLINE = 30.0


@dataclass(frozen=True, slots=True)
class Server:
    """One API server, real or simulated, and its administrator."""

    kind: str
    kubeconfig: Path
    context: str
    kubectl: Kubectl


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
async def connected(server: Server) -> AsyncIterator[tuple[Client, Discovery]]:
    config = parse(server.kubeconfig.read_bytes(), origin=None)
    client = Client(config.access(server.context, read_files=True))
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
