"""Opening stored revisions: within bounds, and whatever is in them."""

from __future__ import annotations

import base64
import gzip
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.integrations.helm import payload
from backend.integrations.helm.payload import BadRelease, computed, head_of, opened, release_of
from tests.integrations.helm.stored import packed, release


def test_a_revision_is_read() -> None:
    found = release_of(packed(release(values={"a": 1}, defaults={"b": 2}, notes="hello")), secret=False)
    assert (found.name, found.version, found.info.status) == ("web", 1, "deployed")
    assert (found.chart_name, found.app_version) == ("nginx-1.0.0", "1.27.1")
    assert (found.config, found.chart.values, found.info.notes) == ({"a": 1}, {"b": 2}, "hello")


def test_in_a_secret_it_is_base64_once_more() -> None:
    text = base64.b64encode(packed(release()).encode()).decode()
    assert head_of(text, secret=True).chart_name == "nginx-1.0.0"


def test_what_is_not_compressed_is_read_too() -> None:
    text = base64.b64encode(json.dumps(release()).encode()).decode()
    assert head_of(text, secret=False).name == "web"


def test_null_fields_are_nothing() -> None:
    text = packed({"name": "web", "version": 3, "config": None, "hooks": None, "chart": {"metadata": None}})
    found = release_of(text, secret=False)
    assert (found.chart_name, found.config, found.hooks) == ("", None, None)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("%%%", "not base64"),
        ("ünïcode", "not base64"),
        (base64.b64encode(b"\x1f\x8b\x08 no gzip at all").decode(), "not gzip"),
        (base64.b64encode(gzip.compress(b"{}" * 4000, mtime=0)[:-12]).decode(), "stops in its middle"),
        (packed([1, 2]), "no release"),
        (packed({"name": {"deep": 1}}), "no release"),
        (base64.b64encode(gzip.compress(b"[" * 100_000, mtime=0)).decode(), "no release"),
        ("", "no release"),
    ],
    ids=["signs", "letters", "no gzip", "cut", "a list", "odd fields", "depth", "nothing"],
)
def test_wrong_data_says_what_is_wrong(text: str, why: str) -> None:
    with pytest.raises(BadRelease, match=why):
        release_of(text, secret=False)


def test_a_bomb_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payload, "MAX_JSON", 1 << 20)
    bomb = base64.b64encode(gzip.compress(b" " * (8 << 20), mtime=0)).decode()
    assert len(bomb) < 20_000
    with pytest.raises(BadRelease, match="larger than 1 MiB"):
        opened(bomb, secret=False)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for text in (base64.b64encode(data).decode(), base64.b64encode(gzip.compress(data, mtime=0)).decode()):
        with suppress(BadRelease):
            assert release_of(text, secret=False) is not None


def test_values_merge_as_helm_merges_them() -> None:
    chart = {"a": {"b": 1, "c": {"d": 2}}, "list": [1, 2], "gone": "x", "kept": True, "scalar": 1}
    user = {"a": {"c": {"e": 3}}, "list": [9], "gone": None, "scalar": {"now": "a map"}}
    assert computed(chart, user) == {
        "a": {"b": 1, "c": {"d": 2, "e": 3}},
        "list": [9],
        "kept": True,
        "scalar": {"now": "a map"},
    }
    assert computed(None, None) == {}
    assert chart["a"] == {"b": 1, "c": {"d": 2}}
