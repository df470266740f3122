"""A Wire to a Collection that goes wrong on command: all a client sees of an API server, without sockets."""

from __future__ import annotations

import asyncio
import json
import random
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from backend.kube.errors import NeedsLogin, Unreachable
from backend.kube.wire import Query
from tests.kube.collection import Collection, status_body

BOOKMARK_EVERY = 60.0
TOO_LARGE = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]


@dataclass
class Asked:
    """One request, when it came and what it was."""

    at: float
    kind: str
    """list, page (a later one), watch; dial: a connection that was refused before a list"""
    query: dict[str, str]
    fault: str = ""
    delivered: int = 0
    """The newest version that a watch was told of."""


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    stream: AsyncGenerator[bytes, None]

    def chunks(self) -> AsyncGenerator[bytes, None]:
        return self.stream

    async def aclose(self) -> None:
        await self.stream.aclose()


@dataclass
class FaultyWire:
    """``faults`` are used up one per request: see ``_refusal`` and ``_watch`` for their names."""

    collection: Collection
    seed: int = 0
    faults: deque[str] = field(default_factory=deque)
    down: bool = False
    latency: float = 0.0
    """Seconds before each piece of a list."""
    asked: list[Asked] = field(default_factory=list)
    cuts: asyncio.Event = field(default_factory=asyncio.Event)
    cut_how: str = "eof"

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._news = asyncio.Condition()
        self._snapshots: dict[int, list[dict[str, Any]]] = {}

    async def changed(self) -> None:
        """Call after the collection changed, to move the watches on."""
        async with self._news:
            self._news.notify_all()

    def cut(self, how: str) -> None:
        """End every open watch: eof, reset, half_open (silence for ever), mid_line."""
        self.cut_how = how
        cuts, self.cuts = self.cuts, asyncio.Event()
        cuts.set()

    async def aclose(self) -> None:
        return None

    async def reach(self) -> None:
        if self.down:
            self.asked.append(Asked(asyncio.get_running_loop().time(), "dial", {}, "down"))
            raise Unreachable("model", "connection refused")

    async def send(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        deadline: object = 30.0,
    ) -> Answer:
        asked = self._note(dict(query))
        fault = asked.fault
        if self.down:
            asked.fault = "down"
        if fault == "login":
            raise NeedsLogin("model", "only a person can log in")
        if self.down or fault == "refused":
            raise Unreachable("model", "connection refused")
        if fault == "no_answer":
            await asyncio.sleep(86_400)
        refusal = self._refusal(fault)
        if refusal is not None:
            return self._whole(*refusal)
        if asked.kind == "watch":
            return self._watch_answer(asked)
        return self._list_answer(asked)

    def _note(self, query: dict[str, str]) -> Asked:
        kind = "watch" if query.get("watch") else "page" if "continue" in query else "list"
        fault = self.faults.popleft() if self.faults else ""
        asked = Asked(asyncio.get_running_loop().time(), kind, query, fault)
        self.asked.append(asked)
        return asked

    def _refusal(self, fault: str) -> tuple[int, bytes, list[tuple[str, str]]] | None:
        wait = [("retry-after", "3")]
        refusals: dict[str, tuple[int, bytes, list[tuple[str, str]]]] = {
            "429": (429, status_body(429, "TooManyRequests"), wait),
            "503": (503, status_body(503, "ServiceUnavailable"), []),
            "500": (500, status_body(500, "InternalError"), []),
            "504_too_large": (504, status_body(504, "Timeout", causes=TOO_LARGE, retryAfterSeconds=1), []),
            "410": (410, status_body(410, "Expired"), []),
            "403": (403, status_body(403, "Forbidden"), []),
            "404": (404, b"404 page not found", []),
            "401": (401, status_body(401, "Unauthorized"), []),
            "400": (400, status_body(400, "BadRequest"), []),
            "405": (405, status_body(405, "MethodNotAllowed"), []),
            "login_page": (200, b"<html>log in</html>", [("content-type", "text/html")]),
        }
        return refusals.get(fault)

    # -- lists ----------------------------------------------------------------------------------------------

    def _list_answer(self, asked: Asked) -> Answer:
        query = asked.query
        limit = int(query.get("limit", "0"))
        if "continue" in query:
            version, start = map(int, query["continue"].split("-"))
            assert "resourceVersion" not in query, "a server refuses that beside a continue token"
            if version < self.collection.compacted or version not in self._snapshots:
                return self._whole(410, status_body(410, "Expired", "The continue parameter is too old"))
        else:
            version, start = self.collection.version, 0
            wanted = query.get("resourceVersion", "")
            if wanted not in {"", "0"} and int(wanted) > version:
                return self._whole(504, status_body(504, "Timeout", causes=TOO_LARGE, retryAfterSeconds=1))
            self._snapshots[version] = [made for _, made in sorted(self.collection.objects.items())]
        body = self.collection.page(
            limit=limit, start=start, version=version, snapshot=self._snapshots[version]
        )
        if asked.fault == "garbage":
            body = body[: len(body) // 2] + b"}{"
        return self._whole(200, body, broken=asked.fault in {"reset", "mid_line"}, slow=asked.fault == "slow")

    def _whole(
        self,
        status: int,
        body: bytes,
        headers: list[tuple[str, str]] | None = None,
        *,
        broken: bool = False,
        slow: bool = False,
    ) -> Answer:
        async def stream() -> AsyncGenerator[bytes, None]:
            for piece in self._pieces(body[: len(body) // 2] if broken else body):
                await asyncio.sleep(15 if slow else self.latency)
                yield piece
            if broken:
                raise Unreachable("model", "the connection broke in the middle of the answer")

        return Answer(status, [("content-type", "application/json"), *(headers or [])], stream())

    def _pieces(self, body: bytes) -> list[bytes]:
        """The body cut at arbitrary bytes."""
        cuts = sorted(self._random.randrange(len(body) + 1) for _ in range(self._random.randrange(6)))
        edges = [0, *cuts, len(body)]
        return [body[a:b] for a, b in pairwise(edges) if a < b]

    # -- watches --------------------------------------------------------------------------------------------

    def _watch_answer(self, asked: Asked) -> Answer:
        return Answer(200, [("content-type", "application/json")], self._watch(asked))

    async def _watch(self, asked: Asked) -> AsyncGenerator[bytes, None]:
        """Events after the asked version; faults: short, reset, half_open, mid_line, error_410, error_500,
        garbage (an unreadable event, then the stream goes on), replay (old events once more)."""
        fault = asked.fault
        position = int(asked.query["resourceVersion"])
        if position < self.collection.compacted or fault == "error_410":
            yield self._error(410, "Expired")
            return
        if position > self.collection.version:
            yield self._error(504, "Timeout", causes=TOO_LARGE)
            return
        if fault == "error_500":
            yield self._error(500, "InternalError")
            return
        if fault == "mid_line":
            yield b'{"type":"ADDED","object":{"metadata":{"name":"thi'
        if fault in {"short", "reset", "half_open", "mid_line"}:
            await self._end(fault)
            return
        if fault == "garbage":
            yield b'{"type":"MODIFIED","object":[1,2\n\n{"type":"NOVELTY","object":{}}\n'
        if fault == "replay":
            for change in self.collection.after(max(self.collection.compacted, position - 5)):
                yield change.line()
        async for chunk in self._changes(position, asked):
            yield chunk

    async def _changes(self, position: int, asked: Asked) -> AsyncGenerator[bytes, None]:
        loop = asyncio.get_running_loop()
        cuts = self.cuts
        end = loop.time() + float(asked.query["timeoutSeconds"])
        while end - loop.time() > 0.001:  # less is a rounding error, which no timer can wait for
            if cuts.is_set():
                await self._end(self.cut_how)
                return
            changes = self.collection.after(position)
            if changes:
                position = changes[-1].version
                for piece in self._pieces(b"".join(change.line() for change in changes)):
                    yield piece
                asked.delivered = position
                continue
            waited = await self._something(cuts, min(BOOKMARK_EVERY, end - loop.time()))
            if not waited and not self.collection.after(position):  # a bookmark never overtakes an event
                position = max(position, self.collection.version)
                bookmark = {"kind": "Thing", "metadata": {"resourceVersion": str(position)}}
                yield json.dumps({"type": "BOOKMARK", "object": bookmark}).encode() + b"\n"

    async def _something(self, cuts: asyncio.Event, seconds: float) -> bool:
        """Wait for a change or a cut; False when neither came in time."""

        async def news() -> None:
            async with self._news:
                await self._news.wait()

        waits = [asyncio.create_task(news()), asyncio.create_task(cuts.wait())]
        try:
            done, _ = await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        return bool(done)

    async def _end(self, how: str) -> None:
        if how == "half_open":
            await asyncio.sleep(86_400)
        if how in {"reset", "mid_line"}:
            raise Unreachable("model", "the connection broke")

    def _error(self, code: int, reason: str, **details: Any) -> bytes:
        status = json.loads(status_body(code, reason, **details))
        return json.dumps({"type": "ERROR", "object": status}).encode() + b"\n"
