"""What can be wrong with a simulated API server and the way to it; set by options, scenarios and tests."""

from __future__ import annotations

import asyncio
import random
import re
import time
from dataclasses import dataclass, field, fields
from email.utils import formatdate
from fnmatch import fnmatchcase
from typing import Any

from aiohttp import web

from backend.demo.status import ApiError

_REASONS = {
    401: "Unauthorized",
    403: "Forbidden",
    410: "Expired",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
}
_LOOK = 0.05
"""Seconds between looks at whether a held request may go on."""
_PIECE = 4096
_TIME = re.compile(r"^(-?\d+(?:\.\d+)?)(ms|s|m|h)?$")
_UNIT = {"ms": 0.001, "s": 1.0, None: 1.0, "m": 60.0, "h": 3600.0}
_RATE = re.compile(r"^(\d+(?:\.\d+)?)(B|kB|MB)?(?:/s)?$")
_BYTES = {"B": 1.0, None: 1.0, "kB": 1e3, "MB": 1e6}


class FaultError(ValueError):
    """A fault that is written wrongly; the message says what is known."""


@dataclass(slots=True)
class Faults:
    """What is wrong with one cluster's API server. All of it may be changed while it serves."""

    down: bool = field(default=False, metadata={"says": "connections are closed without an answer"})
    latency: float = field(default=0.0, metadata={"says": "time before each answer", "as": "time"})
    jitter: float = field(default=0.0, metadata={"says": "at most so much more, by chance", "as": "time"})
    loss: float = field(default=0.0, metadata={"says": "share of requests cut off unanswered", "as": "share"})
    status: int = field(default=0, metadata={"says": "answer 401, 403, 410, 429, 500 or 503", "as": "status"})
    share: float = field(default=1.0, metadata={"says": "of the requests that get it", "as": "share"})
    reset: float = field(default=0.0, metadata={"says": "share of answers cut half way", "as": "share"})
    half_open: bool = field(default=False, metadata={"says": "connections stay, and nothing comes any more"})
    rate: float = field(default=0.0, metadata={"says": "bytes a second of each body", "as": "rate"})
    skew: float = field(default=0.0, metadata={"says": "how wrong the server's clock is", "as": "time"})
    dice: random.Random = field(default_factory=lambda: random.Random(0), repr=False)  # noqa: S311

    def take(self, other: Faults) -> None:
        """Become like another one, but for the dice."""
        for one in fields(self):
            if one.metadata:
                setattr(self, one.name, getattr(other, one.name))

    async def before(self, request: web.BaseRequest) -> None:
        """Delay, refuse or cut off a request unseen; raises ApiError or ConnectionResetError."""
        if self.latency or self.jitter:
            await asyncio.sleep(self.latency + self.jitter * self.dice.random())
        await self.held()
        if self.down or (self.loss and self.dice.random() < self.loss):
            cut(request)
        if self.status and self.dice.random() < self.share:
            details: dict[str, Any] = {"retryAfterSeconds": 1} if self.status in (429, 503) else {}
            text = "Unauthorized" if self.status == 401 else "a fault that was asked for"
            raise ApiError(self.status, _REASONS[self.status], text, details=details)

    async def held(self) -> None:
        """Wait while the connection is half open."""
        while self.half_open:  # noqa: ASYNC110 - a plain flag, set like every other fault
            await asyncio.sleep(_LOOK)

    async def deliver(self, request: web.BaseRequest, response: web.StreamResponse) -> web.StreamResponse:
        """Send a whole answer slowly, or only its first half; others are returned as they came."""
        self.date(response)
        breaks = bool(self.reset) and self.dice.random() < self.reset
        if not isinstance(response, web.Response) or not (self.rate or breaks):
            return response
        body = response.body if isinstance(response.body, bytes) else b""
        slow = web.StreamResponse(status=response.status, headers=response.headers)
        slow.content_length = len(body)
        await slow.prepare(request)
        end = len(body) // 2 if breaks else len(body)
        for at in range(0, end, _PIECE):
            await slow.write(body[at : min(at + _PIECE, end)])
            if self.rate:
                await asyncio.sleep(_PIECE / self.rate)
        if breaks:
            cut(request)
        await slow.write_eof()
        return slow

    def date(self, response: web.StreamResponse) -> None:
        """Let an answer that is not sent yet bear the time of a server whose clock is wrong."""
        if self.skew and not response.prepared:
            response.headers["Date"] = formatdate(time.time() + self.skew, usegmt=True)

    def breaks_now(self) -> bool:
        """Whether a stream is cut here."""
        return bool(self.reset) and self.dice.random() < self.reset


def cut(request: web.BaseRequest) -> None:
    """Close the connection at once, as a reset: raises ConnectionResetError."""
    if request.transport is not None:
        request.transport.abort()
    raise ConnectionResetError


def faults_of(text: str) -> Faults:
    """``latency=300ms,status=503,share=20%,half-open`` as faults.

    :raises FaultError: an unknown name, or a value of another kind.
    """
    found = Faults()
    known = {one.name.replace("_", "-"): one for one in fields(Faults) if one.metadata}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, equals, value = part.partition("=")
        if name not in known:
            raise FaultError(f"there is no fault {name!r}; there are: {', '.join(known)}")
        kind = known[name].metadata.get("as")
        if bool(kind) is not bool(equals):
            raise FaultError(f"{name} {'needs a value' if kind else 'takes no value'}")
        setattr(found, known[name].name, _value(name, kind, value) if kind else True)
    return found


def _value(name: str, kind: str, text: str) -> float | int:
    if kind == "time" and (match := _TIME.match(text)):
        return float(match[1]) * _UNIT[match[2]]
    if kind == "rate" and (match := _RATE.match(text)) and float(match[1]):
        return float(match[1]) * _BYTES[match[2]]
    if kind == "share":
        try:
            share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            share = -1.0
        if 0 <= share <= 1:
            return share
    if kind == "status" and text.isdigit() and int(text) in _REASONS:
        return int(text)
    examples = {"time": "300ms or 2s", "rate": "20kB/s", "share": "20%", "status": "503"}
    raise FaultError(f"{name}={text}: a value like {examples[kind]} is needed")


@dataclass(frozen=True, slots=True)
class FaultRule:
    """``prod-*:latency=300ms``: faults of the clusters that a glob names; without a colon, of all."""

    clusters: str
    faults: Faults

    @classmethod
    def parse(cls, text: str) -> FaultRule:
        """Raises FaultError."""
        clusters, colon, faults = text.rpartition(":")
        return cls(clusters if colon else "*", faults_of(faults))

    def matches(self, cluster: str) -> bool:
        return any(fnmatchcase(cluster, glob.strip()) for glob in self.clusters.split(","))


def help_text() -> str:
    """One line for each fault, for help and docs."""
    listed = [one for one in fields(Faults) if one.metadata]
    return "; ".join(f"{one.name.replace('_', '-')}: {one.metadata['says']}" for one in listed)
