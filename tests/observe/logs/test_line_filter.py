from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.fleet.filter import PatternError
from backend.observe.logs.block import Block, Level
from backend.observe.logs.line_filter import LinePattern, line_filter

PATTERNS = ["x=1", "a", "ab+", "^b", "b$", "^$", r"a\s*b"]
PATTERNS += ["[^x]b", "(a|b)c", "A", r"\bc", "", "x*", r"\Aa", "ä"]
_TEXT = st.text("aAbBc xä\t", max_size=6).map(str.encode) | st.sampled_from([b"x=1", b'{"x":1}', b'{"x":2}'])
_BINARY = st.binary(max_size=6).filter(lambda line: b"\n" not in line)
LINES = st.lists(_TEXT | _BINARY, max_size=300)


def block_of(lines: list[bytes]) -> Block:
    block = Block(first=0)
    places = range(len(lines))
    levels = [(Level.INFO, Level.ERROR)[at % 2] for at in places]
    block.extend(places, [at % 3 for at in places], levels, lines)
    return block


@given(LINES, st.sampled_from(PATTERNS), st.sampled_from(PATTERNS), st.booleans())
def test_a_block_is_searched_as_its_lines_would_be(
    lines: list[bytes], match: str, not_match: str, problems: bool
) -> None:
    block = block_of(lines)
    wanted = line_filter(match=match, not_match=not_match, problems=problems)
    found = list(wanted.wanted(block, len(block)))
    assert found == [
        at
        for at, line in enumerate(lines)
        if wanted.passes(line, level=block.levels[at], source=block.sources[at])
    ]


@given(LINES, st.sampled_from(PATTERNS[:-5]), st.integers(0, 300))
def test_lines_that_were_added_later_are_not_counted(lines: list[bytes], pattern: str, count: int) -> None:
    count = min(count, len(lines))
    whole = list(line_filter(match=pattern).wanted(block_of(lines), count))
    assert whole == list(line_filter(match=pattern).wanted(block_of(lines[:count]), count))


def test_many_matches_and_few() -> None:
    lines = [b"even" if at % 2 else b"odd" for at in range(5000)]
    lines[4321] = b"needle"
    block = block_of(lines)
    assert list(line_filter(match="n").wanted(block, 5000))[-1] == 4999
    assert list(line_filter(match="needle").wanted(block, 5000)) == [4321]
    assert len(line_filter(not_match="even|odd").wanted(block, 5000)) == 1
    assert list(line_filter(match="needle", sources=frozenset({0})).wanted(block, 5000)) == []


def test_where_in_a_line_it_is() -> None:
    assert LinePattern("o+").spans(b"foo boo") == [(1, 3), (5, 7)]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("code=5", [0, 1, 2, 3]),
        ("http.code=5", [1, 2, 3]),
        ("code=50[03]", [0, 1, 2, 3]),
        ("level=error", [4]),
        ("code=", [0, 1, 2, 3]),
        ("ode=5", [0]),
    ],
)
def test_a_field_is_found_however_it_is_written(pattern: str, found: list[int]) -> None:
    """As data is shown, so it can be looked for."""
    lines = [
        b"msg=x code=500",
        b'{"http":{"code":503}}',
        b'{"http.code": "500"}',
        b'{"code":500}',
        b'{"level":"error","xcode":500}',
        b'{"barcode":1}',
    ]
    wanted = line_filter(match=pattern)
    assert list(wanted.wanted(block_of(lines), len(lines))) == found
    assert [at for at, line in enumerate(lines) if wanted.passes(line, level=0, source=0)] == found


def test_a_pattern_that_is_none_is_refused() -> None:
    with pytest.raises(PatternError):
        line_filter(match="(")
