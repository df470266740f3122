"""A replica: bytes, ballot and logs of one volume in one directory.

Synchronous, one thread at a time, except that the steps of `flushing` may block in another.
Every change of bytes marks the intent (durably) and the missed logs first. After a failed
sync the replica declares itself failed: nobody can tell what the disk kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from msgspec.structs import replace

from blockengine.membership import ballot as ballots
from blockengine.membership import logs
from blockengine.membership.ballot import Ballot, Granted, Opened, Refused, Stored
from blockengine.membership.logs import MissedLog
from blockengine.membership.record import Epoch, Position, Record
from blockengine.replica.files import Directory
from blockengine.replica.identity import REGION, Chain, Header, check_geometry
from blockengine.replica.layer import BLOCK
from blockengine.replica.regionlog import MissedFile, RegionLog
from blockengine.replica.slots import Damaged, Slots
from blockengine.replica.store import Rotten, Store

Answer = TypeVar("Answer")


class Failed(Exception):
    """This replica no longer trusts its disk; it must be rebuilt or its disk replaced."""


class Misplaced(Exception):
    """The directory is not where its header says: a copy, or a disk in another machine."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a process runs: a stable machine id, and the id of the machine's current boot."""

    machine: str
    boot: str


class Replica:
    """One open replica. Use `create` or `open`."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._header_slots = Slots(directory.open("header"), "header", Header)
        self._ballot_slots = Slots(directory.open("ballot"), "ballot", Ballot)
        self._chain_slots = Slots(directory.open("chain"), "chain", Chain)
        self._boot_slots = Slots(directory.open("boot"), "boot", str)
        self.header = self._header_slots.load()
        self.ballot = self._ballot_slots.load()
        self._chain = self._chain_slots.load()
        self.store = Store(directory, list(self._chain.layers))
        self.intent = RegionLog(directory.open("intent"), self.regions)
        self.missed: dict[str, MissedFile] = {}
        self.failure = ""

    # Making and opening.

    @classmethod
    def create(
        cls,
        directory: Directory,
        ballot: Ballot,
        *,
        volume: str,
        size: int,
        place: Place,
        block_size: int = BLOCK,
        region: int = REGION,
    ) -> Replica:
        """Make an empty replica in an empty directory; it exists once `header` does.

        Raises: ValueError for a size or block size that can't be; FileExistsError.
        """
        check_geometry(size, block_size, region)
        if directory.names():
            raise FileExistsError("the directory is not empty; a replica needs one of its own")
        device, inode = directory.place()
        header = Header(volume, ballot.voter, size, block_size, region, place.machine, device, inode)
        for end in ("data", "sums", "map"):
            directory.create(f"layer-0.{end}").close()
        directory.create("intent").close()
        Slots.create(directory, "ballot", ballot).close()
        Slots.create(directory, "chain", Chain(("layer-0",), (), 1)).close()
        Slots.create(directory, "boot", place.boot).close()
        directory.sync()
        Slots.create(directory, "header.new", header).close()
        directory.rename("header.new", "header")
        directory.sync()
        return cls.open(directory, place)

    @classmethod
    def open(cls, directory: Directory, place: Place, *, moved: bool = False) -> Replica:
        """Open a replica and bring it back in line after whatever stopped it.

        `moved` says that its operator knows that no other copy of it runs.

        Raises: Damaged; Misplaced; FileNotFoundError if there is none.
        """
        if "header" not in directory.names():
            raise FileNotFoundError("no replica here: its header is missing")
        replica = cls(directory)
        here = (place.machine, *directory.place())
        there = (replica.header.machine, replica.header.device, replica.header.inode)
        if here != there:
            if not moved:
                raise Misplaced(
                    f"replica {replica.header.replica} of volume {replica.header.volume} was made on machine "
                    f"{there[0]} (device {there[1]}, inode {there[2]}), not here. If this is a copy, "
                    "remove it; if it was moved and its original is gone, open it as moved."
                )
            replica._moved_to(here)
        replica._recover(same_boot=replica._boot_slots.load() == place.boot)
        replica._boot_slots.save(place.boot)
        return replica

    def _moved_to(self, here: tuple[str, int, int]) -> None:
        machine, device, inode = here
        self.header = replace(self.header, machine=machine, device=device, inode=inode)
        self._header_slots.save(self.header)

    def _recover(self, *, same_boot: bool) -> None:
        """After an unclean stop: maps follow bytes, logs take in the intent, leftovers go.

        On the same boot only the process died, and the page cache has all it was given.
        """
        known = {f"{layer}.{end}" for layer in self._chain.layers for end in ("data", "sums", "map")}
        for name in self._directory.names():
            if name.startswith("layer-") and name not in known:
                self._directory.remove(name)
            elif name.startswith("missed."):
                self._recover_log(name)
        if same_boot and self.intent.marked:
            self.store.top.sync_content()
        for first, count in self.unverified_ranges():
            self.store.after_crash(first, count, trusted=same_boot)
        for log in self.missed.values():
            log.mark(self.intent.marked)

    def _recover_log(self, name: str) -> None:
        opened = MissedFile.open(self._directory, name, self.regions)
        record = self.ballot.record
        # A log that is newer than the record was started by a store that never ended.
        if opened is None or record is None or opened[1].tag > record.position:
            self._directory.remove(name)
            return
        target, log = opened
        other = self.missed.get(target)
        newest = log if other is None or log.tag > other.tag else other
        if other is not None:
            self._directory.remove(other.name if newest is log else log.name)
        self.missed[target] = newest

    # Geometry.

    @property
    def regions(self) -> int:
        return -(-self.header.size // self.header.region)

    def unverified_ranges(self) -> Iterator[tuple[int, int]]:
        """(first block, count) of every region whose bytes may not match their checksums."""
        per_region = self.header.region // BLOCK
        blocks = self.header.size // BLOCK
        for region in sorted(self.intent.marked):
            first = region * per_region
            yield first, min(per_region, blocks - first)

    def regions_of(self, offset: int, length: int) -> range:
        """The regions that a byte range touches."""
        return range(offset // self.header.region, (offset + length - 1) // self.header.region + 1)

    # Votes.

    def vote(self, transition: Callable[[Ballot], tuple[Ballot, Answer]]) -> Answer:
        """Run one of `membership.ballot`'s transitions; its result is durable on return."""
        self._check()
        after, answer = transition(self.ballot)
        if after != self.ballot:
            self._save_ballot(after)
        return answer

    def grant(self, *, epoch: Epoch, now: int, duration: int) -> Granted | Refused:
        """`membership.ballot.grant`, durable."""
        return self.vote(lambda held: ballots.grant(held, epoch=epoch, now=now, duration=duration))

    def open_session(self, *, epoch: Epoch, number: int) -> Opened | Refused:
        """`membership.ballot.open_session`, durable."""
        return self.vote(lambda held: ballots.open_session(held, epoch=epoch, number=number))

    def store_record(self, record: Record) -> Stored | Refused:
        """Take a record, and start the missed logs that it asks for, in one step.

        The logs are made first and carry the position; a log above the record is dropped at
        the next start. So a crash shows both or neither.
        """
        self._check()
        after, answer = ballots.store(self.ballot, record)
        if isinstance(answer, Refused) or after == self.ballot:
            return answer
        held = {target: MissedLog(log.tag, frozenset(log.marked)) for target, log in self.missed.items()}
        wanted = logs.after_store(held, record, holder=self.header.replica, intent=self.intent.marked)
        replaced = []
        for target, log in wanted.items():
            old = self.missed.get(target)
            if old is None or old.tag != log.tag:
                self.missed[target] = MissedFile.create(
                    self._directory, target, log.tag, regions=self.regions, marked=log.regions
                )
                replaced += [old] if old is not None else []
        self._save_ballot(after)
        for old in replaced:
            self._drop(old)
        return answer

    def forget(self, target: str, tag: Position) -> None:
        """A promotion is committed: what its replica had missed is no longer needed."""
        log = self.missed.get(target)
        if log is not None and log.tag == tag:
            del self.missed[target]
            self._drop(log)

    def _drop(self, log: MissedFile) -> None:
        log.close()
        self._directory.remove(log.name)

    def _save_ballot(self, ballot: Ballot) -> None:
        with self._trusting():
            self._ballot_slots.save(ballot)
        self.ballot = ballot

    # Bytes.

    def read(self, offset: int, length: int) -> bytes:
        """Bytes, verified. `offset` and `length` are multiples of the volume's block size.

        Raises: ValueError, Rotten, Failed, OSError.
        """
        self._check(offset, length)
        first, last = offset // BLOCK, -(-(offset + length) // BLOCK)
        data = self.store.read(first, last - first)
        start = offset - first * BLOCK
        return data if len(data) == length else data[start : start + length]

    def read_cached(self, offset: int, length: int) -> bytes | None:
        """The same if that takes no wait for a device, else None; aligned ranges only."""
        self._check(offset, length)
        if offset % BLOCK or length % BLOCK:
            return None
        return self.store.read_cached(offset // BLOCK, length // BLOCK)

    def warming(self, offset: int, length: int) -> Callable[[], None]:
        """Work for another thread that brings a range into memory, so that `read` need not wait."""
        first, last = offset // BLOCK, -(-(offset + length) // BLOCK)
        found = self.store.extents(first, last - first)

        def warm() -> None:
            for layer, start, count in found:
                if layer is not None:
                    layer.data.pread(count * BLOCK, start * BLOCK)

        return warm

    def allocation(self, offset: int, length: int) -> list[tuple[int, bool]]:
        """(length, whether it has data) of each stretch of a range; the rest reads as zeroes.

        Raises: ValueError, Rotten, Failed.
        """
        self._check(offset, length)
        first, last = offset // BLOCK, -(-(offset + length) // BLOCK)
        merged: list[tuple[int, bool]] = []
        for layer, start, count in self.store.extents(first, last - first):
            begin, end = max(offset, start * BLOCK), min(offset + length, (start + count) * BLOCK)
            kept = layer is not None
            if merged and merged[-1][1] == kept:
                merged[-1] = (merged[-1][0] + end - begin, kept)
            else:
                merged.append((end - begin, kept))
        return merged

    def write(self, offset: int, data: bytes | memoryview, *, durable: bool = False) -> None:
        """Change bytes; with `durable` (FUA) they survive power loss on return.

        Raises: ValueError, Rotten (for the rest of a block written in part), Failed, OSError.
        """
        view = memoryview(data)
        self._check(offset, len(view))
        self._mark(offset, len(view))
        first, start = divmod(offset, BLOCK)
        if start or len(view) % BLOCK:
            view = self._whole_blocks(offset, view)
        with self._trusting(durable=durable):
            if durable:
                self._sync_logs()
            self.store.write(first, view, durable=durable)

    def _whole_blocks(self, offset: int, view: memoryview) -> memoryview:
        """The blocks around a write that covers some of them only in part."""
        first, start = divmod(offset, BLOCK)
        count = -(-(start + len(view)) // BLOCK)
        whole = bytearray(count * BLOCK)
        if start:
            whole[:BLOCK] = self.store.read(first, 1)
        if (start + len(view)) % BLOCK and (count > 1 or not start):
            whole[-BLOCK:] = self.store.read(first + count - 1, 1)
        whole[start : start + len(view)] = view
        return memoryview(whole)

    def zero(self, offset: int, length: int, *, durable: bool = False) -> None:
        """Bytes read as zeroes from now on; whole blocks give back their space.

        Raises: as `write`.
        """
        self._check(offset, length)
        head = min(-offset % BLOCK, length)
        tail = (offset + length) % BLOCK if length > head else 0
        if head:
            self.write(offset, bytes(head), durable=durable)
        middle = length - head - tail
        if middle:
            self._mark(offset + head, middle)
            with self._trusting(durable=False):
                self.store.zero((offset + head) // BLOCK, middle // BLOCK)
        if tail:
            self.write(offset + length - tail, bytes(tail), durable=durable)
        if durable and middle:
            self.flush()

    def discard(self, offset: int, length: int) -> None:
        """Whole blocks in the range read as zeroes from now on; the edges keep their bytes.

        Raises: as `write`.
        """
        self._check(offset, length)
        first, last = -(-offset // BLOCK), (offset + length) // BLOCK
        if last > first:
            self.zero(first * BLOCK, (last - first) * BLOCK)

    def flush(self) -> None:
        """Everything written before survives power loss on return.

        Raises: Failed, OSError.
        """
        for step in self.flushing():
            step()

    def flushing(self) -> Iterator[Callable[[], None]]:
        """The steps of a flush; each may block, and may run in another thread."""
        self._check()
        yield self._guarded(self._sync_logs)
        for step in self.store.flushing():
            yield self._guarded(step)

    def clear(self, regions: Iterable[int]) -> None:
        """Regions are alike on all members: their intent goes, once the missed logs are safe."""
        with self._trusting():
            self._sync_logs()
        self.intent.clear(regions)

    def trust_unverified(self) -> int:
        """Take blocks that a crash left torn as they are; how many. For a replica that stands alone:

        otherwise a copy that verifies wins, and the controller writes it here.
        """
        count = 0
        for first, length in self.unverified_ranges():
            for block in self.store.unverified(first, length):
                self.store.trust(block, 1)
                count += 1
        return count

    def scrub(self) -> Iterator[tuple[int, list[int]]]:
        """Read everything there is: (first block of a stretch, its blocks that don't verify)."""
        blocks, step = self.header.size // BLOCK, 1024
        for first in range(0, blocks, step):
            count = min(step, blocks - first)
            wrong: list[int] = []
            try:
                for layer, start, length in self.store.extents(first, count):
                    if layer is not None:
                        wrong += layer.read(start, length)[1]
            except Rotten as rotten:
                wrong += rotten.blocks
            yield first, wrong

    def cut(self, snapshot: str) -> None:
        """Freeze what is there under a name; later writes go to a new layer.

        Raises: ValueError for a name that is taken or empty; Failed, OSError.
        """
        if not snapshot or snapshot in self._chain.snapshots:
            raise ValueError(f"a snapshot needs a name of its own, not {snapshot!r}")
        self.flush()
        chain = self._chain
        name = f"layer-{chain.next_number}"
        self._remove_layer(name)
        self.store.push(name)
        with self._trusting():
            self._directory.sync()
            after = Chain((*chain.layers, name), (*chain.snapshots, snapshot), chain.next_number + 1)
            self._chain_slots.save(after)
        self._chain = after

    def _remove_layer(self, name: str) -> None:
        """Take away what an earlier cut, stopped half-way, left behind."""
        for end in ("data", "sums", "map"):
            if f"{name}.{end}" in self._directory.names():
                self._directory.remove(f"{name}.{end}")

    @property
    def snapshots(self) -> tuple[str, ...]:
        """The names of the snapshots, oldest first."""
        return self._chain.snapshots

    def grow(self, size: int) -> None:
        """Make the volume larger; the new bytes are zeroes.

        Raises: ValueError for a smaller or impossible size; Failed, OSError.
        """
        self._check()
        check_geometry(size, self.header.block_size, self.header.region)
        if size < self.header.size:
            raise ValueError(f"a volume can't shrink from {self.header.size} to {size} bytes")
        header = replace(self.header, size=size)
        with self._trusting():
            self._header_slots.save(header)
        self.header = header

    def close(self) -> None:
        """Give back the files. What was not flushed is as after a kill."""
        self.store.close()
        for held in (self.intent, *self.missed.values()):
            held.close()
        for slots in (self._header_slots, self._ballot_slots, self._chain_slots, self._boot_slots):
            slots.close()

    # Trust.

    def _mark(self, offset: int, length: int) -> None:
        touched = self.regions_of(offset, length)
        for log in self.missed.values():
            log.mark(touched)
        if self.intent.mark(touched):
            with self._trusting():
                self.intent.sync()

    def _sync_logs(self) -> None:
        for log in self.missed.values():
            log.sync()

    def _check(self, offset: int = 0, length: int = BLOCK) -> None:
        if self.failure:
            raise Failed(self.failure)
        unit = self.header.block_size
        if length <= 0 or offset < 0 or offset % unit or length % unit:
            raise ValueError(f"offset {offset} and length {length} must be positive multiples of {unit}")
        if offset + length > self.header.size:
            raise ValueError(f"{offset} + {length} is beyond the volume's end, {self.header.size}")

    def _guarded(self, step: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            with self._trusting():
                step()

        return run

    def _trusting(self, *, durable: bool = True) -> _Trust:
        return _Trust(self, durable=durable)


class _Trust:
    """Fails the replica for good when a step that promises durability goes wrong."""

    def __init__(self, replica: Replica, *, durable: bool) -> None:
        self._replica, self._durable = replica, durable

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if self._durable and isinstance(error, OSError):
            self._replica.failure = (
                f"replica {self._replica.header.replica} failed for good: {error}. Its disk may have dropped "
                "what was written; replace it and rebuild from another replica."
            )


__all__ = ["Damaged", "Failed", "Misplaced", "Place", "Replica", "Rotten"]
