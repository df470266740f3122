"""What one replica promised, and which regions may differ: ballot, intent, missed logs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from msgspec.structs import replace

from blockengine.membership import ballot as ballots
from blockengine.membership import logs
from blockengine.membership.ballot import Ballot, Refused, Stored
from blockengine.membership.logs import MissedLog
from blockengine.membership.record import Position, Record
from blockengine.replica.files import Directory
from blockengine.replica.regionlog import MissedFile, RegionLog
from blockengine.replica.slots import Slots
from blockengine.replica.trust import Trust

Answer = TypeVar("Answer")


class Ledger:
    """Everything is durable before it is answered, but marks of missed logs, which a flush syncs."""

    def __init__(self, directory: Directory, regions: int, trust: Trust) -> None:
        self._directory, self.regions, self._trust = directory, regions, trust
        self._slots = Slots(directory.open("ballot"), "ballot", Ballot)
        self.ballot = self._slots.load()
        self.intent = RegionLog(directory.open("intent"), regions)
        self.missed: dict[str, MissedFile] = {}

    @staticmethod
    def create(directory: Directory, ballot: Ballot) -> None:
        """The files of a new replica; they exist once the directory is synced."""
        directory.create("intent").close()
        Slots.create(directory, "ballot", ballot).close()

    def recover(self) -> None:
        """Find the missed logs, and drop those that a store which never ended has started."""
        for name in self._directory.names():
            if name.startswith("missed."):
                self._recover_log(name)

    def _recover_log(self, name: str) -> None:
        opened = MissedFile.open(self._directory, name, self.regions)
        record = self.ballot.record
        if opened is None or record is None or opened[1].tag > record.position:
            self._directory.remove(name)
            return
        target, log = opened
        other = self.missed.get(target)
        newest = log if other is None or log.tag > other.tag else other
        if other is not None:
            self._directory.remove(other.name if newest is log else log.name)
        self.missed[target] = newest

    def distrust_marks(self) -> None:
        """After an unclean stop: marks that were not synced hide in the intent."""
        for log in self.missed.values():
            log.mark(self.intent.marked)

    # Votes.

    def vote(self, transition: Callable[[Ballot], tuple[Ballot, Answer]]) -> Answer:
        """Run one of `membership.ballot`'s transitions; its result is durable on return.

        `store` is not among them: it has logs to start.
        """
        self._trust.check()
        after, answer = transition(self.ballot)
        if needs_disk(self.ballot, after):
            self._save(after)
        self.ballot = after
        return answer

    def restarted(self, *, now: int, duration: int) -> None:
        """The ballot of a process that has just started; stored with the next vote."""
        self.ballot = ballots.restarted(self.ballot, now=now, duration=duration)

    def enter(self, record: Record, *, incarnation: int) -> Stored:
        """Move into another lineage; its logs are of no use there. Durable on return."""
        self._trust.check()
        self._save(ballots.enter_lineage(self.ballot, record, incarnation=incarnation))
        old, self.missed = self.missed, {}
        for log in old.values():
            self._drop(log)
        return Stored(self.ballot.voter, incarnation)

    def store_record(self, record: Record, *, holder: str) -> Stored | Refused:
        """Take a record, and start the missed logs that it asks for, in one step.

        The logs are made first and carry the position; a log above the record is dropped at
        the next start. So a crash shows both or neither.
        """
        self._trust.check()
        after, answer = ballots.store(self.ballot, record)
        if isinstance(answer, Refused) or after == self.ballot:
            return answer
        held = {
            target: MissedLog(log.tag, frozenset(log.marked), log.whole)
            for target, log in self.missed.items()
        }
        wanted = logs.after_store(
            held, record, holder=holder, intent=self.intent.marked, regions=self.regions
        )
        replaced = []
        for target, log in wanted.items():
            old = self.missed.get(target)
            if old is None or old.tag != log.tag:
                self.missed[target] = MissedFile.create(self._directory, target, log, regions=self.regions)
                replaced += [old] if old is not None else []
        self._save(after)
        for old in replaced:
            self._drop(old)
        return answer

    def copied(self, target: str, tag: Position, regions: Iterable[int]) -> None:
        """An absent replica has these regions, durably. A drop that a crash undoes does no harm."""
        log = self.missed.get(target)
        if log is not None and log.tag == tag:
            log.clear(regions)

    def forget(self, target: str, tag: Position) -> None:
        """A promotion is committed: what its replica had missed is no longer needed."""
        log = self.missed.get(target)
        if log is not None and log.tag == tag:
            del self.missed[target]
            self._drop(log)

    def _drop(self, log: MissedFile) -> None:
        log.close()
        self._directory.remove(log.name)

    def _save(self, ballot: Ballot) -> None:
        with self._trust.promising():
            self._slots.save(ballot)
        self.ballot = ballot

    # Regions.

    def has_marked(self, first: int, last: int) -> bool:
        """Whether bytes of these regions may change without a further mark, as most do."""
        marked = self.intent.marked
        if self.missed or first not in marked:
            return False
        return first == last or marked.issuperset(range(first, last + 1))

    def mark(self, regions: Iterable[int]) -> None:
        """Before bytes change: the intent, durably, and every missed log."""
        touched = frozenset(regions)
        for log in self.missed.values():
            log.mark(touched)
        if self.intent.mark(touched):
            with self._trust.promising():
                self.intent.sync()

    @property
    def logs_synced(self) -> bool:
        """Whether the disk has every mark of the missed logs."""
        return all(log.synced for log in self.missed.values())

    def sync_logs(self) -> None:
        """Every mark of the missed logs survives power loss on return."""
        for log in list(self.missed.values()):
            log.sync()

    def clear(self, regions: Iterable[int]) -> None:
        """Regions are alike on all members: their intent goes, once the missed logs are safe."""
        with self._trust.promising():
            self.sync_logs()
        self.intent.clear(regions)

    def close(self) -> None:
        self._slots.close()
        for log in (self.intent, *self.missed.values()):
            log.close()


def needs_disk(before: Ballot, after: Ballot) -> bool:
    """Whether a change must be durable. A lease's end need not: after a restart a voter waits one
    full lease from the start, whatever it had stored."""
    return replace(after, lease=after.lease._replace(end=0)) != replace(
        before, lease=before.lease._replace(end=0)
    )
