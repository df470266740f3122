"""Our quantity parser against the official client's, over everything the format allows."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kubernetes.utils.quantity import parse_quantity as official

from backend.resources.quantity import parse_quantity, sort_key

SUFFIXES = ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]
numbers = st.from_regex(r"[+-]?([0-9]{1,12}(\.[0-9]{0,6})?|\.[0-9]{1,6})", fullmatch=True)


@given(number=numbers, suffix=st.sampled_from(SUFFIXES))
def test_same_as_the_official_client(number: str, suffix: str) -> None:
    assert parse_quantity(number + suffix) == official(number + suffix)


@pytest.mark.parametrize(
    ("text", "value"), [("12e6", 12_000_000), ("1E3", 1000), ("1E", 10**18), ("5e-3", "0.005")]
)
def test_exponents(text: str, value: object) -> None:
    assert parse_quantity(text) == Decimal(str(value))


@pytest.mark.parametrize("text", ["", "m", "1 Gi", "1gi", "0x10", "NaN", "1e", "1Gi ", "1" * 10_000, "٣"])
def test_refuses_what_the_server_refuses(text: str) -> None:
    with pytest.raises(ValueError, match="no quantity"):
        parse_quantity(text)


def test_what_cannot_be_read_sorts_first() -> None:
    assert sorted(["1Gi", "", "500Mi"], key=sort_key) == ["", "500Mi", "1Gi"]
