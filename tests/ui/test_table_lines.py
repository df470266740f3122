"""The lines of rows are taken from last time where they would be the same, and only there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backend.resources.kind import Health
from backend.text import safe_text
from console.theme import Layer, Tone
from console.widgets.table_layout import Layout, lay_out
from console.widgets.table_lines import RowLines, RowLook, RowWords, row_line
from console.widgets.table_source import GridColumn

COLUMNS = (
    GridColumn(name="NAME", text=lambda row, now: row, pinned=True),
    GridColumn(name="STATUS", text=lambda row, now: row, tone=lambda row: Tone.FAILING),
)
KEYS = ["a", "b", "c"]
LOOKS = [RowLook() for _ in KEYS]


def layout(width: int = 40) -> Layout:
    return lay_out(COLUMNS, {"NAME": 8, "STATUS": 8}, width)


def words(status: str = "Running", *, tone: Tone = Tone.TEXT, health: Health = Health.OK) -> list[RowWords]:
    return [
        RowWords({"NAME": safe_text(key), "STATUS": safe_text(status)}, {"STATUS": tone}, health)
        for key in KEYS
    ]


def test_what_is_the_same_is_the_very_line_of_last_time() -> None:
    lines = RowLines()
    first = lines.draw(layout(), KEYS, words(), LOOKS)
    again = lines.draw(layout(), KEYS, words(), [RowLook() for _ in KEYS])
    assert all(one is other for one, other in zip(first, again, strict=True))
    moved = lines.draw(layout(), ["b", "c", "d"], words(), LOOKS)
    assert [line[0].text for line in moved] == ["│"] * 3


@pytest.mark.parametrize(
    ("width", "said", "look"),
    [
        (50, words(), RowLook()),
        (40, words("Failed"), RowLook()),
        (40, words(tone=Tone.FAILING), RowLook()),
        (40, words(health=Health.FAILING), RowLook()),
        (40, words(), RowLook(layer=Layer.CURSOR)),
        (40, words(), RowLook(marked=True)),
        (40, words(), RowLook(faded=True)),
        (40, words(), RowLook(thumb=True)),
        (40, words(), RowLook(glowing=frozenset({"STATUS"}))),
    ],
)
def test_whatever_differs_is_drawn_anew(width: int, said: list[RowWords], look: RowLook) -> None:
    lines = RowLines()
    before = lines.draw(layout(), KEYS, words(), LOOKS)
    looks = [look, *LOOKS[1:]]
    after = lines.draw(layout(width), KEYS, [said[0], *words()[1:]], looks)
    assert after == [
        row_line(layout(width), one, seen) for one, seen in zip([said[0], *words()[1:]], looks, strict=True)
    ]
    assert after[0] != before[0]
    assert width != 40 or all(one is other for one, other in zip(after[1:], before[1:], strict=True))


def test_rows_of_one_key_keep_what_each_says() -> None:
    """A source may hold the same object twice for a moment."""
    first, second = words("Running")[0], words("Failed")[0]
    lines = RowLines()
    for _ in range(2):
        drawn = lines.draw(layout(), ["a", "a"], [first, second], LOOKS[:2])
        assert drawn == [row_line(layout(), first, RowLook()), row_line(layout(), second, RowLook())]


def test_a_memory_of_rows_is_no_larger_than_the_screen() -> None:
    lines = RowLines()
    for turn in range(10):
        keys = [f"{key}{turn}" for key in KEYS]
        lines.draw(layout(), keys, words(), [replace(LOOKS[0]) for _ in keys])
    assert len(lines._drawn) == len(KEYS)
