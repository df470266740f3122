"""A replica: bytes, ballot and logs of one volume in one directory.

Synchronous, one thread at a time, except that the steps of `flushing` may block in another.
Every change of bytes marks the intent (durably) and the missed logs first. After a failed
sync the replica declares itself failed (`trust`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

from msgspec.structs import replace

from blockengine.membership import ballot as ballots
from blockengine.membership.ballot import Ballot, Granted, Opened, Refused, Stored
from blockengine.membership.record import Epoch, Override, Position, Record
from blockengine.replica.files import Bytes, Directory
from blockengine.replica.identity import (
    Header,
    Misplaced,
    Place,
    check_fits,
    check_geometry,
    place_of,
)
from blockengine.replica.layer import BLOCK
from blockengine.replica.layers import Layers
from blockengine.replica.ledger import Ledger
from blockengine.replica.lists import Lists
from blockengine.replica.overrides import Overrides
from blockengine.replica.regionlog import MissedFile, RegionLog
from blockengine.replica.slots import Damaged, Slots
from blockengine.replica.store import Rotten
from blockengine.replica.trust import Failed, Trust

Answer = TypeVar("Answer")


class Replica:
    """One open replica. Use `open`, or `creating.create_replica`."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._header_slots = Slots(directory.open("header"), "header", Header)
        self._boot_slots = Slots(directory.open("boot"), "boot", str)
        self.header = self._header_slots.load()
        self.layers = Layers(directory)
        self.store = self.layers.store
        self.trust = Trust(self.header.replica, directory)
        self.ledger = Ledger(directory, self.regions, self.trust)
        self.lists = Lists(directory)
        self._overrides = Overrides(directory)

    # Opening.

    @classmethod
    def open(cls, directory: Directory, place: Place, *, moved: bool = False) -> Replica:
        """Open a replica and bring it back in line after whatever stopped it.

        `moved` says that its operator knows that no other copy of it runs.

        One that failed for good only says so.

        Raises: Damaged; Misplaced; FileNotFoundError if there is none.
        """
        if "header" not in directory.names():
            raise FileNotFoundError("no replica here: its header is missing")
        replica = cls(directory)
        replica._take_place(place_of(replica.header, directory, place, moved=moved))
        if not replica.failure:
            boot = replica.trust.boot(place.boot)
            replica._recover(same_boot=replica._boot_slots.load() == boot)
            replica._boot_slots.save(boot)
        return replica

    def _take_place(self, header: Header) -> None:
        if header != self.header:
            self.header = header
            self._header_slots.save(header)

    def _recover(self, *, same_boot: bool) -> None:
        """After an unclean stop: maps follow bytes, logs take in the intent, leftovers go.

        On the same boot only the process died, and the page cache has all it was given.
        """
        self.layers.drop_unknown()
        self.ledger.recover()
        held = self.ballot.record
        self.lists.drop_all_but(held.snapshots if held is not None else "")
        if same_boot and self.intent.marked:
            self.store.top.sync_content()
        for first, count in self.unverified_ranges():
            self.store.after_crash(first, count, trusted=same_boot)
        self.ledger.distrust_marks()

    # Geometry.

    @property
    def blocks(self) -> int:
        return self.header.size // BLOCK

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
        region = self.header.region
        return range(offset // region, (offset + length - 1) // region + 1)

    # Votes and logs.

    @property
    def ballot(self) -> Ballot:
        """What this replica promised, and the record it holds."""
        return self.ledger.ballot

    @property
    def intent(self) -> RegionLog:
        """Regions that may differ from other members."""
        return self.ledger.intent

    @property
    def missed(self) -> Mapping[str, MissedFile]:
        """Per absent replica, what it missed."""
        return self.ledger.missed

    @property
    def overrides(self) -> tuple[Override, ...]:
        """How often, and why, an operator forced the volume onward."""
        return self._overrides.all

    @property
    def failure(self) -> str:
        """Why this replica no longer trusts its disk; empty while it does."""
        return self.trust.failure

    def grant(self, *, epoch: Epoch, now: int, duration: int) -> Granted | Refused:
        """`membership.ballot.grant`, durable."""
        return self.ledger.vote(lambda held: ballots.grant(held, epoch=epoch, now=now, duration=duration))

    def restarted(self, *, now: int) -> None:
        """`membership.ballot.restarted`: nobody new is granted before one full lease has passed."""
        self.ledger.restarted(now=now, duration=self.header.lease)

    def enter(self, record: Record, *, incarnation: int, override: Override) -> Stored:
        """`membership.ballot.enter_lineage`, durable; what others missed is forgotten.

        Raises: ValueError if the replica is in this lineage already; Failed, OSError.
        """
        with self.trust.promising():
            self._overrides.add(override)
        return self.ledger.enter(record, incarnation=incarnation)

    def open_session(self, *, epoch: Epoch, number: int) -> Opened | Refused:
        """`membership.ballot.open_session`, durable."""
        return self.ledger.vote(lambda held: ballots.open_session(held, epoch=epoch, number=number))

    def store_record(self, record: Record) -> Stored | Refused:
        """`membership.ballot.store`, durable, together with the missed logs that it starts.

        A member holds the list of snapshots that its record names, before it holds the record.
        """
        if record.member(self.header.replica) is not None and not self.lists.has(record.snapshots):
            return Refused("list", self.ballot.promise)
        return self.ledger.store_record(record, holder=self.header.replica)

    def keep_list(self, raw: bytes) -> None:
        """Hold a list of snapshots, for a record that will name it. Durable on return.

        Raises: Failed, OSError.
        """
        self.check()
        held = self.ballot.record
        self.lists.keep(raw, held.snapshots if held is not None else "", self.trust)

    def copied(self, target: str, tag: Position, regions: Iterable[int]) -> None:
        """An absent replica has these regions durably: its log drops them."""
        self.ledger.copied(target, tag, regions)

    def forget(self, target: str, tag: Position) -> None:
        """A promotion is committed: what its replica had missed is no longer needed."""
        self.ledger.forget(target, tag)

    def clear(self, regions: Iterable[int]) -> None:
        """Regions are alike on all members: their intent goes."""
        self.ledger.clear(regions)

    # Bytes.

    def read(self, offset: int, length: int, view: int = 0) -> bytes:
        """Bytes, verified; as of a snapshot, or live. `offset` and `length` are multiples of the block size.

        Raises: ValueError, Rotten, Failed, OSError.
        """
        self.check(offset, length)
        first, last = offset // BLOCK, -(-(offset + length) // BLOCK)
        if view:
            data = self.store.read_at(self.layers.level(view), first, last - first)
        else:
            data = self.store.read(first, last - first)
        start = offset - first * BLOCK
        return data if len(data) == length else data[start : start + length]

    def read_cached(self, offset: int, length: int, into: memoryview | None = None) -> Bytes | None:
        """The same if that takes no wait for a device, else None. The answer may be `into`, filled."""
        self.check(offset, length)
        first, start = divmod(offset, BLOCK)
        if start or length % BLOCK:
            into = None
        data = self.store.read_cached(first, -(-(start + length) // BLOCK), into)
        if data is None or len(data) == length:
            return data
        return data[start : start + length]

    def warming(self, offset: int, length: int, view: int = 0) -> Callable[[], None]:
        """Work for another thread that brings a range into memory, so that `read` need not wait.

        Raises: ValueError, Rotten, Failed.
        """
        self.check(offset, length)
        first, last = offset // BLOCK, -(-(offset + length) // BLOCK)
        found = self.store.extents(first, last - first, self.layers.level(view))

        def warm() -> None:
            for layer, start, count in found:
                if layer is not None:
                    layer.data.pread(count * BLOCK, start * BLOCK)

        return warm

    def allocation(self, offset: int, length: int, view: int = 0) -> list[tuple[int, bool]]:
        """(length, whether it has data) of each stretch of a range; the rest reads as zeroes.

        Raises: ValueError, Rotten, Failed.
        """
        self.check(offset, length)
        first, last = offset // BLOCK, -(-(offset + length) // BLOCK)
        merged: list[tuple[int, bool]] = []
        for layer, start, count in self.store.extents(first, last - first, self.layers.level(view)):
            begin, end = max(offset, start * BLOCK), min(offset + length, (start + count) * BLOCK)
            kept = layer is not None
            if merged and merged[-1][1] == kept:
                merged[-1] = (merged[-1][0] + end - begin, kept)
            else:
                merged.append((end - begin, kept))
        return merged

    def write(self, offset: int, data: Bytes, *, durable: bool = False) -> None:
        """Change bytes; with `durable` (FUA) they survive power loss on return.

        Raises: ValueError, Rotten (for the rest of a block written in part), Failed, OSError.
        """
        length, region = len(data), self.header.region
        self.check(offset, length)
        if not self.ledger.has_marked(offset // region, (offset + length - 1) // region):
            self.ledger.mark(self.regions_of(offset, length))
        first, start = divmod(offset, BLOCK)
        if start or length % BLOCK:
            data = self._whole_blocks(offset, data)
        if not durable:
            self.store.write(first, data)
            return
        with self.trust.promising():
            self.ledger.sync_logs()
            self.store.write(first, data, durable=True)

    def _whole_blocks(self, offset: int, data: Bytes) -> bytearray:
        """The blocks around a write that covers some of them only in part."""
        first, start = divmod(offset, BLOCK)
        count = -(-(start + len(data)) // BLOCK)
        whole = bytearray(count * BLOCK)
        if start:
            whole[:BLOCK] = self.store.read(first, 1)
        if (start + len(data)) % BLOCK and (count > 1 or not start):
            whole[-BLOCK:] = self.store.read(first + count - 1, 1)
        whole[start : start + len(data)] = data
        return whole

    def zero(self, offset: int, length: int, *, durable: bool = False) -> None:
        """Bytes read as zeroes from now on; whole blocks give back their space.

        Raises: as `write`.
        """
        self.check(offset, length)
        head = min(-offset % BLOCK, length)
        tail = (offset + length) % BLOCK if length > head else 0
        if head:
            self.write(offset, bytes(head), durable=durable)
        middle = length - head - tail
        if middle:
            self.ledger.mark(self.regions_of(offset + head, middle))
            self.store.zero((offset + head) // BLOCK, middle // BLOCK)
        if tail:
            self.write(offset + length - tail, bytes(tail), durable=durable)
        if durable and middle:
            self.flush()

    def discard(self, offset: int, length: int) -> None:
        """Whole blocks in the range read as zeroes from now on; the edges keep their bytes.

        Raises: as `write`.
        """
        self.check(offset, length)
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
        """The steps of a flush; each may block, and may run in another thread. One flush at a time."""
        self.check()
        if not self.ledger.logs_synced:
            yield self.trust.guarded(self.ledger.sync_logs)
        for step in self.store.flushing():
            yield self.trust.guarded(step)

    def cut(self, snapshot: int) -> None:
        """Freeze what is there under an id (0: none); later writes go to a new layer.

        Raises: ValueError for an id that is taken; Failed, OSError.
        """
        self.flush()
        self.layers.cut(snapshot, self.trust)

    def grow(self, size: int, *, overcommit: bool = False) -> None:
        """Have room for a volume of `size` bytes; the new ones are zeroes. Durable on return.

        A replica may have more room than its volume has bytes: the record decides. `overcommit`
        allows more than the whole file system has.

        Raises: ValueError for a smaller or impossible size; Failed, OSError.
        """
        self.check()
        check_geometry(size, self.header.block_size, self.header.region, self.header.lease)
        if size < self.header.size:
            raise ValueError(f"a volume can't shrink from {self.header.size} to {size} bytes")
        if size == self.header.size:
            return
        if not overcommit:
            check_fits(self._directory, size)
        self.store.check_room(size)
        header = replace(self.header, size=size)
        with self.trust.promising():
            self._header_slots.save(header)
        self.header = header
        self.ledger.regions = self.regions

    def close(self) -> None:
        """Give back the files. What was not flushed is as after a kill."""
        self.store.close()
        self.ledger.close()
        self.layers.close()
        for slots in (self._header_slots, self._boot_slots):
            slots.close()

    def check(self, offset: int = 0, length: int = BLOCK) -> None:
        """Raises: Failed; ValueError for a range that can't be."""
        if self.trust.failure:
            raise Failed(self.trust.failure)
        header = self.header
        unit, size = header.block_size, header.size
        if length <= 0 or offset < 0 or (offset | length) % unit:
            raise ValueError(f"offset {offset} and length {length} must be positive multiples of {unit}")
        if offset + length > size:
            raise ValueError(f"{offset} + {length} is beyond the volume's end, {size}")


__all__ = ["Damaged", "Failed", "Misplaced", "Place", "Replica", "Rotten"]
