from __future__ import annotations

import pytest

from blockengine.control.engine import Impossible
from blockengine.control.placement import choose, for_witness
from tests.blockengine.control.samples import GIB, pool


def names(pools: object) -> list[str]:
    return [one.name for one in pools]  # type: ignore[attr-defined]


def test_replicas_go_to_different_file_systems_first() -> None:
    pools = [pool("a", device="1"), pool("b", device="1"), pool("c", device="2")]
    assert names(choose(pools, count=2, size=GIB)) == ["a", "c"]
    assert sorted(names(choose(pools, count=3, size=GIB))) == ["a", "b", "c"]


def test_then_where_least_is_promised() -> None:
    pools = [pool("a", committed=50 * GIB), pool("b", committed=5 * GIB), pool("c", committed=20 * GIB)]
    assert names(choose(pools, count=2, size=GIB)) == ["b", "c"]


def test_what_is_promised_counts_for_all_pools_of_a_file_system() -> None:
    pools = [pool("a", device="1", committed=150 * GIB), pool("b", device="1")]
    assert names(choose(pools, count=1, size=40 * GIB)) == ["b"]
    with pytest.raises(Impossible, match="promised already"):
        choose(pools, count=1, size=60 * GIB)


@pytest.mark.parametrize("state", ["full", "read-only", "failing", "vanished", "foreign"])
def test_a_pool_that_is_not_well_gets_none_and_is_named(state: str) -> None:
    with pytest.raises(Impossible, match=f"b: it is {state}"):
        choose([pool("a"), pool("b", state=state)], count=2, size=GIB)


def test_a_volume_larger_than_any_disk_is_refused() -> None:
    with pytest.raises(Impossible, match="100 GiB in all"):
        choose([pool("a")], count=1, size=101 * GIB)


def test_named_pools_are_taken_and_nothing_else() -> None:
    pools = [pool("a"), pool("b"), pool("c")]
    assert names(choose(pools, count=2, size=GIB, named=["c", "id-a"])) == ["a", "c"]
    with pytest.raises(Impossible, match="different pools"):
        choose(pools, count=2, size=GIB, named=["c", "c"])
    with pytest.raises(Impossible, match="no pool x"):
        choose(pools, count=1, size=GIB, named=["x"])


def test_a_witness_keeps_away_from_the_replicas_if_it_can() -> None:
    pools = [pool("a"), pool("b"), pool("c")]
    assert for_witness(pools, pools[:2]).name == "c"
    assert for_witness(pools[:2], pools[:2]).name in {"a", "b"}
    same = [pool("a", device="1"), pool("b", device="2"), pool("c", device="1"), pool("d", device="3")]
    assert for_witness(same, same[:2]).name == "d"
    with pytest.raises(Impossible):
        for_witness([pool("a", state="vanished")], [])
