"""Merge patches: the one that is made leads exactly there; two that meet are told."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from backend.demo.patches import merge_patch
from backend.resources.merging import clashes, difference, merged, paths, written

_values: Any = st.recursive(
    st.booleans() | st.integers(0, 3) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
_objects = st.dictionaries(st.sampled_from("abcd"), _values, max_size=4)


@given(_objects, _objects)
def test_a_difference_leads_there_by_our_rules_and_by_the_servers(
    a: dict[str, Any], b: dict[str, Any]
) -> None:
    patch = difference(a, b)
    assert merged(a, patch) == b
    assert merge_patch(a, patch) == b
    assert bool(patch) == (a != b or any(type(a[k]) is not type(b[k]) for k in a))


@given(_objects, _objects, _objects)
def test_changes_that_do_not_clash_go_in_any_order(
    a: dict[str, Any], b: dict[str, Any], c: dict[str, Any]
) -> None:
    mine, theirs = difference(a, b), difference(a, c)
    if not clashes(mine, theirs):
        assert merged(merged(a, mine), theirs) == merged(merged(a, theirs), mine)


def test_the_same_change_is_no_clash() -> None:
    assert clashes({"a": 1}, {"a": 1}) == []
    assert clashes({"a": 1}, {"a": 2}) == [("a",)]
    assert clashes({"a": {"b": 1}}, {"a": None}) == [("a", "b")]
    assert clashes({"a": None}, {"a": {"b": 1}}) == [("a",)]
    assert clashes({"a": {"b": None}}, {"a": None}) == [("a", "b")], "whoever comes last decides what a is"


def test_true_is_not_one() -> None:
    assert difference({"a": 1}, {"a": True}) == {"a": True}


def test_fields_as_people_write_them() -> None:
    assert [written(path) for path in paths({"metadata": {"labels": {"app.io/x": "1"}}})] == [
        'metadata.labels."app.io/x"'
    ]
