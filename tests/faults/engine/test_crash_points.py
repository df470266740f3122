"""Every place where a replica may stop; and proof that the sweep sees what it should."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from unittest import mock

import pytest

from blockengine.replica import layer, ledger, mending, merging, regionlog, replica, slots, store
from blockengine.replica.layer import ABSENT, DATA, NEW, ZERO
from blockengine.verify.disk import SimulatedDisk
from tests.faults.engine.sweep import sweep

SEEDS = range(8)
# Machines that run tests are shared: what takes seconds alone may take minutes.
pytestmark = pytest.mark.timeout(400)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_crash_breaks_a_promise(seed: int) -> None:
    swept = sweep(seed, operations=40, survivals=2)
    assert not swept.broken
    assert swept.stops > 400


@pytest.mark.parametrize("seed", range(8, 11))
def test_no_crash_of_a_recovery_breaks_a_promise(seed: int) -> None:
    swept = sweep(seed, operations=40, survivals=2, twice=True)
    assert not swept.broken
    assert swept.stops > 400


def _nothing(*anything: Any, **named: Any) -> None:
    """A sync that was forgotten."""


def _content_only(held: layer.Layer, first: int, blocks: memoryview, *, durable: bool = False) -> None:
    held.data.pwrite(blocks, first * layer.BLOCK)
    held.sums.pwrite(layer.sums_of(blocks, first), first * 8)


def _always(held: layer.Layer) -> bool:
    return True


def _map_first(held: store.Store) -> Iterator[Callable[[], None]]:
    for block in held._fresh:
        if held.top.states(block, 1)[0] == NEW:
            held.top.set_states(block, bytes((DATA,)))
    held._fresh = set()
    yield held.top.sync_map
    yield held.top.sync_content


def _data_at_once(held: store.Store, first: int, states: bytes, *, durable: bool) -> None:
    held.top.set_states(first, bytes((DATA,)) * len(states), durable=durable)


def _no_hole(held: store.Store, first: int, count: int) -> None:
    held.top.set_states(first, bytes((ZERO,)) * count)


def _absent(held: store.Store, first: int, count: int) -> None:
    held.top.data.punch(first * layer.BLOCK, count * layer.BLOCK)
    held.top.set_states(first, bytes((ABSENT,)) * count)


def _unsynced_slots(held: slots.Slots[Any], payload: bytes) -> None:
    head = slots._HEAD.pack(
        slots.MAGIC, slots.FORMAT, 0, len(payload), held._counter, held._sum(held._counter, payload)
    )
    held._file.pwrite(head + payload, 0)
    held._file.pwrite(head + payload, slots.SLOT)


def _blind_recovery(held: replica.Replica, *, same_boot: bool) -> None:
    held.ledger.recover()


def _holes_forgotten(lower: layer.Layer, upper: layer.Layer, first: int, count: int, copied: Any) -> None:
    _COPY(lower, upper, first, count, copied)
    for begin in [begin for begin, states in copied.items() if states[0] == ZERO]:
        del copied[begin]


def _top_unflushed(held: replica.Replica, level: int) -> Iterator[Callable[[], None]]:
    lower, top = held.store.layers[level : level + 2]
    for chunk in {*top.chunks(held.blocks), *top.touched}:
        copied: dict[int, bytes] = {}
        _COPY(lower, top, chunk * layer.CHUNK, layer.CHUNK, copied)
        merging._set(lower, copied)
    yield lower.sync_content
    yield lower.sync_map
    held.layers.collapse(lower.name, held.trust)


def _unsynced_merge(held: replica.Replica, level: int) -> Iterator[Callable[[], None]]:
    lower, upper = held.store.layers[level : level + 2]
    for chunk in upper.chunks(held.blocks):
        copied: dict[int, bytes] = {}
        yield partial(_COPY, lower, upper, chunk * layer.CHUNK, layer.CHUNK, copied)
        merging._set(lower, copied)
    held.layers.collapse(lower.name, held.trust)


def _unflushed_cut(held: replica.Replica, snapshot: int) -> None:
    held.layers.cut(snapshot, held.trust)


def _rot_blessed(held: store.Store, level: int, block: int, content: memoryview) -> bool:
    frozen = held.layers[level]
    frozen.sums.pwrite(layer.sums_of(memoryview(frozen.read(block, 1)[0]), block), block * 8)
    frozen.set_states(block, bytes((DATA,)))
    held._filled.add(frozen)
    return True


def _mended_in_memory(held: store.Store, level: int, block: int, content: memoryview) -> bool:
    mended = _MEND(held, level, block, content)
    held._filled.discard(held.layers[level])
    return mended


def _mended_once(*arguments: Any, dead: Any) -> int:
    return _MENDED(*arguments, dead=lambda _: False)


def _discards_unknown(
    held: store.Store, first: int, count: int, *, above: int, newest: int
) -> list[tuple[int, bool]]:
    """What is zero by word alone counts as nothing that was said."""
    marks = bytearray(count)
    for each in held.layers[above + 1 : newest + 1]:
        for place, state in enumerate(each.states(first, count)):
            marks[place] |= state not in (ABSENT, ZERO)
    return [(length, state == 1) for state, _, length in layer.runs(bytes(marks))]


_COPY, _MEND, _MENDED = merging._copy, store.Store.mend, mending.mend


@pytest.mark.parametrize(
    ("owner", "rule", "broken"),
    [
        pytest.param(layer.Layer, "sync_content", _nothing, id="a flush forgets the bytes"),
        pytest.param(layer.Layer, "sync_map", _nothing, id="a flush forgets the map"),
        pytest.param(layer.Layer, "content_synced", property(_always), id="a flush thinks the bytes synced"),
        pytest.param(layer.Layer, "map_synced", property(_always), id="a flush thinks the map synced"),
        pytest.param(store.Store, "flushing", _map_first, id="a flush syncs the map before the bytes"),
        pytest.param(layer.Layer, "write", _content_only, id="FUA is not durable"),
        pytest.param(store.Store, "_now_data", _data_at_once, id="unflushed blocks hide the layer below"),
        pytest.param(store.Store, "zero", _no_hole, id="a discard leaves its bytes under the map"),
        pytest.param(store.Store, "zero", _absent, id="a discard reveals the layer below"),
        pytest.param(slots.Slots, "_write", _unsynced_slots, id="slots are not synced"),
        pytest.param(regionlog.RegionLog, "sync", _nothing, id="intent and missed logs are not synced"),
        pytest.param(replica.Replica, "_recover", _blind_recovery, id="recovery ignores the intent"),
        pytest.param(ledger.Ledger, "sync_logs", _nothing, id="intent goes before the logs are synced"),
        pytest.param(SimulatedDisk, "sync", _nothing, id="names are not synced"),
        pytest.param(merging, "_copy", _holes_forgotten, id="a merge reveals what was discarded"),
        pytest.param(merging, "_merge_top", _top_unflushed, id="a merge overtakes what was not flushed"),
        pytest.param(merging, "_merge_frozen", _unsynced_merge, id="a merge is not synced"),
        pytest.param(replica.Replica, "cut", _unflushed_cut, id="a cut does not flush"),
        pytest.param(store.Store, "changed", _discards_unknown, id="a restore forgets what was discarded"),
        pytest.param(store.Store, "mend", _rot_blessed, id="a mend takes rot for bytes"),
        pytest.param(store.Store, "mend", _mended_in_memory, id="a mend is not synced"),
        pytest.param(mending, "mend", _mended_once, id="a merge brings back what was mended"),
    ],
)
def test_the_sweep_sees_a_seeded_fault(owner: Any, rule: str, broken: Any) -> None:
    with mock.patch.object(owner, rule, broken):
        # Short ones first: most faults show there, and a longer one takes twice the time.
        swept = (sweep(seed, operations=40 if seed < 2 else 60) for seed in range(20))
        found = next((one for one in swept if one.broken), None)
    assert found is not None
    print(f"found after {found.stops} stops: {found.broken}")
