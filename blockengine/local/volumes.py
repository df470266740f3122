"""One volume on this machine: its voters' processes, its controller, and what that one tells."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from blockengine.control.model import Attachment, Pace, Rates, Severity
from blockengine.local.children import Child, Spec
from blockengine.local.hearing import CONTROLLER, Hearing
from blockengine.local.layout import Layout, socket_name
from blockengine.membership import policy
from blockengine.membership.record import Record
from blockengine.protocol.admin import (
    Act,
    Event,
    Events,
    Jobs,
    ListSnapshots,
    Progress,
    SnapshotStatus,
    Stats,
    Status,
    Traffic,
    Verb,
    VolumeStatus,
)
from blockengine.protocol.speech import misfit
from blockengine.replica.peek import Seen
from blockengine.volume.asking import Asker, Declined, Silent, connect

# Without the working folder in the import path: what lies beside our sockets is no program of ours.
PROGRAM = (sys.executable, "-P", "-m", "blockengine")
_ASK_DEADLINE = 10.0
_AGAIN = 0.5
_TOLD_DEADLINE = 60.0
_RATE_SPAN = 5.0
_COUNT_AGAIN = 10.0

Tell = Callable[[str, str, Severity], None]
"""(about, text, severity)."""


@dataclass(frozen=True, slots=True)
class Place:
    """A voter's directory, and the pool that it lies in."""

    seen: Seen
    pool: str
    used: int = 0


class LocalVolume:
    """Kept by the engine; `places` are its voters' directories as the last look found them."""

    export = ""

    def __init__(
        self, id: str, layout: Layout, tell: Tell, worked: Callable[[LocalVolume], None] = lambda volume: None
    ) -> None:
        """`worked` hears whenever its controller told what it does."""
        self.id, self._layout, self._tell, self._worked = id, layout, tell, worked
        self.works: list[Progress] = []
        self.places: dict[str, Place] = {}
        self.lost: dict[str, str] = {}
        self.voters: dict[str, Child] = {}
        self.controller: Child | None = None
        self.status: VolumeStatus | None = None
        self.silence = "no controller was started yet"
        self.attachment: Attachment | None = None
        self.attached_snapshots: dict[str, VolumeSnapshot] = {}
        self.given_name = ""
        self.fill_from = ""
        self.blank_since = 0.0
        self.busy = ""
        self._asker: Asker | None = None
        self._watching: asyncio.Task[None] | None = None
        self._samples: deque[tuple[float, Traffic]] = deque(maxlen=64)
        self.traffic: Traffic | None = None
        self.snapshots: list[SnapshotStatus] = []
        self._count_at = 0.0
        self.hearing = Hearing(self)

    # What it is called.

    @property
    def record(self) -> Record | None:
        """The highest record that its voters' directories hold, if they are of one lineage."""
        records = [place.seen.record for place in self.places.values() if place.seen.record is not None]
        lineages = {record.lineage for record in records}
        return max(records, key=lambda record: record.position) if len(lineages) == 1 else None

    @property
    def lineages(self) -> set[str]:
        """All lineages found; more than one needs a person."""
        return {place.seen.record.lineage for place in self.places.values() if place.seen.record is not None}

    @property
    def name(self) -> str:
        """The name for people; its id if it has none."""
        if self.status is not None and self.status.name:
            return self.status.name
        # Of two lineages either may have it: what a person calls it is not what they disagree on.
        records = [place.seen.record for place in self.places.values() if place.seen.record is not None]
        names = sorted({record.name for record in records if record.name})
        return names[0] if names else self.given_name or self.id

    @property
    def pace(self) -> Pace | None:
        """What a person set for its rebuilds and scrubs: its controller knows, or else the record on disk."""
        told = self.status.pace if self.status is not None else None
        record = self.record
        kept = told or (policy.budget(record.policy) if record is not None else None)
        return Pace(kept.limit, kept.share) if kept is not None else None

    @property
    def nbd(self) -> str:
        """The name of the socket on which its bytes are served."""
        return socket_name("nbd", self.id)

    @property
    def mount(self) -> str:
        """The name of the folder in which it is shown as a file.

        The id is hashed in it: it may come from a disk that somebody brought.
        """
        return socket_name("v", self.id).removesuffix(".sock")

    @property
    def admin(self) -> str:
        """The name of its controller's admin socket."""
        return socket_name("admin", self.id)

    # What is attached of it.

    def snapshot(self, name: str) -> VolumeSnapshot:
        """A snapshot as something to attach, whether it is attached or not."""
        return self.attached_snapshots.get(name) or VolumeSnapshot(self, name)

    @property
    def attachable(self) -> list[LocalVolume | VolumeSnapshot]:
        """Itself, and those of its snapshots that are attached."""
        return [self, *self.attached_snapshots.values()]

    @property
    def attachments(self) -> list[Attachment]:
        """Its own first, then its snapshots'."""
        return [one.attachment for one in self.attachable if one.attachment is not None]

    # Its processes.

    def voter_socket(self, voter: str) -> str:
        """The name of the socket on which a voter listens."""
        return socket_name("voter", voter)

    def voter_spec(self, voter: str, directory: Path, *, moved: bool = False) -> Spec:
        """How a voter is run."""
        socket = self.voter_socket(voter)
        words = ("replica", "serve", str(directory), "--listen", f"unix:{socket}")
        return Spec(
            f"{voter}",
            (*PROGRAM, *words, *(["--moved"] if moved else [])),
            ("blockengine", *words),
            self._layout.run,
            self._layout.logs / f"{socket_name('voter', voter)}.log",
            Path(socket),
            directory,
        )

    def start_voter(self, voter: str, directory: Path, *, moved: bool = False) -> None:
        """Keep a voter running."""
        if voter not in self.voters:
            spec = self.voter_spec(voter, directory, moved=moved)
            child = Child(spec, lambda what: self._tell(self.name, f"{voter}: {what}", "warning"))
            self.voters[voter] = child
            child.start()

    async def stop_voter(self, voter: str) -> None:
        """End a voter's process."""
        child = self.voters.pop(voter, None)
        if child is not None:
            await child.stop()

    def start_controller(self) -> None:
        """Keep a controller running, over every voter that is known, there or not."""
        if self.controller is not None:
            return
        record = self.record
        names = set(self.places) | (set(record.voter_ids) if record is not None else set())
        voters = [
            word for voter in sorted(names) for word in ("--voter", f"unix:{socket_name('voter', voter)}")
        ]
        fill = ("--fill-from", self.fill_from) if self.fill_from else ()
        marks = ("blockengine", "volume", "serve", "--socket", self.nbd, "--admin", self.admin)
        spec = Spec(
            CONTROLLER,
            (*PROGRAM, "volume", "serve", *voters, "--socket", self.nbd, "--admin", self.admin, *fill),
            marks,
            self._layout.run,
            self._layout.logs / f"{self.admin}.log",
            Path(self.admin),
        )
        self.controller = Child(spec, lambda what: self._tell(self.name, f"controller: {what}", "warning"))
        self.controller.start()
        self._watching = asyncio.get_running_loop().create_task(self._watch())

    async def stop_controller(self) -> None:
        """End it; what was written is flushed first."""
        controller, self.controller = self.controller, None
        if controller is not None:
            await controller.stop()
        await self._unwatch()

    async def stop(self) -> None:
        """End everything: the controller first, so that it can flush and close."""
        await self.hearing.close()
        await self.stop_controller()
        await asyncio.gather(*(self.stop_voter(voter) for voter in list(self.voters)))

    async def leave(self) -> None:
        """Look after it no more; its processes run on."""
        await self._unwatch()
        await self.hearing.close()
        children = [*self.voters.values(), *([self.controller] if self.controller is not None else [])]
        await asyncio.gather(*(child.leave() for child in children))

    async def _unwatch(self) -> None:
        watching, self._watching = self._watching, None
        if watching is not None:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        self.status, self.works, self.silence = None, [], "its controller is stopped"

    # What its controller tells.

    async def ask(self, verb: Verb, *, deadline: float = _ASK_DEADLINE) -> object:
        """Ask or tell the controller. Raises: Silent, Declined."""
        if self._asker is None or self._asker.lost:
            raise Silent(self.silence)
        return await self._asker.ask(verb, deadline=deadline)

    def work(self, what: str, target: str = "") -> Progress | None:
        """The newest work of its controller of this kind that has not ended."""
        found = [
            one for one in self.works if one.what == what and target in ("", one.target) and not one.ended
        ]
        return found[-1] if found else None

    async def until_told(self) -> None:
        """Wait until its controller told how it is, and what it does. Raises: Silent."""
        loop = asyncio.get_running_loop()
        end = loop.time() + _TOLD_DEADLINE
        while self.status is None:
            if loop.time() > end:
                raise Silent(f"{self.name} is not served: {self.silence}")
            await asyncio.sleep(_AGAIN)

    async def look(self) -> None:
        """Ask how it is, now. Raises: Silent, Declined."""
        self.status = cast(VolumeStatus, await self.ask(Status()))

    async def _watch(self) -> None:
        """Follow the controller for ever: its events, status and traffic."""
        while True:
            try:
                self._asker = await connect(Path(self.admin))
                await self._follow(self._asker)
            except (Silent, Declined) as error:
                self.status, self.works, self.silence, self.traffic = None, [], str(error), None
                self._samples.clear()
            finally:
                asker, self._asker = self._asker, None
                if asker is not None:
                    await asker.close()
            await asyncio.sleep(_AGAIN)

    async def _follow(self, asker: Asker) -> None:
        events: list[Event] = await asker.ask(Events(), deadline=_ASK_DEADLINE)
        # An adopted controller's history is in our log already, or lost with it.
        adopted = self.controller is not None and self.controller.adopted
        number = events[-1].number if events and adopted else 0
        while True:
            status: VolumeStatus = await asker.ask(Status(), deadline=_ASK_DEADLINE)
            if why := misfit(status.speech, who="its controller", we="the engine"):
                raise Silent(f"{why} (navarch engine renew {self.name})")
            self.status = status
            await self.see_works()
            if status.state in ("serving", "suspended"):
                with contextlib.suppress(Declined):
                    await self._measure(asker, events)
            events = await asker.ask(Events(number, 1.0), deadline=_ASK_DEADLINE)
            for event in events:
                self._tell(self.name, event.text, _severity(event.text))
                number = event.number

    async def see_works(self) -> None:
        """Ask what its controller does, now. Raises: Silent, Declined."""
        self.works = cast(list[Progress], await self.ask(Jobs()))
        self._worked(self)

    async def act(self, number: int, action: str) -> None:
        """Upon a work of its controller, and see what came of it. Raises: Silent, Declined."""
        await self.ask(Act(number, action))
        await self.see_works()

    async def _measure(self, asker: Asker, events: list[Event]) -> None:
        """Its traffic; its snapshots less often, for that asks a replica. Raises: Silent, Declined."""
        self._sample(await asker.ask(Stats(), deadline=_ASK_DEADLINE))
        now = time.monotonic()
        if now >= self._count_at or any("snapshot" in event.text for event in events):
            self._count_at = now + _COUNT_AGAIN
            self.snapshots = await asker.ask(ListSnapshots(), deadline=_ASK_DEADLINE)

    def _sample(self, traffic: Traffic) -> None:
        now = time.monotonic()
        self._samples.append((now, traffic))
        self.traffic = traffic

    def rates(self) -> Rates:
        """Over the last seconds."""
        if len(self._samples) < 2:
            return Rates()
        end, last = self._samples[-1]
        start, first = next(
            (sample for sample in reversed(self._samples) if end - sample[0] >= _RATE_SPAN), self._samples[0]
        )
        span = end - start
        reads, writes = last.reads.count - first.reads.count, last.writes.count - first.writes.count
        return Rates(
            reads / span,
            writes / span,
            (last.reads.bytes - first.reads.bytes) / span,
            (last.writes.bytes - first.writes.bytes) / span,
            max(last.reads.seconds - first.reads.seconds, 0) / reads if reads else 0,
            max(last.writes.seconds - first.writes.seconds, 0) / writes if writes else 0,
        )


class VolumeSnapshot:
    """A snapshot of a volume that is attached, or about to be: what the attacher asks of it."""

    def __init__(self, volume: LocalVolume, snapshot: str) -> None:
        self._volume, self.snapshot = volume, snapshot
        self.attachment: Attachment | None = None

    @property
    def export(self) -> str:
        return f"@{self.snapshot}"

    @property
    def id(self) -> str:
        return f"{self._volume.id}{self.export}"

    @property
    def name(self) -> str:
        return f"{self._volume.name}{self.export}"

    @property
    def nbd(self) -> str:
        return self._volume.nbd

    @property
    def mount(self) -> str:
        """Tells whose snapshot it is, and which: so an engine finds what an earlier one attached."""
        return f"{self._volume.mount}{self.export}"

    @property
    def busy(self) -> str:
        return self._volume.busy


def _severity(text: str) -> Severity:
    """How grave a controller's words are."""
    if text.startswith(("lost ", "removing ", "ends", "goes on without")) or "bad blocks" in text:
        return "warning"
    return "failing" if "no replica has intact" in text or "every member's machine" in text else "info"
