from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.observe.logs.fields import document_of, fields_of


def test_json_and_logfmt() -> None:
    assert fields_of(b'{"level":"info","http":{"code":200,"tags":["a"]},"ok":true,"x":null}') == {
        "level": "info",
        "http.code": "200",
        "http.tags": '["a"]',
        "ok": "true",
        "x": "null",
    }
    assert fields_of(b'level=warn msg="it is \\"slow\\"" ms=12 empty=') == {
        "level": "warn",
        "msg": 'it is "slow"',
        "ms": "12",
        "empty": "",
    }


@pytest.mark.parametrize(
    "line",
    [
        b"plain words",
        b"a=b",
        b"the answer is x=1 y=2",
        b"[1,2]",
        b'{"cut":',
        b'{"a":"\xff"}',
        b"\x00\x01",
        b"",
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b"x=" + b"y" * 300_000,
    ],
)
def test_what_is_no_data(line: bytes) -> None:
    assert fields_of(line) == {}


@given(st.binary(max_size=200) | st.text('{}[]":,=a1 \\\t', max_size=60).map(str.encode))
def test_no_line_is_too_odd(line: bytes) -> None:
    document = document_of(line)
    assert document is None or isinstance(document, dict)
    assert all(isinstance(value, str) for value in fields_of(line).values())
