"""`local`: the engine of this machine as one supervisor with its control API."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import ssl
from pathlib import Path
from typing import Any

from blockengine.cli.lock import locked
from blockengine.control.service import Service
from blockengine.local.engine import LocalEngine
from blockengine.local.layout import CONTROL, Layout
from blockengine.protocol.address import Address, parse


def add(commands: Any) -> None:
    """Add `local` to the command line."""
    parser = commands.add_parser("local", help="run pools and volumes on this machine, with a control API")
    parser.add_argument("directory", type=Path, metavar="HOME", help="where the engine keeps its things")
    parser.add_argument("--run", type=Path, dest="sockets", help="where its sockets are; HOME/run")
    parser.add_argument("--listen", type=_address, metavar="HOST:PORT", help="the API over TLS as well")
    parser.add_argument("--tls-certificate", type=Path, metavar="PEM", help="for --listen")
    parser.add_argument("--tls-key", type=Path, metavar="PEM", help="for --listen")
    parser.add_argument("--token-file", type=Path, help="for --listen: a file with the token, yours alone")
    parser.set_defaults(run=_run)


def _address(text: str) -> Address:
    try:
        address = parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if address.path is not None:
        raise argparse.ArgumentTypeError("the socket is always there; --listen takes HOST:PORT")
    return address


def _run(chosen: argparse.Namespace) -> int:
    import uvloop

    home = chosen.directory.absolute()
    layout = Layout(home, (chosen.sockets or home / "run").absolute())
    tls, token = _secured(chosen)
    layout.make()
    try:
        with locked(layout.home):
            # Sockets have short names that way, however deep the folder lies.
            os.chdir(layout.run)
            # Before anything is started: what can't be listened on must not leave processes behind.
            listening = _bound(chosen.listen) if chosen.listen is not None else None
            return int(uvloop.run(serve(layout, listening, tls=tls, token=token)))
    except BlockingIOError:
        raise ValueError("another engine runs in this home") from None


def _bound(address: Address) -> socket.socket:
    """A socket that is bound to it. Raises: ValueError, with what to do."""
    try:
        return socket.create_server((address.host, address.port))
    except OSError as error:
        why = error.strerror or str(error)
        raise ValueError(
            f"{address} can't be listened on: {why}; give --listen another HOST:PORT (port 0 is any)"
        ) from None


def _secured(chosen: argparse.Namespace) -> tuple[ssl.SSLContext | None, str]:
    """The context and token of --listen. Raises: ValueError if anything is missing, or others can read it."""
    given = (chosen.tls_certificate, chosen.tls_key, chosen.token_file)
    if chosen.listen is None:
        if any(given):
            raise ValueError("--tls-certificate, --tls-key and --token-file are for --listen")
        return None, ""
    if not all(given):
        raise ValueError("--listen needs --tls-certificate, --tls-key and --token-file")
    if chosen.token_file.stat().st_mode & 0o077:
        raise ValueError(f"{chosen.token_file} can be read by others: chmod 600")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(chosen.tls_certificate, chosen.tls_key)
    return context, chosen.token_file.read_text().strip()


async def serve(
    layout: Layout, listening: socket.socket | None, *, tls: ssl.SSLContext | None, token: str
) -> int:
    """Serve until told to stop, by the API or by SIGTERM; everything it runs ends before it does."""
    loop = asyncio.get_running_loop()
    engine = LocalEngine(layout)
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    service = Service(engine)
    await engine.start()
    try:
        if listening is not None:
            assert tls is not None
            await service.listen_tcp(listening, tls=tls, token=token)
            host, port, *_ = listening.getsockname()
            print(f"listening https://{host}:{port}", flush=True)
        await service.listen_unix(Path(CONTROL))
        print(f"listening unix:{layout.run / CONTROL}", flush=True)
        waiting = [asyncio.ensure_future(told.wait()), asyncio.ensure_future(engine.stopped.wait())]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        if not engine.stopped.is_set():
            await engine.stop(force=True)
    finally:
        await service.stop()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(CONTROL)
        if not engine.stopped.is_set():
            await engine.leave()
    return 0
