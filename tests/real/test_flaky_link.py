"""A link that breaks again and again under a real API server's watch: in the end the table is the truth."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import socket

from anyio.abc import ByteStream, SocketAttribute

from backend.kube.client import Client
from backend.kube.decoder import StructDecoder
from backend.kube.direct import DirectOpener
from backend.kube.kubeconfig import load
from backend.kube.listing import Scope, collect
from backend.kube.reflector import Reflector
from backend.kube.status import State
from tests.contract.connection import Collecting, config_map, one
from tests.kube.collection import Thing
from tests.real.rig import Rig

BREAKS = 12


class FlakyOpener(DirectOpener):
    """Opens real connections and can cut one in the middle of whatever it carries."""

    def __init__(self) -> None:
        super().__init__()
        self.streams: list[ByteStream] = []
        self.opened = 0

    async def open(self, host: str, port: int, deadline: float) -> ByteStream:
        stream = await super().open(host, port, deadline)
        self.streams.append(stream)
        self.opened += 1
        return stream

    def cut_all(self) -> None:
        for stream in self.streams:
            raw = stream.extra(SocketAttribute.raw_socket)
            with contextlib.suppress(OSError):  # it was closed before
                raw.shutdown(socket.SHUT_RDWR)
        self.streams.clear()


async def test_a_link_that_keeps_breaking_costs_nothing_but_time(rig: Rig, namespace: str) -> None:
    access = load(rig.kubeconfig).access("real-east", read_files=True)
    steady = Client(access)
    opener = FlakyOpener()
    flaky = Client(access, opener=opener)
    maps = one(await steady.discovery(), "cm")
    sink = Collecting()
    source = random.Random(1)
    reflector = Reflector(flaky, maps, StructDecoder(Thing), sink, scope=Scope(namespace=namespace))
    running = asyncio.create_task(reflector.run())
    await sink.until(lambda s: s.state is State.LIVE)
    descriptors = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0

    for round_number in range(BREAKS):
        for _ in range(5):
            name = f"m-{source.randrange(10)}"
            await steady.apply(maps, config_map(name, x=str(source.random())), name=name, namespace=namespace)
        if round_number % 3 == 0:
            await steady.delete(maps, name, namespace=namespace)
        before = opener.opened
        opener.cut_all()
        await sink.until(lambda s, before=before: opener.opened > before, nudge=reflector.wake)
        await sink.until(lambda s: s.state is State.LIVE)

    listing = await collect(steady, maps, StructDecoder(Thing), scope=Scope(namespace=namespace))
    truth = {item.metadata.name: item.metadata.resource_version for item in listing.items}
    await sink.until(
        lambda s: {n: i.metadata.resource_version for n, i in s.rows.items()} == truth, nudge=reflector.wake
    )
    assert sink.replaces == 1, json.dumps(truth)
    if descriptors:
        assert len(os.listdir("/proc/self/fd")) <= descriptors + 2
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await flaky.aclose()
    await steady.aclose()
