from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.demo.protobuf import Undecodable, decode
from tests.demo.protobuf_body import body, field

# metadata as client-go sends it: fields that are no pointers are there even when empty
METADATA = (
    field(1, "web")
    + b"".join(field(number, "") for number in (2, 3, 4, 5, 6))
    + field(7, 0)
    + field(8, b"")
    + field(11, field(1, "app") + field(2, "web"))
)
POD_SPEC = field(
    2,
    field(1, "c")
    + field(2, "nginx")
    + field(6, field(1, "http") + field(3, 80))
    + field(8, field(1, field(1, "cpu") + field(2, field(1, "250m"))))
    + field(10, field(1, field(2, field(2, field(1, 1) + field(3, "http")))) + field(2, 0)),
)
DEPLOYMENT = body(
    "apps/v1",
    "Deployment",
    field(1, METADATA),
    field(2, field(1, 0) + field(3, field(1, b"") + field(2, POD_SPEC)) + field(5, 0) + field(7, 0)),
)


def test_an_object_is_what_its_json_would_be() -> None:
    found = decode(DEPLOYMENT)
    assert found["apiVersion"] == "apps/v1"
    assert found["kind"] == "Deployment"
    assert found["metadata"] == {"name": "web", "labels": {"app": "web"}}
    assert found["spec"]["replicas"] == 0, "a pointer to nought was meant"
    assert "paused" not in found["spec"], "a nought that JSON leaves out"
    container = found["spec"]["template"]["spec"]["containers"][0]
    assert container["ports"] == [{"name": "http", "containerPort": 80}]
    assert container["resources"]["limits"] == {"cpu": "250m"}
    assert container["livenessProbe"]["httpGet"]["port"] == "http", "the handler is inlined, the port a name"


def test_negative_numbers_times_and_bytes() -> None:
    event = body("v1", "Event", field(6, field(1, 1_700_000_000)), field(8, -3), field(10, b""))
    found = decode(event)
    assert found["firstTimestamp"] == "2023-11-14T22:13:20Z"
    assert found["count"] == -3
    assert found.get("eventTime") is None
    secret = body("v1", "Secret", field(2, field(1, "token") + field(2, b"\xff\x00")))
    assert decode(secret)["data"] == {"token": "/wA="}


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (b"{}", "expected prefix"),
        (body("v1", "Nonsense"), 'no kind "Nonsense"'),
        (body("v1", "Pod", b"\x0a\x7f"), "unexpected EOF"),
        (body("v1", "Pod", b"\x0b"), "wire type 3"),
        (body("v1", "Pod", field(1, 5)), "a number where"),
        (body("v1", "Pod", field(1, field(1, b"\xff"))), "not UTF-8"),
        (body("v1", "Namespace", b"\x80" * 11), "overflow"),
    ],
)
def test_broken_bytes_are_refused_with_a_reason(broken: bytes, says: str) -> None:
    with pytest.raises(Undecodable, match=says):
        decode(broken)


@given(st.binary(max_size=200), st.sampled_from(["Pod", "Event", "Secret", "CronJob"]))
def test_no_bytes_break_the_decoder(junk: bytes, kind: str) -> None:
    for version in ("v1", "batch/v1"):
        with contextlib.suppress(Undecodable):
            decode(body(version, kind, junk))


@given(st.integers(0, len(DEPLOYMENT) - 1), st.integers(0, 255))
def test_no_flipped_byte_breaks_the_decoder(at: int, byte: int) -> None:
    damaged = bytearray(DEPLOYMENT)
    damaged[at] = byte
    with contextlib.suppress(Undecodable):
        decode(bytes(damaged))
