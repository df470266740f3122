from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backend.kube.logs import LogResume, query


def stamp(nanoseconds: int) -> bytes:
    fraction = f"{nanoseconds:09}".rstrip("0")
    return f"2026-11-21T04:00:01{'.' + fraction if fraction else ''}Z".encode()


@given(st.lists(st.integers(0, 30), min_size=1, max_size=30), st.data())
def test_a_resumed_log_loses_and_repeats_nothing(times: list[int], data: st.DataObject) -> None:
    """The server repeats from the last second on; several lines may bear one timestamp."""
    lines = [stamp(at * 10_000_000) + f" line {number}".encode() for number, at in enumerate(sorted(times))]
    cut = data.draw(st.integers(0, len(lines)))
    resume = LogResume()
    shown = [line for line in lines[:cut] if resume.is_new(line)]
    resume.cut()
    repeated_from = data.draw(st.integers(0, cut))
    shown += [line for line in lines[repeated_from:] if resume.is_new(line)]

    assert shown == lines


def test_what_is_asked() -> None:
    asked = dict(
        query(
            container="app",
            follow=True,
            tail=100,
            previous=False,
            since="2026-11-21T04:00:01Z",
            timestamps=True,
            limit_bytes=5,
        )
    )
    assert asked == {
        "container": "app",
        "follow": "true",
        "timestamps": "true",
        "sinceTime": "2026-11-21T04:00:01Z",
        "tailLines": "100",
        "limitBytes": "5",
    }
