"""Durations and times as kubectl writes them."""

from __future__ import annotations

import pytest

from backend.resources.duration import age, epoch, human_duration

HOUR, DAY, YEAR = 3600, 86400, 365 * 86400


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "<invalid>"),
        (-1.9, "0s"),
        (0, "0s"),
        (119.9, "119s"),
        (120, "2m"),
        (125, "2m5s"),
        (599, "9m59s"),
        (600, "10m"),
        (3 * HOUR - 1, "179m"),
        (3 * HOUR, "3h"),
        (3 * HOUR + 61, "3h1m"),
        (8 * HOUR - 1, "7h59m"),
        (8 * HOUR + 120, "8h"),
        (48 * HOUR - 1, "47h"),
        (2 * DAY, "2d"),
        (2 * DAY + HOUR, "2d1h"),
        (8 * DAY - 1, "7d23h"),
        (8 * DAY, "8d"),
        (2 * YEAR - 1, "729d"),
        (2 * YEAR, "2y"),
        (2 * YEAR + DAY, "2y1d"),
        (8 * YEAR, "8y"),
    ],
)
def test_human_duration(seconds: float, shown: str) -> None:
    assert human_duration(seconds) == shown


def test_epoch_reads_what_api_servers_write() -> None:
    assert epoch("1970-01-02T00:00:00Z") == DAY
    assert epoch("1970-01-02T00:00:00.500000Z") == DAY + 0.5
    assert epoch(None) == epoch("") == epoch("soon") == 0.0


def test_age_without_a_time_is_unknown() -> None:
    assert age(None, 1000.0) == "<unknown>"
    assert age("1970-01-02T00:00:00Z", DAY + 300) == "5m"
