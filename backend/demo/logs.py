"""The logs of simulated containers: a pure function of the container and the time; and how they are served.

The same second of the same container always gives the same lines, so that ``--tail``, ``--since``,
``--previous`` and ``-f`` agree with each other without anything being stored.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

from aiohttp import web

from backend.demo.ages import rfc3339_micro, seconds_of
from backend.demo.faults import Faults, cut
from backend.demo.log_lines import CRASHES, of_second

_LONGEST = 6 * 3600
"""Seconds of history a container's log holds; older lines are rotated away."""
_POLL = 0.2
"""Seconds between looks at what a followed container wrote."""
Written = tuple[float, str]
"""(time, text) of a line."""


class LogStream:
    """The log of one container's one run."""

    def __init__(self, pod: dict[str, Any], container: str, *, began: float, ended: float | None) -> None:
        self._seed = f"{pod['metadata']['uid']}/{container}/{int(began)}"
        self._name = container
        self._pod = pod["metadata"]["name"]
        self._namespace = pod["metadata"].get("namespace", "")
        self._began, self._ended = began, ended
        self._kind = _fate(pod, container)

    def alive(self, pod: dict[str, Any]) -> bool:
        """Whether this very run still goes on in the given version of the pod."""
        for status in pod.get("status", {}).get("containerStatuses") or ():
            run = (status.get("state") or {}).get("running")
            if status["name"] == self._name and run:
                return seconds_of(run["startedAt"]) == self._began
        return False

    def end_in(self, pod: dict[str, Any] | None, *, now: float) -> None:
        """The run is over: when, the pod's status may tell; its last words belong to the log."""
        self._ended = now
        for status in (pod or {}).get("status", {}).get("containerStatuses") or ():
            for state in (status.get("state") or {}, status.get("lastState") or {}):
                over = state.get("terminated")
                if status["name"] == self._name and over and seconds_of(over["startedAt"]) == self._began:
                    self._ended = seconds_of(over["finishedAt"])
                    self._kind = _fate(pod or {}, self._name)

    def text(self, start: float, stop: float, *, tail: int | None, stamped: bool) -> bytes:
        """The lines from ``start`` (not included) to ``stop``, the last ``tail`` of them."""
        end = min(stop, self._ended) if self._ended is not None else stop
        begin = max(start, self._began - 1, end - _LONGEST)
        lines: list[Written] = []
        for written in self._backwards(begin, end):
            lines.append(written)
            if tail is not None and len(lines) >= tail:
                break
        lines = [] if tail == 0 else lines[::-1]
        form = "{0} {1}\n" if stamped else "{1}\n"
        return "".join(form.format(rfc3339_micro(at), line) for at, line in lines).encode()

    def _backwards(self, start: float, stop: float) -> Iterator[Written]:
        if self._ended is not None and start < self._ended <= stop:
            last = CRASHES.get(self._kind, ())
            for place in range(len(last) - 1, -1, -1):
                yield self._ended + place * 2e-6, last[place]
        for second in range(int(stop), int(start) - 1, -1):
            for at, line in reversed(of_second(self._seed, second, self._name, self._namespace)):
                if start < at <= stop and at >= self._began:
                    yield at, line
        if start < self._began <= stop:
            yield self._began, f"starting {self._name} on {self._pod}"


def _fate(pod: dict[str, Any], container: str) -> str:
    for status in pod.get("status", {}).get("containerStatuses") or ():
        if status["name"] != container:
            continue
        for state in (status.get("state") or {}, status.get("lastState") or {}):
            ended = state.get("terminated")
            if ended:
                return (
                    "oom" if ended.get("reason") == "OOMKilled" else "crash" if ended.get("exitCode") else ""
                )
    return ""


class LogAnswer:
    """One answer to a request for a log, with the faults of the server and of the way to it."""

    def __init__(self, request: web.BaseRequest, stream: LogStream, faults: Faults, *, stamped: bool) -> None:
        self._request, self._stream, self._faults = request, stream, faults
        self._stamped = stamped
        self.response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        self.response.enable_chunked_encoding()

    async def begin(self) -> None:
        self._faults.date(self.response)
        await self.response.prepare(self._request)

    async def past(self, since: float, until: float, *, tail: int | None, cap: int | None) -> None:
        text = self._stream.text(since, until, tail=tail, stamped=self._stamped)
        await self._write(text[:cap] if cap is not None else text)

    async def follow(self, position: float, pod_now: Callable[[], dict[str, Any] | None]) -> None:
        """Write new lines until the container or the client ends."""
        stream = self._stream
        while True:
            await asyncio.sleep(_POLL)
            await self._faults.held()
            pod = pod_now()
            over = pod is None or not stream.alive(pod)
            now = time.time()
            if over:
                stream.end_in(pod, now=now)
            await self._write(stream.text(position, now, tail=None, stamped=self._stamped))
            if over:
                return
            position = now

    async def _write(self, text: bytes) -> None:
        """Cut at any byte where answers are cut; slowly where they are slow."""
        faults = self._faults
        if text and faults.breaks_now():
            await self.response.write(text[: faults.dice.randrange(len(text)) + 1])
            cut(self._request)
        step = max(1, int(faults.rate / 4)) if faults.rate else len(text) or 1
        for at in range(0, len(text), step):
            await self.response.write(text[at : at + step])
            if faults.rate:
                await asyncio.sleep(step / faults.rate)
