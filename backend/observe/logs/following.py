"""Everything that a selection means, followed as one stream: pods found, streams opened, lines merged."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import ExitStack
from fnmatch import fnmatchcase
from typing import Any

from backend.fleet.cluster import Cluster
from backend.fleet.fleet import Fleet
from backend.fleet.row import Row, RowKey
from backend.kube.errors import KubeError
from backend.kube.logs import rfc3339, timed
from backend.kube.status import Status
from backend.observe.logs.early import EarlyLog
from backend.observe.logs.finding import PodFinder
from backend.observe.logs.intake import pieces, plain
from backend.observe.logs.merge import Merger, OwnLine, Told
from backend.observe.logs.named import NamedPod
from backend.observe.logs.places import StreamPlaces
from backend.observe.logs.pods import Container, LogPod, containers_of
from backend.observe.logs.selection import LogSelection
from backend.observe.logs.sources import Source, SourceState
from backend.observe.logs.stream import ContainerLog, Reading
from backend.observe.logs.turns import Turns
from backend.text import SafeStr

TICK = 0.05
"""Seconds between two looks at what is due."""
PATIENT, PATIENT_WINDOW = 10.0, 2.0
"""Seconds that lines wait for those of other sources where logs are read once: order is worth more than haste
there. Who has ended is not waited for, so a healthy fleet never waits so long."""
PACE_MOST = 0.25
PACE_EACH = 0.001
"""Seconds of pause after a small read, for each open stream: two hundred streams wake us a thousand times a
second at most, however thinly their lines drip."""
SLICE = 2000
"""Lines handed on before the loop gets its turn."""
_ASK_AGAIN = 5.0

Take = Callable[[Sequence[Told]], Awaitable[None]]
Straight = Callable[[bytes], Awaitable[int]]


class LogFollower:
    """Run it with :meth:`run`; read ``sources`` and ``statuses`` at any time.

    ``take`` gets merged lines; it may wait, and then streams do. ``straight`` gets whole blocks, with their
    times, while there is one source only, and says how many lines they were: nothing is to be merged then.
    """

    def __init__(
        self,
        fleet: Fleet,
        selection: LogSelection,
        *,
        take: Take,
        follow: bool = True,
        straight: Straight | None = None,
        places: StreamPlaces | None = None,
        keep_colours: bool = False,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.selection = selection
        self.sources: list[Source] = []
        """In the order they were found; a source's number is its place here."""
        self.generation = 0
        """Rises with every change of a state; ``on_change`` is called then, and once a second."""
        self._fleet = fleet
        self._take = take
        self._straight = straight
        self._follow = follow and not selection.previous
        self._places = places or StreamPlaces()
        self._keep_colours = keep_colours
        self._on_change = on_change
        self._merger = (
            Merger(clock=time.monotonic)
            if self._follow
            else Merger(clock=time.monotonic, window=PATIENT_WINDOW, opening=PATIENT)
        )
        self._logs: dict[tuple[str, str, str], ContainerLog] = {}
        self._pods: dict[RowKey, list[tuple[str, str, str]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._finder = PodFinder(
            fleet, selection, follow=self._follow, follower=self, spawn=self._spawn, ask=self._ask
        )
        self._early: list[EarlyLog] = []
        self._turns = Turns()
        self._quiet = asyncio.Event()
        self._awake = ExitStack()
        self._error: BaseException | None = None

    @property
    def finding(self) -> bool:
        """Whether pods are still being looked for."""
        return self._finder.busy

    @property
    def statuses(self) -> Mapping[str, Status]:
        """How finding pods fares, by cluster id."""
        return self._finder.statuses

    @property
    def problems(self) -> Sequence[KubeError]:
        """What kept objects from being found."""
        return self._finder.problems

    @property
    def late(self) -> int:
        """Lines that stand below later ones: they came too late to be put in their place."""
        return self._merger.late

    def cluster_name(self, cluster_id: str) -> SafeStr:
        return self._fleet.cluster(cluster_id).name

    # --- running

    async def run(self) -> None:
        """Until cancelled; not following, until everything was read. Raises NoSuchCluster."""
        clusters: dict[str, Cluster] = {}
        for query in self.selection.queries:
            clusters |= {cluster.id: cluster for cluster in self._fleet.select(query.clusters)}
        try:
            for cluster in clusters.values():
                self._awake.enter_context(cluster.woken_by(self._touch_all))
            self._spawn(self._tick())
            delivering = self._spawn(self._deliver())
            self._finder.start()
            while self._error is None and (self._follow or self.finding or self._reading()):
                self._quiet.clear()
                await self._quiet.wait()
            if self._error is not None:
                raise self._error
            delivering.cancel()
            await asyncio.gather(delivering, return_exceptions=True)
            await self._hand_on(self._merger.due(all=True))
        finally:
            self._awake.close()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            for early in self._early:
                await early.close()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._quiet.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            if isinstance(error, KubeError):
                self._finder.problems.append(error)
            else:
                self._failed(error)

    def _failed(self, error: BaseException) -> None:
        """A mistake, or the reader is gone: everything ends with it."""
        self._error = self._error or error

    def _reading(self) -> bool:
        return any(not source.state.over for source in self.sources)

    # --- pods, as they are found

    def pod_is(self, row: Row, *, early: EarlyLog | None = None) -> None:
        """A pod is there, or is another one now."""
        pod = row.item
        assert isinstance(pod, LogPod)
        known, unread = self._pods.setdefault(row.key, []), early
        for container in containers_of(pod):
            if not _named(container.name, self.selection.containers):
                continue
            key = (row.cluster_id, row.key[1], container.name)
            log = self._logs.get(key)
            if log is None:
                if not self._follow and not _has_log(container, previous=self.selection.previous):
                    continue
                known.append(key)
                mine = unread if _is_of(early, container, pod) else None
                unread = None if mine else unread
                self._begin(row, pod, container, early=mine)
            elif log.source.container != container:
                log.source.container = container
                log.touch()
        if unread is not None:
            self._spawn(unread.close())

    def pod_gone(self, key: RowKey) -> None:
        for one in self._pods.pop(key, ()):
            log = self._logs[one]
            log.source.deleted = True
            if log.source.state is SourceState.ENDED:
                log.source.state = SourceState.GONE
            log.touch()

    def _begin(self, row: Row, pod: LogPod, container: Container, *, early: EarlyLog | None) -> None:
        source = Source(
            number=len(self.sources),
            cluster_id=row.cluster_id,
            cluster=row.cluster,
            namespace=pod.metadata.namespace,
            pod=pod.metadata.name,
            uid=row.key[1],
            name=container.name,
            role=container.role,
            node=pod.spec.node_name,
            container=container,
        )
        self.sources.append(source)
        cluster = self._fleet.cluster(row.cluster_id)
        log = ContainerLog(
            source,
            client=lambda: cluster.client,
            reading=self._part(),
            sink=self,
            places=self._places,
            pace=self._pace,
            turns=self._turns,
            early=early,
        )
        self._logs[source.key] = log
        self._merger.begin(source.number)
        self._note_change()
        self._spawn(self._read(log))

    def _ask(self, pod: NamedPod, container: str) -> EarlyLog:
        """Ask for a log before its pod is known."""
        part, client = self._part(), pod.cluster.client
        early = EarlyLog(
            lambda opened: client.logs(
                pod.name,
                pod.namespace,
                container=container,
                follow=part.follow,
                previous=part.previous,
                since=part.since,
                tail=part.tail,
                opened=opened,
            ),
            container=container,
        )
        self._early.append(early)
        return early

    def _part(self) -> Reading:
        """Which part of a container's log is read; of one that joins later, all of it."""
        selection = self.selection
        since: str | float | None = selection.since
        if selection.since_time is not None:
            since = rfc3339(int(selection.since_time))
        joined = self._follow and self._finder.complete
        return Reading(
            follow=self._follow,
            previous=selection.previous,
            tail=None if joined else selection.tail,
            since=None if joined else since,
            joined=joined,
        )

    async def _read(self, log: ContainerLog) -> None:
        try:
            await log.run()
        except KubeError as error:
            log.source.state, log.source.detail = SourceState.FAILED, error.sentence
        finally:
            self._merger.end(log.source.number)
            self._note_change()

    def found_more(self) -> None:
        """How finding pods fares is told anew."""
        self._note_change()
        self._quiet.set()

    def _note_change(self) -> None:
        self.generation += 1
        self._on_change()

    def _touch_all(self) -> None:
        for log in self._logs.values():
            log.touch()

    def _pace(self) -> float:
        open_now = self._places.open
        return min(PACE_MOST, PACE_EACH * open_now) if open_now > 4 else 0.0

    # --- what streams say

    async def block(self, source: Source, block: bytes) -> None:
        lane = self._merger.begin(source.number)
        if not self._keep_colours and (b"\x1b" in block or b"\r" in block):
            block = plain(block)
        if self._straight is not None and len(self.sources) == 1 and not lane.held:
            source.bytes += len(block)
            source.lines += await self._straight(block)
            return
        for piece in pieces(block):
            lines = timed(piece, before=lane.known or time.time_ns())
            source.lines += len(lines)
            source.bytes += len(piece)
            self._merger.put(lane, lines, size=len(piece))
            if piece is not block:
                await asyncio.sleep(0)
        await lane.room.wait()

    def seam(self, source: Source, text: str, *, at: float) -> None:
        lane = self._merger.begin(source.number)
        moment = max(lane.known, int(at * 1e9))
        self._merger.put(lane, [(moment, OwnLine(text.encode()))], size=len(text))

    def opened(self, source: Source) -> None:
        self._merger.opened(source.number)

    def changed(self, source: Source) -> None:
        if source.state not in (SourceState.OPEN, SourceState.OPENING):
            self._merger.end(source.number)
        self._note_change()
        self._quiet.set()

    # --- handing on

    async def _deliver(self) -> None:
        merger = self._merger
        began = time.monotonic()
        # Otherwise the lines of the cluster that answers first would stand first.
        while not self._follow and self.finding and time.monotonic() - began < PATIENT:  # noqa: ASYNC110
            await asyncio.sleep(TICK)
        while True:
            await merger.something.wait()
            await self._hand_on(merger.due())
            await merger.pressed(TICK)

    async def _hand_on(self, told: Sequence[Told]) -> None:
        for start in range(0, len(told), SLICE):
            await self._take(told[start : start + SLICE])
            await asyncio.sleep(0)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            for source in self.sources:
                source.tick()
            self._on_change()


def _named(name: str, patterns: Iterable[str]) -> bool:
    wanted = tuple(patterns)
    return not wanted or any(fnmatchcase(name, pattern) for pattern in wanted)


def _has_log(container: Container, *, previous: bool) -> bool:
    """Whether there is anything to read now, when it is read once."""
    run = container.run
    if previous:
        return run.last_state.terminated is not None
    return bool(run.state.running or run.state.terminated or run.last_state.terminated)


def _is_of(early: EarlyLog | None, container: Container, pod: LogPod) -> bool:
    """Whether a log that was asked for early is this container's: by name, or it is the pod's only one."""
    if early is None:
        return False
    if early.container:
        return early.container == container.name
    return container.role == "container" and len(pod.spec.containers) == 1
