"""A log desk: what a selection means, followed into a spool, with a filter over it. What a screen shows.

The loop appends; a thread filters and reads. Nothing here waits for the disk on the loop.
"""

from __future__ import annotations

import asyncio
import threading
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from backend.fleet.fleet import Fleet
from backend.observe.logs.block import Level
from backend.observe.logs.following import LogFollower
from backend.observe.logs.layout import Layouts
from backend.observe.logs.levels import LevelReader
from backend.observe.logs.line_filter import LineFilter
from backend.observe.logs.merge import OwnLine, Told
from backend.observe.logs.places import StreamPlaces
from backend.observe.logs.selection import LogSelection
from backend.observe.logs.spool import Spool

_DISK_PAUSE = 0.05
_AT_ONCE = 100
"""Lines that are taken in at once: some half a millisecond. More are taken in by a thread."""
_PIECE = 20_000
"""Lines that are filtered before what was found is shown."""
EVERYTHING = LineFilter()


class ShownLines:
    """The numbers of the lines that pass a filter, in their order; all of them while the filter is idle.

    Lines are looked at by :meth:`look`, in a thread; what it found can be read meanwhile.
    """

    def __init__(self, spool: Spool, wanted: LineFilter = EVERYTHING) -> None:
        self.wanted = wanted
        self._spool = spool
        self._found = array("Q")
        self._looked = spool.first
        self._cancelled = threading.Event()

    def __len__(self) -> int:
        if self.wanted.idle:
            return self._spool.end - self._spool.first
        return len(self._found) - self._gone()

    def _gone(self) -> int:
        """How many of the found ones are dropped."""
        return bisect_left(self._found, self._spool.first)

    def number(self, place: int) -> int:
        """The number of the line at a place (0 is the oldest)."""
        if self.wanted.idle:
            return self._spool.first + place
        return self._found[self._gone() + place]

    def numbers(self, start: int, stop: int) -> Sequence[int]:
        """The numbers at these places."""
        start, stop = max(0, start), min(stop, len(self))
        if self.wanted.idle:
            first = self._spool.first
            return range(first + start, first + max(start, stop))
        gone = self._gone()
        return self._found[gone + start : gone + max(start, stop)]

    def place(self, number: int) -> int:
        """The place of a line, or of the next one that is shown."""
        if self.wanted.idle:
            first = self._spool.first
            return max(0, min(number, self._spool.end) - first)
        return bisect_left(self._found, number) - self._gone()

    @property
    def behind(self) -> int:
        """Lines that were not looked at yet."""
        return 0 if self.wanted.idle else max(0, self._spool.end - max(self._looked, self._spool.first))

    def cancel(self) -> None:
        """Another filter is wanted: leave off."""
        self._cancelled.set()

    def look(self, most: int = _PIECE) -> int:
        """Look at up to so many further lines, in a thread; how many that were."""
        spool, at, looked = self._spool, max(self._looked, self._spool.first), 0
        end = spool.end
        while at < end and looked < most and not self._cancelled.is_set():
            block = spool.block_with(at)
            if block is None:
                at = max(at + 1, spool.first)
                continue
            start, count = at - block.first, min(len(block), end - block.first)
            places = self.wanted.wanted(block, count)
            first = block.first
            fresh = places[bisect_left(places, start) :] if start else places
            self._found.extend(map(first.__add__, fresh))
            looked += count - start
            at = first + count
        self._looked = at
        return looked


class LogDesk:
    """``run`` it as a task; read ``spool``, ``shown`` and ``follower`` from the screen."""

    def __init__(
        self,
        fleet: Fleet,
        selection: LogSelection,
        *,
        spool: Spool | None = None,
        places: StreamPlaces | None = None,
    ) -> None:
        self.spool = spool or Spool()
        self.shown = ShownLines(self.spool)
        self.heard = asyncio.Event()
        """Something changed: lines, a filter's finds, a source's state. Whoever shows it clears it."""
        self.some = asyncio.Event()
        """There are lines."""
        self.follower = LogFollower(
            fleet, selection, take=self._take, places=places, on_change=self.heard.set
        )
        self._levels: dict[int, LevelReader] = {}
        self.layouts = Layouts()
        """Whose lines are data."""
        self._keeper = ThreadPoolExecutor(1, thread_name_prefix="log-intake")
        self._filtering: asyncio.Task[None] | None = None
        self._more = asyncio.Event()
        self.over = False
        """Everything was read; nothing more comes."""

    async def run(self) -> None:
        """Until cancelled, or until there is nothing more to read. Raises NoSuchCluster."""
        try:
            await self.follower.run()
        finally:
            self.over = True
            self.heard.set()

    async def _take(self, told: Sequence[Told]) -> None:
        if len(told) <= _AT_ONCE:
            self._keep(told)
        else:  # the loop stays free for keys meanwhile
            await asyncio.get_running_loop().run_in_executor(self._keeper, self._keep, told)
        self._more.set()
        self.some.set()
        self.heard.set()
        while self.spool.busy:  # noqa: ASYNC110 - the writer is a thread, it knows no events of ours
            await asyncio.sleep(_DISK_PAUSE)

    def _keep(self, told: Sequence[Told]) -> None:
        """Read the levels of lines and spool them; in a thread when they are many."""
        readers, look = self._levels, self.layouts.look
        levels: list[int] = []
        for number, (_, source, _, text) in enumerate(told, self.spool.end):
            if type(text) is OwnLine:
                levels.append(Level.SEAM)
                continue
            reader = readers.get(source)
            if reader is None:
                reader = readers[source] = LevelReader()
            levels.append(reader.level(text))
            look(source, number, text)
        _, sources, times, texts = zip(*told, strict=True)
        self.spool.extend(times, sources, levels, texts)

    # --- filtering

    def filter(self, wanted: LineFilter) -> None:
        """Show the lines that pass, from now on; those that are there are looked through in a thread."""
        self.shown.cancel()
        if self._filtering is not None:
            self._filtering.cancel()
            self._filtering = None
        self.shown = ShownLines(self.spool, wanted)
        self.heard.set()
        if not wanted.idle:
            self._filtering = asyncio.create_task(self._look(self.shown))

    async def _look(self, shown: ShownLines) -> None:
        while True:
            self._more.clear()
            while shown.behind:
                await asyncio.to_thread(shown.look)
                self.heard.set()
            await self._more.wait()

    async def close(self) -> None:
        """Let go of files and key."""
        self.shown.cancel()
        if self._filtering is not None:
            self._filtering.cancel()
            await asyncio.gather(self._filtering, return_exceptions=True)
        await asyncio.to_thread(self._keeper.shutdown)
        await asyncio.to_thread(self.spool.close)
