from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backend.kube.lines import OVERSIZED, LineSplitter


@given(
    st.lists(st.binary(min_size=1, max_size=20).map(lambda b: b.replace(b"\n", b"x")), max_size=20), st.data()
)
def test_lines_do_not_depend_on_where_the_chunks_are_cut(lines: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(line + b"\n" for line in lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    splitter = LineSplitter()
    got = [
        line
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)
        for line in splitter.feed(stream[start:end])
    ]

    assert got == [line for line in lines if line.strip()]
    assert splitter.pending == 0


def test_a_line_beyond_the_cap_is_dropped_and_what_follows_is_not() -> None:
    splitter = LineSplitter(cap=10)
    got = [
        line
        for chunk in (b"short\nlo", b"ng long", b" long l", b"ong\nnext\n")
        for line in splitter.feed(chunk)
    ]

    assert got == [b"short", OVERSIZED, b"next"]


def test_an_endless_line_takes_no_memory() -> None:
    splitter = LineSplitter(cap=1000)
    for _ in range(100):
        assert splitter.feed(b"x" * 999) == []
        assert splitter.pending <= 1000
