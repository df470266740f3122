"""Lines of many sources merged by time, within a window: in order where that can be, at once where it can't.

Nodes' clocks differ, networks are slow, and a stream that is still telling its past must not be overtaken by
those that tell the present. So:

* A line goes on as soon as every source that is speaking has come at least as far.
* A line that waited longer than the window goes on in any case, unless some source is still catching up
  with its past (its times run much faster than the clock does) and has not come so far.
* Within one source lines keep their order, whatever their times say.
* A line that comes when later ones have gone on already is late: it is counted, and if that was no more than
  two seconds ago, lines wait so much longer from now on.

A source that runs ahead waits: its stream is not read while a bounded number of its bytes is held here.
Times are nanoseconds since the epoch; the clock is in seconds (monotonic).
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from operator import itemgetter

WINDOW = 0.25
"""Seconds that a line waits for those of other sources."""
OPENING = 1.0
"""Seconds that lines wait for sources that are being opened."""
WIDEST = 2.0
"""The longest that lines wait, while some come late by less than that."""
_CALM = 60.0
"""Seconds without a late line after which they wait no longer than at first."""
LANE_BYTES = 512 * 1024
"""Bytes of one source that are held before its stream is not read."""
_CATCHING_UP = 3.0
"""Seconds of log a second of the clock: a stream that is this fast tells its past."""

Told = tuple[int, int, int, bytes]
"""(what it is ordered by, source, time, text)."""


class OwnLine(bytes):
    """A line of ours among a container's: a restart, a gap."""

    __slots__ = ()


class Lane:
    """The lines of one source that wait for their turn."""

    def __init__(self, source: int, *, now: float, window: float = WINDOW, opening: float = OPENING) -> None:
        self.source = source
        self.window = window
        self._opening = opening
        self.bytes = 0
        self.known = 0
        """Time of its latest line: it has come so far."""
        self.ended = False
        self._keys: deque[list[int]] = deque()
        self._lines: deque[list[tuple[int, bytes]]] = deque()
        self._arrived: deque[float] = deque()
        self.opened_at: float | None = now
        """When it began to be opened; None: it spoke already, or has nothing to say."""
        self._spoke = float("-inf")
        self._pace_from: tuple[float, int] = (now, 0)
        self._fast = False
        self.room = asyncio.Event()
        self.room.set()

    def put(self, lines: list[tuple[int, bytes]], *, size: int, now: float) -> None:
        """Add lines (time, text) in the source's order."""
        if not lines:
            return
        key, keys = self.known, []
        for time, _ in lines:
            key = max(key, time)
            keys.append(key)
        self._keys.append(keys)
        self._lines.append(lines)
        self._arrived.append(now)
        self.bytes += size
        self._measure(key, now)
        self.known, self._spoke, self.opened_at = key, now, None
        if self.bytes > LANE_BYTES:
            self.room.clear()

    def _measure(self, key: int, now: float) -> None:
        since, then = self._pace_from
        if not then or now - since > 4 * WINDOW:
            self._fast = not then or key - then > _CATCHING_UP * 1e9 * (now - since)
            self._pace_from = (now, key)
        elif now > since and key - then > _CATCHING_UP * 1e9 * max(now - since, WINDOW):
            self._fast = True

    def opened(self, now: float) -> None:
        """Its server has begun to answer: what it has to say comes now, or it has nothing to say."""
        if self.opened_at is not None:
            self.opened_at, self._spoke = None, now

    def speaking(self, now: float) -> bool:
        """Whether more may come that belongs before what others said."""
        if self.ended:
            return False
        if self.opened_at is not None:
            return now - self.opened_at < self._opening
        return now - self._spoke < self.window

    def catching_up(self, now: float) -> bool:
        """Whether it still tells its past, or may be about to."""
        if self.ended or not self.speaking(now):
            return False
        return self.opened_at is not None or self._fast

    @property
    def held(self) -> bool:
        return bool(self._keys)

    def take(self, until: int, *, older_than: float, hard: int) -> list[Told]:
        """Lines up to ``until``, and those that arrived before ``older_than`` up to ``hard``."""
        found: list[Told] = []
        while self._keys:
            keys, lines = self._keys[0], self._lines[0]
            limit = max(until, hard) if self._arrived[0] <= older_than else until
            count = bisect_right(keys, limit)
            found += [
                (key, self.source, time, text)
                for key, (time, text) in zip(keys[:count], lines[:count], strict=True)
            ]
            if count < len(keys):
                if count:
                    self._keys[0], self._lines[0] = keys[count:], lines[count:]
                break
            self._keys.popleft()
            self._lines.popleft()
            self._arrived.popleft()
        if not self._keys:
            self.bytes = 0
        elif found:
            self.bytes -= sum(len(text) for _, _, _, text in found)
        if self.bytes <= LANE_BYTES // 2:
            self.room.set()
        return found


_FOREVER = 1 << 62


class Merger:
    """Put blocks of lines in by lane; take what is due, in order."""

    def __init__(
        self, *, clock: Callable[[], float], window: float = WINDOW, opening: float = OPENING
    ) -> None:
        self.late = 0
        """Lines that were handed on behind later ones."""
        self._clock = clock
        self._least, self._opening = window, opening
        self._window = window
        self._handed: deque[tuple[float, int]] = deque()
        """When (of the clock) it was first handed on up to which time, as far back as anybody waits."""
        self._late_at = float("-inf")
        self._lanes: dict[int, Lane] = {}
        self.something = asyncio.Event()
        """Lines wait."""
        self._pressed = asyncio.Event()

    def lane(self, source: int) -> Lane:
        """The lane of a source, made when first asked for."""
        lane = self._lanes.get(source)
        if lane is None:
            lane = self._lanes[source] = Lane(
                source, now=self._clock(), window=self._window, opening=self._opening
            )
        return lane

    def put(self, lane: Lane, lines: list[tuple[int, bytes]], *, size: int) -> None:
        lane.put(lines, size=size, now=self._clock())
        self.something.set()
        if not lane.room.is_set():
            self._pressed.set()

    async def pressed(self, seconds: float) -> None:
        """Wait so long, or until a source has filled its lane."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._pressed.wait()
        self._pressed.clear()

    def opened(self, source: int) -> None:
        lane = self._lanes.get(source)
        if lane is not None:
            lane.opened(self._clock())

    def end(self, source: int) -> None:
        """Nothing more comes from it, for now: nobody waits for it; what it said stays in order."""
        lane = self._lanes.get(source)
        if lane is not None:
            lane.ended = True
            self.something.set()

    def begin(self, source: int) -> Lane:
        """It is being opened (again)."""
        lane = self.lane(source)
        lane.ended = False
        if not lane.known:
            lane.opened_at = self._clock()
        return lane

    @property
    def empty(self) -> bool:
        return not any(lane.held for lane in self._lanes.values())

    def due(self, *, all: bool = False) -> list[Told]:
        """What may go on now, by time; ``all``: everything, it is the end."""
        now = self._clock()
        if all:
            soft = hard = _FOREVER
        else:
            lanes = self._lanes.values()
            soft = _earliest(lane for lane in lanes if lane.speaking(now))
            hard = _earliest(lane for lane in lanes if lane.catching_up(now))
        found: list[Told] = []
        for source, lane in list(self._lanes.items()):
            if lane.held:
                found += lane.take(soft, older_than=now - self._window, hard=hard)
            if lane.ended and not lane.held:
                del self._lanes[source]
        if self.empty:
            self.something.clear()
        found.sort(key=itemgetter(0))
        if found:
            self._note_late(found, now)
        return found

    def _note_late(self, found: Sequence[Told], now: float) -> None:
        """Count what belongs before lines that are gone; wait longer from now on if that may help."""
        handed = self._handed
        while len(handed) > 1 and now - handed[0][0] > WIDEST:
            handed.popleft()
        latest, first = handed[-1][1] if handed else 0, found[0][0]
        if first < latest:
            self.late += bisect_left(found, latest, key=itemgetter(0))
            passed = now - next(at for at, key in handed if key > first)
            if passed <= WIDEST and latest - first <= WIDEST * 1e9:  # else its clock is another one
                self._late_at = now
                self._wait(max(self._window, min(WIDEST, self._window + passed)))
        elif self._window > self._least and now - self._late_at > _CALM:
            self._wait(self._least)
        if found[-1][0] > latest:
            handed.append((now, found[-1][0]))

    def _wait(self, window: float) -> None:
        self._window = window
        for lane in self._lanes.values():
            lane.window = window


def _earliest(lanes: Iterable[Lane]) -> int:
    """How far the one that is furthest behind has come."""
    return min((lane.known for lane in lanes), default=_FOREVER)
