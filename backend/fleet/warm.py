"""Live views that outlive their screen for a while: going back is instant and lists nothing again (R21).

A view that nobody looks at keeps its watches; what it costs is bounded by time, by memory and by watches.
When the fleet's memory is full, what nobody looks at goes first. A pinned view is as if somebody looked: it
goes only when there is no other way.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Protocol, Self

from backend.fleet.batch import Batch
from backend.fleet.query import Query
from backend.fleet.row import Row, RowKey, TableColumn
from backend.fleet.view import TableView
from backend.kube.memory import Memory
from backend.kube.status import Status

KEPT = 120.0
"""Seconds a view stays warm."""
MOST_VIEWS = 4
MOST_BYTES = 300 << 20
"""Of the objects of all views together, shown or warm: 120,000 pods, by an estimate rather too high."""
MOST_WATCHES = 300
"""Likewise; an API server pays for each."""
_LOOK = 5.0
"""Seconds between two looks at what warm views cost: those that nobody looks at grow too."""


class Table(Protocol):
    """The part of a LiveTable that is needed here."""

    rows: dict[RowKey, Row]
    statuses: dict[str, Status]

    @property
    def columns(self) -> tuple[TableColumn, ...]: ...

    @property
    def watches(self) -> int: ...

    @property
    def weight(self) -> int: ...

    def take(self) -> Batch: ...

    def batches(self) -> AsyncGenerator[Batch, None]: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *exc_info: object) -> None: ...


class LiveView:
    """A live table and the sorted, filtered view that follows it while somebody looks."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.view = TableView(table.columns)
        self.left_at = 0.0

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        return self.table.columns

    @property
    def statuses(self) -> Mapping[str, Status]:
        return self.table.statuses

    async def batches(self) -> AsyncGenerator[Batch, None]:
        """Apply them to ``view``: first what happened since anybody looked, then what happens."""
        yield self._missed()
        async for batch in self.table.batches():
            yield batch

    def _missed(self) -> Batch:
        """What the view lacks, worked out from the rows themselves: who looked last may have been cancelled
        between two slices of a batch, or while rows that are gone were fading."""
        pending, known = self.table.take(), self.view.rows
        return replace(
            pending,
            changed=tuple(row for key, row in self.table.rows.items() if known.get(key) is not row),
            removed=tuple(key for key in known if key not in self.table.rows),
        )


def subscription(query: Query) -> Query:
    """The part of a query that decides which objects are watched; the rest is how they are shown."""
    return replace(query, match="", not_match="", sort="", descending=False)


class WarmViews:
    """The views of one fleet: those shown, and those left a moment ago."""

    def __init__(
        self,
        open_table: Callable[[Query, float], Table],
        *,
        memory: Memory,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``open_table`` makes a table of a query and the least seconds between its batches. ``memory``: the
        fleet's account."""
        memory.relieve = self.relieve
        self._open = open_table
        self._clock = clock
        self._warm: dict[Query, LiveView] = {}
        """The longest left first."""
        self._shown: list[LiveView] = []
        self._pinned: set[Query] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._closed = False

    def peek(self, query: Query) -> LiveView | None:
        """The warm view of a query, for a first picture; :meth:`show` it in any case."""
        return self._warm.get(subscription(query))

    def pinned(self, query: Query) -> bool:
        return subscription(query) in self._pinned

    def pin(self, query: Query, on: bool) -> None:
        """Keep a view's watches for as long as the fleet is there, whoever looks; or as long as usual."""
        key = subscription(query)
        self._pinned = self._pinned | {key} if on else self._pinned - {key}
        self._trim()

    @asynccontextmanager
    async def show(self, query: Query, *, interval: float = 0.1) -> AsyncIterator[LiveView]:
        """The live view of a query for as long as somebody looks at it. Raises NoSuchCluster."""
        key = subscription(query)
        live = self._warm.pop(key, None)
        if live is None:
            live = LiveView(self._open(query, interval))
            await live.table.__aenter__()
        else:
            live.view.marks.clear()  # marks are for the next act, not for a later visit
        self._shown.append(live)
        try:
            self._trim()
            yield live
        finally:
            self._shown.remove(live)
            self._keep(key, live)

    def _keep(self, key: Query, live: LiveView) -> None:
        if key in self._warm or self._closed:
            self._close(live)
            return
        live.left_at = self._clock()
        self._warm[key] = live
        self._trim()
        self._look_later()

    def _look_later(self) -> None:
        if self._timer is None and self._warm:
            self._timer = asyncio.get_running_loop().call_later(_LOOK, self._look)

    def _look(self) -> None:
        self._timer = None
        self._trim()
        self._look_later()

    def _trim(self) -> None:
        """Close what was left too long ago, then the longest left until the rest is affordable."""
        too_old = self._clock() - KEPT
        for key in [key for key, live in self._warm.items() if live.left_at <= too_old]:
            if key not in self._pinned:
                self._close(self._warm.pop(key))
        while self._warm and not self._affordable():
            self._close_first()

    def _close_first(self) -> None:
        """Of those that nobody looks at the one that was left first; pinned ones last."""
        key = next((key for key in self._warm if key not in self._pinned), next(iter(self._warm)))
        self._close(self._warm.pop(key))

    def relieve(self) -> bool:
        """Close the view that was left first; whether memory comes free: closing takes a moment."""
        if self._warm and not self._closing:
            self._close_first()
        return bool(self._closing)

    def _affordable(self) -> bool:
        tables = [live.table for live in (*self._shown, *self._warm.values())]
        return (
            len(self._warm.keys() - self._pinned) <= MOST_VIEWS
            and sum(table.weight for table in tables) <= MOST_BYTES
            and sum(table.watches for table in tables) <= MOST_WATCHES
        )

    def _close(self, live: LiveView) -> None:
        """End its watches; nobody waits for that."""
        task = asyncio.ensure_future(live.table.__aexit__(None, None, None))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def aclose(self) -> None:
        """End all watches of views that nobody looks at; those that are shown end when they are left."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for live in self._warm.values():
            self._close(live)
        self._warm.clear()
        await asyncio.gather(*self._closing, return_exceptions=True)
