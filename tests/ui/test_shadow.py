"""What the shadow screen leaves out must never be missed: a terminal shows the same with it and without."""

from __future__ import annotations

import pyte
from hypothesis import given, settings
from hypothesis import strategies as st

from console.terminal.shadow import ShadowScreen

WIDTH, HEIGHT = 24, 6
STYLES = [
    "",
    "1",
    "1;4",
    "3;31",
    "4",
    "44",
    "1;31;44",
    "7;31;44",
    "38;2;200;10;10",
    "38;2;200;10;10;48;2;1;2;3",
    "48;5;17",
    "1;38;5;200",
    "7",
    "31",
    "9;90",
]
TEXTS = st.text(alphabet="ab xyz-│●…é漢字e\u0301", min_size=1, max_size=10)


@st.composite
def frames(draw: st.DrawFn) -> str:
    """A frame as Textual writes one: places, styled runs, a final cursor position."""
    parts = []
    for _ in range(draw(st.integers(1, 6))):
        row, column = draw(st.integers(1, HEIGHT)), draw(st.integers(1, WIDTH - 11))
        parts.append(f"\x1b[{row};{column}H")
        room = WIDTH - column + 1
        for _ in range(draw(st.integers(1, 2))):
            text, style = draw(TEXTS), draw(st.sampled_from(STYLES))
            used = sum(2 if c in "漢字" else 0 if c == "\u0301" else 1 for c in text)
            if used > room:
                break
            room -= used
            parts.append(f"\x1b[{style}m{text}\x1b[0m" if style else text)
        parts.append("\n" if row < HEIGHT else "")
    parts.append("\x1b[1;1H")
    return "".join(parts)


def shown(screen: pyte.Screen) -> list[object]:
    """What a person sees: nothing of a blank's foreground or weight."""
    cells = [[screen.buffer[y][x] for x in range(WIDTH)] for y in range(HEIGHT)]
    return [
        [
            (
                c.data,
                c.bg,
                c.reverse,
                c.strikethrough,
                c.underscore,
                *((c.fg, c.bold, c.italics) if c.data != " " else (c.fg,) if c.reverse else ()),
            )
            for c in row
        ]
        for row in cells
    ]


@settings(max_examples=500)
@given(st.lists(frames(), min_size=1, max_size=8))
def test_the_terminal_shows_the_same(written: list[str]) -> None:
    plain, reduced = pyte.Screen(WIDTH, HEIGHT), pyte.Screen(WIDTH, HEIGHT)
    to_plain, to_reduced = pyte.Stream(plain), pyte.Stream(reduced)
    shadow = ShadowScreen()
    for frame in written:
        # Half of a wide character painted over is undefined between terminals: compare narrow frames cell by
        # cell, and wide ones after the line was written whole.
        to_plain.feed(frame)
        to_reduced.feed(shadow.reduce(frame))
    if not any(wide in frame for frame in written for wide in "漢字\u0301"):
        assert shown(reduced) == shown(plain)


def test_what_is_there_already_costs_nothing_but_the_cursor() -> None:
    shadow = ShadowScreen()
    frame = "\x1b[3;1H\x1b[38;2;1;2;3mhello world\x1b[0m\x1b[1;1H"
    shadow.reduce(frame)
    assert shadow.reduce(frame) == "\x1b[1;1H"


def test_only_the_changed_cells_are_written() -> None:
    shadow = ShadowScreen()
    shadow.reduce("\x1b[3;1H" + "a" * 80 + "\x1b[1;1H")
    out = shadow.reduce("\x1b[3;1H" + "a" * 40 + "b" + "a" * 39 + "\x1b[1;1H")
    assert out == "\x1b[3;41Hb\x1b[1;1H"


def test_on_one_line_the_cursor_moves_by_the_shortest_way() -> None:
    shadow = ShadowScreen()
    shadow.reduce("\x1b[3;1H" + "a" * 80 + "\x1b[1;1H")
    changed = {10: "b", 12: "b", 30: "b", 36: "b", 37: "b", 60: "b"}
    out = shadow.reduce("\x1b[3;1H" + "".join(changed.get(at, "a") for at in range(80)) + "\x1b[1;1H")
    assert out == "\x1b[3;11Hbab\x1b[31Gb\x1b[5Cbb\x1b[61Gb\x1b[1;1H"


def test_a_blank_has_no_foreground() -> None:
    shadow = ShadowScreen()
    shadow.reduce("\x1b[3;1H\x1b[1;38;5;9;48;5;2mab cd\x1b[0m\x1b[1;1H")
    out = shadow.reduce("\x1b[3;1H\x1b[38;5;7;48;5;2m  \x1b[0m\x1b[1;38;5;1;48;5;2m cd\x1b[0m\x1b[1;1H")
    assert out == "\x1b[3;1H   \x1b[38;5;1mcd\x1b[1;1H"


def test_attributes_are_taken_back_one_by_one_where_that_is_shorter() -> None:
    shadow = ShadowScreen()
    out = shadow.reduce(
        "\x1b[3;1H\x1b[1;38;5;9;48;5;2mab\x1b[0m\x1b[38;5;9;48;5;2mcd\x1b[0m\x1b[2;38;5;9;48;5;2mef\x1b[0m"
        "\x1b[7mgh\x1b[0mij\x1b[1;1H"
    )
    assert out == "\x1b[3;1H\x1b[0;1;38;5;9;48;5;2mab\x1b[22mcd\x1b[2mef\x1b[0;7mgh\x1b[mij\x1b[1;1H"


def test_where_the_cursor_stands_after_a_wide_character_is_not_presumed() -> None:
    shadow = ShadowScreen()
    out = shadow.reduce("\x1b[3;1Ha\x1b[3;2H漢\x1b[3;4Hb\x1b[3;5H\x1b[1;1H")
    assert out == "\x1b[3;1H\x1b[ma\x1b[3;2H漢\x1b[3;4Hb\x1b[1;1H"


def test_nor_is_it_after_a_control_that_may_move_it() -> None:
    shadow = ShadowScreen()
    out = shadow.reduce("\x1b[?2026h\x1b[3;1Ha\x1b7\x1b[3;2Hb\x1b[?25l\x1b[3;4Hc\x1b[1;1H")
    assert out == "\x1b[?2026h\x1b[3;1H\x1b[ma\x1b7\x1b[3;2Hb\x1b[?25l\x1b[Cc\x1b[1;1H"


def test_a_reversed_or_underlined_blank_is_seen() -> None:
    shadow = ShadowScreen()
    shadow.reduce("\x1b[3;1Ha  b\x1b[1;1H")
    assert shadow.reduce("\x1b[3;2H\x1b[7m \x1b[0m\x1b[1;1H") == "\x1b[3;2H\x1b[7m \x1b[1;1H"
    assert shadow.reduce("\x1b[3;3H\x1b[4m \x1b[0m\x1b[1;1H") == "\x1b[3;3H\x1b[0;4m \x1b[1;1H"


def test_a_cleared_screen_is_forgotten() -> None:
    shadow = ShadowScreen()
    frame = "\x1b[2;1Hhello\x1b[1;1H"
    shadow.reduce(frame)
    assert "hello" in shadow.reduce("\x1b[?1049h" + frame)


def test_controls_pass_and_styles_change_by_what_differs() -> None:
    shadow = ShadowScreen()
    out = shadow.reduce(
        "\x1b[?2026h\x1b[1;1H\x1b[38;5;1;48;5;2mab\x1b[0m\x1b[38;5;3;48;5;2mcd\x1b[0m\x1b[?2026l"
    )
    assert out.startswith("\x1b[?2026h")
    assert "\x1b[38;5;3m" in out
    assert out.count("48;5;2") == 1


def test_without_utf8_nothing_but_ascii_is_written() -> None:
    shadow = ShadowScreen(unicode=False)
    out = shadow.reduce("\x1b[1;1H┌─● prod…│漢é\x1b[1;1H")
    assert out.isascii()
    assert "+-* prod~|??" in out
