"""Revisions, the watch window, and lists as of an earlier revision."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.demo.status import ApiError
from backend.demo.store import Store


def _object(name: str, namespace: str = "a", **meta: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": namespace, "uid": f"uid-{namespace}-{name}", **meta}}


def test_every_write_takes_the_next_number_and_a_delete_does_too() -> None:
    store = Store()
    first = store.put("pods", _object("x"))
    second = store.put("secrets", _object("y"))
    gone = store.remove("pods", ("a", "x"))
    assert gone is not None
    assert (first.rv, second.rv, gone.rv) == (2, 3, 4)
    assert gone.object()["metadata"]["resourceVersion"] == "4"


def test_lists_are_ordered_as_etcd_orders_keys() -> None:
    store = Store()
    for namespace, name in (("a", "b"), ("a-b", "a"), ("a", "a")):
        store.put("pods", _object(name, namespace))
    assert [s.path for s in store.collection("pods").ordered()] == ["a-b/a", "a/a", "a/b"]


def test_a_watch_older_than_the_window_is_told_so() -> None:
    store = Store(window=3)
    for number in range(5):
        store.put("pods", _object(f"p{number}"))
    pods = store.collection("pods")
    assert [event.rv for event in pods.since(3)] == [4, 5, 6]
    with pytest.raises(ApiError) as refused:
        pods.since(2)
    assert (refused.value.code, refused.value.reason) == (410, "Expired")
    assert refused.value.message == "too old resource version: 2 (3)"


def test_compaction_forgets_everything_before_now() -> None:
    store = Store()
    store.put("pods", _object("x"))
    store.compact()
    assert store.collection("pods").since(store.rv) == []
    with pytest.raises(ApiError):
        store.collection("pods").since(store.rv - 1)


def test_dependents_follow_owner_references() -> None:
    store = Store()
    store.put("pods", _object("x", ownerReferences=[{"uid": "boss"}]))
    assert store.dependents["boss"] == {("pods", ("a", "x"))}
    store.put("pods", _object("x"))
    assert store.dependents["boss"] == set()


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=30))
def test_the_past_can_be_listed_as_it_was(steps: list[tuple[str, bool]]) -> None:
    store = Store(window=100)
    history: dict[int, list[tuple[str, int]]] = {store.rv: []}
    for name, keep in steps:
        if keep:
            store.put("pods", _object(name))
        else:
            store.remove("pods", ("a", name))
        history[store.rv] = [(s.name, s.rv) for s in store.collection("pods").ordered()]
    for rv, expected in history.items():
        assert [(s.name, s.rv) for s in store.collection("pods").at(rv)] == expected
