"""`volume create`, `serve`, `show` and `force`: one volume over several voters."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import getpass
import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

from blockengine.cli import running
from blockengine.cli.keys import add_keys, client_tls
from blockengine.membership.term import LineagesDiffer
from blockengine.protocol.address import Address, parse
from blockengine.volume.admin import AdminServer, Running, Serving
from blockengine.volume.cloning import FILLING
from blockengine.volume.controller import Controller
from blockengine.volume.counted import Counted
from blockengine.volume.events import Events
from blockengine.volume.founding import Impossible, Reached, force, found, reach
from blockengine.volume.nbd_server import Server
from blockengine.volume.office import Fenced, Office
from blockengine.volume.pace import SHARE
from blockengine.volume.replicated import Replicated
from blockengine.volume.restoring import SERVING
from blockengine.volume.takeover import Strangers

DEADLINE = 8.0
FENCED = 3
# Told to stop, a controller answers and flushes what it can in so many seconds; whoever supervises it kills
# it a little later.
_CLOSE_WITHIN = 12.0


def add(commands: Any) -> None:
    """Add `volume` to the command line."""
    parser = commands.add_parser("volume", help="a volume over several replicas")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    create = actions.add_parser("create", help="make blank replicas one volume")
    create.add_argument("--name", default="", help="a name for people")
    create.add_argument("--clone", action="store_true", help="a copy: it needs `serve --fill-from` first")
    serve = actions.add_parser("serve", help="take the volume over and serve it over NBD")
    where = serve.add_mutually_exclusive_group(required=True)
    where.add_argument("--socket", type=Path, help="a UNIX socket to make")
    where.add_argument("--port", type=int, help="a TCP port on the loopback; 0 lets the system choose")
    serve.add_argument("--fill-from", default="", metavar="URI", help="the NBD export that a clone copies")
    serve.add_argument(
        "--share",
        type=float,
        default=SHARE,
        help="the part of the time that rebuilds and scrubs may take while clients are active; 0.3",
    )
    serve.add_argument("--admin", type=Path, metavar="PATH", help="a UNIX socket to ask and tell it things")
    show = actions.add_parser("show", help="what the voters say about the volume")
    forced = actions.add_parser(
        "force", help="go on with these voters only; you attest that all others are destroyed or fenced"
    )
    forced.add_argument("--why", required=True, help="the reason; it is kept on every voter")
    for action, run in ((create, _create), (serve, _serve), (show, _show), (forced, _force)):
        action.add_argument(
            "--voter",
            type=_address,
            action="append",
            required=True,
            metavar="ADDRESS",
            help="unix:/path or host:port of a replica or witness; once for each",
        )
        action.add_argument(
            "--deadline", type=float, default=DEADLINE, help="seconds a voter may take to answer"
        )
        add_keys(action)
        action.set_defaults(run=run, directory="volume")


def _address(text: str) -> Address:
    try:
        return parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _run(work: Callable[[], Coroutine[Any, Any, int]]) -> int:
    try:
        return running.run(work())
    except (Impossible, LineagesDiffer, Strangers) as error:
        raise ValueError(str(error)) from None


async def _reached(chosen: argparse.Namespace) -> list[Reached]:
    return await reach(chosen.voter, tls=client_tls(chosen, chosen.voter), deadline=chosen.deadline)


def _create(chosen: argparse.Namespace) -> int:
    async def work() -> int:
        record = await found(
            await _reached(chosen), name=chosen.name, state=FILLING if chosen.clone else SERVING
        )
        print(f"volume {record.volume}: {record.size} bytes on {', '.join(sorted(record.member_ids))}")
        return 0

    return _run(work)


def _force(chosen: argparse.Namespace) -> int:
    async def work() -> int:
        record = await force(await _reached(chosen), who=getpass.getuser(), why=chosen.why)
        print(f"volume {record.volume}: lineage {record.lineage} on {', '.join(sorted(record.voter_ids))}")
        return 0

    return _run(work)


def _show(chosen: argparse.Namespace) -> int:
    async def work() -> int:
        reached = await _reached(chosen)
        for voter in reached:
            print(f"{voter.address}: {_described(voter)}")
        return 0 if all(voter.identity is not None for voter in reached) else 1

    return _run(work)


def _described(voter: Reached) -> str:
    who = voter.identity
    if who is None:
        return f"no answer ({voter.trouble})"
    kind = "replica" if who.keeps_data else "witness"
    if who.record is None:
        return f"{kind} {who.voter} of volume {who.volume}, blank"
    record = who.record
    state = "in sync" if record.member(who.voter) else "out of sync" if who.keeps_data else "votes"
    words = [
        f"{kind} {who.voter}, volume {who.volume}, {state}",
        f"record {record.position.epoch.number}.{record.position.seq} of lineage {record.lineage}",
        f"in sync: {', '.join(sorted(record.member_ids))}",
    ]
    if who.leased is not None:
        words.append(f"leased to a controller of epoch {who.leased.epoch.number}")
    words += [f"failed: {who.failure}"] if who.failure else []
    words += [
        f"forced from {each.left} by {each.who} on {_day(each.when)}: {each.why}" for each in who.overrides
    ]
    return "; ".join(words)


def _day(when: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(when))


def _tell(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


def _note(events: Events, what: str) -> None:
    events.add(what)
    _tell(what)


def _serve(chosen: argparse.Namespace) -> int:
    return _run(lambda: serve(chosen))


async def serve(chosen: argparse.Namespace) -> int:
    """Serve until told to stop (0) or fenced (3)."""
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    stop = loop.create_task(told.wait())
    tls = client_tls(chosen, chosen.voter)
    events = Events()
    controller = Controller(
        chosen.voter,
        tls=tls,
        deadline=chosen.deadline,
        tell=partial(_note, events),
        fill_from=chosen.fill_from,
        share=chosen.share,
    )
    running = Running(controller, events)
    admin = AdminServer(running)
    try:
        if chosen.admin is not None:
            await admin.listen(chosen.admin)
        starting = loop.create_task(controller.start())
        await _first(starting, stop)
        if not starting.done():
            starting.cancel()
            return 0
        device = starting.result()
        office = controller.office
        assert office is not None
        counted = Counted(device)
        server = Server(counted, others=controller.snapshots, room=controller.memory.room)
        running.serving = Serving(device, counted, server)
        office.ended.add_done_callback(lambda _: server.abort())
        print(f"serving {await _listen(server, chosen)}", flush=True)
        await _first(stop, office.ended)
        if office.ended.done():
            return FENCED
        await _close(server, device, office)
        return 0
    except Fenced as fenced:
        _tell(f"ended: {fenced}")
        return FENCED
    finally:
        await admin.stop()
        await controller.stop()


async def _close(server: Server, device: Replicated, office: Office) -> None:
    """Answer what was asked, flush, and leave nothing to settle; a volume that is suspended can't."""

    async def closing() -> None:
        await server.stop()
        await device.close()

    task = asyncio.get_running_loop().create_task(closing())
    await asyncio.wait((task, office.ended), timeout=_CLOSE_WITHIN, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
        return
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    server.abort()
    office.tell("ends without a last flush: what was flushed is safe, the next controller settles the rest")


async def _first(*work: asyncio.Future[Any]) -> None:
    await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)


async def _listen(server: Server, chosen: argparse.Namespace) -> str:
    if chosen.socket is None:
        return f"nbd://127.0.0.1:{await server.listen_tcp('127.0.0.1', chosen.port)}"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(chosen.socket)
    await server.listen_unix(str(chosen.socket))
    return f"nbd+unix:///?socket={chosen.socket}"
