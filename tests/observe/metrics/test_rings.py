from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from backend.observe.metrics.rings import OUT_OF_ORDER, Point, Rings


def rings(*, length: int = 4, most: int = 3, series: int = 2) -> Rings:
    return Rings(series=series, length=length, most=most)


def test_the_newest_samples_are_kept_in_order() -> None:
    held = rings()
    for at in range(1, 8):
        assert held.push("a", at, (at / 2, at * 10))
    assert [point.at for point in held.recent("a")] == [4, 5, 6, 7]
    assert held.latest("a") == Point(7, (3.5, 70))
    assert held.last_values("a", 1, 2) == [60, 70]
    assert held.recent("a", count=2) == [Point(6, (3.0, 60)), Point(7, (3.5, 70))]
    assert held.recent("a", since=6) == held.recent("a", count=2)
    assert held.recent("nobody") == held.last_values("nobody", 0, 3) == []


def test_a_measurement_counts_once() -> None:
    held = rings()
    assert held.push("a", 100.5, (1, 1))
    assert not held.push("a", 100.5, (1, 1))
    assert not held.push("a", 99.0, (9, 9)), "two servers that answer in turn"
    assert held.latest("a") == Point(100.5, (1, 1))


def test_a_clock_that_was_set_back_begins_anew() -> None:
    held = rings()
    held.push("a", 10_000.0, (5, 5))
    assert held.push("a", 10_000.0 - OUT_OF_ORDER, (1, 1))
    assert [point.values for point in held.recent("a")] == [(1, 1)]
    assert held.peak("a") == Point(10_000.0 - OUT_OF_ORDER, (1, 1))


def test_the_peak_outlives_the_samples() -> None:
    held = rings(length=2)
    for at, value in enumerate((3, 9, 1, 2), start=1):
        held.push("a", at, (value, 0))
    assert held.last_values("a", 0, 9) == [1, 2]
    assert held.peak("a") == Point(1, (9, 0))


def test_memory_is_bounded_and_slots_are_used_again() -> None:
    held = rings(most=2)
    assert held.push("a", 1, (1, 1))
    assert held.push("b", 2, (2, 2))
    full = held.octets
    assert not held.push("c", 3, (3, 3)), "there is no room"
    held.drop("a")
    assert held.push("c", 3, (3, 3))
    assert held.octets == full
    assert held.recent("c") == [Point(3, (3, 3))], "nothing of who had the slot before"
    assert "a" not in held
    assert held.keep_newer(3) == 1
    assert list(held) == ["c"]


def test_a_value_that_is_not_known_is_none_of_the_peak() -> None:
    held = rings()
    held.push("a", 1, (math.nan, 1))
    held.push("a", 2, (4, math.nan))
    peak = held.peak("a")
    assert peak is not None
    assert peak.values == (4, 1)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 40), st.integers(0, 9)), max_size=80))
def test_it_holds_what_a_list_would(pushes: list[tuple[str, int, int]]) -> None:
    held, plain = rings(length=5), dict[str, list[Point]]()
    for key, at, value in pushes:
        known = plain.setdefault(key, [])
        fresh = not known or at > known[-1].at
        assert held.push(key, at, (value, -value)) is fresh
        if fresh:
            known.append(Point(at, (value, -value)))
    for key, known in plain.items():
        assert held.recent(key) == known[-5:]
        assert held.last_values(key, 0, 3) == [point.values[0] for point in known[-3:]]
