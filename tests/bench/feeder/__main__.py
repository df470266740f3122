"""``python -m tests.bench.feeder --clusters N --pods N``: serves until its standard input ends.

Prints one JSON line, ``{"kubeconfig": PATH}``. Then each line of standard input is a JSON command (the fields
of ``Command``), answered by one JSON line (the fields of ``Report``).
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import logging
import os
import random
import sys
import tempfile
from pathlib import Path
from ssl import SSLContext

import msgspec

from backend.demo.access import MASTERS
from backend.demo.pki import Authority, server_context
from tests.bench.feeder.collection import Collection
from tests.bench.feeder.orders import Command, Report
from tests.bench.feeder.server import Server, Traffic

_TICK = 0.02


class Feeder:
    """All clusters of the process and the traffic on them."""

    def __init__(self, *, clusters: int, pods: int, seed: int, tls: SSLContext) -> None:
        self.traffic = Traffic()
        self.servers = [
            Server(
                f"fed-{number:03d}",
                Collection(pods=pods, seed=seed * 1000 + number),
                tls=tls,
                traffic=self.traffic,
            )
            for number in range(clusters)
        ]
        self.rate = 0.0
        self.changes = 0
        self._chance = random.Random(seed)

    async def change(self) -> None:
        """Change pods at the present rate until cancelled."""
        loop = asyncio.get_running_loop()
        owed, before = 0.0, loop.time()
        while True:
            await asyncio.sleep(_TICK)
            now = loop.time()
            owed, before = owed + self.rate * (now - before), now
            while owed >= 1.0:
                owed -= 1.0
                self.changes += 1
                self._chance.choice(self.servers).collection.change(self._chance)

    async def obey(self, command: Command) -> Report:
        chosen = [self.servers[number] for number in command.clusters]
        if command.rate is not None:
            self.rate = command.rate
        if command.do == "reset":
            self.traffic.peak_lists = self.traffic.lists = self.traffic.requests = 0
        for server in chosen:
            if command.do == "stop":
                await server.stop()
            elif command.do == "start":
                await server.start()
            elif command.do == "cut":
                server.cut()
            elif command.do == "expire":
                server.collection.expire()
                server.cut()
            elif command.do == "refuse":
                server.faults.refusals += [command.code] * command.times
        traffic = self.traffic
        return Report(
            changes=self.changes,
            peak_lists=traffic.peak_lists,
            lists=traffic.lists,
            watches=traffic.watches,
            requests=traffic.requests,
            truth=[server.collection.truth() for server in chosen] if command.do == "truth" else [],
        )


def kubeconfig(servers: list[Server], authority: Authority) -> dict[str, object]:
    pair = authority.client("admin", (MASTERS,))
    user = {
        "client-certificate-data": base64.b64encode(pair.certificate).decode(),
        "client-key-data": base64.b64encode(pair.key.reveal()).decode(),
    }
    trusted = base64.b64encode(authority.pem).decode()
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": servers[0].name,
        "users": [{"name": "admin", "user": user}],
        "clusters": [
            {
                "name": server.name,
                "cluster": {
                    "server": f"https://127.0.0.1:{server.port}",
                    "certificate-authority-data": trusted,
                },
            }
            for server in servers
        ],
        "contexts": [
            {"name": server.name, "context": {"cluster": server.name, "user": "admin"}} for server in servers
        ],
    }


async def serve(clusters: int, pods: int, seed: int) -> None:
    """Serve until standard input ends."""
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # clients that go are no news
    with tempfile.TemporaryDirectory(prefix="navarch-feeder-") as folder:
        authority = Authority("feeder")
        feeder = Feeder(clusters=clusters, pods=pods, seed=seed, tls=server_context(authority, Path(folder)))
        for server in feeder.servers:
            await server.start()
        path = Path(folder) / "kubeconfig"
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            json.dump(kubeconfig(feeder.servers, authority), file)
        print(json.dumps({"kubeconfig": str(path)}), flush=True)
        changing = asyncio.create_task(feeder.change())
        lines = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
        )
        while line := await lines.readline():
            report = await feeder.obey(msgspec.json.decode(line, type=Command))
            print(msgspec.json.encode(report).decode(), flush=True)
        changing.cancel()
        await asyncio.gather(*(server.stop() for server in feeder.servers))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.feeder")
    parser.add_argument("--clusters", type=int, default=3)
    parser.add_argument("--pods", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    asyncio.run(serve(options.clusters, options.pods, options.seed))


if __name__ == "__main__":
    main()
