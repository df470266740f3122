"""A simulated fleet whose containers write as fast as they are told to; a process of its own.

``python -m tests.bench.log_server FOLDER`` and the demo's options. Orders are files in the folder, read ten
times a second: ``rate``, lines a second of all followed containers together; ``blob``, lines that every
container has written already. What was sent stands in ``sent``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backend.demo.__main__ import main
from backend.demo.logs import LogAnswer

_PAUSE = 0.05
_PIECE = 256 * 1024
_HASTE = 10_000
"""Lines a second of a container's past."""
TEXT = b'level=info msg="request" path=/v1/orders/4711 code=200 ms=17 user=emeka trace=4bf92f3577b34da6 seq='


class Firehose:
    """All followed streams share one rate; what came of it is counted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rate = 0.0
        self._open = 0
        self._sent = 0
        self._read = 0.0
        self._blobs: dict[tuple[int, bool], bytes] = {}

    def order(self, name: str) -> float:
        try:
            return float((self._folder / name).read_text())
        except (OSError, ValueError):
            return 0.0

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._read > 0.1:
            self._read = now
            self._rate = self.order("rate")
            beside = self._folder / "sent.new"
            beside.write_text(json.dumps([self._sent, self._open]))
            beside.replace(self._folder / "sent")

    async def follow(self, answer: LogAnswer, position: float, pod_now: Callable[[], Any]) -> None:
        if self.order("blob"):
            return
        self._open += 1
        number, owed, last = 0, 0.0, time.monotonic()
        try:
            while True:
                await asyncio.sleep(_PAUSE)
                self._look()
                now = time.monotonic()
                owed, last = owed + self._rate / max(1, self._open) * (now - last), now
                count, owed = int(owed), owed % 1.0
                if count:
                    await answer.response.write(lines(number, count, stamped=answer._stamped))
                    number += count
                    self._sent += count
        finally:
            self._open -= 1

    async def past(self, answer: LogAnswer, tail: int | None) -> None:
        count = int(self.order("blob"))
        if tail is not None:
            count = min(count, tail)
        key = (count, answer._stamped)
        if key not in self._blobs:
            self._blobs[key] = history(count, stamped=answer._stamped)
        blob = self._blobs[key]
        for at in range(0, len(blob), _PIECE):
            await answer.response.write(blob[at : at + _PIECE])


def lines(start: int, count: int, *, stamped: bool) -> bytes:
    """Numbered lines, a microsecond apart, now."""
    now = time.time()
    second = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S").encode()
    base = int(now % 1 * 1e6)
    if not stamped:
        return b"".join(TEXT + b"%d\n" % number for number in range(start, start + count))
    return b"".join(
        second + b".%06d%03dZ " % (min(999_999, base), number % 1000) + TEXT + b"%d\n" % number
        for number in range(start, start + count)
    )


def history(count: int, *, stamped: bool) -> bytes:
    """Numbered lines of the past: a container that wrote ten thousand a second."""
    if not stamped:
        return lines(0, count, stamped=False)
    began = int(time.time()) - count // _HASTE - 1
    parts: list[bytes] = []
    for start in range(0, count, _HASTE):
        moment = datetime.fromtimestamp(began + start // _HASTE, UTC)
        second = moment.strftime("%Y-%m-%dT%H:%M:%S").encode()
        for number in range(start, min(start + _HASTE, count)):
            head = b"%s.%04d00000Z " % (second, number % _HASTE)
            parts.append(head + TEXT + b"%d\n" % number)
    return b"".join(parts)


def pour(folder: Path) -> None:
    """From here on this process' simulated containers write so."""
    hose = Firehose(folder)

    async def follow(self: LogAnswer, position: float, pod_now: Callable[[], Any]) -> None:
        await hose.follow(self, position, pod_now)

    async def past(self: LogAnswer, since: float, until: float, *, tail: int | None, cap: int | None) -> None:
        await hose.past(self, tail)

    LogAnswer.follow = follow  # type: ignore[method-assign]
    LogAnswer.past = past  # type: ignore[method-assign]


@dataclass(frozen=True, slots=True)
class LogServer:
    """The parent's hand on it."""

    kubeconfig: Path
    clusters: tuple[str, ...]
    folder: Path

    def order(self, **orders: float) -> None:
        for name, value in orders.items():
            (self.folder / name).write_text(str(value))

    def sent(self) -> tuple[int, int]:
        """(lines sent to followers, streams open)."""
        with contextlib.suppress(OSError, ValueError):
            told = json.loads((self.folder / "sent").read_text())
            return int(told[0]), int(told[1])
        return 0, 0


@contextlib.contextmanager
def serving(folder: Path, *, clusters: int, pods: int) -> Iterator[LogServer]:
    """A running one; its process ends with the block, or with this process."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tests.bench.log_server", str(folder), "--scenario", "calm"]
    command += ["--clusters", str(clusters), "--pods", str(pods), "--seed", "7", "--until-eof"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            said = json.loads(process.stdout.readline())
            names = tuple(cluster["name"] for cluster in said["clusters"])
            yield LogServer(Path(said["kubeconfig"]), names, folder)
        finally:
            process.stdin.close()
            process.terminate()
            process.wait(20)


if __name__ == "__main__":
    pour(Path(sys.argv.pop(1)))
    sys.exit(main())
