"""The controller's admin socket: who carries out which verb of `protocol.admin`.

A new verb: its Struct and its answer's type in `protocol.admin`, and a function here or in a
module of its own that `VERBS` names. It may take as long as it needs; what goes wrong is told
in the words of its Refusal, Impossible, Fenced, ValueError or OSError.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from blockengine.protocol import admin
from blockengine.protocol.address import parse
from blockengine.protocol.admin import (
    DeleteSnapshot,
    Event,
    Grow,
    ListSnapshots,
    RestoreSnapshot,
    SnapshotStatus,
    Stats,
    Status,
    TakeSnapshot,
    Told,
    Traffic,
    VolumeStatus,
)
from blockengine.volume.controller import Controller
from blockengine.volume.counted import Counted
from blockengine.volume.device import Refusal
from blockengine.volume.events import Events
from blockengine.volume.founding import Impossible
from blockengine.volume.nbd_server import Server
from blockengine.volume.office import Fenced, Office
from blockengine.volume.replicated import Replicated
from blockengine.volume.report import status
from blockengine.volume.snapshots import EXPORT, SnapshotState

_LONGEST_WAIT = 60.0


class Serving(NamedTuple):
    """What there is once the volume is served."""

    device: Replicated
    counted: Counted
    server: Server


class Running:
    """A controller's process, as verbs see it. `serving` is None until the take-over ended."""

    def __init__(self, controller: Controller, events: Events) -> None:
        self.controller, self.events = controller, events
        self.serving: Serving | None = None

    @property
    def served(self) -> Serving:
        """What is served. Raises: ValueError while nothing is."""
        if self.serving is None:
            raise ValueError(f"the volume is not served yet: {self.events.last or 'it is starting'}")
        return self.serving

    @property
    def office(self) -> Office:
        """The office. Raises: ValueError while there is none."""
        if self.controller.office is None:
            raise ValueError(f"no office yet: {self.events.last or 'it is starting'}")
        return self.controller.office


Handler = Callable[[Running, Any], Awaitable[object]]


async def _status(running: Running, _: Status) -> VolumeStatus:
    clients = running.serving.server.clients if running.serving is not None else 0
    work = tuple(each for each in running.controller.jobs() if not each.ended)
    return status(running.controller, words=running.events.last, clients=clients, work=work)


async def _events(running: Running, verb: admin.Events) -> list[Event]:
    return await running.events.after(verb.after, wait=min(max(verb.wait, 0), _LONGEST_WAIT))


async def _stats(running: Running, _: Stats) -> Traffic:
    return running.served.counted.traffic()


async def _grow(running: Running, verb: Grow) -> None:
    await running.controller.grow(verb.size, overcommit=verb.overcommit)


async def _take_snapshot(running: Running, verb: TakeSnapshot) -> SnapshotStatus:
    return _told(SnapshotState(await running.controller.take_snapshot(verb.name), -1, 0))


async def _list_snapshots(running: Running, _: ListSnapshots) -> list[SnapshotStatus]:
    return [_told(state) for state in await running.controller.list_snapshots()]


async def _delete_snapshot(running: Running, verb: DeleteSnapshot) -> None:
    await running.controller.delete_snapshot(verb.name)


async def _restore_snapshot(running: Running, verb: RestoreSnapshot) -> None:
    front = running.serving.server if running.serving is not None else None
    await running.controller.restore(verb.name, front, keep=verb.keep, disconnect=verb.disconnect)


def _told(state: SnapshotState) -> SnapshotStatus:
    one = state.snapshot
    return SnapshotStatus(
        one.name, f"{one.id:x}", one.size, one.created, f"{EXPORT}{one.name}", state.bytes, state.attached
    )


async def _jobs(running: Running, _: admin.Jobs) -> tuple[admin.Progress, ...]:
    return running.controller.jobs()


async def _scrub(running: Running, _: admin.Scrub) -> int:
    return await running.controller.scrub()


async def _act(running: Running, verb: admin.Act) -> None:
    running.controller.act_on(verb.number, verb.action)


async def _set_pace(running: Running, verb: admin.SetPace) -> None:
    await running.controller.set_pace(limit=verb.limit, share=verb.share)


async def _add_voter(running: Running, verb: admin.AddVoter) -> str:
    return await running.controller.add_voter(parse(verb.address))


async def _remove_voter(running: Running, verb: admin.RemoveVoter) -> None:
    await running.controller.remove_voter(verb.id, force=verb.force)


VERBS: dict[type[admin.Verb], Handler] = {
    Status: _status,
    admin.Events: _events,
    Stats: _stats,
    Grow: _grow,
    TakeSnapshot: _take_snapshot,
    ListSnapshots: _list_snapshots,
    DeleteSnapshot: _delete_snapshot,
    RestoreSnapshot: _restore_snapshot,
    admin.Jobs: _jobs,
    admin.Scrub: _scrub,
    admin.Act: _act,
    admin.SetPace: _set_pace,
    admin.AddVoter: _add_voter,
    admin.RemoveVoter: _remove_voter,
}


class AdminServer:
    """Listens on a UNIX socket that only this user can reach."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._listener: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._clients: dict[asyncio.StreamWriter, asyncio.Event] = {}

    async def listen(self, path: Path) -> None:
        """One left over from an earlier process is replaced. Raises: OSError."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        self._listener = await asyncio.start_unix_server(self._client, str(path), limit=admin.MAX_LINE)
        os.chmod(path, 0o600)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: lines come, and each is answered when its verb is done."""
        mine: set[asyncio.Task[None]] = set()
        gone = self._clients[writer] = asyncio.Event()
        try:
            while line := await reader.readline():
                task = asyncio.get_running_loop().create_task(self._answer(line, writer))
                for tasks in (mine, self._tasks):
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)
        except (ValueError, OSError):
            pass  # a line that is too long, or a client that left: hang up
        finally:
            # Questions die with who asked; what changes the volume shields itself.
            for task in mine:
                task.cancel()
            writer.close()
            del self._clients[writer]
            gone.set()

    async def _answer(self, line: bytes, writer: asyncio.StreamWriter) -> None:
        told = await self._told(line)
        with contextlib.suppress(OSError):
            writer.write(admin.encode(told))
            await writer.drain()

    async def _told(self, line: bytes) -> Told:
        number = 0
        try:
            asked = admin.decode_asked(line)
            number = asked.id
            verb = admin.decode_verb(asked.ask)
            answer = await VERBS[type(verb)](self._running, verb)
            return Told(number, msgspec.Raw(msgspec.json.encode(answer)))
        except msgspec.DecodeError as error:
            return Told(number, error=f"not understood: {error}")
        except (Refusal, Impossible, Fenced, ValueError, OSError) as error:
            return Told(number, error=str(error) or type(error).__name__)

    async def stop(self) -> None:
        """Take no more questions, and hang up on who asked."""
        if self._listener is not None:
            self._listener.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer, gone in list(self._clients.items()):
            writer.close()
            await gone.wait()
