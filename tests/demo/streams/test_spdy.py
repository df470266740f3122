from __future__ import annotations

import contextlib
import struct
import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.demo.streams import spdy


def syn_stream(deflate: zlib._Compress, stream: int, **headers: str) -> bytes:  # type: ignore[name-defined]
    plain = struct.pack(">I", len(headers))
    for name, value in headers.items():
        plain += struct.pack(">I", len(name)) + name.encode() + struct.pack(">I", len(value)) + value.encode()
    block = deflate.compress(plain) + deflate.flush(zlib.Z_SYNC_FLUSH)
    body = struct.pack(">IIH", stream, 0, 0) + block
    return struct.pack(">II", 0x80030001, len(body)) + body


def conversation() -> bytes:
    deflate = zlib.compressobj(zdict=spdy.DICTIONARY)
    return b"".join(
        [
            syn_stream(deflate, 1, streamtype="error", port="80", requestid="0"),
            syn_stream(deflate, 3, streamtype="data", port="80", requestid="0"),
            spdy.Writer().data(3, b"GET / HTTP/1.1\r\n\r\n"),
            spdy.Writer().data(3, b"", fin=True),
        ]
    )


@given(st.lists(st.integers(0, 400), max_size=8))
def test_frames_do_not_depend_on_how_the_bytes_were_cut(cuts: list[int]) -> None:
    whole = conversation()
    edges = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    reader = spdy.Reader()
    frames = [frame for start, end in pairwise(edges) for frame in reader.feed(whole[start:end])]
    assert [(frame.type, frame.stream, frame.fin) for frame in frames] == [
        (spdy.SYN_STREAM, 1, False),
        (spdy.SYN_STREAM, 3, False),
        (0, 3, False),
        (0, 3, True),
    ]
    assert frames[1].headers == {"streamtype": "data", "port": "80", "requestid": "0"}
    assert frames[2].data.startswith(b"GET /")


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(junk: bytes) -> None:
    with contextlib.suppress(spdy.Broken):
        list(spdy.Reader().feed(junk))


def test_an_enormous_frame_is_refused_before_it_is_collected() -> None:
    with pytest.raises(spdy.Broken, match="too large"):
        list(spdy.Reader().feed(struct.pack(">II", 3, 0xFFFFFF)))
