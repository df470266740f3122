"""What simulated programs write: each has a manner of its own, as a fleet's programs do.

One second of one container always gives the same lines.
"""

from __future__ import annotations

import json
import random
import zlib
from collections.abc import Callable
from functools import lru_cache
from time import gmtime, strftime

Lines = tuple[tuple[float, str], ...]
"""(time, text) of the lines of one second, in their order."""

_PATHS = ("/v1/orders", "/v1/carts", "/v1/search?q=lamp", "/v1/payments", "/healthz", "/v1/items/4711")
_TARGETS = ("db", "cache", "queue")
_USERS = ("anna", "björn", "chidi", "dora", "emeka", "fatima")
CRASHES = {
    "crash": (
        "FATAL could not connect to postgres at db.pay.svc:5432: connection refused",
        "panic: configuration incomplete: PAYMENT_GATEWAY_URL is empty",
        "goroutine 1 [running]:",
        "\tmain.(*Config).Validate(0xc0001a2000)",
        "\t\t/src/config.go:88 +0x1b5",
        "\tmain.main()",
        "\t\t/src/main.go:31 +0x6c",
    ),
    "oom": (
        "WARN heap 94% full, evicting caches",
        "WARN allocation of 64 MiB delayed by collector",
        "ERROR allocation of 64 MiB failed after 3 collections",
    ),
}


class _Event:
    """One thing that a program has to tell; how, is its manner's affair."""

    def __init__(self, dice: random.Random, at: float, name: str) -> None:
        self.at, self.name = at, name
        self.took = int(dice.lognormvariate(3.2, 0.8))
        self.path = dice.choice(_PATHS)
        self.target = dice.choice(_TARGETS)
        self.user = dice.choice(_USERS)
        self.trace = f"{dice.getrandbits(64):016x}"
        self.peer = f"10.{dice.randrange(256)}.{dice.randrange(256)}.{dice.randrange(1, 255)}"
        chance = dice.random()
        self.level = (
            "error" if chance < 0.02 else "warn" if chance < 0.08 else "debug" if chance > 0.9 else "info"
        )
        self.code = 503 if self.level == "error" else dice.choices((200, 201, 304, 404), (80, 8, 8, 4))[0]
        if self.level == "error":
            self.took += 900
        elif self.level == "warn":
            self.took += 400
        self.message = {
            "error": "upstream timed out",
            "warn": "slow request",
            "debug": "cache miss",
            "info": "request",
        }[self.level]


def _logfmt(event: _Event) -> list[str]:
    rest = f"target={event.target}" if event.level == "error" else f"path={event.path} code={event.code}"
    head = f'level={event.level} msg="{event.message}" svc={event.name}'
    return [f"{head} {rest} ms={event.took} trace={event.trace}"]


def _json(event: _Event) -> list[str]:
    told = {
        "ts": round(event.at, 3),
        "level": event.level,
        "msg": event.message,
        "svc": event.name,
        "http": {"path": event.path, "code": event.code, "peer": event.peer},
        "ms": event.took,
        "user": event.user,
        "trace": event.trace,
    }
    return [json.dumps(told, ensure_ascii=False)]


def _access(event: _Event) -> list[str]:
    when = strftime("%d/%b/%Y:%H:%M:%S +0000", gmtime(event.at))
    if event.level == "error":
        when = strftime("%Y/%m/%d %H:%M:%S", gmtime(event.at))
        why = "upstream timed out (110: Connection timed out) while reading response header from upstream"
        rest = f'client: {event.peer}, request: "GET {event.path} HTTP/1.1"'
        return [f"{when} [error] 31#31: *{event.took} {why}, {rest}"]
    line = f'"GET {event.path} HTTP/1.1" {event.code} {event.took * 37} "-" "curl/8.5.0"'
    return [f"{event.peer} - {event.user} [{when}] {line}"]


def _java(event: _Event) -> list[str]:
    when = strftime("%Y-%m-%d %H:%M:%S", gmtime(event.at))
    head = f"{when},{int(event.at * 1000) % 1000:03} {event.level.upper():5} [http-{event.took % 8}] "
    lines = [f"{head}c.e.{event.name}.Orders - {event.message} path={event.path} took={event.took}ms"]
    if event.level == "error":
        lines += [
            "java.net.SocketTimeoutException: Read timed out",
            "\tat java.base/sun.nio.ch.NioSocketImpl.timedRead(NioSocketImpl.java:288)",
            f"\tat com.example.{event.target}.Client.call(Client.java:{100 + event.took % 400})",
            f"\tat com.example.{event.name}.Orders.load(Orders.java:77)",
            f"Caused by: com.example.PoolExhausted: no connection to {event.target} within 900 ms",
            "\t... 24 common frames omitted",
        ]
    return lines


def _klog(event: _Event) -> list[str]:
    when = strftime("%m%d %H:%M:%S", gmtime(event.at))
    letter = {"error": "E", "warn": "W"}.get(event.level, "I")
    place = f"reflector.go:{200 + event.took % 300}"
    rest = f'component="{event.name}" node="{event.peer}" elapsed="{event.took}ms"'
    text = f'"{event.message.capitalize()}" {rest}'
    return [f"{letter}{when}.{int(event.at * 1e6) % 1_000_000:06}       1 {place}] {text}"]


_MANNERS: tuple[Callable[[_Event], list[str]], ...] = (_logfmt, _json, _java, _logfmt, _json)
_FRONTS = ("gateway", "nginx", "ingress", "web", "frontend", "proxy")


def manner_of(name: str, namespace: str) -> Callable[[_Event], list[str]]:
    """How a container's program writes: the same for all replicas."""
    if namespace == "kube-system":
        return _klog
    if any(word in name for word in _FRONTS):
        return _access
    return _MANNERS[zlib.crc32(name.encode()) % len(_MANNERS)]


@lru_cache(maxsize=16384)
def of_second(seed: str, second: int, name: str, namespace: str) -> Lines:
    """What it wrote in this second: often nothing, now and then a burst."""
    dice = random.Random(f"{seed}/{second}")  # noqa: S311 - repeatable text, nothing secret
    chance = dice.random()
    count = 0 if chance < 0.45 else 1 if chance < 0.8 else 2 if chance < 0.97 else dice.randint(4, 12)
    write = manner_of(name, namespace)
    found: list[tuple[float, str]] = []
    for at in sorted(second + dice.random() * 0.99 for _ in range(count)):
        for place, text in enumerate(write(_Event(dice, at, name))):
            found.append((at + place * 2e-6, text))
    return tuple(found)
