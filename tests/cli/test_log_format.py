"""Lines of a single pod are written in blocks: the same bytes as one by one."""

from __future__ import annotations

import asyncio
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.fleet.query import Query
from backend.kube.logs import WholeLines, timed, without_times
from backend.observe.logs.intake import plain
from backend.observe.logs.merge import Told
from backend.observe.logs.selection import LogSelection
from console.cli.log_choices import LogFormat
from console.cli.log_format import printable, printable_lines
from console.cli.logging_run import Request, _Printer

_STAMPS = st.sampled_from(
    [
        b"2026-12-01T10:00:00.123456789Z ",
        b"2026-12-01T10:00:00.000000000Z ",
        b"2026-12-01T10:00:00.123456789+02:00 ",
        b"2026-12-01T10:00:00Z ",
    ]
)
_TEXTS = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from(
        [
            b"",
            b"2026-12-01T10:00:00.123456789Z a time of its own",
            b"\x1b[31mred\x1b[0m \x1b]52;c;x\x07",
            b"10%\r 50%\r100%",
            b"a\tb\tc",
            "grüße, 世界".encode(),
            b"\xff\xfe\xf0\x9f",
            b"\xc2",
        ]
    ),
).map(lambda text: text.replace(b"\n", b" "))
_LINES = st.lists(st.tuples(_STAMPS, _TEXTS), min_size=1, max_size=30)


@given(_LINES, st.sampled_from([LogFormat.TEXT, LogFormat.RAW]), st.integers(1, 200))
def test_blocks_are_written_as_lines_are(
    lines: list[tuple[bytes, bytes]], form: LogFormat, size: int
) -> None:
    block = b"".join(stamp + text + b"\n" for stamp, text in lines)
    assert _straight(block, form, size) == _one_by_one(block, form)


def _printer(form: LogFormat, out: io.BytesIO) -> _Printer:
    query = Query(kind="pods", names=("api-1",), namespaces=("pay",))
    made = _Printer(Request(selection=LogSelection(queries=(query,)), form=form), out, parts=())
    made.sources = (None,)  # type: ignore[assignment]  # one; who it is does not matter without names
    return made


def _prepared(block: bytes, form: LogFormat) -> bytes:
    """As the follower hands it on."""
    return plain(block) if form is LogFormat.TEXT and (b"\x1b" in block or b"\r" in block) else block


def _straight(block: bytes, form: LogFormat, size: int) -> bytes:
    out, lines, count = io.BytesIO(), WholeLines(), 0
    printer = _printer(form, out)
    for at in range(0, len(block), size):
        if whole := lines.feed(block[at : at + size]):
            count += asyncio.run(printer.straight(_prepared(whole, form)))
    assert count == block.count(b"\n")
    return out.getvalue()


def _one_by_one(block: bytes, form: LogFormat) -> bytes:
    out = io.BytesIO()
    told: list[Told] = [(0, 0, time, text) for time, text in timed(_prepared(block, form), before=1)]
    asyncio.run(_printer(form, out).take(told))
    return out.getvalue()


@given(st.lists(_TEXTS, max_size=20))
def test_many_printable_lines_are_each_of_them(texts: list[bytes]) -> None:
    expected = b"".join(printable(text) + b"\n" for text in texts)
    assert printable_lines(b"".join(text + b"\n" for text in texts)) == expected


@pytest.mark.parametrize("line", [b"no time at all\n", b"2026-12-01 10:00:00 x\n", b"\n"])
def test_a_line_without_a_time_stays_whole(line: bytes) -> None:
    first = b"2026-12-01T10:00:00.123456789Z first\n"
    assert without_times(first + line) == (b"first\n" + line, 2)
