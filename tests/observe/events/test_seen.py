"""Both APIs' events become the same kept form; times are ours; what is odd is survived."""

from __future__ import annotations

import pytest

from backend.observe.events.seen import LONGEST_MESSAGE, newer, seen
from tests.observe.events.sightings import NOW, decoded, raw, sighting, stamp


def test_core_events_count_and_date_themselves() -> None:
    event = sighting(firstTimestamp=stamp(600), lastTimestamp=stamp(30), count=12, ago=600)
    assert (event.count, NOW - event.first, NOW - event.last) == (12, 600, 30)
    assert (event.kind, event.namespace, event.name, event.source, event.host) == (
        "Pod", "pay", "api-1", "kubelet", "node-1",
    )  # fmt: skip


def test_a_series_of_the_newer_api_is_counted_alike() -> None:
    series = {"count": 5, "lastObservedTime": stamp(10)}
    newer_api = raw(
        firstTimestamp=None, lastTimestamp=None, count=None, eventTime=stamp(120), series=series, source={},
        reportingComponent="scheduler", reportingInstance="scheduler-0", ago=120,
    )  # fmt: skip
    del newer_api["count"]
    (event,) = decoded(newer_api)
    found = seen(event)
    assert (found.count, NOW - found.first, NOW - found.last) == (5, 120, 10)
    assert (found.source, found.host) == ("scheduler", "scheduler-0")


def test_both_at_once_count_the_larger() -> None:
    event = sighting(count=3, series={"count": 9, "lastObservedTime": stamp(5)}, ago=100)
    assert (event.count, NOW - event.last) == (9, 5)


def test_without_any_time_the_server_knows_when_it_was_made() -> None:
    event = sighting(firstTimestamp=None, lastTimestamp=None, ago=90)
    assert (NOW - event.first, NOW - event.last) == (90, 90)
    undated = raw(firstTimestamp=None, lastTimestamp=None)
    undated["metadata"]["creationTimestamp"] = None
    (event_,) = decoded(undated)
    assert seen(event_).last == 0.0


def test_clocks_of_clusters_differ_and_times_are_ours() -> None:
    ahead = sighting(skew=300.0, ago=-240)
    assert (NOW - ahead.first, NOW - ahead.last) == (pytest.approx(60), pytest.approx(60))
    assert NOW - sighting(skew=-300.0, ago=360).last == pytest.approx(60)


def test_a_reporter_whose_clock_is_ahead_is_corrected() -> None:
    """The node says it saw this ten minutes after the server wrote it down."""
    event = sighting(ago=60, firstTimestamp=stamp(-540), lastTimestamp=stamp(-570), count=2)
    assert (NOW - event.first, NOW - event.last) == (60, 30)


def test_times_that_are_none_are_no_times() -> None:
    event = sighting(firstTimestamp="yesterday", lastTimestamp="+292277026596-12-04T15:30:07Z", ago=50)
    assert NOW - event.last == 50


def test_hostile_text_is_bounded_and_never_breaks_keys() -> None:
    event = sighting(message="\x1b[2J" + "x" * 100_000, reason="Back\0Off", about="Pod/pay/" + "n" * 9000)
    assert len(event.message) == LONGEST_MESSAGE
    assert event.reason == "BackOff"
    assert len(event.name) < 9000


def test_of_two_states_the_later_wins_in_either_order() -> None:
    old, new = sighting(version="7"), sighting(version="9", count=4, lastTimestamp=stamp(5))
    assert newer(old, new) is new
    assert newer(new, old) is new
