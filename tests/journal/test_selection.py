"""Choosing lines of the journal as an auditor does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from backend.journal.journal import Entry, Outcome
from backend.journal.selection import BadMoment, Selection, moment_of

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def entry(**facts: object) -> Entry:
    plain = {"time": "2026-11-21T10:00:00.000Z", "who": "dana@jump", "act": "delete", "outcome": Outcome.DONE}
    return Entry(**{**plain, "cluster": "prod-eu", **facts})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("selection", "wanted"),
    [
        (Selection(), True),
        (Selection(clusters=("prod-*",)), True),
        (Selection(clusters=("edge", "lab")), False),
        (Selection(who=("dana",)), True),
        (Selection(who=("dan",)), False),
        (Selection(who=("*@jump",)), True),
        (Selection(acts=("scale",)), False),
        (Selection(acts=("scale", "del*")), True),
        (Selection(outcomes=(Outcome.FAILED,)), False),
        (Selection(since=NOW - timedelta(hours=2)), True),
        (Selection(since=NOW - timedelta(hours=1)), False),
        (Selection(until=NOW - timedelta(hours=2)), False),
        (Selection(until=NOW - timedelta(hours=2) + timedelta(seconds=1)), True),
    ],
)
def test_what_passes(selection: Selection, wanted: bool) -> None:
    assert selection.passes(entry()) is wanted


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2h", NOW - timedelta(hours=2)),
        ("3d12h", NOW - timedelta(days=3, hours=12)),
        ("90s", NOW - timedelta(seconds=90)),
        ("2026-11-20T14:30Z", datetime(2026, 11, 20, 14, 30, tzinfo=UTC)),
        ("2026-11-20T14:30+02:00", datetime(2026, 11, 20, 14, 30, tzinfo=timezone(timedelta(hours=2)))),
    ],
)
def test_times_as_people_write_them(text: str, meant: datetime) -> None:
    assert moment_of(text, now=NOW) == meant


@pytest.mark.parametrize("text", ["yesterday", "", "2h ago", "2026-13-01"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(BadMoment):
        moment_of(text)
