"""A drawn workload on one replica, and an oracle that knows what a crash may leave of it."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator

from blockengine.membership import changes
from blockengine.membership.ballot import Ballot
from blockengine.membership.record import Epoch, Member, Position, Record, Voter
from blockengine.replica import filling, mending
from blockengine.replica.alone import trust_unverified
from blockengine.replica.creating import create_replica
from blockengine.replica.layer import BLOCK, DATA
from blockengine.replica.merging import merging
from blockengine.replica.replica import Place, Replica, Rotten
from blockengine.verify.disk import SECTOR, Crashed, SimulatedDisk
from blockengine.volume.copying import zero_runs

PLACE, REBOOTED = Place("machine", "boot 1"), Place("machine", "boot 2")
REGION = 4 * BLOCK
SIZE = 6 * REGION
LARGEST = SIZE + 2 * REGION
ZERO = bytes(SECTOR)


def first_record() -> Record:
    at = Position(Epoch(1, 1), 1)
    names = ("a", "b")
    return Record(
        "v", "l", at, tuple(Voter(name, 1) for name in names), tuple(Member(name, "x", at) for name in names)
    )


class Workload:
    """Runs drawn operations until the disk stops; remembers, per sector, what it may hold."""

    def __init__(self, disk: SimulatedDisk, seed: int) -> None:
        self.disk, self.draw = disk, random.Random(seed)
        # What each sector held since it was last durable; the last entry is acknowledged.
        self.trail: list[list[bytes]] = [[ZERO] for _ in range(SIZE // SECTOR)]
        # What an operation that was cut short may have put there.
        self.under_way: dict[int, bytes] = {}
        self.promise = Epoch(1, 1)
        self.record = first_record()
        self.next_record: Record | None = None
        self.missed: set[int] | None = None
        # What the volume was at each snapshot that the list has; and the merge under way.
        self.views: dict[int, list[bytes]] = {}
        self.merge: Iterator[Callable[[], None]] | None = None
        # A block that went bad, and is not safely mended yet: the snapshot that has it, and its number.
        self.rotten: tuple[int, int] | None = None
        self.cuts = 0
        self.count = 0
        self.replica: Replica | None = None

    def run(self, operations: int) -> bool:
        """Whether it came to its end before the disk stopped."""
        try:
            ballot = Ballot("a", 1, self.promise, record=self.record)
            self.replica = create_replica(
                self.disk, ballot, volume="v", size=SIZE, place=PLACE, block_size=512, region=REGION
            )
            for _ in range(operations):
                self.step(self.replica)
        except Crashed:
            return False
        return True

    def step(self, replica: Replica) -> None:
        act: Callable[[Replica], None] = self.draw.choices(
            [
                self.write,
                self.force_unit,
                self.zero,
                self.discard,
                self.flush,
                self.clear,
                self.cut,
                self.vote,
                self.merge_on,
                self.grow,
                self.rot,
                self.restore,
            ],
            [12, 3, 2, 3, 5, 2, 2, 2, 6, 0.5, 2, 1],
        )[0]
        act(replica)

    # Bytes.

    def content(self, sectors: int) -> bytes:
        made = b""
        for _ in range(sectors):
            self.count += 1
            made += self.count.to_bytes(8, "little") * (SECTOR // 8)
        return made

    def range(self) -> tuple[int, int]:
        per_block = BLOCK // SECTOR
        if self.draw.random() < 0.5:
            blocks = self.sectors // per_block
            first = self.draw.randrange(blocks)
            return first * per_block, self.draw.randint(1, min(3, blocks - first)) * per_block
        first = self.draw.randrange(self.sectors)
        return first, self.draw.randint(1, min(20, self.sectors - first))

    @property
    def sectors(self) -> int:
        return len(self.trail)

    def changing(self, first: int, content: bytes) -> None:
        self.under_way = {
            first + n: content[n * SECTOR : (n + 1) * SECTOR] for n in range(len(content) // SECTOR)
        }

    def changed(self, *, durable: bool = False) -> None:
        for sector, value in self.under_way.items():
            self.trail[sector] = [value] if durable else [*self.trail[sector], value]
            if self.missed is not None:
                self.missed.add(sector * SECTOR // REGION)
        self.under_way = {}

    def write(self, replica: Replica) -> None:
        first, sectors = self.range()
        data = self.content(sectors)
        self.changing(first, data)
        replica.write(first * SECTOR, data)
        self.changed()

    def force_unit(self, replica: Replica) -> None:
        first, sectors = self.range()
        data = self.content(sectors)
        self.changing(first, data)
        replica.write(first * SECTOR, data, durable=True)
        self.changed(durable=True)

    def zero(self, replica: Replica) -> None:
        first, sectors = self.range()
        self.changing(first, bytes(sectors * SECTOR))
        replica.zero(first * SECTOR, sectors * SECTOR)
        self.changed()

    def discard(self, replica: Replica) -> None:
        first, sectors = self.range()
        start, end = -(-first * SECTOR // BLOCK) * BLOCK, (first + sectors) * SECTOR // BLOCK * BLOCK
        self.changing(start // SECTOR, bytes(max(0, end - start)))
        replica.discard(first * SECTOR, sectors * SECTOR)
        self.changed()

    def flush(self, replica: Replica) -> None:
        replica.flush()
        self.trail = [held[-1:] for held in self.trail]

    def clear(self, replica: Replica) -> None:
        self.flush(replica)
        replica.clear(sorted(replica.intent.marked))

    # Layers.

    def cut(self, replica: Replica) -> None:
        if len(replica.layers.snapshots) > 4:
            return
        self.cuts += 1
        cut = self.cuts
        replica.cut(cut)
        self.trail = [held[-1:] for held in self.trail]
        self.views[cut] = [held[-1] for held in self.trail]

    def merge_on(self, replica: Replica) -> None:
        """Some steps of a merge; a new one begins by deleting a snapshot, or none."""
        if self.merge is None:
            if self.views and self.draw.random() < 0.7:
                del self.views[self.draw.choice(list(self.views))]
            self.merge = merging(replica, self.views)
        for _ in range(self.draw.randint(1, 6)):
            step = next(self.merge, None)
            if step is None:
                self.merge = None
                return
            step()

    def restore(self, replica: Replica) -> None:
        """What a controller does on each replica when it takes the volume back to a snapshot."""
        if not self.views:
            return
        view = self.draw.choice(list(self.views))
        place = 0
        for length, differs in filling.changed(replica, 0, view, 0, replica.header.size):
            data = replica.read(place, length, view)
            for start, size, zero in zero_runs(data) if differs else ():
                piece = data[start : start + size]
                self.changing((place + start) // SECTOR, piece)
                if zero:
                    replica.zero(place + start, size)
                else:
                    replica.write(place + start, piece)
                self.changed()
            place += length
        held = b"".join(self.views[view])
        beyond = bytes(replica.header.size - len(held))
        assert replica.read(0, replica.header.size) == held + beyond, "the volume was not taken back"

    def grow(self, replica: Replica) -> None:
        if replica.header.size < LARGEST:
            self.trail += [[ZERO] for _ in range(REGION // SECTOR)]
            replica.grow(replica.header.size + REGION)

    # Rot.

    def rot(self, replica: Replica) -> None:
        """A frozen block goes bad, in one way or another, and is mended from what another member has."""
        if not self.views:
            return
        cuts = replica.layers.snapshots
        above = [cuts.index(view) for view in self.views]
        # A merge copies down what it merges, rot too: those are the interesting ones.
        merged = [cuts[level] for level in above if level and cuts[level - 1] not in self.views]
        view = self.draw.choice(merged or list(self.views))
        block = self.draw.randrange(len(self.views[view]) * SECTOR // BLOCK)
        level = replica.store.holder(block, replica.layers.level(view))
        if level < 0 or replica.store.layers[level].states(block, 1)[0] != DATA:
            return
        layer = replica.store.layers[level]
        end, each = self.draw.choice((("data", BLOCK), ("sums", 8), ("map", 1)))
        self.disk.rot(f"{layer.name}.{end}", block * each + self.draw.randrange(each))
        # As if it had been read from the disk only now.
        layer._chunks.clear()
        self.rotten = view, block
        self.mend(replica)
        self.rotten = None

    def mend(self, replica: Replica) -> None:
        assert self.rotten is not None
        view, block = self.rotten
        content, place = self.block(view, block), block * BLOCK
        mending.mend(replica, view, place, memoryview(content), dead=lambda cut: cut not in self.views)
        self.flush(replica)
        assert replica.read(place, BLOCK, view) == content, "a block was not mended"

    def block(self, view: int, block: int) -> bytes:
        per_block = BLOCK // SECTOR
        return b"".join(self.views[view][block * per_block : (block + 1) * per_block])

    # Votes.

    def vote(self, replica: Replica) -> None:
        if self.draw.random() < 0.5:
            epoch = Epoch(self.promise.number + 1, 1)
            replica.open_session(epoch=epoch, number=1)
            self.promise = epoch
            return
        at = Position(self.promise, self.record.position.seq + 1)
        out = self.record.absence("b") is not None
        if out:
            self.next_record = changes.promote(self.record, "b", "x", at)
        else:
            self.next_record = changes.remove(self.record, ["b"], at)
        replica.store_record(self.next_record)
        self.record, self.next_record = self.next_record, None
        self.missed = None if out else set()

    # What a crash must leave.

    def check(self, after: Replica, *, power: bool) -> None:
        """Every promise the replica had made when its machine, or only its process, stopped."""
        assert after.ballot.promise >= self.promise
        assert after.ballot.record in (self.record, self.next_record)
        exact = {sector for sector in range(self.sectors) if self.region(sector) not in after.intent.marked}
        if self.missed is not None and after.ballot.record == self.record:
            assert self.missed <= after.missed["b"].marked, "a missed log forgot a change"
            assert after.missed["b"].tag == self.record.absence("b").out  # type: ignore[union-attr]
        trust_unverified(after)
        if self.rotten is not None:
            self.mended_after_all(after)
        self.look_at_snapshots(after)
        self.compare(after, exact if power else set(range(self.sectors)))
        assert not any(wrong for _, wrong in mending.scrub(after, list(self.views)))

    def mended_after_all(self, after: Replica) -> None:
        """A mend that was cut short left the block as bad as it was, or well; it can be done again."""
        assert self.rotten is not None
        view, block = self.rotten
        with contextlib.suppress(Rotten):
            assert after.read(block * BLOCK, BLOCK, view) == self.block(view, block), "rot passes for bytes"
        trail = self.trail
        self.mend(after)
        # What the volume held before the crash is still to be judged.
        self.trail = trail

    def look_at_snapshots(self, after: Replica) -> None:
        """Each is there, as it was, to the byte."""
        for cut, values in self.views.items():
            assert after.read(0, len(values) * SECTOR, cut) == b"".join(values), f"snapshot {cut} changed"

    @staticmethod
    def region(sector: int) -> int:
        return sector * SECTOR // REGION

    def compare(self, after: Replica, exact: set[int]) -> None:
        assert after.header.size in (self.sectors * SECTOR, self.sectors * SECTOR - REGION)
        held = after.read(0, after.header.size)
        for sector in range(after.header.size // SECTOR):
            value = held[sector * SECTOR : (sector + 1) * SECTOR]
            allowed = self.trail[sector][-1:] if sector in exact else list(self.trail[sector])
            if sector in self.under_way:
                allowed = [*allowed, self.under_way[sector]]
            assert value in allowed, (
                f"sector {sector} holds {value[:8].hex()}, allowed {[one[:8].hex() for one in allowed]}"
            )
