"""The data model: one seeded run of clients, replicas, controllers and a nemesis.

Every run ends by healing: all replicas come back, and then they must be alike, block by
block, and hold what the history allows.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from blockengine.membership.record import Epoch, Member, Position, Record, Voter
from blockengine.verify.history import NotLinearizable, Register
from tests.faults.model import snapshots as steps
from tests.faults.model.member import BLOCKS, PER_REGION, ReadCut, Replica
from tests.faults.model.office import Controller
from tests.faults.model.schedule import Promise, Schedule
from tests.faults.model.snapshots import listed

NAMES = ("A", "B", "C")
STEPS = 20_000


@dataclass(frozen=True)
class Profile:
    """How often each trouble happens, and what the clients do.

    `script`, if any, comes instead of random troubles: steps for `Run.act`, with everything
    else (and the moments in between) still drawn.
    """

    events: int = 5
    troubles: tuple[str, ...] = ("power", "kill", "controller", "freeze", "cut", "power", "cut")
    operations: int = 24
    writes: float = 0.5
    flushes: float = 0.15
    every: int = 90
    script: tuple[str, ...] = ()
    snapshots: float = 0
    restores: float = 0
    # Whether the lights go out soon after each restore.
    dark: bool = False


@dataclass
class Run:
    """One schedule, from a seed. `controller_class` lets a seeded bug order steps wrongly."""

    seed: int
    profile: Profile = Profile()
    controller_class: type[Controller] = Controller
    replica_class: type[Replica] = Replica
    registers: list[Register] = field(default_factory=lambda: [Register(0) for _ in range(BLOCKS)])
    acknowledged: int = 0
    terms: int = 0
    violation: str = ""
    allowed: dict[int, list[frozenset[Any]]] = field(default_factory=dict)
    seen: dict[tuple[int, int], Any] = field(default_factory=dict)
    # The snapshot that the volume is being taken back to, 0 for none; and per block the operation that is.
    taken_back: int = 0
    taking: list[int] = field(default_factory=list)
    restores: int = 0

    def __post_init__(self) -> None:
        self.schedule = Schedule(self.seed)
        at = Position(Epoch(1, 0), 1)
        record = Record(
            "v",
            "l",
            at,
            tuple(Voter(name, 1) for name in NAMES),
            tuple(Member(name, "boot 1", at) for name in NAMES),
        )
        self.replicas = {name: self.replica_class(self.schedule, name, record) for name in NAMES}
        self.cuts: set[tuple[Controller, str]] = set()
        self.severed: set[tuple[Controller, str]] = set()
        self.controllers: list[Controller] = []
        self.operations = 0
        self.active: Controller | None = None
        self.calm = False

    # The network.

    def call(self, controller: Controller, name: str, request: Any) -> Promise:
        """Send a request; a cut link says None at once, and the request may still arrive."""
        promise = Promise()
        replica, schedule = self.replicas[name], self.schedule

        def answer(value: Any) -> None:
            schedule.later(None, lambda: schedule.resolve(promise, value))

        def deliver() -> None:
            replica.handle(request, answer)

        if (controller, name) in self.severed:
            return promise
        if (controller, name) in self.cuts:
            schedule.later(None, lambda: schedule.resolve(promise, None))
            if schedule.random.random() < 0.5:
                schedule.at(schedule.now + schedule.random.randrange(20, 400), deliver)
            return promise
        schedule.later(None, deliver)
        if schedule.random.random() < 0.02 and not self.calm:
            schedule.at(
                schedule.now + schedule.random.randrange(5, 60), lambda: schedule.resolve(promise, None)
            )
        return promise

    def serves(self, controller: Controller) -> None:
        """A controller finished its take-over: older ones must not answer any more."""
        if self.taken_back:
            raise NotLinearizable(f"a volume is served that is half taken back to {self.taken_back}")
        self.active = controller
        self.terms += 1
        for register in self.registers:
            register.fenced()

    def all_lost_power(self) -> None:
        """No member kept its cache: what was not flushed may be gone."""
        for register in self.registers:
            register.lost_power()

    # Clients.

    def _controller(self) -> Controller:
        """A new controller process; its number is above all it may have seen."""
        self.operations += 1
        number = 2 + len(self.controllers)
        controller = self.controller_class(self.schedule, self, Epoch(number, self.seed & 0xFFFF), NAMES)
        self.controllers.append(controller)
        controller.spawn(controller.run)
        return controller

    async def client(self, operations: int) -> None:
        for _ in range(operations):
            controller = self.active
            if controller is None or controller.dead:
                await self.schedule.pause(30)
                continue
            kind, draw = self.schedule.random.random(), self.schedule.random
            if self.profile.snapshots and draw.random() < self.profile.snapshots:
                await self.snapshots(controller)
                continue
            if kind < self.profile.writes:
                await self.write(controller, draw.randrange(BLOCKS))
            elif kind < self.profile.writes + self.profile.flushes:
                await self.flush(controller)
            else:
                await self.read(controller, draw.randrange(BLOCKS))

    # Snapshots.

    def cut(self, number: int) -> None:
        """The moment of a snapshot: what each block may hold now."""
        self.allowed[number] = []
        for register in self.registers:
            operation = self.number()
            register.read_begins(operation)
            self.allowed[number].append(register.window_closes(operation) or frozenset())

    async def snapshots(self, controller: Controller) -> None:
        """Take one, look at one, or delete the oldest."""
        kind, draw = self.schedule.random.random(), self.schedule.random
        found = listed(controller.office.base)
        if kind < 0.4 and len(found) < 4:
            number = self.number()
            await self.answer(controller, lambda: steps.take(controller, number))
        elif found and kind < 0.4 + self.profile.restores:
            await self.answer(controller, partial(steps.restore, controller, draw.choice(found).id))
        elif found and kind < 0.6 + self.profile.restores:
            await self.answer(controller, partial(_deleted, controller))
        elif found:
            number, block = draw.choice(found).id, draw.randrange(BLOCKS)
            await self.answer(controller, lambda: self._look(controller, number, block))

    async def _look(self, controller: Controller, number: int, block: int) -> bool:
        name = self.schedule.random.choice(sorted(controller.office.readable))
        found = (await controller.each(ReadCut, [name], number, block))[name]
        names = {one.id for one in listed(controller.office.base)}
        if found is None or number not in names or not controller.may_serve():
            return False
        if name in controller.office.readable:
            self.judge(number, block, found[0])
        return True

    def judge(self, number: int, block: int, value: Any) -> None:
        """A block of a snapshot is what it was at that moment, and always the same."""
        if value not in self.allowed[number][block]:
            told = ", ".join(sorted(map(str, self.allowed[number][block])))
            raise NotLinearizable(f"snapshot {number}, block {block}: {value!r}; possible were {told}")
        before = self.seen.setdefault((number, block), value)
        if before != value:
            raise NotLinearizable(f"snapshot {number}, block {block}: it was {before!r}, now {value!r}")

    # Restores.

    def restoring(self, controller: Controller, number: int) -> None:
        """Every block is being written with what the snapshot has; a later controller goes on with it."""
        if self.taken_back:
            return
        source = self.replicas[min(controller.office.readable)]
        if number not in source.cuts:
            raise NotLinearizable(f"a member that may be read has no snapshot {number}")
        self.taken_back, self.taking = number, []
        for block, register in enumerate(self.registers):
            value = source.cuts[number][block]
            self.judge(number, block, value)
            self.taking.append(self.number())
            register.write_begins(self.taking[-1], value)

    def restored(self) -> None:
        """All of it was done, durably."""
        self.taken_back, self.restores = 0, self.restores + 1
        for operation, register in zip(self.taking, self.registers, strict=True):
            register.write_ends(operation)
            flush = self.number()
            register.flush_begins(flush)
            register.flush_ends(flush, durable=True)
        if self.profile.dark:
            soon = self.schedule.now + self.schedule.random.randrange(1, 30)
            self.schedule.at(soon, lambda: None if self.calm else self.blackout())

    def check_served(self) -> None:
        """An answer leaves."""
        if self.taken_back:
            raise NotLinearizable(f"an answer while the volume was taken back to {self.taken_back}")

    def number(self) -> int:
        self.operations += 1
        return self.operations

    async def answer(self, controller: Controller, work: Callable[[], Coroutine[Any, Any, bool]]) -> Any:
        """The controller's answer, or None if it died before."""
        promise = Promise()

        async def asked() -> None:
            self.schedule.resolve(promise, await work())

        controller.spawn(asked)
        self.schedule.at(self.schedule.now + 600, lambda: self.schedule.resolve(promise, None))
        return await promise

    async def write(self, controller: Controller, block: int) -> None:
        number = self.number()
        self.registers[block].write_begins(number, number)
        if await self.answer(controller, lambda: self._write(controller, block, number)):
            self.acknowledged += 1

    async def _write(self, controller: Controller, block: int, number: int) -> bool:
        done = await controller.write(block, number)
        if done:
            self.check_served()
            self.registers[block].write_ends(number)
        return done

    async def read(self, controller: Controller, block: int) -> None:
        number = self.number()
        self.registers[block].read_begins(number)
        await self.answer(controller, lambda: self._read(controller, block, number))

    async def _read(self, controller: Controller, block: int, number: int) -> bool:
        found = await controller.read(block)
        if found is not None:
            self.check_served()
            self.registers[block].read_ends(number, found[0])
        return found is not None

    async def flush(self, controller: Controller) -> None:
        number = self.number()
        for register in self.registers:
            register.flush_begins(number)
        await self.answer(controller, lambda: self._flush(controller, number))

    async def _flush(self, controller: Controller, number: int) -> bool:
        done = await controller.flush()
        for register in self.registers:
            register.flush_ends(number, durable=done)
        return done

    # Trouble.

    async def nemesis(self) -> None:
        draw = self.schedule.random
        for step in self.profile.script:
            await self.act(*step.split())
            await self.schedule.pause(draw.randrange(5, self.profile.every))
        for _ in range(0 if self.profile.script else self.profile.events):
            await self.schedule.pause(draw.randrange(5, self.profile.every))
            await self.trouble(draw.choice(self.profile.troubles))

    async def act(self, kind: str, name: str = "") -> None:
        """A step of a script: `down X`, `dark X` (its machine loses power), `up X` (until in sync), `rise X`,
        `successor`, or `sever X`: from now on the serving controller's requests to it vanish."""
        if kind in ("down", "dark"):
            self.replicas[name].kill() if kind == "down" else self.replicas[name].lose_power()
            await self.wait(lambda: self.in_sync(name) is False)
        elif kind in ("up", "rise"):
            self.replicas[name].start()
            await self.wait(lambda: kind == "rise" or self.in_sync(name) is True)
        elif kind == "sever" and self.active is not None:
            self.severed.add((self.active, name))
        elif kind == "successor":
            terms = self.terms
            if self.active is not None:
                self.active.dead = True
            await self.wait(lambda: self.terms > terms)

    async def wait(self, until: Callable[[], bool]) -> None:
        for _ in range(200):
            if until():
                return
            await self.schedule.pause(2)

    def in_sync(self, name: str) -> bool | None:
        active = self.active
        if active is None or active.dead or active.office.sent:
            return None
        return active.office.base.member(name) is not None

    async def trouble(self, kind: str) -> None:
        draw = self.schedule.random
        replica = self.replicas[draw.choice(NAMES)]
        if kind in ("power", "kill") and replica.up:
            replica.lose_power() if kind == "power" else replica.kill()
            self.schedule.at(self.schedule.now + draw.randrange(5, 300), replica.start)
        elif kind == "blackout":
            self.blackout()
        elif kind == "cut" and self.active is not None:
            link = (self.active, replica.name)
            self.cuts.add(link)
            self.schedule.at(self.schedule.now + draw.randrange(20, 300), lambda: self.cuts.discard(link))
        elif kind == "controller" and self.active is not None:
            self.active.dead = True
        elif kind == "freeze" and self.active is not None and not self.active.dead:
            frozen = self.active
            frozen.frozen = True
            self._controller()
            self.schedule.at(
                self.schedule.now + draw.randrange(50, 700), lambda: setattr(frozen, "frozen", False)
            )

    def blackout(self) -> None:
        """Every machine loses power."""
        for each in self.replicas.values():
            if each.up:
                each.lose_power()
                self.schedule.at(self.schedule.now + self.schedule.random.randrange(5, 300), each.start)

    async def supervise(self) -> None:
        """Start a controller whenever none lives."""
        while True:
            if not any(not controller.dead and not controller.frozen for controller in self.controllers):
                self._controller()
            await self.schedule.pause(30)

    # One run.

    def play(self) -> Run:
        """Trouble, then healing, then the comparison; `violation` says what broke."""
        schedule = self.schedule
        world = Controller(schedule, self, Epoch(0, 0), NAMES)
        try:
            schedule.spawn(world, self.supervise)
            each = self.profile.operations // 3
            clients = [schedule.spawn(world, lambda: self.client(each)) for _ in range(3)]
            trouble = schedule.spawn(world, self.nemesis)
            schedule.run(lambda: trouble.done and all(client.done for client in clients), limit=STEPS)
            self.heal()
            if not schedule.run(self.healthy, limit=schedule.now + STEPS):
                self.violation = "the volume did not heal"
                return self
            self.compare()
        except NotLinearizable as error:
            self.violation = str(error)
        return self

    def heal(self) -> None:
        self.calm = True
        self.cuts.clear()
        for replica in self.replicas.values():
            if not replica.up:
                replica.start()
        for controller in self.controllers:
            controller.frozen = False

    def healthy(self) -> bool:
        active = self.active
        if active is None or active.dead or not active.serving or active.office.sent:
            return False
        alive = (active.sessions.get(name) for name in NAMES)
        nonces = [session.nonce for session in alive if session is not None]
        known = nonces == [replica.nonce for replica in self.replicas.values()]
        return known and len(active.office.base.in_sync) == len(NAMES)

    def compare(self) -> None:
        """All members alike, and what they hold is what a last read may return."""
        active = self.active
        assert active is not None
        held = [Promise() for _ in range(BLOCKS)]

        async def look(block: int) -> None:
            async with active.locks[block]:
                self.schedule.resolve(
                    held[block], [replica.cache[block] for replica in self.replicas.values()]
                )

        for block in range(BLOCKS):
            active.spawn(partial(look, block))
        self.schedule.run(lambda: all(promise.done for promise in held), limit=self.schedule.now + STEPS)
        for block, promise in enumerate(held):
            copies = promise.value
            if copies is None or active.dead:
                self.violation = "the volume fell ill again after healing"
                return
            if len(set(copies)) > 1:
                self.violation = f"members differ in block {block} (region {block // PER_REGION}): {copies}"
                return
            number = self.number()
            self.registers[block].read_begins(number)
            self.registers[block].read_ends(number, copies[0])
        for one in listed(active.office.base):
            for block in range(BLOCKS):
                for replica in self.replicas.values():
                    held = replica.cuts.get(one.id)
                    if held is None:
                        self.violation = f"{replica.name} has no snapshot {one.id}"
                        return
                    self.judge(one.id, block, held[block])


async def _deleted(controller: Controller) -> bool:
    await steps.delete(controller)
    return True
