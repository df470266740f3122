"""Groups: counted, graded, ordered; true while events come, repeat and grow old."""

from __future__ import annotations

from typing import Any

import pytest

from backend.fleet.row import Row
from backend.fleet.view import find_column
from backend.observe.events.grading import grade
from backend.observe.events.group import COLUMNS, WORST_FIRST, Group
from backend.observe.events.grouping import Grouping
from backend.observe.events.selection import Selection
from backend.resources.kind import Health
from backend.text import SafeStr
from tests.observe.events.sightings import NOW, sighting, stamp

EU = SafeStr("eu")


def grouped(*events: Any, **selection: Any) -> list[Row]:
    grouping = Grouping(Selection(**selection))
    grouping.take("id-eu", EU, events, now=NOW)
    return grouping.changes()[0]


def group_of(row: Row) -> Group:
    assert isinstance(row.item, Group)
    return row.item


def test_one_reason_about_one_object_is_one_row() -> None:
    rows = grouped(
        sighting("a", count=3, firstTimestamp=stamp(600), ago=600, lastTimestamp=stamp(300)),
        sighting("b", count=4, lastTimestamp=stamp(20), ago=400, message="the newest words"),
        sighting("c", about="Pod/pay/api-2"),
        sighting("d", reason="Pulled", type="Normal"),
    )
    assert len(rows) == 3
    group = next(group_of(row) for row in rows if group_of(row).events == 2)
    assert (group.count, NOW - group.first, NOW - group.last) == (7, 600, 20)
    assert group.message == "the newest words"
    assert group.per_hour == pytest.approx(6 * 3600 / 580)
    assert group.rate == "37/h"


def test_a_later_state_replaces_an_earlier_and_an_echo_changes_nothing() -> None:
    grouping = Grouping(Selection())
    grouping.take("id-eu", EU, [sighting(count=2)], now=NOW)
    assert len(grouping.changes()[0]) == 1
    later = sighting(count=5, version="8", lastTimestamp=stamp(1))
    grouping.take("id-eu", EU, [later, later], now=NOW)
    ((row,), removed) = grouping.changes()
    assert (group_of(row).count, removed) == (5, [])
    grouping.take("id-eu", EU, [later, sighting(count=2)], now=NOW)
    assert grouping.changes() == ([], [])


def test_clusters_are_apart() -> None:
    grouping = Grouping(Selection())
    for cluster in ("eu", "us"):
        grouping.take(f"id-{cluster}", SafeStr(cluster), [sighting()], now=NOW)
    assert {row.cluster for row in grouping.changes()[0]} == {"eu", "us"}


def test_the_range_leaves_events_behind() -> None:
    grouping = Grouping(Selection(since=3600))
    old, fresh = sighting("a", ago=3500), sighting("b", ago=10)
    grouping.take("id-eu", EU, [old, fresh, sighting("c", about="Pod/pay/api-2", ago=3590)], now=NOW)
    assert sorted(group_of(row).events for row in grouping.changes()[0]) == [1, 2]
    grouping.expire(NOW + 200)
    changed, removed = grouping.changes()
    assert [group_of(row).events for row in changed] == [1]
    assert len(removed) == 1
    assert "api-2" in removed[0][1]


def test_what_has_no_time_is_in_every_range() -> None:
    event = sighting(firstTimestamp=None, lastTimestamp=None)
    undated = type(event)(
        **{**{f: getattr(event, f) for f in event.__struct_fields__}, "first": 0.0, "last": 0.0}
    )
    grouping = Grouping(Selection(since=60))
    grouping.take("id-eu", EU, [undated], now=NOW)
    (row,) = grouping.changes()[0]
    assert find_column(COLUMNS, "last seen").text(row, NOW) == "<unknown>"
    grouping.expire(NOW + 1000)
    assert grouping.changes() == ([], [])


@pytest.mark.parametrize(
    ("selection", "found"),
    [
        ({"kind": "pods"}, {"api-1", "web-1"}),
        ({"kind": "po", "names": ("api-*",)}, {"api-1"}),
        ({"kind": "node"}, {"node-1"}),
        ({"kind": "no", "namespaces": ("pay",)}, {"node-1"}),
        ({"namespaces": ("shop",)}, {"web-1"}),
        ({"namespaces": ("default",)}, {"node-1"}),
        ({"reasons": ("back*",)}, {"api-1"}),
        ({"types": ("warning",)}, {"api-1", "node-1"}),
        ({"kind": "widgets.example.com"}, {"w"}),
    ],
)
def test_selections(selection: dict[str, Any], found: set[str]) -> None:
    rows = grouped(
        sighting("a"),
        sighting("b", about="Pod/shop/web-1", reason="Pulled", type="Normal"),
        sighting("c", about="Node//node-1", reason="NodeNotReady"),
        sighting("d", about="Widget/pay/w", reason="Made", type="Normal"),
        **selection,
    )
    assert {row.name for row in rows} == found


def test_servers_are_asked_for_no_more_than_is_meant() -> None:
    query = Selection(kind="pod", names=("api-1",), namespaces=("pay",), clusters=("eu",)).query()
    assert query.fields == "involvedObject.kind=Pod,involvedObject.name=api-1"
    assert (query.namespaces, query.clusters) == (("pay",), ("eu",))
    assert Selection(kind="node", namespaces=("pay",)).query().namespaces == ()
    assert Selection(kind="widgets.example.com", names=("w*",)).query().fields == ""


def test_grades_know_better_than_the_type() -> None:
    assert grade(sighting(reason="BackOff", type="Normal")) is Health.FAILING
    assert grade(sighting(reason="NodeNotReady", type="Normal")) is Health.FAILING
    assert grade(sighting(reason="InvalidDiskCapacity")) is Health.OK
    assert grade(sighting(reason="Unhealthy", message="Readiness probe failed: 503")) is Health.WARNING
    assert grade(sighting(reason="Unhealthy", message="Liveness probe failed: 503")) is Health.FAILING
    assert grade(sighting(reason="SomethingOfAnOperator")) is Health.WARNING
    assert grade(sighting(reason="Pulled", type="Normal")) is Health.OK


def test_problems_come_first_and_the_latest_of_them() -> None:
    rows = grouped(
        sighting("a", reason="Pulled", type="Normal", ago=1),
        sighting("b", reason="Unhealthy", ago=5),
        sighting("c", reason="FailedMount", ago=500),
        sighting("d", reason="BackOff", ago=100),
    )
    rows.sort(key=find_column(COLUMNS, WORST_FIRST).key)
    assert [group_of(row).reason for row in rows] == ["BackOff", "FailedMount", "Unhealthy", "Pulled"]


def test_ten_thousand_messages_of_one_reason_are_one_row() -> None:
    events = [sighting(f"e{n}", message=f"0/{n} nodes are available", ago=n + 1) for n in range(2000)]
    (row,) = grouped(*events)
    assert group_of(row).count == 2000
