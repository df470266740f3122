"""`replica serve`: one voter as a process, for its volume's controller."""

from __future__ import annotations

import argparse
import asyncio
import signal
from pathlib import Path
from typing import Any

from blockengine.cli.keys import add_keys, server_tls
from blockengine.cli.lock import locked
from blockengine.cli.place import here
from blockengine.cli.running import run
from blockengine.protocol.address import Address, parse
from blockengine.replica.files import Directory
from blockengine.replica.replica import Place, Replica
from blockengine.replica.server import Server
from blockengine.replica.service import ReplicaService
from blockengine.replica.voting import Voting
from blockengine.replica.witness import Witness


def add(actions: Any) -> None:
    """Add `serve` to the command line."""
    add_options(actions.add_parser("serve", help="serve a replica or witness to its volume's controller"))


def add_options(parser: argparse.ArgumentParser) -> None:
    """What `serve` takes."""
    parser.add_argument("directory", type=Path)
    parser.add_argument("--listen", type=_address, required=True, help="unix:/path or host:port")
    parser.add_argument("--moved", action="store_true", help="the original of this directory is gone")
    add_keys(parser)
    parser.set_defaults(run=_run)


def _address(text: str) -> Address:
    try:
        return parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _run(chosen: argparse.Namespace) -> int:
    with locked(chosen.directory) as directory:
        run(serve(chosen, directory, here()))
    return 0


async def serve(chosen: argparse.Namespace, directory: Directory, place: Place) -> None:
    """Serve until SIGTERM or SIGINT, then close: whatever was flushed is safe."""
    tls = server_tls(chosen, chosen.listen)
    service = _opened(directory, place, moved=chosen.moved)
    server = Server(service)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    address: Address = chosen.listen
    if address.path is not None:
        await server.listen_unix(address.path)
    else:
        address = address._replace(port=await server.listen_tcp(address.host, address.port, tls))
    print(f"listening {address}", flush=True)
    await stop.wait()
    await server.stop()
    await service.stop()
    service.close()


def _opened(directory: Directory, place: Place, *, moved: bool) -> Voting:
    if "witness" in directory.names():
        witness = Witness.open(directory, place, moved=moved)
        return Voting(witness, boot=witness.trust.boot(place.boot))
    replica = Replica.open(directory, place, moved=moved)
    return ReplicaService(replica, boot=replica.trust.boot(place.boot))
