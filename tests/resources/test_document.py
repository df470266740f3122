"""Whole objects as text: faithful, masked, and harmless to a terminal."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from backend.resources.document import presentable, to_json, to_yaml, yaml_text
from backend.resources.masking import EVERYTHING, LAST_APPLIED
from backend.text import safe_text

SECRET: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {
        "name": "s",
        "managedFields": [{"manager": "x"}],
        "annotations": {LAST_APPLIED: '{"data":{"password":"aHVudGVyMg=="}}', "other": "kept"},
    },
    "data": {"password": "aHVudGVyMg==", "user": "YQ==", "broken": "%%%"},
    "stringData": {"plain": "hunter2"},
}


def test_secret_values_are_masked_with_their_length() -> None:
    text = yaml_text(SECRET)
    for leak in ("aHVudGVyMg", "YQ==", "hunter2", "%%%", "managedFields"):
        assert leak not in text
    found = yaml.safe_load(text)
    assert found["data"]["password"] == "‹masked, 7 bytes›"
    assert found["data"]["user"] == "‹masked, 1 byte›"
    assert found["metadata"]["annotations"] == {LAST_APPLIED: "‹masked›", "other": "kept"}


def test_values_are_revealed_by_key_and_the_copy_only_with_everything() -> None:
    one = yaml.safe_load(yaml_text(SECRET, reveal={"user"}))
    assert one["data"]["user"] == "YQ=="
    assert "masked" in one["data"]["password"]
    assert one["metadata"]["annotations"][LAST_APPLIED] == "‹masked›"
    everything = yaml.safe_load(yaml_text(SECRET, reveal=EVERYTHING, managed_fields=True))
    assert everything == SECRET


def test_the_original_is_left_alone() -> None:
    before = json.dumps(SECRET)
    presentable(SECRET, cluster="eu")
    assert json.dumps(SECRET) == before


def test_other_kinds_are_not_masked() -> None:
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "b"}}
    assert yaml.safe_load(yaml_text(config)) == config
    custom = {"apiVersion": "example.com/v1", "kind": "Secret", "metadata": {"name": "c"}, "data": {"a": "b"}}
    assert yaml.safe_load(yaml_text(custom)) == custom


def test_several_lines_stand_as_a_block() -> None:
    assert to_yaml({"a": "one\ntwo\n"}) == "a: |\n  one\n  two\n"


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.text(max_size=20)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(values)
def test_what_is_written_is_what_is_read_and_safe(value: object) -> None:
    for text, read in ((to_yaml(value), yaml.safe_load), (to_json(value), json.loads)):
        assert safe_text(text, limit=len(text), multiline=True) == text
        assert read(text) == value


@pytest.mark.parametrize(
    "evil", ["\x1b]52;c;aGk=\x07", "a\u202eb", "\x9b31m", "a\u200bb", "x" * 10_000 + "\x1b[2J"]
)
def test_hostile_names_come_out_escaped_not_dropped(evil: str) -> None:
    obj = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": evil}}
    assert yaml.safe_load(yaml_text(obj))["metadata"]["name"] == evil
    assert "\x1b" not in yaml_text(obj)
    assert json.loads(to_json(obj))["metadata"]["name"] == evil
