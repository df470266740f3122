"""YAML as a person writes it: Kubernetes' meaning, and none of YAML's surprises."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.resources.document import to_yaml
from backend.resources.reading import Unreadable, object_of


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("0644", 0o644),
        ("10", 10),
        ("-3", -3),
        ("0", 0),
        ("0x1F", 31),
        ("1.5", 1.5),
        ("1e3", "1e3"),
        ("true", True),
        ("yes", "yes"),
        ("on", "on"),
        ("22:00", "22:00"),
        ("80:8080", "80:8080"),
        ("2026-01-01", "2026-01-01"),
        ("089", "089"),
        ("~", None),
        ("", None),
        ("100m", "100m"),
        ('"10"', "10"),
        (".5", 0.5),
        ("=", "="),
        ("<<", "<<"),
    ],
)
def test_scalars_mean_what_they_look_like(written: str, meant: object) -> None:
    found = object_of(f"a: {written}\n")["a"]
    assert found == meant
    assert type(found) is type(meant)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: 2\na: 3\n", 3),
        ("a: &x 1\nb: *x\n", 2),
        ("a: [1\nb: 2\n", 2),
        ("a: !!python/object:os.system {}\n", 1),
        ("? [a]\n: b\n", 1),
    ],
)
def test_traps_are_refused_with_their_line(text: str, line: int) -> None:
    with pytest.raises(Unreadable) as refused:
        object_of(text)
    assert refused.value.line == line


@pytest.mark.parametrize("text", ["", "# only words\n", "- a\n", "text", "a: 1\n---\nb: 2\n"])
def test_anything_but_one_object_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        object_of(text)


def test_keys_stay_text() -> None:
    assert object_of("data:\n  1: one\n  true: two\n  null: three\n") == {
        "data": {"1": "one", "true": "two", "null": "three"}
    }


_values: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


ODD = (
    "1e3",
    "12345e7",
    "0o17",
    "1_000",
    "0b11",
    "12:30",
    "1.5e3",
    ".inf",
    "0x",
    "+",
    "-",
    "1.",
    "08",
    "y",
    "N",
)


@pytest.mark.parametrize("text", ODD)
def test_text_that_looks_like_a_number_stays_text(text: str) -> None:
    """A commit's hash may be 12345e7."""
    assert object_of(to_yaml({"a": text})) == {"a": text}


@given(st.text(alphabet="0123456789eExob_.+-:~", max_size=8))
def test_no_mixture_of_digits_is_misread(text: str) -> None:
    assert object_of(to_yaml({"a": text})) == {"a": text}


@given(st.dictionaries(st.text(), _values, min_size=1, max_size=5))
def test_what_is_shown_reads_back_as_it_was(obj: dict[str, Any]) -> None:
    """The text given to an editor, saved unchanged, changes nothing, whatever the object holds."""
    again = object_of(to_yaml(obj))
    assert json.dumps(again, sort_keys=True) == json.dumps(obj, sort_keys=True)
