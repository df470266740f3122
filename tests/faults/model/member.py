"""The data model's replica: what it holds durably, what only in memory, and how it fails.

Its rules are `blockengine.membership`'s; its disk is a dictionary that may lose or tear
whatever was not flushed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from blockengine.membership import ballot as ballots
from blockengine.membership import logs as rules
from blockengine.membership.ballot import Ballot, Opened, Stored
from blockengine.membership.logs import MissedLog
from blockengine.membership.record import Epoch, Position, Record
from tests.faults.model.schedule import Schedule

BLOCKS, PER_REGION = 8, 1
REGIONS = BLOCKS // PER_REGION
# What a replica answers that has no such snapshot.
GONE = "gone"
LEASE = 160


class Session(NamedTuple):
    """What every request carries: term, number, and the replica's nonce."""

    epoch: Epoch
    number: int
    nonce: int


class Ask(NamedTuple):
    epoch: Epoch


class Keep(NamedTuple):
    """Store a record."""

    record: Record


class Open(NamedTuple):
    epoch: Epoch
    number: int


class Write(NamedTuple):
    session: Session
    issued: Position
    block: int
    value: Any
    count: int
    copied: bool = False
    joining: frozenset[str] = frozenset()


class Read(NamedTuple):
    session: Session
    issued: Position
    block: int


class Flush(NamedTuple):
    session: Session
    issued: Position


class Clear(NamedTuple):
    session: Session
    issued: Position
    regions: dict[int, int]


class Intent(NamedTuple):
    session: Session
    issued: Position


class Log(NamedTuple):
    session: Session
    issued: Position
    target: str


class Copied(NamedTuple):
    """Regions that an absent replica has durably, as of these write counts: its log drops them."""

    session: Session
    issued: Position
    target: str
    tag: Position
    regions: dict[int, int]


class Forget(NamedTuple):
    """A promotion is committed: the log with this tag is no longer needed."""

    session: Session
    issued: Position
    target: str
    tag: Position


class Cut(NamedTuple):
    """Flush, and freeze what there is under an id."""

    session: Session
    issued: Position
    number: int


class Align(NamedTuple):
    """To a replica out of sync: have something for each of these snapshots, to be filled."""

    session: Session
    issued: Position
    numbers: tuple[int, ...]


class Fill(NamedTuple):
    session: Session
    issued: Position
    number: int
    block: int
    value: Any


class ReadCut(NamedTuple):
    session: Session
    issued: Position
    number: int
    block: int


class Retain(NamedTuple):
    """Forget every cut but these."""

    session: Session
    issued: Position
    numbers: frozenset[int]


class Torn(NamedTuple):
    """A block whose write was cut by a power loss: its checksum does not verify."""

    old: Any
    new: Any


class Booted(NamedTuple):
    """An opened session: the nonce to use, and which boot of its machine answers."""

    nonce: int
    boot: str


class Replica:
    """One replica process on one machine."""

    def __init__(self, schedule: Schedule, name: str, record: Record) -> None:
        self.schedule, self.name = schedule, name
        self.ballot = Ballot(name, 1, record.position.epoch, 0, record=record)
        self.disk: list[Any] = [0] * BLOCKS
        self.cache = list(self.disk)
        # Per cut what it froze: as the process sees it, and what survives a power loss.
        self.cuts: dict[int, list[Any]] = {}
        self.cuts_on_disk: dict[int, list[Any]] = {}
        self.intent: set[int] = set()
        self.logs: dict[str, MissedLog] = {}
        self.marks: dict[str, set[int]] = {}
        self.boots, self.nonce, self.up = 1, 0, True
        self.counts: dict[int, int] = {}
        self.threads: dict[Write, Callable[[Any], None]] = {}
        self.opening: list[tuple[Booted, Callable[[Any], None]]] = []

    @property
    def boot(self) -> str:
        return f"boot {self.boots}"

    # Requests.

    def handle(self, request: Any, reply: Callable[[Any], None]) -> None:
        """Answer, now or later; None says that the connection broke."""
        if not self.up:
            reply(None)
        elif isinstance(request, Ask):
            self.ballot, answer = ballots.grant(
                self.ballot, epoch=request.epoch, now=self.schedule.now, duration=LEASE
            )
            reply(answer)
        elif isinstance(request, Keep):
            self._store(request.record, reply)
        elif isinstance(request, Open):
            self._open(request, reply)
        elif not self._accepts(request.session, request.issued):
            reply(None)
        else:
            self._serve(request, reply)

    def _store(self, record: Record, reply: Callable[[Any], None]) -> None:
        self.ballot, answer = ballots.store(self.ballot, record)
        if isinstance(answer, Stored):
            self.logs = rules.after_store(
                self.logs, record, holder=self.name, intent=self.intent, regions=REGIONS
            )
        reply(answer)

    def _open(self, request: Open, reply: Callable[[Any], None]) -> None:
        self.ballot, answer = ballots.open_session(self.ballot, epoch=request.epoch, number=request.number)
        if not isinstance(answer, Opened):
            reply(None)
            return
        self.nonce = self.schedule.random.getrandbits(60)
        self.counts = {}
        self.opening.append((Booted(self.nonce, self.boot), reply))
        self._opened()

    def _opened(self) -> None:
        """Answer opens once I/O of older sessions, handed to threads already, has ended."""
        if not self.threads:
            waiting, self.opening = self.opening, []
            for booted, reply in waiting:
                reply(booted)

    def _accepts(self, session: Session, issued: Position) -> bool:
        fits = ballots.accepts(self.ballot, epoch=session.epoch, session=session.number, issued=issued)
        return fits and session.nonce == self.nonce

    def _serve(self, request: Any, reply: Callable[[Any], None]) -> None:
        if isinstance(request, Write):
            self._write(request, reply)
        elif isinstance(request, Read):
            reply((self.cache[request.block],))
        elif isinstance(request, Flush):
            self._sync()
            reply(True)
        elif isinstance(request, Clear):
            self._sync_logs()
            for region, count in request.regions.items():
                if rules.clear_applies(self.counts.get(region), count):
                    self.intent.discard(region)
            reply(True)
        elif isinstance(request, Intent):
            reply(frozenset(self.intent))
        elif isinstance(request, Log):
            log = self.logs.get(request.target)
            reply((log and log.marked(self.marks.get(request.target, ())),))
        elif isinstance(request, Copied):
            self._copied(request)
            reply(True)
        elif isinstance(request, Forget):
            log = self.logs.get(request.target)
            if log is not None and log.tag == request.tag:
                del self.logs[request.target]
                self.marks.pop(request.target, None)
            reply(True)

        else:
            reply(self._serve_cuts(request))

    def _serve_cuts(self, request: Any) -> Any:
        """The answer to what concerns snapshots."""
        if isinstance(request, Cut):
            self._sync()
            self.cuts[request.number] = list(self.cache)
            self._sync()
        elif isinstance(request, Align):
            self._sync()
            for number in request.numbers:
                self.cuts.setdefault(number, list(self.cache))
            self._sync()
        elif isinstance(request, Fill):
            if request.number not in self.cuts:
                return None
            self.cuts[request.number][request.block] = request.value
        elif isinstance(request, ReadCut):
            held = self.cuts.get(request.number)
            return (GONE,) if held is None else (held[request.block],)
        elif isinstance(request, Retain):
            self.cuts = {number: held for number, held in self.cuts.items() if number in request.numbers}
            self._sync_cuts()
        return True

    def _sync_cuts(self) -> None:
        self.cuts_on_disk = {number: list(held) for number, held in self.cuts.items()}

    def _copied(self, request: Copied) -> None:
        log = self.logs.get(request.target)
        if log is None or log.tag != request.tag:
            return
        gone = {
            region
            for region, count in request.regions.items()
            if rules.clear_applies(self.counts.get(region), count)
        }
        self.logs[request.target] = log._replace(regions=log.regions - gone)
        self.marks[request.target] = self.marks.get(request.target, set()) - gone

    def _write(self, request: Write, reply: Callable[[Any], None]) -> None:
        region = request.block // PER_REGION
        self.counts[region] = max(request.count, self.counts.get(region, 0))
        self.mark(region, request)
        self.threads[request] = reply

        def in_thread() -> None:
            if self.threads.pop(request, None) is not None:
                self.cache[request.block] = request.value
                reply(True)
                self._opened()

        self.schedule.later(None, in_thread)

    def mark(self, region: int, request: Write) -> None:
        """Intent, synced, and the missed logs, not yet synced: before any byte changes.

        A copy is a change like any other, and a write that a replica being resynced takes too
        is still one that it missed, until its promotion is committed.
        """
        self.intent.add(region)
        for target in self.logs:
            self.marks.setdefault(target, set()).add(region)

    def _sync(self) -> None:
        self.disk = list(self.cache)
        self._sync_cuts()
        self._sync_logs()

    def _sync_logs(self) -> None:
        for target, regions in self.marks.items():
            if target in self.logs:
                self.logs[target] = self.logs[target].marked(regions)
        self.marks = {}

    # Failures.

    def kill(self) -> None:
        """The process dies; the machine's page cache lives on. I/O in threads may or may not land."""
        for request in self.threads:
            if self.schedule.random.random() < 0.5:
                self.cache[request.block] = request.value
        self._die()

    def lose_power(self) -> None:
        """The machine dies: what was not flushed is there, or not, or torn."""
        draw = self.schedule.random
        for request in self.threads:
            self.cache[request.block] = request.value
        for block, (old, new) in enumerate(zip(self.disk, self.cache, strict=True)):
            if old != new:
                self.disk[block] = draw.choice([old, old, new, Torn(old, new)])
        self.cache = list(self.disk)
        for number, held in self.cuts_on_disk.items():
            filled = self.cuts.get(number, held)
            self.cuts_on_disk[number] = [
                new if old == new else draw.choice([old, new]) for old, new in zip(held, filled, strict=True)
            ]
        self.cuts = {number: list(held) for number, held in self.cuts_on_disk.items()}
        self.boots += 1
        self._die()

    def _die(self) -> None:
        self.up = False
        broken = [*self.threads.values(), *(reply for _, reply in self.opening)]
        self.threads, self.opening, self.marks, self.counts, self.nonce = {}, [], {}, {}, 0
        for reply in broken:
            reply(None)

    def start(self) -> None:
        """The process is started again."""
        self.up = True
        self.logs = rules.after_restart(self.logs, self.intent)
        self.ballot = ballots.restarted(self.ballot, now=self.schedule.now, duration=LEASE)
