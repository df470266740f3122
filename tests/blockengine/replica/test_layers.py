"""Cuts, fills and merges of one replica, also on a disk that is full."""

from __future__ import annotations

import errno

import pytest
from msgspec.structs import replace

from blockengine.membership import catalog as catalogs
from blockengine.membership import changes
from blockengine.membership.ballot import Refused, Stored
from blockengine.membership.catalog import Catalog, Snapshot
from blockengine.membership.record import Epoch, Position
from blockengine.replica import filling, merging
from blockengine.replica.layer import BLOCK
from blockengine.replica.mending import scrub
from blockengine.replica.replica import Replica, Rotten
from blockengine.replica.slots import Damaged
from blockengine.verify.disk import SimulatedDisk
from tests.blockengine.replica.test_replica import AT, PLACE, made

SIZE = 1 << 20


def merge(replica: Replica, *wanted: int) -> None:
    for step in merging.merging(replica, wanted):
        step()


def full(*anything: object, **named: object) -> None:
    raise OSError(errno.ENOSPC, "no space left")


@pytest.fixture
def disk() -> SimulatedDisk:
    return SimulatedDisk()


@pytest.fixture
def replica(disk: SimulatedDisk) -> Replica:
    return made(disk, size=SIZE)


def out_of_sync(replica: Replica) -> None:
    """A record by which this replica is away."""
    held = replica.ballot.record
    assert held is not None
    replica.store_record(changes.remove(held, ["a"], Position(AT.epoch, 2)))


def test_a_cut_on_a_full_disk_changes_nothing(
    disk: SimulatedDisk, replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    replica.write(0, b"x" * BLOCK)
    monkeypatch.setattr(disk, "create", full)
    with pytest.raises(OSError, match="no space"):
        replica.cut(7)
    monkeypatch.undo()
    assert replica.layers.snapshots == ()
    replica.write(0, b"y" * BLOCK)
    replica.cut(7)
    replica.write(0, b"z" * BLOCK)
    assert (replica.read(0, BLOCK), replica.read(0, BLOCK, 7)) == (b"z" * BLOCK, b"y" * BLOCK)
    assert not replica.failure


@pytest.mark.parametrize("small", [0, 2048])
def test_a_merge_on_a_full_disk_loses_nothing_and_goes_on_later(
    disk: SimulatedDisk, replica: Replica, monkeypatch: pytest.MonkeyPatch, small: int
) -> None:
    monkeypatch.setattr(merging, "SMALL", small)
    for number in range(1, 4):
        for block in range(0, 60, number):
            replica.write(block * BLOCK, bytes((number,)) * BLOCK)
        replica.discard(number * 5 * BLOCK, BLOCK)
        replica.cut(number)
    live = replica.read(0, SIZE)
    kept = replica.read(0, SIZE, 3)
    for layer in replica.store.layers:
        monkeypatch.setattr(layer.data, "pwrite", full)
    with pytest.raises(OSError, match="no space"):
        merge(replica, 3)
    monkeypatch.undo()
    assert (replica.read(0, SIZE), replica.read(0, SIZE, 3)) == (live, kept)
    again = Replica.open(disk.after_power_loss(3), PLACE)
    assert (again.read(0, SIZE), again.read(0, SIZE, 3)) == (live, kept)
    merge(replica, 3)
    assert replica.layers.snapshots == (3,)
    merge(replica)
    assert len(replica.store.layers) == 1
    assert replica.read(0, SIZE) == live
    assert not any(wrong for _, wrong in scrub(replica, replica.layers.snapshots))


def test_a_merge_carries_rot_along_as_rot(disk: SimulatedDisk, replica: Replica) -> None:
    replica.write(0, b"a" * 2 * BLOCK)
    replica.cut(1)
    replica.write(0, b"b" * 2 * BLOCK)
    replica.flush()
    disk.rot("layer-1.data", 9)
    merge(replica)
    with pytest.raises(Rotten) as rotten:
        replica.read(0, 2 * BLOCK)
    assert rotten.value.blocks == [0]


def test_a_large_top_layer_is_frozen_first(replica: Replica, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "SMALL", 4)
    replica.write(0, b"a" * 40 * BLOCK)
    replica.cut(1)
    replica.write(0, b"b" * 30 * BLOCK)
    most = 0
    for step in merging.merging(replica, ()):
        most = max(most, len(replica.store.layers))
        step()
        # What is written meanwhile belongs to the volume.
        replica.write(35 * BLOCK, b"c" * BLOCK)
    assert most == 3
    assert len(replica.store.layers) == 1
    assert (
        replica.read(0, 40 * BLOCK) == b"b" * 30 * BLOCK + b"a" * 5 * BLOCK + b"c" * BLOCK + b"a" * 4 * BLOCK
    )


def test_a_replica_in_sync_is_neither_aligned_nor_filled(replica: Replica) -> None:
    replica.cut(1)
    for act in (
        lambda: filling.align(replica, [1, 2]),
        lambda: filling.fill(replica, 1, 0, b"x" * BLOCK),
        lambda: filling.fill_zero(replica, 1, 0, BLOCK),
    ):
        with pytest.raises(ValueError, match="in sync"):
            act()


def test_a_fill_is_durable_after_a_flush_and_shows_in_later_views(
    disk: SimulatedDisk, replica: Replica
) -> None:
    replica.write(0, b"a" * 3 * BLOCK)
    replica.cut(1)
    out_of_sync(replica)
    assert filling.align(replica, [1, 2]) is False
    filling.fill(replica, 2, BLOCK, b"b" * BLOCK)
    filling.fill_zero(replica, 2, 2 * BLOCK, BLOCK)
    replica.flush()
    again = Replica.open(disk.after_power_loss(1), PLACE)
    assert again.read(0, 3 * BLOCK, 1) == b"a" * 3 * BLOCK
    assert (
        again.read(0, 3 * BLOCK, 2) == again.read(0, 3 * BLOCK) == b"a" * BLOCK + b"b" * BLOCK + bytes(BLOCK)
    )
    with pytest.raises(ValueError, match="no snapshot"):
        filling.fill(again, 9, 0, b"x" * BLOCK)


def test_layers_in_another_order_are_given_up(replica: Replica) -> None:
    replica.write(0, b"a" * BLOCK)
    replica.cut(2)
    replica.cut(1)
    out_of_sync(replica)
    assert filling.align(replica, [1, 2, 3]) is True
    assert replica.layers.snapshots == (1, 2, 3)
    assert replica.read(0, BLOCK) == bytes(BLOCK)


def test_what_changed_between_two_snapshots(replica: Replica) -> None:
    replica.write(0, b"a" * 4 * BLOCK)
    replica.cut(1)
    replica.write(BLOCK, b"b" * BLOCK)
    replica.discard(3 * BLOCK, BLOCK)
    replica.cut(2)
    replica.write(5 * BLOCK, b"c" * BLOCK)
    assert filling.changed(replica, 1, 0, 0, 6 * BLOCK) == [(4 * BLOCK, True), (2 * BLOCK, False)]
    between = filling.changed(replica, 2, 1, 0, 6 * BLOCK)
    assert between == [(BLOCK, False), (BLOCK, True), (BLOCK, False), (BLOCK, True), (2 * BLOCK, False)]
    assert filling.changed(replica, 0, 2, 0, 6 * BLOCK) == [(5 * BLOCK, False), (BLOCK, True)]
    with pytest.raises(ValueError, match="older"):
        filling.changed(replica, 1, 2, 0, BLOCK)


def test_a_member_holds_the_list_before_the_record_that_names_it(
    disk: SimulatedDisk, replica: Replica
) -> None:
    raw = catalogs.encoded(Catalog((Snapshot(5, "monday", SIZE, 1000, AT),)))
    held = replica.ballot.record
    assert held is not None
    named = changes.list_snapshots(held, catalogs.digest(raw), Position(AT.epoch, 2))
    answer = replica.store_record(named)
    assert isinstance(answer, Refused)
    assert answer.why == "list"
    replica.keep_list(raw)
    assert isinstance(replica.store_record(named), Stored)
    again = Replica.open(disk.after_power_loss(4), PLACE)
    assert [one.name for one in again.lists.catalog(named.snapshots).snapshots] == ["monday"]
    # Lists that no record names are left-overs; a damaged one is noticed, and written anew.
    again.keep_list(catalogs.encoded(Catalog((Snapshot(6, "x", SIZE, 1, AT),))))
    last = Replica.open(disk.after_kill(), PLACE)
    disk.rot(f"snapshots.{named.snapshots}", 9)
    with pytest.raises(Damaged, match="damaged"):
        last.lists.read(named.snapshots)
    last.keep_list(raw)
    assert last.lists.read(named.snapshots) == raw


def test_a_replica_away_takes_a_record_whose_list_it_lacks(replica: Replica) -> None:
    out_of_sync(replica)
    held = replica.ballot.record
    assert held is not None
    later = replace(held, position=Position(Epoch(1, 1), 3), snapshots="00" * 16)
    assert isinstance(replica.store_record(later), Stored)
