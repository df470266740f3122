"""The simulated logs: repeatable, without gaps, with last words; and cut at any byte where they should be."""

from __future__ import annotations

import json
import time
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from backend.demo.ages import rfc3339
from backend.demo.log_lines import CRASHES, manner_of
from backend.demo.logs import LogStream

NOW = 1_796_000_000.0


def pod(*, began: float = NOW - 7200, ended: float | None = None, code: int = 1) -> dict[str, Any]:
    over = {
        "exitCode": code,
        "reason": "Error",
        "startedAt": rfc3339(began),
        "finishedAt": rfc3339(ended or 0),
    }
    state = {"terminated": over} if ended else {"running": {"startedAt": rfc3339(began)}}
    return {
        "metadata": {"name": "api-1", "uid": "u1", "namespace": "pay"},
        "status": {"containerStatuses": [{"name": "api", "state": state}]},
    }


def stream(**options: Any) -> LogStream:
    began = options.get("began", NOW - 7200)
    return LogStream(pod(**options), "api", began=began, ended=options.get("ended"))


@given(st.floats(0, 300), st.floats(0, 300))
def test_what_is_asked_in_pieces_is_what_is_asked_at_once(one: float, other: float) -> None:
    log = stream()
    first, last = sorted((NOW - one, NOW - other))
    whole = log.text(NOW - 400, NOW, tail=None, stamped=True)
    pieces = [
        log.text(start, stop, tail=None, stamped=True)
        for start, stop in ((NOW - 400, first), (first, last), (last, NOW))
    ]
    assert b"".join(pieces) == whole


@given(st.integers(0, 50))
def test_the_last_lines_are_the_last_ones(count: int) -> None:
    whole = stream().text(NOW - 3600, NOW, tail=None, stamped=True).splitlines()
    assert (
        stream().text(NOW - 3600, NOW, tail=count, stamped=True).splitlines() == whole[len(whole) - count :]
    )


def test_a_crash_has_last_words() -> None:
    log = stream()
    log.end_in(pod(ended=NOW), now=NOW + 5)
    said = log.text(NOW - 60, NOW + 5, tail=None, stamped=False).decode().splitlines()
    assert said[-len(CRASHES["crash"]) :] == list(CRASHES["crash"])
    before = log.text(NOW - 60, NOW - 1, tail=None, stamped=False).decode().splitlines()
    assert not set(CRASHES["crash"]) & set(before)


def test_programs_write_in_manners_of_their_own() -> None:
    manners = {manner_of(name, "pay") for name in ("api", "gateway", "ledger", "fraud-check", "cart")}
    assert len(manners) >= 3
    assert manner_of("kube-proxy", "kube-system") is not manner_of("kube-proxy", "pay")
    names = [f"svc-{number}" for number in range(20)]
    one = next(name for name in names if manner_of(name, "pay").__name__ == "_json")
    log = LogStream(pod(), one, began=NOW - 7200, ended=None)
    for line in log.text(NOW - 60, NOW, tail=None, stamped=False).decode().splitlines():
        assert {"level", "msg", "http"} <= json.loads(line).keys()


def test_it_is_quick_to_ask_for_the_last_lines() -> None:
    """Only the seconds that are needed are made."""
    from backend.demo.log_lines import of_second

    of_second.cache_clear()
    stream().text(NOW - 7200, time.time(), tail=10, stamped=True)
    assert of_second.cache_info().misses < 200
