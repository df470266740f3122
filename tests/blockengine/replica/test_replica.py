from __future__ import annotations

import errno
import random
import shutil
from pathlib import Path

import pytest

from blockengine.membership import changes
from blockengine.membership.ballot import Ballot, Refused
from blockengine.membership.record import Epoch, Member, Position, Record, Voter
from blockengine.replica.creating import create_replica
from blockengine.replica.files import Directory, RealDirectory
from blockengine.replica.layer import BLOCK
from blockengine.replica.mending import scrub
from blockengine.replica.replica import Damaged, Failed, Misplaced, Place, Replica, Rotten
from blockengine.replica.trust import mend
from blockengine.verify.disk import SimulatedDisk

PLACE = Place("machine", "boot")
MIB = 1 << 20
SIZE = 64 * MIB
AT = Position(Epoch(1, 1), 1)


def ballot() -> Ballot:
    voters = (Voter("a", 1), Voter("b", 1))
    record = Record("v", "l", AT, voters, (Member("a", "x", AT), Member("b", "x", AT)))
    return Ballot("a", 1, AT.epoch, record=record)


def made(directory: Directory, *, size: int = SIZE, block_size: int = BLOCK) -> Replica:
    return create_replica(directory, ballot(), volume="v", size=size, place=PLACE, block_size=block_size)


@pytest.fixture(params=["real", "simulated"])
def directory(request: pytest.FixtureRequest, tmp_path: Path) -> Directory:
    return RealDirectory(tmp_path) if request.param == "real" else SimulatedDisk()


@pytest.mark.parametrize("block_size", [512, BLOCK])
def test_a_replica_reads_what_a_byte_array_would(directory: Directory, block_size: int) -> None:
    draw = random.Random(block_size)
    size = 2 * MIB
    replica, mirror = made(directory, size=size, block_size=block_size), bytearray(size)
    for step in range(400):
        units = size // block_size
        first = draw.randrange(units)
        offset, length = first * block_size, draw.randint(1, min(64, units - first)) * block_size
        kind = draw.random()
        if kind < 0.5:
            data = draw.randbytes(length)
            replica.write(offset, data, durable=kind < 0.1)
            mirror[offset : offset + length] = data
        elif kind < 0.6:
            replica.zero(offset, length, durable=kind < 0.52)
            mirror[offset : offset + length] = bytes(length)
        elif kind < 0.7:
            replica.discard(offset, length)
            start, end = -(-offset // BLOCK) * BLOCK, (offset + length) // BLOCK * BLOCK
            mirror[start:end] = bytes(max(0, end - start))
        elif kind < 0.72 and len(replica.layers.snapshots) < 4:
            replica.cut(step + 1)
        assert replica.read(offset, length) == mirror[offset : offset + length]
    replica.flush()
    replica.close()
    again = Replica.open(directory, PLACE)
    assert again.read(0, size) == mirror
    assert not any(wrong for _, wrong in scrub(again, ()))


@pytest.mark.parametrize(
    ("offset", "length"),
    [(0, 0), (-BLOCK, BLOCK), (0, -BLOCK), (1, BLOCK), (0, 100), (SIZE, BLOCK), (SIZE - BLOCK, 2 * BLOCK)],
)
def test_an_impossible_range_is_refused_and_changes_nothing(offset: int, length: int) -> None:
    replica = made(SimulatedDisk())
    with pytest.raises(ValueError, match=r"multiples|beyond"):
        replica.read(offset, length)
    with pytest.raises(ValueError, match=r"multiples|beyond"):
        replica.zero(offset, length)
    if length >= 0:
        with pytest.raises(ValueError, match=r"multiples|beyond"):
            replica.write(offset, bytes(length))
    assert not replica.intent.marked


@pytest.mark.parametrize("size", [0, -BLOCK, 4095, 1 << 60])
def test_an_impossible_volume_is_refused_and_leaves_no_file(tmp_path: Path, size: int) -> None:
    with pytest.raises(ValueError, match="size"):
        made(RealDirectory(tmp_path), size=size)
    assert not list(tmp_path.iterdir())


def test_a_flush_syncs_only_what_the_disk_has_not() -> None:
    replica = made(SimulatedDisk())

    def flushed() -> int:
        steps = 0
        for step in replica.flushing():
            step()
            steps += 1
        return steps

    replica.flush()
    assert flushed() == 0
    replica.write(0, b"a" * BLOCK)
    assert flushed() == 2  # bytes with their checksums, then the map that says that they are there
    replica.write(0, b"b" * BLOCK)
    assert flushed() == 1
    replica.discard(0, BLOCK)
    assert flushed() == 2
    assert flushed() == 0


def test_rot_is_noticed_on_read_and_by_scrub() -> None:
    disk = SimulatedDisk()
    replica = made(disk)
    replica.write(0, bytes(range(256)) * 48)
    disk.rot("layer-0.data", BLOCK + 7)
    with pytest.raises(Rotten) as rotten:
        replica.read(0, 3 * BLOCK)
    assert rotten.value.blocks == [1]
    assert replica.read(0, BLOCK)
    assert [wrong for _, wrong in scrub(replica, ()) if wrong] == [[1]]


def test_a_block_at_the_wrong_place_is_noticed() -> None:
    disk = SimulatedDisk()
    replica = made(disk)
    replica.write(0, b"a" * BLOCK + b"b" * BLOCK)
    top = replica.store.top
    top.data.pwrite(b"a" * BLOCK, BLOCK)
    top.sums.pwrite(top.sums.pread(8, 0), 8)
    with pytest.raises(Rotten):
        replica.read(BLOCK, BLOCK)


def test_a_flipped_bit_in_the_map_is_noticed() -> None:
    disk = SimulatedDisk()
    replica = made(disk)
    replica.write(0, b"a" * BLOCK)
    replica.flush()
    disk.rot("layer-0.map", 0)
    again = Replica.open(disk, PLACE)
    with pytest.raises(Rotten):
        again.read(0, BLOCK)


def test_rot_in_one_slot_is_mended_and_in_both_is_refused() -> None:
    disk = SimulatedDisk()
    replica = made(disk)
    replica.open_session(epoch=Epoch(7, 7), number=3)
    disk.rot("ballot", 40)
    again = Replica.open(disk, PLACE)
    assert (again.ballot.promise, again.ballot.session) == (Epoch(7, 7), 3)
    disk.rot("ballot", 64 * 1024 + 40)
    assert Replica.open(disk, PLACE).ballot.promise == Epoch(7, 7)
    disk.rot("ballot", 40)
    disk.rot("ballot", 64 * 1024 + 40)
    with pytest.raises(Damaged, match="ballot"):
        Replica.open(disk, PLACE)


def test_a_copied_directory_does_not_start(tmp_path: Path) -> None:
    original = tmp_path / "original"
    original.mkdir()
    replica = made(RealDirectory(original))
    replica.write(0, b"x" * BLOCK)
    replica.close()
    shutil.copytree(original, tmp_path / "copy")
    with pytest.raises(Misplaced, match="copy, remove it"):
        Replica.open(RealDirectory(tmp_path / "copy"), PLACE)
    with pytest.raises(Misplaced):
        Replica.open(RealDirectory(original), Place("other machine", "boot"))
    moved = Replica.open(RealDirectory(tmp_path / "copy"), PLACE, moved=True)
    assert moved.read(0, BLOCK) == b"x" * BLOCK
    moved.close()
    # A sparse copy may keep or lose holes; the map says what they mean.
    assert Replica.open(RealDirectory(tmp_path / "copy"), PLACE).read(BLOCK, BLOCK) == bytes(BLOCK)


def test_a_failed_sync_fails_the_replica_for_good() -> None:
    disk = SimulatedDisk()
    replica = made(disk)
    replica.write(0, b"x" * BLOCK)
    disk.fail_syncs = True
    with pytest.raises(OSError, match="simulated"):
        replica.flush()
    disk.fail_syncs = False
    for act in (replica.flush, lambda: replica.read(0, BLOCK), lambda: replica.write(0, b"y" * BLOCK)):
        with pytest.raises(Failed, match="replica a failed for good"):
            act()


def test_a_failure_outlives_restarts_until_somebody_mends_it() -> None:
    disk = SimulatedDisk()
    replica = made(disk)
    replica.write(0, b"x" * BLOCK)
    replica.flush()
    replica.write(0, b"y" * BLOCK)
    disk.fail_syncs = True
    with pytest.raises(OSError, match="simulated"):
        replica.flush()
    # Not even the note of the failure could be synced; its name is enough.
    for _ in range(2):
        replica.close()
        replica = Replica.open(disk, PLACE)
        with pytest.raises(Failed, match="replica a failed for good"):
            replica.read(0, BLOCK)
        with pytest.raises(Failed, match="failed for good"):
            replica.grant(epoch=Epoch(9, 9), now=0, duration=1)
    disk.fail_syncs = False
    replica.close()
    mend(disk)
    with pytest.raises(ValueError, match="nothing to mend"):
        mend(disk)
    replica = Replica.open(disk, PLACE)
    # As after a loss of power: its boot is another one, so that it is no source beside a steady member.
    assert replica.trust.boot(PLACE.boot) != PLACE.boot
    assert replica.read(0, BLOCK) in (b"x" * BLOCK, b"y" * BLOCK)
    replica.close()
    again = Replica.open(disk, PLACE)
    assert again.trust.boot(PLACE.boot) == replica.trust.boot(PLACE.boot)


def test_a_full_disk_loses_nothing_that_was_there(monkeypatch: pytest.MonkeyPatch) -> None:
    replica = made(SimulatedDisk())
    replica.write(0, b"x" * 2 * BLOCK)
    top = replica.store.top
    real = top.sums.pwrite

    def full(*anything: object, **named: object) -> None:
        monkeypatch.setattr(top.sums, "pwrite", real)
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(top.sums, "pwrite", full)
    with pytest.raises(OSError, match="no space"):
        replica.write(BLOCK, b"y" * 2 * BLOCK)
    assert replica.read(0, BLOCK) == b"x" * BLOCK
    assert replica.read(BLOCK, BLOCK)[:1] in (b"x", b"y")
    assert not replica.failure


def test_a_record_that_removes_a_member_starts_its_log_from_the_intent() -> None:
    disk = SimulatedDisk()
    replica = made(disk)
    replica.write(0, b"x" * BLOCK)
    assert replica.ballot.record is not None
    out = Position(AT.epoch, 2)
    record = changes.remove(replica.ballot.record, ["b"], out)
    replica.store_record(record)
    replica.write(9 * MIB, b"x" * BLOCK)
    assert replica.missed["b"].marked == {0, 2}
    again = Replica.open(disk.after_kill(), PLACE)
    assert again.missed["b"].marked == {0, 2}
    assert again.missed["b"].tag == out
    # The log outlives the promotion until the controller says that it is committed.
    again.store_record(changes.promote(record, "b", "x", Position(AT.epoch, 3)))
    again.write(17 * MIB, b"x" * BLOCK)
    assert again.missed["b"].marked == {0, 2, 4}
    again.forget("b", AT)
    assert "b" in again.missed
    again.forget("b", out)
    assert not again.missed
    assert isinstance(again.store_record(record), Refused)


def test_growing_adds_zeroes_and_shrinking_is_refused(directory: Directory) -> None:
    replica = made(directory)
    replica.write(SIZE - BLOCK, b"x" * BLOCK)
    replica.grow(2 * SIZE)
    assert replica.read(SIZE - BLOCK, 2 * BLOCK) == b"x" * BLOCK + bytes(BLOCK)
    replica.write(2 * SIZE - BLOCK, b"y" * BLOCK)
    with pytest.raises(ValueError, match="shrink"):
        replica.grow(SIZE)
    replica.flush()
    assert Replica.open(directory, PLACE).read(2 * SIZE - BLOCK, BLOCK) == b"y" * BLOCK


def test_a_size_that_the_file_system_can_not_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    disk = SimulatedDisk()
    replica = made(disk)
    monkeypatch.setattr(disk, "capacity", lambda: 2 * SIZE)
    with pytest.raises(ValueError, match="file system has in all"):
        replica.grow(3 * SIZE)

    def too_long(size: int) -> None:
        raise OSError(errno.EFBIG, "file too large")

    monkeypatch.setattr(replica.store.top.data, "truncate", too_long)
    with pytest.raises(ValueError, match="no files of"):
        replica.grow(3 * SIZE, overcommit=True)
    assert replica.header.size == SIZE
    monkeypatch.undo()
    replica.grow(3 * SIZE, overcommit=True)
    assert Replica.open(disk, PLACE).header.size == 3 * SIZE


def test_discard_gives_back_space(tmp_path: Path) -> None:
    replica = made(RealDirectory(tmp_path))
    replica.write(0, b"x" * 8 * MIB)
    replica.flush()
    before = (tmp_path / "layer-0.data").stat().st_blocks
    replica.discard(0, 8 * MIB)
    replica.flush()
    assert (tmp_path / "layer-0.data").stat().st_blocks < before // 8


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    made(RealDirectory(tmp_path)).close()
    for slot in (0, 64 * 1024):
        with (tmp_path / "header").open("r+b") as file:
            file.seek(slot + 8)
            file.write(b"\x02\x00")
    with pytest.raises(Damaged, match="newer navarch"):
        Replica.open(RealDirectory(tmp_path), PLACE)
