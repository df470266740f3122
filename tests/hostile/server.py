"""The simulated fleet with servers that lie in every field; started as ``backend.demo`` is.

Requests are taken apart as if nothing had happened: what a client got hostile, it may send back hostile.
"""

from __future__ import annotations

import json
import sys
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from aiohttp import web

from backend.demo import server
from backend.demo.__main__ import main
from backend.demo.logs import LogStream
from backend.demo.reading import Watch
from tests.hostile.corpus import CORPUS, HUGE, MARK, honest
from tests.hostile.spoiling import Spoiler

_HONEST = ("APIResourceList", "APIGroupList", "APIVersions", "APIGroupDiscoveryList")
_spoil = Spoiler(words=True)
_json, _lines, _path, _query, _deliver, _log = (
    server._json, Watch.lines, server.parse_target, server.parse_query, server.ApiServer._handle,
    LogStream.text,
)  # fmt: skip


def _spoiled(body: bytes) -> bytes:
    try:
        document = json.loads(body)
    except ValueError:
        return body
    if not isinstance(document, dict) or document.get("kind") in _HONEST or "openapi" in document:
        return body
    return json.dumps(_by_kind(document)).encode()  # ASCII: escapes for everything else


def _by_kind(document: dict[str, Any]) -> dict[str, Any]:
    if "object" in document and "type" in document:  # one event of a watch
        return {"type": document["type"], "object": _spoil(document["object"])}
    if "items" in document:
        return {**document, "items": [_spoil(item) for item in document["items"]]}
    if document.get("kind") == "Table":
        rows = [{**row, "cells": _spoil(row["cells"]), "object": _spoil(row.get("object"))}
                for row in document["rows"]]  # fmt: skip
        columns = [
            {**c, "description": _spoil(c["description"]), "name": _column(c["name"])}
            for c in document["columnDefinitions"]
        ]
        return {**document, "rows": rows, "columnDefinitions": columns}
    spoiled: dict[str, Any] = _spoil(document)
    return spoiled


def _column(title: str) -> str:
    """Those of custom kinds; the others are known by their titles."""
    return str(_spoil(title)) if title.startswith("Hostile") else title


def _hostile_json(body: bytes, **options: Any) -> web.Response:
    return _json(_spoiled(body), **options)


async def _hostile_lines(self: Watch) -> Any:
    lines = _lines(self)
    try:
        async for batch in lines:
            yield b"".join(_spoiled(line) + b"\n" for line in batch.splitlines() if line)
    finally:
        await lines.aclose()  # type: ignore[attr-defined]


def _honest_path(path: str, catalog: Any) -> Any:
    return _path("/".join(quote(honest(unquote(part))) for part in path.split("/")), catalog)


def _honest_query(text: str) -> Any:
    kept = [(key, value if key == "continue" else honest(value)) for key, value in parse_qsl(text, True)]
    return _query(urlencode(kept))


def _hostile_log(self: LogStream, start: float, stop: float, **options: Any) -> bytes:
    """Every line is followed by one that lies; bytes that are no text are among them."""
    lines = _log(self, start, stop, **options).splitlines()
    entries = [*(text.encode() for text in CORPUS.values()), HUGE.encode(), b"\xff\xfe\x80\x9b2J\xc3"]
    found: list[bytes] = []
    for at, line in enumerate(lines):
        found += [line, line.partition(b" ")[0] + b" hostile" + MARK.encode() + entries[at % len(entries)]]
    return b"".join(line + b"\n" for line in found)


async def _with_warnings(self: server.ApiServer, request: web.BaseRequest) -> web.StreamResponse:
    """Headers can't hold C0 (HTTP forbids it), but all the rest."""
    response = await _deliver(self, request)
    if not response.prepared:
        for name in ("bidi-override", "csi-8bit", "osc-8bit", "zero-width", "tags", "markup-click"):
            response.headers.add("Warning", f'299 - "warned~{name}~{CORPUS[name]}"')
    return response


def spoil_the_servers() -> None:
    """From here on every answer of this process' simulated servers is hostile."""
    server._json = _hostile_json
    Watch.lines = _hostile_lines  # type: ignore[method-assign, assignment]
    server.parse_target = _honest_path
    server.parse_query = _honest_query
    server.ApiServer._handle = _with_warnings  # type: ignore[method-assign]
    LogStream.text = _hostile_log  # type: ignore[method-assign]


if __name__ == "__main__":
    spoil_the_servers()
    sys.exit(main())
