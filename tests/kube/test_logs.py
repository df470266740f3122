from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backend.kube.logs import LogResume, WholeLines, nanoseconds_of, query, timed, without_times

START = 1795233601


def stamp(nanoseconds: int) -> bytes:
    from datetime import UTC, datetime

    seconds, rest = divmod(nanoseconds, 10**9)
    moment = datetime.fromtimestamp(START + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f"{rest:09}".rstrip("0")
    return f"{moment}{'.' + fraction if fraction else ''}Z".encode()


def floor_second(resume: LogResume) -> bytes:
    return (resume.since or "").encode()


@given(
    st.lists(st.tuples(st.integers(0, 3_000), st.sampled_from([b"a", b"b", b""])), min_size=1, max_size=40),
    st.lists(st.integers(1, 300), max_size=5),
    st.integers(1, 60),
)
def test_a_resumed_log_loses_and_repeats_nothing(
    written: list[tuple[int, bytes]], cuts: list[int], size: int
) -> None:
    """Cut at any byte, any number of times; the server repeats all from the asked second on. Lines share
    times and texts, and may be up to half a second out of order."""
    order = sorted(written, key=lambda one: one[0] // 500)
    log = [stamp(at * 1_000_000) + b" " + text for at, text in order]
    resume, lines, shown = LogResume(), WholeLines(), b""
    for cut in [*cuts, None]:
        since = nanoseconds_of(floor_second(resume)) or 0
        told = b"".join(line + b"\n" for line in log if (nanoseconds_of(line) or 0) >= since)
        told = told if cut is None else told[:cut]
        for at in range(0, len(told), size):
            if block := lines.feed(told[at : at + size]):
                shown += resume.new(block)
        lines.drop()
        resume.cut()

    assert shown == b"".join(line + b"\n" for line in log)


def test_a_very_fast_log_is_known_again_by_little() -> None:
    resume = LogResume()
    line = stamp(5) + b" " + b"x" * 1000
    block = b"".join(line + b"%d\n" % number for number in range(1000))
    for _ in range(20):
        resume.new(block.replace(b"xx", b"xy", 1))
    resume.cut()
    assert resume.new(block.replace(b"xx", b"xy", 1)) == b""
    assert resume.new(stamp(6) + b" new\n") == stamp(6) + b" new\n"


@given(st.lists(st.integers(0, 50), max_size=20), st.integers(1, 40))
def test_whatever_the_chunks_lines_come_whole(lengths: list[int], size: int) -> None:
    log = b"".join(b"x" * length + b"\n" for length in lengths) + b"no end"
    lines = WholeLines()
    blocks = [lines.feed(log[at : at + size]) for at in range(0, len(log), size)]
    assert all(block.endswith(b"\n") for block in blocks if block)
    assert b"".join(blocks) + lines.end() == log + b"\n"


@given(st.integers(1, 300), st.booleans())
def test_an_endless_line_is_broken_and_nothing_of_it_lost(size: int, ends: bool) -> None:
    head = stamp(1) + b" "
    lines = WholeLines(longest=100)
    text = bytes(65 + number % 26 for number in range(1234))
    log = head + text + (b"\n" if ends else b"")
    told = b"".join(lines.feed(log[at : at + size]) for at in range(0, len(log), size)) + lines.end()
    pieces = timed(told, before=0)
    assert b"".join(piece for _, piece in pieces) == text
    assert {at for at, _ in pieces} == {nanoseconds_of(head.strip())}
    assert max(map(len, told.split(b"\n"))) <= 100


def test_times_of_every_form_and_lines_without_one() -> None:
    block = (
        b"2026-11-21T04:00:01.000000001Z one\n"
        b"2026-11-21T05:00:01.5+01:00 two\n"
        b"2026-11-21T04:00:02Z three\n"
        b"failed to watch the file\n"
        b"2026-99-21T04:00:01.000000001Z four\n"
        b"2026-11-21T04:00:03.000000009Z \n"
    )
    base = START * 10**9
    assert timed(block, before=7) == [
        (base + 1, b"one"),
        (base + 500_000_000, b"two"),
        (base + 10**9, b"three"),
        (base + 10**9, b"failed to watch the file"),
        (base + 10**9, b"2026-99-21T04:00:01.000000001Z four"),
        (base + 2 * 10**9 + 9, b""),
    ]
    assert without_times(block)[0] == b"one\ntwo\nthree\nfailed to watch the file\n" + (
        block.splitlines(keepends=True)[4][31:] + b"\n"
    )
    assert timed(b"no time at all\n", before=7) == [(7, b"no time at all")]


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
