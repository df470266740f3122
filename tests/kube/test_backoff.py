from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from backend.kube.backoff import Backoff


@given(st.integers(0, 2**32))
def test_each_delay_is_in_the_upper_half_of_its_step(seed: int) -> None:
    backoff = Backoff(random.Random(seed))
    now = 0.0
    for failures in range(12):
        delay = backoff.next(now)
        step = min(30.0, 0.8 * 2**failures)
        assert step / 2 <= delay <= step
        now += delay


@given(st.integers(0, 2**32), st.floats(0.1, 10_000))
def test_what_the_server_asks_for_is_honoured_up_to_two_minutes(seed: int, asked: float) -> None:
    delay = Backoff(random.Random(seed)).next(0.0, at_least=asked)

    assert delay >= min(asked, 120.0)
    assert delay <= max(0.8, min(asked, 120.0) * 1.25)


def test_two_healthy_minutes_forget_the_failures() -> None:
    backoff = Backoff(random.Random(1))
    now = 0.0
    for _ in range(8):
        now += backoff.next(now)
    assert backoff.next(now + 119) > 10
    now += 119 + 30
    assert backoff.next(now + 121) <= 0.8
