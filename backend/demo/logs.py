"""Log lines of simulated containers: a pure function of the container and the time.

The same second of the same container always gives the same lines, so that ``--tail``, ``--since``,
``--previous`` and ``-f`` agree with each other without anything being stored.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from backend.demo.ages import rfc3339_micro, seconds_of

_LONGEST = 6 * 3600
"""Seconds of history a container's log holds; older lines are rotated away."""

_PATHS = ("/v1/orders", "/v1/carts", "/v1/search?q=lamp", "/v1/payments", "/healthz", "/v1/items/4711")
_CRASHES = {
    "crash": (
        "FATAL could not connect to postgres at db.pay.svc:5432: connection refused",
        "panic: configuration incomplete: PAYMENT_GATEWAY_URL is empty",
    ),
    "oom": ("WARN heap 94% full, evicting caches", "WARN allocation of 64 MiB delayed by collector"),
}


class LogStream:
    """The log of one container's one run."""

    def __init__(self, pod: dict[str, Any], container: str, *, began: float, ended: float | None) -> None:
        self._seed = f"{pod['metadata']['uid']}/{container}/{int(began)}"
        self._name = container
        self._pod = pod["metadata"]["name"]
        self._began, self._ended = began, ended
        self._kind = _fate(pod, container)

    def alive(self, pod: dict[str, Any]) -> bool:
        """Whether this very run still goes on in the given version of the pod."""
        for status in pod.get("status", {}).get("containerStatuses") or ():
            run = (status.get("state") or {}).get("running")
            if status["name"] == self._name and run:
                return seconds_of(run["startedAt"]) == self._began
        return False

    def text(self, start: float, stop: float, *, tail: int | None, stamped: bool) -> bytes:
        """The lines from ``start`` (not included) to ``stop``, the last ``tail`` of them."""
        end = min(stop, self._ended) if self._ended is not None else stop
        begin = max(start, self._began - 1, end - _LONGEST)
        if tail is not None:
            begin = max(begin, end - 40 * (tail + 1))
        lines = sorted(self._lines(begin, end), key=lambda line: line[0])
        if tail is not None:
            lines = lines[len(lines) - min(tail, len(lines)) :]
        form = "{0} {1}\n" if stamped else "{1}\n"
        return "".join(form.format(rfc3339_micro(at), line) for at, line in lines).encode()

    def _lines(self, start: float, stop: float) -> Iterator[tuple[float, str]]:
        for second in range(int(start), int(stop) + 1):
            for at, line in _of_second(self._seed, second, self._name):
                if start < at <= stop and at >= self._began:
                    yield at, line
        opening = f"starting {self._name} on {self._pod}"
        if start < self._began <= stop:
            yield self._began, opening
        if self._ended is not None and stop >= self._ended:
            for line in _CRASHES.get(self._kind, ()):
                yield self._ended, line


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


@lru_cache(maxsize=4096)
def _of_second(seed: str, second: int, name: str) -> tuple[tuple[float, str], ...]:
    dice = random.Random(f"{seed}/{second}")  # noqa: S311 - repeatable text, nothing secret
    if dice.random() < 0.5:
        return ()
    at = second + dice.random()
    took = int(dice.lognormvariate(3.2, 0.8))
    chance = dice.random()
    if chance < 0.03:
        target = dice.choice(("db", "cache", "queue"))
        text = f'level=error msg="upstream timed out" target={target} ms={took + 900}'
    elif chance < 0.1:
        text = f'level=warn msg="slow request" path={dice.choice(_PATHS)} ms={took + 400}'
    else:
        code = dice.choices((200, 201, 304, 404), (80, 8, 8, 4))[0]
        text = f"level=info msg=request svc={name} path={dice.choice(_PATHS)} code={code} ms={took}"
    return ((at, text),)
