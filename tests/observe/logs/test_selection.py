from __future__ import annotations

import pytest

from backend.fleet.query import Query, QuerySyntaxError
from backend.observe.logs.selection import TAIL, LogSelection, parse_logs, seconds_in


def test_pods_are_meant_unless_a_kind_is_named() -> None:
    assert parse_logs("api-1 api-2 @prod-* -n pay").queries == (
        Query(kind="pods", names=("api-1", "api-2"), clusters=("prod-*",), namespaces=("pay",)),
    )
    assert parse_logs("deploy api").queries == (Query(kind="deploy", names=("api",)),)
    assert parse_logs("deploy/api sts/db").queries == (
        Query(kind="deploy", names=("api",)),
        Query(kind="sts", names=("db",)),
    )
    assert parse_logs("-l app=api").queries == (Query(kind="pods", labels="app=api"),)


def test_options_of_logs_and_filters() -> None:
    found = parse_logs("api --container app,istio* --since 1h30m --previous /'time out' !health")
    assert found == LogSelection(
        queries=(Query(kind="pods", names=("api",)),),
        containers=("app", "istio*"),
        previous=True,
        since=5400.0,
        match="time out",
        not_match="health",
    )
    assert parse_logs("api").tail == TAIL
    assert parse_logs("api --tail=-1").tail is None


@pytest.mark.parametrize("line", ["deploy/", "api --since soon", "api --tail few", "api --since", "'api"])
def test_what_cannot_be_meant_is_refused(line: str) -> None:
    with pytest.raises(QuerySyntaxError):
        parse_logs(line)


def test_durations() -> None:
    assert (seconds_in("90s"), seconds_in("1h30m"), seconds_in("1.5m")) == (90.0, 5400.0, 90.0)
    with pytest.raises(ValueError, match="no duration"):
        seconds_in("5 minutes")
