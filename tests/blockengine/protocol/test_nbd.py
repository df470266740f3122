from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockengine.protocol import nbd
from blockengine.protocol.nbd import Malformed

EXPORT = nbd.Export("disk", 1 << 20, 512, nbd.Transmission.HAS_FLAGS)


@given(st.binary(max_size=200))
def test_any_bytes_are_parsed_or_refused(payload: bytes) -> None:
    for parse in (nbd.parse_info, nbd.parse_contexts):
        with contextlib.suppress(Malformed):
            parse(payload)
    if len(payload) >= 4:
        with contextlib.suppress(Malformed):
            nbd.client_flags(payload[:4])


@given(st.text(max_size=40), st.lists(st.integers(0, 3), max_size=4))
def test_a_go_request_is_understood(name: str, wanted: list[int]) -> None:
    raw = name.encode()
    payload = struct.pack(">I", len(raw)) + raw + struct.pack(f">H{len(wanted)}H", len(wanted), *wanted)
    assert nbd.parse_info(payload) == (name, wanted)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\x00\x00\x00\xff",
        struct.pack(">I", 2) + b"\xff\xfe" + b"\x00\x00",
        struct.pack(">IH", 0, 3),
        struct.pack(">IHH", 0, 0, 0),
    ],
)
def test_a_damaged_go_request_is_refused(payload: bytes) -> None:
    with pytest.raises(Malformed):
        nbd.parse_info(payload)


def test_replies_have_the_specified_bytes() -> None:
    assert nbd.greeting() == b"NBDMAGICIHAVEOPT\x00\x03"
    assert nbd.simple_reply(7, 22).hex() == "67446698" + "00000016" + "0000000000000007"
    assert nbd.data_head(
        1, 512, 4
    ).hex() == "668e33ef" + "0001" + "0001" + "0000000000000001" + "0000000c" + ("0000000000000200")
    assert nbd.export_name_reply(EXPORT, no_zeroes=False)[:10].hex() == "0000000000100000" + "0001"
    assert len(nbd.export_name_reply(EXPORT, no_zeroes=False)) == 134
    assert nbd.status_chunk(1, [(512, True), (1024, False)]).endswith(
        struct.pack(">IIIII", 1, 512, 0, 1024, 3)
    )


def test_a_client_of_another_kind_is_refused() -> None:
    assert nbd.client_flags(struct.pack(">I", 3))
    assert not nbd.client_flags(struct.pack(">I", 1))
    for flags in (0, 2, 1 << 20 | 1):
        with pytest.raises(Malformed):
            nbd.client_flags(struct.pack(">I", flags))
