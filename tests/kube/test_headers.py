from __future__ import annotations

from email.utils import formatdate

import pytest

from backend.kube.headers import clock_skew_in, retry_after_in, warnings_in

NOW = 1_790_000_000.0


def test_warnings_are_unquoted_and_inert() -> None:
    found = warnings_in(
        [("warning", '299 - "v1beta1 is \\"old\\"", 299 - "two"'), ("warning", '299 - "a\x1b[31mb"')]
    )
    assert found == ('v1beta1 is "old"', "two", "a·b")


def test_a_flood_of_warnings_is_bounded() -> None:
    assert len(warnings_in([("warning", '299 - "x"')] * 1000)) == 32


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("", None),
        ("soon", None),
        ("-1", None),
        (formatdate(NOW + 30, usegmt=True), 30.0),
        (formatdate(NOW - 30, usegmt=True), 0.0),
        ("²", None),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    assert retry_after_in([("retry-after", value)], now=NOW) == seconds


def test_the_clock_skew_is_the_servers_lead() -> None:
    assert clock_skew_in([("date", formatdate(NOW + 3600, usegmt=True))], now=NOW) == pytest.approx(3600.5)
    assert clock_skew_in([("date", formatdate(NOW, usegmt=True))], now=NOW + 0.9) == 0.0
    assert clock_skew_in([("date", "yesterday")], now=NOW) is None
