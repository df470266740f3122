from __future__ import annotations

import pytest

from backend.observe.logs.layout import Layouts

JSON, PLAIN = b'{"msg":"x"}', b"a plain line"


def told(*parts: tuple[bytes, int]) -> list[bool]:
    """Whether each line counts as data, once all are read."""
    layouts = Layouts()
    lines = [text for text, count in parts for _ in range(count)]
    for number, text in enumerate(lines):
        layouts.look(7, number, text)
    return [layouts.data_at(7, number) for number in range(len(lines))]


@pytest.mark.parametrize(("first", "then", "soon"), [(PLAIN, JSON, 30), (JSON, PLAIN, 110)])
def test_a_source_that_changes_is_judged_again(first: bytes, then: bytes, soon: int) -> None:
    found = told((first, 50), (then, 200))
    assert set(found[:50]) == {first is JSON}
    assert set(found[50 + soon :]) == {then is JSON}


def test_lines_that_were_told_keep_their_look() -> None:
    layouts = Layouts()
    shown: list[bool] = []
    for number in range(600):
        layouts.look(0, number, JSON if number // 150 % 2 else PLAIN)
        shown.append(layouts.data_at(0, number))
        if number > 20:
            assert [layouts.data_at(0, at) for at in range(21, number + 1)] == shown[21:]
    assert len(set(shown)) == 2


def test_a_stack_trace_among_data_changes_nothing() -> None:
    found = told((JSON, 100), (PLAIN, 40), (JSON, 100), (PLAIN, 40), (JSON, 50))
    assert set(found) == {True}


def test_a_source_nobody_heard_of_writes_no_data() -> None:
    assert not Layouts().data_at(1, 0)
