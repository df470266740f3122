"""`bridge`: hold an attached volume's requests while its controller is away."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
from pathlib import Path
from typing import Any

from blockengine.local.bridge import Bridge
from blockengine.volume.nbd_server import Server


def add(commands: Any) -> None:
    """Add `bridge` to the command line."""
    parser = commands.add_parser("bridge", help="serve a volume on while its controller is replaced")
    parser.add_argument("directory", type=Path, metavar="FROM", help="the NBD socket of whoever serves it")
    parser.add_argument("--socket", type=Path, required=True, help="a UNIX socket to make")
    parser.add_argument("--block-size", type=int, choices=(512, 4096), default=4096)
    parser.add_argument("--export", default="", help="serve this snapshot's export (@NAME), read-only")
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    import uvloop

    uvloop.run(serve(chosen))
    return 0


async def serve(chosen: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    bridge = Bridge(chosen.directory, block_size=chosen.block_size, export=chosen.export)
    waiting = [asyncio.ensure_future(bridge.connected()), asyncio.ensure_future(stop.wait())]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    if not stop.is_set():
        server = Server(bridge)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(chosen.socket)
        await server.listen_unix(str(chosen.socket))
        os.chmod(chosen.socket, 0o600)
        print(f"serving nbd+unix:///?socket={chosen.socket}", flush=True)
        await stop.wait()
        await server.stop()
    bridge.close()
    for task in waiting:
        task.cancel()
