from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.observe.metrics.amounts import (
    Senseless,
    cores,
    cpu_text,
    mebibytes,
    memory_text,
    millicores,
    octets,
    percent,
    window_seconds,
)
from backend.resources.quantity import parse_quantity


def test_quantities_of_both_sorts_of_servers() -> None:
    assert cores("12345678n") == pytest.approx(0.012345678)
    assert cores("250m") == 0.25
    assert cores("3") == 3.0
    assert octets("98304Ki") == 98304 * 1024
    assert octets("1Gi") == 2**30
    assert octets("128974848") == 128974848


@given(st.integers(0, 10**14))
def test_the_quick_way_reads_what_the_slow_one_does(number: int) -> None:
    assert cores(f"{number}n") == pytest.approx(float(parse_quantity(f"{number}n")))
    assert octets(f"{number % 10**12}Ki") == float(parse_quantity(f"{number % 10**12}Ki"))


@pytest.mark.parametrize(
    "odd", ["-5m", "NaN", "", "1e400", "9" * 400, "9" * 400 + "n", "1E", "٣n", "\x1b[31m"]
)
def test_what_no_machine_uses_is_no_measurement(odd: str) -> None:
    with pytest.raises(Senseless):
        cores(odd)
    if odd != "1E":
        with pytest.raises(Senseless):
            octets(odd)


def test_windows_are_durations_of_go() -> None:
    assert window_seconds("15.2s") == pytest.approx(15.2)
    assert window_seconds("1m0s") == 60.0
    assert window_seconds("1h2m3.5s") == 3723.5
    assert window_seconds("500ms") == 0.5
    for odd in ("", "soon", "12", "s", "1.2.3s", "-15s"):
        assert window_seconds(odd) == 0.0


def test_amounts_are_written_short() -> None:
    assert [cpu_text(number) for number in (None, 0.0, 0.0121, 0.9999, 1.5, 320.2)] == [
        "-",
        "0m",
        "13m",
        "1.0",
        "1.5",
        "320",
    ]
    assert [memory_text(number) for number in (None, 0.0, 1023.0, 96 * 2.0**20, 1.5 * 2**30, 2.0**60)] == [
        "-",
        "0",
        "1.0K",
        "96M",
        "1.5G",
        "1024P",
    ]
    assert memory_text(1000 * 2.0**20) == "1.0G"


def test_kubectls_way_of_writing() -> None:
    assert millicores(1.2341) == "1235m"
    assert millicores(0.1) == "100m"  # no noise of binary fractions
    assert mebibytes(96.9 * 2**20) == "96Mi"


def test_a_part_of_nothing_is_not_known() -> None:
    assert percent(1.0, 4.0) == "25%"
    assert percent(None, 4.0) == percent(1.0, None) == percent(1.0, 0.0) == "-"
    assert percent(1e9, 1.0) == ">9999%"
