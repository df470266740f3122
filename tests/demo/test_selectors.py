"""Label and field selectors, with the refusals of the real server."""

from __future__ import annotations

from typing import Any

import pytest

from backend.demo.selectors import field_match, label_match, matches_selector
from backend.demo.status import ApiError
from backend.demo.store import Stored


def _stored(labels: dict[str, str], **body: Any) -> Stored:
    meta = {"name": "x", "namespace": "n", "uid": "u", "labels": labels}
    return Stored({"metadata": meta, **body}, 1)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("app=web", True),
        ("app==web", True),
        ("app!=web", False),
        ("app in (web, api)", True),
        ("app notin (web)", False),
        ("tier", True),
        ("!tier", False),
        ("!canary,app=web", True),
        ("app=web,tier=back", False),
        ("missing!=x", True),
        ("missing notin (x)", True),
    ],
)
def test_labels(text: str, kept: bool) -> None:
    match = label_match(text)
    assert match is not None
    assert match(_stored({"app": "web", "tier": "front"})) is kept


def test_an_empty_selector_keeps_all() -> None:
    assert label_match("") is None
    assert field_match("", "pods") is None


@pytest.mark.parametrize("text", ["a b", "app in web", "=x", "a=b=c"])
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(ApiError) as refused:
        label_match(text)
    assert refused.value.code == 400
    assert "unable to parse requirement" in refused.value.message


def test_fields() -> None:
    pod = _stored({}, spec={"nodeName": "n1"}, status={"phase": "Running"})
    for text, kept in (
        ("spec.nodeName=n1,status.phase!=Failed", True),
        ("metadata.name=x", True),
        ("metadata.namespace!=n", False),
        ("status.phase==Pending", False),
    ):
        match = field_match(text, "pods")
        assert match is not None
        assert match(pod) is kept


def test_unknown_fields_are_refused_per_kind() -> None:
    with pytest.raises(ApiError, match="field label not supported: spec"):
        field_match("spec.nothing=x", "pods")
    with pytest.raises(ApiError, match="is not a known field selector"):
        field_match("status.phase=x", "configmaps")


def test_selector_objects() -> None:
    selector = {"matchLabels": {"a": "1"}, "matchExpressions": [{"key": "b", "operator": "DoesNotExist"}]}
    assert matches_selector(selector, {"a": "1"})
    assert not matches_selector(selector, {"a": "1", "b": ""})
    assert matches_selector({}, {"x": "y"})
    assert not matches_selector(None, {})
