from __future__ import annotations

import random
from functools import partial

import pytest

from blockengine.replica.layer import BLOCK
from blockengine.volume.geometry import Geometry
from blockengine.volume.ranges import NOTHING, BlockLocks, Range, blocks


@pytest.mark.parametrize("seed", range(100))
def test_changes_exclude_each_other_and_reads_share(seed: int) -> None:
    """Many drawn ranges: what is granted together never clashes, and all are granted in the end."""
    draw, locks = random.Random(seed), BlockLocks()
    held: list[Range] = []

    def granted(wanted: Range) -> None:
        for other in held:
            apart = wanted.last < other.first or other.last < wanted.first
            assert apart or (wanted.shared and other.shared), (wanted, other)
        held.append(wanted)

    for _ in range(60):
        first = draw.randrange(8)
        wanted = Range(first, first + draw.randrange(3), draw.random() < 0.5)
        locks.take(wanted, partial(granted, wanted))
        if held and draw.random() < 0.6:
            locks.give(held.pop(draw.randrange(len(held))))
    count = 0
    while held:
        count += 1
        locks.give(held.pop())
    assert count
    assert not locks._held
    assert not locks._waiting


def test_a_waiting_change_is_not_overtaken_by_later_reads() -> None:
    locks, order = BlockLocks(), list[str]()
    read = Range(0, 0, True)
    locks.take(read, lambda: order.append("first read"))
    locks.take(Range(0, 0, False), lambda: order.append("change"))
    locks.take(read, lambda: order.append("second read"))
    assert order == ["first read"]
    locks.give(read)
    assert order == ["first read", "change"]
    locks.give(Range(0, 0, False))
    assert order == ["first read", "change", "second read"]


def test_nothing_clashes_with_nothing() -> None:
    locks, order = BlockLocks(), list[int]()
    locks.take(Range(0, 9, False), lambda: order.append(1))
    locks.take(Range(0, 9, False), lambda: order.append(2))
    locks.take(NOTHING, lambda: order.append(3))
    assert order == [1, 3]
    locks.give(NOTHING)
    assert order == [1, 3]


def test_a_range_is_cut_where_regions_meet() -> None:
    geometry = Geometry(10 * BLOCK, 512, 4 * BLOCK)
    assert geometry.regions == 3
    assert geometry.region(2) == (8 * BLOCK, 2 * BLOCK)
    pieces = list(geometry.pieces(3 * BLOCK + 512, 5 * BLOCK))
    assert pieces == [(3 * BLOCK + 512, BLOCK - 512), (4 * BLOCK, 4 * BLOCK), (8 * BLOCK, 512)]
    assert blocks(512, 512) == Range(0, 0, False)
    assert blocks(4095 * 1, 2, shared=True) == Range(0, 1, True)
