from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.text import SafeStr, cells, fit, safe_text

HOSTILE = {
    "clipboard write": ("a\x1b]52;c;aGk=\x07b", "a·b"),
    "clipboard write ended by ST": ("a\x1b]52;c;aGk=\x1b\\b", "a·b"),
    "title": ("\x1b]0;pwned\x07", "·"),
    "cursor": ("a\x1b[2J\x1b[Hb", "a··b"),
    "8-bit CSI": ("a\x9b31mb", "a·b"),
    "8-bit OSC": ("a\x9d52;c;x\x9cb", "a·b"),
    "device control": ("a\x1bPq#0\x1b\\b", "a·b"),
    "unterminated OSC takes the line, not the next": ("a\x1b]52;c;x", "a·"),
    "lone escape": ("a\x1b", "a·"),
    "bidi override": ("a\u202eb", "a·b"),
    "isolate": ("a\u2066b", "a·b"),
    "zero width": ("pay\u200bments", "pay·ments"),
    "BOM": ("\ufeffa", "·a"),
    "tag characters": ("a\U000e0041b", "a·b"),
    "surrogate": ("a\ud800b", "a·b"),
    "NUL and DEL": ("a\x00\x7fb", "a··b"),
    "backspace": ("safe\b\b\b\bevil", "safe····evil"),
    "line feed": ("a\nb\r\nc\td", "a b c d"),
    "line separator": ("a\u2028b", "a·b"),
    "markup stays text": ("[@click=app.delete]x[/]", "[@click=app.delete]x[/]"),
    "plain": ("api-6c9f-x2x8q", "api-6c9f-x2x8q"),
    "other scripts": ("Zürich 東京 שלום", "Zürich 東京 שלום"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_inert(name: str) -> None:
    given_text, expected = HOSTILE[name]
    assert safe_text(given_text) == expected


def test_combining_tower_is_flattened() -> None:
    assert safe_text("z" + "\u0301" * 50 + "algo") == "z\u0301\u0301algo"


@given(st.text(alphabet=st.characters(), max_size=300), st.booleans())
def test_nothing_a_terminal_obeys_survives(text: str, multiline: bool) -> None:
    shown = safe_text(text, multiline=multiline)
    allowed = {"\n", "\t"} if multiline else set()
    for character in shown:
        assert character in allowed or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert safe_text(shown, multiline=multiline) == shown
    shown.encode()  # a lone surrogate would raise


@given(st.binary(max_size=300))
def test_any_bytes_become_text(data: bytes) -> None:
    assert isinstance(safe_text(data), SafeStr)


def test_long_text_says_how_much_was_cut() -> None:
    assert safe_text("x" * 10_000, limit=100) == "x" * 100 + "…+9900"


def test_adversarial_input_is_linear() -> None:
    """Quadratic behaviour would take minutes and meet the test's time limit."""
    for evil in ("\x1b]" * 400_000, "\x1b[" * 400_000, "\x1bP" + "1;" * 400_000, "\u0301" * 800_000):
        assert len(safe_text(evil, limit=1 << 20)) < 1 << 21


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [("abc", 5, "abc  "), ("abcdef", 4, "abc…"), ("東京都", 4, "東… "), ("", 2, "  "), ("a", 0, "")],
)
def test_fit(text: str, width: int, expected: str) -> None:
    fitted = fit(safe_text(text), width)
    assert fitted == expected
    assert cells(fitted) == width


def test_fit_right_aligns() -> None:
    assert fit(safe_text("7"), 3, align="right") == "  7"


@given(st.text(max_size=60), st.integers(1, 40))
def test_fit_always_takes_exactly_its_cells(text: str, width: int) -> None:
    assert cells(fit(safe_text(text), width)) == width
