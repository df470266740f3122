"""What happened, on disk: numbered, bounded, and only a cache: its loss costs nothing but history."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections import deque
from pathlib import Path

import msgspec

from blockengine.control.model import Event, Severity

_KEPT = 2000
_FILE_MOST = 1 << 20


class EventLog:
    """One JSON object a line, in `path`; when the file has grown, its older half goes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: deque[Event] = deque(maxlen=_KEPT)
        self._news = asyncio.Event()
        self._read()

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            for line in self._path.read_bytes().splitlines():
                # A line that a crash cut is left out.
                with contextlib.suppress(msgspec.DecodeError):
                    self._kept.append(msgspec.json.decode(line, type=Event))

    @property
    def last_number(self) -> int:
        """The newest event's number."""
        return self._kept[-1].number if self._kept else 0

    def add(self, about: str, text: str, *, severity: Severity = "info") -> None:
        """Something happened to `about` (a volume's, pool's or replica's name)."""
        event = Event(self.last_number + 1, time.time(), severity, about, text)
        self._kept.append(event)
        self._news.set()
        # A full disk must not stop the engine: then events are in memory only.
        with contextlib.suppress(OSError):
            self._write(event)

    def _write(self, event: Event) -> None:
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(event) + b"\n")
            size = file.tell()
        if size > _FILE_MOST:
            half = list(self._kept)[-_KEPT // 2 :]
            fresh = self._path.with_suffix(".new")
            fresh.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in half))
            os.replace(fresh, self._path)

    async def after(self, number: int, *, wait: float, about: str = "", most: int = 500) -> list[Event]:
        """The newest `most` events after `number`; waits up to `wait` seconds for the first.

        A number from before the log was lost (higher than ours) counts as none.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + wait
        if number > self.last_number:
            number = 0 if wait <= 0 else self.last_number
        while not (found := self._after(number, about)) and loop.time() < end:
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), end - loop.time())
            except TimeoutError:
                break
        return found[-most:]

    def _after(self, number: int, about: str) -> list[Event]:
        return [event for event in self._kept if event.number > number and about in ("", event.about)]
