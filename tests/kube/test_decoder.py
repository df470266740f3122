"""Odd objects never spoil a list, odd events never end a watch."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.kube.decoder import StructDecoder
from backend.kube.errors import Malformed
from tests.kube.collection import Thing

decoder = StructDecoder(Thing)


def thing(name: str, value: object = 1) -> dict[str, object]:
    return {"metadata": {"name": name, "namespace": "n", "uid": name, "resourceVersion": "5"}, "value": value}


def a_list(*items: object, **meta: object) -> bytes:
    return json.dumps(
        {"kind": "ThingList", "metadata": {"resourceVersion": "9", **meta}, "items": items}
    ).encode()


def test_a_list_is_decoded_with_its_place_in_history() -> None:
    page = decoder.page(a_list(thing("a"), thing("b"), **{"continue": "tok", "remainingItemCount": 7}))

    assert [item.metadata.name for item in page.items] == ["a", "b"]
    assert (page.resource_version, page.continue_token, page.remaining, page.skipped) == ("9", "tok", 7, 0)


def test_odd_objects_are_left_out_and_counted() -> None:
    page = decoder.page(a_list(thing("a"), thing("b", value={"odd": 1}), "no object", None, thing("c")))

    assert [item.metadata.name for item in page.items] == ["a", "c"]
    assert page.skipped == 3
    assert page.resource_version == "9"


def test_an_empty_list_of_go_is_null() -> None:
    assert list(decoder.page(b'{"metadata":{"resourceVersion":"1"},"items":null}').items) == []


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"items":[{}', b'{"items":3}', b"\xff\xfe", b"[" * 100_000]
)
def test_what_is_no_list_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        decoder.page(body)


def test_events() -> None:
    event = decoder.event(json.dumps({"type": "ADDED", "object": thing("a")}).encode())
    assert (event.type, event.resource_version) == ("ADDED", "5")
    assert event.item is not None
    assert event.item.metadata.name == "a"

    bookmark = decoder.event(
        b'{"type":"BOOKMARK","object":{"kind":"Thing","metadata":{"resourceVersion":"77"}}}'
    )
    assert (bookmark.type, bookmark.item, bookmark.resource_version) == ("BOOKMARK", None, "77")

    error = decoder.event(
        b'{"type":"ERROR","object":{"kind":"Status","status":"Failure","code":410,"reason":"Expired"}}'
    )
    assert error.type == "ERROR"
    assert error.status is not None
    assert error.status.code == 410


def test_an_odd_event_is_skipped_but_its_version_is_kept() -> None:
    event = decoder.event(json.dumps({"type": "MODIFIED", "object": thing("a", value=[1])}).encode())

    assert event.skipped
    assert event.item is None
    assert event.resource_version == "5"


@given(st.binary(max_size=200))
def test_no_bytes_make_an_event_raise(line: bytes) -> None:
    decoder.event(line)


KEYS = st.sampled_from(["type", "object", "metadata", "name", "resourceVersion", "kind"])
LEAVES = st.none() | st.booleans() | st.integers() | st.text()


@given(st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner)))
def test_no_json_makes_an_event_raise(document: object) -> None:
    decoder.event(json.dumps(document).encode())
    decoder.event(json.dumps({"type": "ADDED", "object": document}).encode())


def test_a_struct_without_metadata_is_no_item() -> None:
    class Nameless(msgspec.Struct):
        value: int = 0

    with pytest.raises(TypeError, match="metadata"):
        StructDecoder(Nameless)
