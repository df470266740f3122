"""Keeps one sink equal to one collection of one API server: list, watch, and whatever goes wrong between.

The decisions are :mod:`backend.kube.course`'s; here they are carried out. A namespace-restricted user runs
one reflector per namespace, each with its own ``Scope``.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, suppress
from typing import Protocol

from backend.courtesy import give_way
from backend.kube.access import ClusterAccess
from backend.kube.admission import Admission, Lease
from backend.kube.apistatus import ApiStatus, error_for
from backend.kube.clock import SYSTEM_CLOCK, Clock
from backend.kube.course import Course, ListNow, Rest, WatchNow
from backend.kube.errors import BadResponse, KubeError
from backend.kube.intake import MAX_EVENTS, Intake, Overflow
from backend.kube.listing import EVERYWHERE, MAX_OBJECTS, Listing, Pager, Scope, check_budget, collect
from backend.kube.objects import ApiResource, Decoder, Event, Item, ItemKey, Page, key_of
from backend.kube.sink import Sink
from backend.kube.status import State, Status
from backend.kube.versions import is_newer
from backend.kube.weight import Scales
from backend.text import safe_text

PAGE = 500
"""Objects decoded at a time: some 8 ms, so that keys and frames are not held up (R24)."""
SLICE_EVENTS = 100
"""Events applied before the loop gets its turn; decoding one takes some 10 to 20 µs (R24)."""
MAX_TOMBSTONES = 10_000
WEIGHED_EVERY = 32
"""Changes of which one is weighed: as little as of a list's objects."""


class Feed(Pager, Protocol):
    """The part of Client a reflector uses."""

    @property
    def access(self) -> ClusterAccess: ...

    async def reach(self) -> None: ...

    def watch(
        self,
        resource: ApiResource,
        *,
        resource_version: str,
        timeout_seconds: int,
        namespace: str | None = None,
        labels: str = "",
        fields: str = "",
        accept: str = ...,
        background: bool = False,
    ) -> AbstractAsyncContextManager[AsyncGenerator[list[bytes], None]]: ...


class Reflector:
    """``run`` until cancelled; ``wake`` when a person asks or logs in. One sink, one kind, one scope."""

    def __init__(
        self,
        client: Feed,
        resource: ApiResource,
        decoder: Decoder,
        sink: Sink,
        *,
        scope: Scope = EVERYWHERE,
        admission: Admission | None = None,
        background: bool = False,
        max_objects: int = MAX_OBJECTS,
        max_backlog: int = MAX_EVENTS,
        clock: Clock = SYSTEM_CLOCK,
        random_source: random.Random | None = None,
    ) -> None:
        source = random_source or random.Random()  # noqa: S311 - jitter, no secret
        self._client = client
        self._resource = resource
        self._decoder = decoder
        self._sink = sink
        self._scope = scope
        self._admission = admission or Admission(clock=clock, random_source=source)
        self._background = background
        self._max_objects = max_objects
        self._max_backlog = max_backlog
        self._clock = clock
        self._course = Course(
            clock=clock,
            random_source=source,
            reachability=self._admission.reachability(client.access.id),
            watchable=not resource.verbs or "watch" in resource.verbs,
            quiet_login=client.access.exec is None,
        )
        self._woken = asyncio.Event()
        self._versions = Versions()
        self._synced = False
        self._scales = Scales()
        self._share = self._admission.memory.share(client.cluster)
        self._changes = 0
        self._expected = 0
        self._skipped = 0
        self._progress: float | None = None
        self._last_success: float | None = None
        self._reported: Status | None = None

    async def run(self) -> None:
        """Keep the sink up to date. Returns only by cancellation; every failure becomes a status.

        In a task of its own, which gives way to what a person waits for (R24).
        """
        give_way()
        try:
            await self._follow()
        finally:
            self._versions = Versions()  # tracebacks of the cancellation keep this object for a while
            self._share.release()

    @property
    def weight(self) -> int:
        """What is kept of the objects, by estimate."""
        return self._share.bytes

    async def _follow(self) -> None:
        self._report()
        while True:
            step = self._course.step
            if isinstance(step, Rest):
                if await self._pause(step.seconds):
                    self._course.woken()
            elif await self._pause(step.after):
                await (self._list(step) if isinstance(step, ListNow) else self._watch(step))
                self._woken.clear()  # who asked meanwhile was being served
            self._report()

    def wake(self) -> None:
        """Try again now: a person asked, or the credentials changed. A running watch is not disturbed."""
        self._woken.set()

    # -- waiting --------------------------------------------------------------------------------------------

    async def _pause(self, seconds: float | None) -> bool:
        """Wait; False if woken meanwhile, and then the course already knows another step."""
        if seconds == 0.0:
            self._woken.clear()
            return True
        waits: list[asyncio.Future[object]] = [asyncio.ensure_future(self._woken.wait())]
        if seconds is not None:
            waits.append(asyncio.ensure_future(self._clock.sleep(seconds)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        if not self._woken.is_set():
            return True
        self._woken.clear()
        self._course.woken()
        return False

    # -- listing --------------------------------------------------------------------------------------------

    async def _list(self, step: ListNow) -> None:
        """List aside and swap it in whole; only the very first list is shown page by page (R10)."""
        priority = (1 if self._background else 0, self._expected)
        try:
            async with self._admission.listing(
                self._client.access.id, priority=priority, ready=self._client.reach
            ) as lease:
                listing = await collect(
                    self._client,
                    self._resource,
                    self._decoder,
                    scope=self._scope,
                    version_query=step.version_query,
                    on_page=lambda page, listing: self._page_came(page, listing, lease),
                    later_limit=PAGE,
                    max_objects=self._max_objects,
                    background=self._background,
                    retries=0,
                )
        except KubeError as error:
            self._progress = None
            self._course.list_failed(error)
            return
        self._progress = None
        self._synced = True
        self._skipped = listing.skipped
        self._expected = len(listing.items)
        self._versions.restart(listing.items)
        self._weigh(len(listing.items))
        self._succeeded()
        self._course.listed(listing.resource_version)
        self._sink.replace(listing.items, resource_version=listing.resource_version)

    def _page_came(self, page: Page, listing: Listing, lease: Lease) -> None:
        lease.progress()
        self._succeeded()
        here = len(listing.items) + listing.skipped
        self._expected = listing.total or here
        self._progress = min(1.0, here / listing.total) if listing.total else None
        self._skipped = listing.skipped
        self._scales.add(page.items)
        self._weigh(max(len(listing.items), len(self._versions)))
        if not self._synced:
            self._sink.page(page.items, done=here, total=listing.total)
            self._report()

    def _weigh(self, count: int) -> None:
        """Account for so many objects. Raises TooLarge when that is too much (R21)."""
        self._share.hold(self._scales.estimate(count), what=self._resource.plural)

    # -- watching -------------------------------------------------------------------------------------------

    async def _watch(self, step: WatchNow) -> None:
        try:
            async with self._client.watch(
                self._resource,
                resource_version=step.resource_version,
                timeout_seconds=step.timeout_seconds,
                namespace=self._scope.namespace,
                labels=self._scope.labels,
                fields=self._scope.fields,
                accept=self._decoder.accept,
                background=self._background,
            ) as batches:
                self._course.watching()
                self._succeeded()
                self._report()
                refusal = await self._take_in(batches)
        except KubeError as error:
            self._course.watch_ended(error)
        except Overflow:
            self._course.overflowed(safe_text("changes came faster than they could be shown; listing again"))
        else:
            self._course.watch_ended(refusal)

    async def _take_in(self, batches: AsyncGenerator[list[bytes], None]) -> KubeError | None:
        """Apply events until the stream ends; the error of an ERROR event, if that ended it."""
        intake = Intake(batches, max_events=self._max_backlog)
        reading = asyncio.create_task(intake.read())
        try:
            while (batch := await intake.take()) is not None:
                self._succeeded()
                for start in range(0, len(batch), SLICE_EVENTS):
                    for line in batch[start : start + SLICE_EVENTS]:
                        event = self._decoder.event(line)
                        if event.type == "ERROR":
                            return self._refusal(event.status)
                        self._apply(event)
                    await asyncio.sleep(0)
            return None
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading

    def _apply(self, event: Event) -> None:
        """Show one event, unless it is older than what is shown of its object (R11)."""
        self._course.seen(event.type, event.resource_version)
        if event.type == "BOOKMARK" or event.type == "ERROR":  # noqa: PLR1714 - narrows the type
            return
        if event.item is None:
            self._skipped += 1
            self._report()
            return
        if self._versions.accept(event.item, deleted=event.type == "DELETED"):
            self._sink.change(event.type, event.item)
            count = len(self._versions)
            check_budget(self._client.cluster, self._resource, count, self._max_objects)
            self._changes += 1
            if not self._changes % WEIGHED_EVERY:
                self._scales.add([event.item])
                self._weigh(count)

    def _refusal(self, status: ApiStatus | None) -> KubeError:
        what = f"watch {self._resource.full_name}"
        if status is None or not status.code:
            return BadResponse(self._client.cluster, f"{what}: the server sent an error without a code")
        return error_for(self._client.cluster, status.code, status, what=what)

    # -- reporting ------------------------------------------------------------------------------------------

    def _succeeded(self) -> None:
        self._last_success = self._clock.wall()

    def _report(self) -> None:
        """Tell the sink the state, if anything but the time of the last success changed."""
        state = self._course.state
        if self._progress is not None and not self._synced:
            state = State.SYNCING
        before = self._reported
        since = before.since if before is not None and before.state is state else self._clock.wall()
        status = Status(
            state=state,
            since=since,
            detail=safe_text(self._course.detail),
            advice=self._course.advice,
            more=self._course.more,
            progress=self._progress,
            last_success=self._last_success,
            skipped=self._skipped,
        )
        if before is None or _facts(before) != _facts(status):
            self._reported = status
            self._sink.status(status)


def _facts(status: Status) -> tuple[object, ...]:
    return (status.state, status.detail, status.progress, status.skipped)


class Versions:
    """The newest version seen under each name: what is not newer is an echo and must not be shown (R11).

    By name, not by uid: an echo of an object's predecessor would otherwise replace it. Deleted objects are
    remembered for a while, so that a late echo does not bring them back.
    """

    def __init__(self) -> None:
        self._live: dict[ItemKey, str] = {}
        self._deleted: dict[ItemKey, str] = {}

    def __len__(self) -> int:
        """How many objects there are."""
        return len(self._live)

    def restart(self, items: list[Item]) -> None:
        self._deleted.clear()
        self._live = {key_of(item): item.metadata.resource_version for item in items}

    def accept(self, item: Item, *, deleted: bool) -> bool:
        """Whether this state of the object is news; remembers it if so."""
        key = key_of(item)
        version = item.metadata.resource_version
        known = self._live.get(key) or self._deleted.get(key)
        if known is not None and not is_newer(version, known):
            return False
        if deleted:
            self._live.pop(key, None)
            self._deleted[key] = version
            if len(self._deleted) > MAX_TOMBSTONES:
                del self._deleted[next(iter(self._deleted))]
        else:
            self._live[key] = version
        return True
