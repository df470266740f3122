"""A reflector at work on a faulty wire, on simulated time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from backend.kube.access import ClusterAccess, ExecSpec
from backend.kube.admission import Admission
from backend.kube.client import Client
from backend.kube.decoder import StructDecoder
from backend.kube.objects import ApiResource
from backend.kube.reflector import Reflector
from tests.kube.checking_sink import CheckingSink
from tests.kube.collection import THINGS, Collection, Thing
from tests.kube.faulty_wire import Asked, FaultyWire
from tests.kube.simulation import LoopClock


@dataclass
class Feeding:
    collection: Collection
    wire: FaultyWire
    sink: CheckingSink
    reflector: Reflector

    @property
    def lists(self) -> list[Asked]:
        return [one for one in self.wire.asked if one.kind == "list"]

    @property
    def watches(self) -> list[Asked]:
        return [one for one in self.wire.asked if one.kind == "watch"]

    async def put(self, name: str, value: int) -> None:
        self.collection.put(name, value)
        await self.wire.changed()

    async def settle(self, seconds: float = 1.0) -> None:
        await asyncio.sleep(seconds)


@asynccontextmanager
async def feeding(
    *,
    objects: int = 3,
    faults: tuple[str, ...] = (),
    resource: ApiResource = THINGS,
    max_objects: int = 50_000,
    max_backlog: int = 10_000,
    exec_spec: ExecSpec | None = None,
    admission: Admission | None = None,
    cluster: str = "model",
    seed: int = 1,
    latency: float = 0.0,
) -> AsyncIterator[Feeding]:
    collection = Collection()
    for number in range(objects):
        collection.put(f"thing-{number:05}", number)
    wire = FaultyWire(collection, seed=seed, latency=latency)
    wire.faults.extend(faults)
    sink = CheckingSink()
    clock = LoopClock()
    access = ClusterAccess(id=cluster, name=cluster, server="https://192.0.2.1", exec=exec_spec)
    reflector = Reflector(
        Client(access, wire=wire, clock=clock),
        resource,
        StructDecoder(Thing),
        sink,
        admission=admission or Admission(clock=clock, random_source=random.Random(seed)),
        clock=clock,
        random_source=random.Random(seed),
        max_objects=max_objects,
        max_backlog=max_backlog,
    )
    running = asyncio.create_task(reflector.run())
    try:
        yield Feeding(collection, wire, sink, reflector)
        assert not running.done(), "a reflector runs until it is cancelled"
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
