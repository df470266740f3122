from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.fleet.filter import PatternError, compile_pattern
from backend.observe.logs.line_groups import LineGroups, line_groups, within_line

_ATOMS = [
    *("a", "b", "^", "$", ".", ".*", "a+", "b?", "[ab]", "[^a]", "[^ab]*", "[]a]", "[^]a]", r"[a\s]"),
    *(r"[^\s]", r"\s", r"\S", r"\d", r"\D", r"\w", r"\W", r"\b", r"\.", "|", "(a|b)", "(?:ab)+", "(?i)A"),
    *("(?P<x>b)", "a{2}", "", "[a-c]", r"\t", r"\A", r"\z"),
]
_UNSURE = [
    *(r"\n", r"[\n]", r"\x0a", r"\012", "(?s).", "(?s:.)", r"\pZ", r"\C", "[[:space:]]", r"[\t-z]"),
    *(r"[!-\x7f]", "ä", r"\Qa\E", "(?-m)a", r"[\D]", r"[^\W]", "[a"),
]
_PATTERNS = st.lists(st.sampled_from(_ATOMS), max_size=5).map("".join)
_TEXTS = st.lists(
    st.one_of(
        st.text("abA1 \t]", max_size=8).map(str.encode),
        st.sampled_from([b"", "ä".encode(), b"\xffab", b"ab\r", b"\x00a"]),
    ),
    max_size=30,
)


@given(_TEXTS, _PATTERNS, st.data())
def test_groups_of_lines_answer_as_each_line_would(
    lines: list[bytes], pattern: str, data: st.DataObject
) -> None:
    try:
        matcher = compile_pattern(pattern)
    except PatternError:
        return
    groups = line_groups(pattern, case_sensitive=matcher.case_sensitive, by_line=matcher.match)
    assert groups is not None
    text, ends = b"".join(line + b"\n" for line in lines), list(accumulate(len(line) + 1 for line in lines))
    count = data.draw(st.integers(0, len(lines)))
    start = data.draw(st.integers(0, count))
    expected = [at for at in range(start, count) if matcher.matches(lines[at])]
    assert groups.lines(text, ends, start, count) == expected


@pytest.mark.parametrize("pattern", _UNSURE)
def test_what_could_mean_a_line_feed_is_asked_line_by_line(pattern: str) -> None:
    assert within_line(pattern) is None


def test_when_re2_runs_out_of_memory_lines_are_asked_one_by_one() -> None:
    """It then says that nothing matches, not even what always does: a line must not be lost by that."""
    by_line = compile_pattern("a").match
    assert LineGroups(lambda piece: None, by_line).lines(b"a\nb\na\n", [2, 4, 6], 0, 3) == [0, 2]
