"""SPDY/3.1 as Kubernetes uses it for port-forwarding: streams over one connection, no priorities, no windows.

Source: the SPDY protocol drafts 3 and 3.1 (Chromium); KEP-4006 for carrying its bytes in WebSocket messages.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

SYN_STREAM, SYN_REPLY, RST_STREAM, PING, GOAWAY = 1, 2, 3, 6, 7
_CONTROL, _VERSION, _FIN = 0x80000000, 3, 1
_STREAM = 0x7FFFFFFF
_LARGEST = 4 * 1024 * 1024

_NAMES = (
    "options,head,post,put,delete,trace,accept,accept-charset,accept-encoding,accept-language,accept-ranges,age,"
    "allow,authorization,cache-control,connection,content-base,content-encoding,content-language,content-length,"
    "content-location,content-md5,content-range,content-type,date,etag,expect,expires,from,host,if-match,"
    "if-modified-since,if-none-match,if-range,if-unmodified-since,last-modified,location,max-forwards,pragma,"
    "proxy-authenticate,proxy-authorization,range,referer,retry-after,server,te,trailer,transfer-encoding,"
    "upgrade,user-agent,vary,via,warning,www-authenticate,method,get,status,200 OK,version,HTTP/1.1,url,"
    "public,set-cookie,keep-alive,origin"
)
_REST = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized"
    "403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
    "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
    "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,"
    "text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)
_LISTED = [struct.pack(">I", len(name)) + name.encode() for name in _NAMES.split(",")]
DICTIONARY = b"".join([*_LISTED, _REST.encode()])
"""What both ends' header compression starts with (draft 3, section 2.6.10.1)."""


class Broken(ValueError):
    """Not SPDY/3."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: a control frame of some type, or data (``type`` 0)."""

    type: int
    stream: int
    fin: bool = False
    data: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class Reader:
    """Bytes in, frames out; keeps what is incomplete."""

    def __init__(self) -> None:
        self._rest = b""
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Raises Broken, also for a frame larger than anything a client sends."""
        self._rest += data
        while len(self._rest) >= 8:
            first, second = struct.unpack_from(">II", self._rest)
            length = second & 0xFFFFFF
            if length > _LARGEST:
                raise Broken("a frame is too large")
            if len(self._rest) < 8 + length:
                return
            body, self._rest = self._rest[8 : 8 + length], self._rest[8 + length :]
            fin = bool(second >> 24 & _FIN)
            if first & _CONTROL:
                yield self._control(first, fin, body)
            else:
                yield Frame(0, first & _STREAM, fin, body)

    def _control(self, first: int, fin: bool, body: bytes) -> Frame:
        if first >> 16 & 0x7FFF != _VERSION or len(body) < 4:
            raise Broken("a control frame is not of version 3")
        kind = first & 0xFFFF
        stream = struct.unpack_from(">I", body)[0] & _STREAM
        headers = self._headers(body[10:]) if kind == SYN_STREAM else {}
        return Frame(kind, stream, fin, body, headers)

    def _headers(self, block: bytes) -> dict[str, str]:
        try:
            plain = self._inflate.decompress(block, _LARGEST)
            (count,) = struct.unpack_from(">I", plain)
            at, found = 4, []
            for _ in range(2 * count):
                (length,) = struct.unpack_from(">I", plain, at)
                found.append(plain[at + 4 : at + 4 + length].decode("latin-1"))
                at += 4 + length
        except (zlib.error, struct.error) as error:
            raise Broken(f"headers: {error}") from None
        return dict(zip((name.lower() for name in found[::2]), found[1::2], strict=True))


class Writer:
    """Frames as bytes; one per connection, as the compression of headers goes on through it."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(zdict=DICTIONARY)

    def reply(self, stream: int) -> bytes:
        """SYN_REPLY without headers."""
        block = self._deflate.compress(struct.pack(">I", 0)) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        return _control(SYN_REPLY, struct.pack(">I", stream) + block)

    def data(self, stream: int, data: bytes, *, fin: bool = False) -> bytes:
        return struct.pack(">II", stream, (_FIN if fin else 0) << 24 | len(data)) + data

    def ping(self, body: bytes) -> bytes:
        return _control(PING, body)


def _control(kind: int, body: bytes) -> bytes:
    return struct.pack(">II", _CONTROL | _VERSION << 16 | kind, len(body)) + body
