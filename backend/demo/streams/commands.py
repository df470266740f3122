"""exec and attach: what happens between the WebSocket and the simulated container."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

from aiohttp import web

from backend.demo.ages import seconds_of
from backend.demo.calls import Call, truthy
from backend.demo.cluster import Cluster
from backend.demo.containers import chosen, running_since
from backend.demo.logs import LogStream
from backend.demo.status import bad_request
from backend.demo.streams.channels import PROTOCOLS, STDERR, STDOUT, Channels
from backend.demo.streams.programs import Exit
from backend.demo.streams.shell import Shell
from backend.demo.streams.terminal import converse

_POLL = 0.25
_PINGS = 30.0


async def execute(
    cluster: Cluster, call: Call, request: web.BaseRequest, pod: dict[str, Any]
) -> web.StreamResponse:
    """``pods/NAME/exec``: run a command in the container, its streams over channels."""
    container = chosen(call, pod)
    started = running_since(pod, container)
    command = call.query_lists.get("command", [])
    if not command:
        raise bad_request("you must specify at least 1 container, command, and stdin/stdout/stderr")
    machine = cluster.machines.of(pod, container, started)

    async def talk(channels: Channels) -> int:
        shell = Shell(machine, channels.read if truthy(call.query.get("stdin")) else _no_input)
        terminal = truthy(call.query.get("tty"))
        if terminal and command[0].rpartition("/")[2] in ("sh", "bash", "ash") and "-c" not in command:
            return await converse(shell, channels.read, channels.write)

        async def err(data: bytes) -> None:
            await channels.write(data, STDOUT if terminal else STDERR)

        try:
            return await shell.execute(list(command), channels.write, err)
        except Exit as leaving:
            return leaving.code

    return await _over_channels(request, talk)


async def attach(
    cluster: Cluster, call: Call, request: web.BaseRequest, pod: dict[str, Any]
) -> web.StreamResponse:
    """``pods/NAME/attach``: the container's output from now on, until it ends."""
    container = chosen(call, pod)
    started = seconds_of(running_since(pod, container))
    stream = LogStream(pod, container, began=started, ended=None)
    target = call.target

    async def talk(channels: Channels) -> int:
        position = time.time()
        while True:
            await asyncio.sleep(_POLL)
            stored = cluster.store.get("pods", target.namespace, target.name)
            if stored is None or not stream.alive(stored.object()):
                return 0
            now = time.time()
            await channels.write(stream.text(position, now, tail=None, stamped=False))
            position = now

    return await _over_channels(request, talk)


async def _over_channels(request: web.BaseRequest, talk: Any) -> web.StreamResponse:
    """Upgrade, run ``talk`` beside the reading of the client's messages, and send how it ended."""
    socket = web.WebSocketResponse(protocols=PROTOCOLS, heartbeat=_PINGS)
    if not socket.can_prepare(request).ok:
        raise bad_request("Upgrade request required")
    await socket.prepare(request)
    channels = Channels(socket)
    pumping = asyncio.create_task(channels.pump())
    talking = asyncio.create_task(talk(channels))
    try:
        await asyncio.wait({pumping, talking}, return_when=asyncio.FIRST_COMPLETED)
        if talking.done():  # else the client went away: what it ran is dropped
            with contextlib.suppress(ConnectionError):
                await channels.end(talking.result())
    finally:
        for task in (pumping, talking):
            task.cancel()
        await asyncio.gather(pumping, talking, return_exceptions=True)
    return socket


async def _no_input() -> bytes:
    return b""
