"""`nbd`: serve one replica that stands alone."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
from pathlib import Path
from typing import Any

from blockengine.cli.lock import locked
from blockengine.cli.place import here
from blockengine.cli.running import run
from blockengine.replica.replica import Replica
from blockengine.volume.nbd_server import Server
from blockengine.volume.standalone import Standalone


def add(commands: Any) -> None:
    """Add `nbd` to the command line."""
    parser = commands.add_parser("nbd", help="serve a replica that stands alone over NBD")
    parser.add_argument("directory", type=Path)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--socket", type=Path, help="a UNIX socket to make")
    where.add_argument("--port", type=int, help="a TCP port on the loopback; 0 lets the system choose")
    parser.add_argument("--read-only", action="store_true")
    parser.add_argument("--moved", action="store_true", help="the original of this directory is gone")
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    with locked(chosen.directory) as directory:
        replica = Replica.open(directory, here(), moved=chosen.moved)
        run(serve(chosen, replica))
    return 0


async def serve(chosen: argparse.Namespace, replica: Replica) -> None:
    """Settle, serve until SIGTERM or SIGINT, then close cleanly."""
    device = Standalone(replica, read_only=chosen.read_only)
    torn = device.settle()
    server = Server(device)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if chosen.socket is not None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(chosen.socket)
        await server.listen_unix(str(chosen.socket))
        address = f"nbd+unix:///?socket={chosen.socket}"
    else:
        address = f"nbd://127.0.0.1:{await server.listen_tcp('127.0.0.1', chosen.port)}"
    note = f" ({torn} blocks were torn by an unclean stop)" if torn else ""
    print(f"serving {address}{note}", flush=True)
    await stop.wait()
    await server.stop()
    await device.close()
