"""Clients, a judge and a nemesis on one scratch volume: does it keep its promises?"""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from blockengine.protocol.address import parse
from blockengine.protocol.nbd_client import Client, Lost, Refused
from blockengine.verify.blocks import content
from blockengine.verify.judge import Judge, Violation
from blockengine.verify.rig import Rig, Serving, Stuck
from blockengine.verify.snapshotting import Snapshotter
from blockengine.volume.founding import reach

_CROWDED = 0.01
# For so many seconds nothing may be answered: troubles are shorter, and nobody should wait for ever.
_STANDSTILL = 150.0
_ALL_RESTARTED = "every member's machine restarted"


@dataclass(frozen=True)
class Load:
    """What the clients do. A unit is one block of the volume; `units` of them are used, spread out.

    `snapshots` is the longest pause, in seconds, between two operations on them, `restores` the part of these
    that take the volume back to one.
    With many workers on few units, many writes of one unit are under way at once, and the judge
    has to follow every order of them: keep several groups of `longest` units per worker. Beyond some of
    them no more are asked for.
    """

    operations: int = 20_000
    workers: int = 16
    units: int = 256
    longest: int = 4
    writes: float = 0.5
    flushes: float = 0.02
    zeroes: float = 0.03
    snapshots: float = 0.6
    restores: float = 0


@dataclass
class Report:
    """What happened. `violation` is empty if every promise was kept."""

    operations: int = 0
    refused: int = 0
    terms: int = 0
    power_losses: int = 0
    snapshots: int = 0
    restores: int = 0
    cancelled: int = 0
    seconds: float = 0
    violation: str = ""
    troubles: Counter[str] = field(default_factory=Counter)
    events: list[str] = field(default_factory=list)


class Campaign:
    """One run. The nemesis (`verify.nemesis`) works on `rig` while `play` goes on."""

    def __init__(self, rig: Rig, load: Load, seed: int) -> None:
        self.rig, self.load = rig, load
        self.draw = random.Random(seed)  # noqa: S311 (a test's dice)
        self.judge = Judge(load.units)
        self.report = Report()
        self.failing: set[str] = set()
        self.apart = ""
        self.serving: Serving | None = None
        self.client: Client | None = None
        self.successor, self.taken = asyncio.Event(), asyncio.Event()
        self._served = asyncio.Event()
        self._ended = asyncio.Event()
        self._judged = 0
        shape = rig.shape
        self.unit_size = shape.block_size
        self.snapshotter = Snapshotter(self)
        # Groups of neighbours, as far apart as the volume allows, so that many regions are touched.
        groups = load.units // load.longest
        self.stride = shape.size // groups // 4096 * 4096

    # The supervisor: there is always a controller, and everybody talks to the newest.

    async def supervise(self) -> None:
        """Start a controller whenever the newest has ended, or the nemesis asks for a successor."""
        while not self._ended.is_set():
            serving = await self.rig.start_controller(without=self.apart)
            try:
                await self._until_served(serving)
                client = await Client.connect(serving.socket)
            except (Stuck, OSError, Lost):
                await serving.process.end()
                continue
            self._take(serving, client)
            await self._while_current(serving)

    async def _until_served(self, serving: Serving) -> None:
        while True:
            try:
                await serving.process.until("serving", deadline=0.5)
                return
            except Stuck:
                if not serving.process.alive or self._ended.is_set():
                    raise

    def _take(self, serving: Serving, client: Client) -> None:
        """From now on `serving` is the volume; whatever others had under way is decided."""
        # Also what one told that ended before it served: its record was in force.
        since, self._judged = self._judged, len(self.rig.controllers)
        told = [line for each in self.rig.controllers[since:] for line in each.process.said]
        if any(_ALL_RESTARTED in line for line in told):
            self.report.power_losses += 1
            self.judge.lost_power()
        self.snapshotter.taken_over()
        self.judge.fenced()
        if self.client is not None:
            self.client.abandon()
        self.serving, self.client = serving, client
        self.report.terms += 1
        self._served.set()
        self.taken.set()

    async def reconnect(self) -> None:
        """Who serves has hung up on its clients. Raises: OSError, Lost."""
        assert self.serving is not None
        self.client = await Client.connect(self.serving.socket)

    def join(self) -> None:
        """No new controller is kept apart from a voter any more."""
        self.apart = ""
        for serving in self.rig.controllers[-2:]:
            for wire in serving.wires.values():
                wire.heal()

    async def _while_current(self, serving: Serving) -> None:
        self.successor.clear()
        waits = (self.successor.wait(), serving.process.process.wait(), self._ended.wait())
        tasks: list[asyncio.Future[object]] = [asyncio.ensure_future(wait) for wait in waits]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()

    # Clients.

    async def work(self) -> None:
        """One client: one operation after the other, on whoever serves."""
        while not self._ended.is_set():
            await self._served.wait()
            client = self.client
            assert client is not None
            if client.lost:
                # Nothing is asked of nobody: what is begun and never decided costs the judge dearly.
                await asyncio.sleep(0.01)
                continue
            try:
                await self._operation(client)
            except Lost:
                pass
            except Refused:
                self.report.refused += 1
            if self.judge.checked >= self.load.operations:
                self._ended.set()

    async def _operation(self, client: Client) -> None:
        load, draw = self.load, self.draw
        group = draw.randrange(load.units // load.longest)
        count = draw.randint(1, load.longest)
        start = draw.randrange(load.longest - count + 1)
        units = range(group * load.longest + start, group * load.longest + start + count)
        if self.judge.crowded(units):
            # A volume that stands still, most likely: the others wait as well.
            await asyncio.sleep(_CROWDED)
            return
        offset = group * self.stride + start * self.unit_size
        kind = draw.random()
        if kind < load.flushes:
            await self._flush(client)
        elif kind < load.flushes + load.zeroes:
            ask = client.zero if kind < load.flushes + load.zeroes / 2 else self._discard(client)
            await self._change(units, 0, lambda: ask(offset, count * self.unit_size))
        elif kind < load.flushes + load.zeroes + load.writes:
            await self._write(client, units, offset)
        else:
            await self.read(client, units, offset)

    def _discard(self, client: Client) -> Callable[[int, int], Awaitable[bytes]]:
        # Parts of a 4 KiB block keep their bytes when discarded; then zeroes are written instead.
        return client.discard if self.unit_size == 4096 else client.zero

    async def _write(self, client: Client, units: range, offset: int) -> None:
        number = self.judge.number()
        data = b"".join(content(unit, number, self.unit_size) for unit in units)
        await self._change(units, number, lambda: client.write(offset, data), number=number)

    async def _change(
        self, units: range, value: int, ask: Callable[[], Awaitable[bytes]], *, number: int = 0
    ) -> None:
        number = number or self.judge.number()
        self.judge.write_begins(number, units, value)
        await ask()
        self.judge.write_ends(number, units)

    async def read(self, client: Client, units: range, offset: int) -> None:
        number = self.judge.number()
        self.judge.read_begins(number, units)
        data = await client.read(offset, len(units) * self.unit_size)
        self.judge.read_ends(number, units, data, self.unit_size)

    def places(self) -> list[tuple[int, int]]:
        """(offset, length) of each group of units, in order."""
        length = self.load.longest * self.unit_size
        return [(group * self.stride, length) for group in range(self.load.units // self.load.longest)]

    async def _flush(self, client: Client) -> None:
        number = self.judge.number()
        self.judge.flush_begins(number)
        await client.flush()
        self.judge.flush_ends(number, durable=True)

    # One run.

    async def play(self, nemesis: Callable[[Campaign], Awaitable[None]]) -> Report:
        """Load and trouble, then healing, then the comparison of the members."""
        began = time.monotonic()
        work = [
            self.supervise(),
            nemesis(self),
            self.snapshotter.work(),
            self._watch(),
            *(self.work() for _ in range(self.load.workers)),
        ]
        tasks: set[asyncio.Future[object]] = {asyncio.ensure_future(each) for each in work}
        try:
            while not self._ended.is_set():
                done, tasks = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                errors = [task.exception() for task in done]
                for error in filter(None, errors):
                    raise error
        except Violation as violation:
            self.report.violation = str(violation)
        finally:
            self._ended.set()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        self.report.operations = self.judge.checked
        self.report.seconds = time.monotonic() - began
        for serving in self.rig.controllers:
            self.report.events += [f"{serving.process.name}: {line}" for line in serving.process.said]
        return self.report

    async def _watch(self) -> None:
        """Raises: Violation if nothing is answered any more."""
        while not self._ended.is_set():
            before = self.judge.checked
            await asyncio.sleep(_STANDSTILL)
            if self.judge.checked == before:
                said = self.rig.controllers[-1].process.said[-5:] if self.rig.controllers else []
                raise Violation(f"nothing was answered for {_STANDSTILL:g} s; the controller said {said}")

    async def mend(self, name: str) -> None:
        """End a voter whose disk failed; a person says that the disk is sound again."""
        await self.rig.kill_voter(name)
        if (self.rig.folder / name / "failed").exists():
            await self.rig.run("replica", "mend", str(self.rig.folder / name))
        self.failing.discard(name)  # last: who is cancelled before has mended nothing

    async def heal(self) -> None:
        """Everything is well again: wait until all replicas are in sync.

        Raises: Stuck; Violation if a last look at all units shows what can't be.
        """
        self._ended.clear()
        for name in sorted(self.failing):
            await self.mend(name)
        for name in self.rig.names:
            if self.rig.faulty:
                self.rig.voters[name].send(signal.SIGHUP)
            self.rig.voters[name].send(signal.SIGCONT)
            if self.rig.voters[name].ending:
                # Whoever killed it may have been cancelled before it was dead.
                await self.rig.kill_voter(name)
            if not self.rig.voters[name].alive:
                await self.rig.start_voter(name)
        for serving in self.rig.controllers:
            await serving.process.end()
        serving = await self.rig.start_controller()
        await serving.process.until("serving")
        client = await Client.connect(serving.socket)
        self._take(serving, client)
        await self._all_in_sync()
        for group in range(self.load.units // self.load.longest):
            units = range(group * self.load.longest, (group + 1) * self.load.longest)
            await self.read(client, units, group * self.stride)
        await client.flush()
        client.close()
        for name in list(self.snapshotter.known):
            # Often enough for every member to be asked for every unit.
            for _ in range(2 * len(self.rig.replicas)):
                await self.snapshotter.look(name)
        status = await serving.process.end(signal.SIGTERM)
        if status:
            raise Stuck(f"the controller ended with {status}: {serving.process.said[-5:]}")
        for voter in self.rig.voters.values():
            await voter.end(signal.SIGTERM)
        await self.snapshotter.compare()

    async def _all_in_sync(self, deadline: float = 60) -> None:
        end = time.monotonic() + deadline
        addresses = [parse(f"unix:{self.rig.socket(name)}") for name in self.rig.names]
        while True:
            reached = await reach(addresses, tls=None, deadline=5)
            for one in reached:
                one.link.fail("done")
            records = [one.identity.record for one in reached if one.identity is not None]
            if len(records) == len(addresses) and all(
                record is not None and record.member_ids == set(self.rig.replicas) for record in records
            ):
                return
            if time.monotonic() > end:
                raise Stuck(
                    f"the volume did not heal: {records}; {self.rig.controllers[-1].process.said[-8:]}"
                )
            await asyncio.sleep(0.1)
