"""What can be done to a row of storage: what has to be asked first, and the plan that follows."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from functools import partial
from pathlib import Path

from backend.storage import words
from backend.storage.acts import Plan, engines, jobs, pools, replicas, snapshots, volumes
from backend.storage.engine import BlockEngine
from backend.storage.failures import Refused
from backend.storage.model import Inventory, Job, Pace, Pool, Replica, Snapshot, Volume
from backend.storage.system import StorageSystem
from console.storage_rows import StorageRow

Answers = Mapping[str, str]
DrawUp = Callable[[Answers], Awaitable[Plan]]


@dataclass(frozen=True, slots=True)
class Ask:
    """Something that has to be typed; ``value`` is offered."""

    id: str
    label: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """An act as a dialog has it: its title, what it asks, and how the answers become a plan."""

    title: str
    draw_up: DrawUp
    _: KW_ONLY
    asks: tuple[Ask, ...] = ()
    danger: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What the cursor is on, in what is known of the engine."""

    system: StorageSystem
    found: Inventory
    row: StorageRow | None
    pools_first: bool
    now: float

    @property
    def volume(self) -> Volume | None:
        """The volume itself, or the one that the row's replica or snapshot is of."""
        return self.row.volume if self.row is not None else None

    @property
    def snapshot(self) -> Snapshot | None:
        about = self.row.about if self.row is not None else None
        return about if isinstance(about, Snapshot) else None


def _new(subject: Subject) -> Wish | None:
    system = subject.system
    if subject.pools_first or not subject.found.pools:

        async def pool(answers: Answers) -> Plan:
            return await pools.add(system, _path(answers["path"]), answers["name"])

        where = Ask("path", "Directory, best on a disk of its own")
        return Wish("New pool", pool, asks=(where, Ask("name", "Name (empty: the directory's)")))

    async def volume(answers: Answers) -> Plan:
        names = [name.strip() for name in answers["pools"].split(",") if name.strip()]
        size, count = _size(answers["size"]), _count(answers["replicas"])
        return await volumes.create(system, _given(answers, "name"), size=size, replicas=count, pools=names)

    count = min(3, len(subject.found.pools))
    asks = (
        Ask("name", "Name: a-z, 0-9 and -"),
        Ask("size", "Size", "1G"),
        Ask("replicas", "Replicas: 1, 2 (and a witness) or 3", str(count)),
        Ask("pools", "Pools, with commas (empty: the engine chooses)"),
    )
    return Wish("New volume", volume, asks=asks)


def _path(text: str) -> Path:
    if not text.strip():
        raise Refused("a pool needs a directory", status=400)
    return Path(text.strip()).expanduser().absolute()


def _given(answers: Answers, id: str) -> str:
    if not answers[id].strip():
        raise Refused(f"type a {id} first", status=400)
    return answers[id].strip()


def _size(text: str) -> int:
    try:
        return words.read_size(text)
    except ValueError as error:
        raise Refused(str(error), status=400) from None


def _count(text: str) -> int:
    if text.strip() not in ("1", "2", "3"):
        raise Refused("replicas: 1, 2 or 3", status=400)
    return int(text)


def _delete(subject: Subject) -> Wish | None:
    row, system = subject.row, subject.system
    if row is None:
        return None
    about, volume = row.about, row.volume
    if isinstance(about, Job):
        ends = partial(jobs.cancel, system, about.id)
        return Wish("Cancel", _told(ends)) if "stop" in about.acts and not about.ended else None
    if isinstance(about, Pool):
        return Wish("Use a pool no more", _told(partial(pools.remove, system, about.id)))
    assert volume is not None
    if isinstance(about, Volume):
        title, draw_up = "Delete a volume", partial(volumes.delete, system, about.id)
    elif isinstance(about, Snapshot):
        title, draw_up = "Give a snapshot up", partial(snapshots.delete, system, volume.name, about.name)
    else:
        title, draw_up = "Take a replica off", partial(replicas.remove, system, volume.id, about.id)
    return Wish(title, _told(draw_up), danger=True)


def _told(draw_up: Callable[[], Awaitable[Plan]]) -> DrawUp:
    """For an act that asks nothing."""
    return lambda answers: draw_up()


def _attach(subject: Subject) -> Wish | None:
    system, volume, snapshot = subject.system, subject.volume, subject.snapshot
    if volume is None:
        return None
    target = f"{volume.name}@{snapshot.name}" if snapshot is not None else volume.name
    if snapshot is not None:
        there = any(one.snapshot == snapshot.name for one in volume.attached_snapshots)
    else:
        there = volume.attachment is not None
    if there:
        return Wish("Detach", lambda _: volumes.detach(system, target))

    async def draw_up(answers: Answers) -> Plan:
        by = answers["by"].strip() or "auto"
        if by not in ("auto", "nbd-client", "nbdfuse"):
            raise Refused(f"{by} is none of auto, nbd-client, nbdfuse", status=400)
        return await volumes.attach(system, target, by=by)

    return Wish("Attach", draw_up, asks=(Ask("by", "By: auto, nbd-client or nbdfuse", "auto"),))


def _snapshot(subject: Subject) -> Wish | None:
    system, volume = subject.system, subject.volume
    if volume is None:
        return None

    async def draw_up(answers: Answers) -> Plan:
        return await snapshots.take(system, volume.name, _given(answers, "name"))

    name = time.strftime("%Y%m%d-%H%M%S", time.localtime(subject.now))
    return Wish("Take a snapshot", draw_up, asks=(Ask("name", "What to call it", name),))


def _restore(subject: Subject) -> Wish | None:
    system, volume, snapshot = subject.system, subject.volume, subject.snapshot
    if volume is None or snapshot is None:
        return None

    async def draw_up(answers: Answers) -> Plan:
        return await snapshots.restore(system, volume.name, snapshot.name, keep=answers["keep"].strip())

    ask = Ask("keep", "Keep what it is now as snapshot (empty: it is lost)", f"before-{snapshot.name}")
    return Wish("Take a volume back", draw_up, asks=(ask,), danger=True)


def _clone(subject: Subject) -> Wish | None:
    system, volume, snapshot = subject.system, subject.volume, subject.snapshot
    if volume is None:
        return None
    named = snapshot.name if snapshot is not None else ""

    async def draw_up(answers: Answers) -> Plan:
        return await snapshots.clone(system, volume.name, _given(answers, "name"), snapshot=named)

    return Wish("Clone", draw_up, asks=(Ask("name", "The new volume's name", f"{volume.name}-copy"),))


def _resize(subject: Subject) -> Wish | None:
    system, volume = subject.system, subject.volume
    if volume is None:
        return None

    async def draw_up(answers: Answers) -> Plan:
        return await volumes.resize(system, volume.id, _size(answers["size"]))

    ask = Ask("size", "New size; it never shrinks again", words.size(volume.size))
    return Wish("Make a volume larger", draw_up, asks=(ask,))


def _add_replica(subject: Subject) -> Wish | None:
    system, volume = subject.system, subject.volume
    if volume is None:
        return None

    async def draw_up(answers: Answers) -> Plan:
        return await replicas.add(system, volume.id, pool=answers["pool"].strip())

    return Wish("One replica more", draw_up, asks=(Ask("pool", "In pool (empty: the engine chooses)"),))


def _add_witness(subject: Subject) -> Wish | None:
    system, volume = subject.system, subject.volume
    if volume is None:
        return None

    async def draw_up(answers: Answers) -> Plan:
        return await replicas.add(system, volume.id, pool=answers["pool"].strip(), witness=True)

    return Wish("One witness more", draw_up, asks=(Ask("pool", "In pool (empty: the engine chooses)"),))


def _pace(subject: Subject) -> Wish | None:
    system, volume = subject.system, subject.volume
    if volume is None:
        return None

    async def draw_up(answers: Answers) -> Plan:
        return await volumes.pace(system, volume.id, Pace(_limit(answers["limit"]), _share(answers["share"])))

    known = volume.pace or Pace()
    asks = (
        Ask("limit", "Bytes a second at most, like 50M (off: no limit)", _limit_text(known.limit)),
        Ask("share", "Percent of the time, while clients are active", f"{known.share * 100:g}"),
    )
    return Wish("The pace of background work", draw_up, asks=asks)


def _limit_text(limit: int) -> str:
    return words.size(limit) if limit else "off"


def _limit(text: str) -> int:
    return 0 if text.strip().lower() in ("", "off", "0") else _size(text.strip().removesuffix("/s"))


def _share(text: str) -> float:
    try:
        percent = float(text.strip().removesuffix("%"))
    except ValueError:
        percent = 0
    if not 0 < percent <= 100:
        raise Refused(f"{text.strip() or 'nothing'} is no part of the time: 1 to 100 percent", status=400)
    return percent / 100


def _recover(subject: Subject) -> Wish | None:
    system = subject.system

    async def draw_up(answers: Answers) -> Plan:
        paths = [_path(part) for part in answers["paths"].split(",") if part.strip()]
        moved = answers["moved"].strip().lower()
        if moved not in ("", "no", "yes"):
            raise Refused("moved: yes, or nothing", status=400)
        return await engines.recover(system, paths, moved=moved == "yes")

    asks = (
        Ask("paths", "Directories to look in besides the known pools, with commas"),
        Ask("moved", "Start moved replicas where they are, their originals are gone for sure: yes"),
    )
    return Wish("Find pools and volumes again", draw_up, asks=asks)


def _renew(subject: Subject) -> Wish | None:
    names = [subject.volume.id] if subject.volume is not None else []
    return Wish("Restart what runs an older program", lambda _: engines.renew(BlockEngine(), names))


def _rebuild(subject: Subject) -> Wish | None:
    system, volume = subject.system, subject.volume
    about = subject.row.about if subject.row is not None else None
    if volume is None or not isinstance(about, Replica):
        return None
    id = about.id
    return Wish("Rebuild a replica", lambda _: replicas.rebuild(system, volume.id, id), danger=True)


def _scrub(subject: Subject) -> Wish | None:
    system, volume = subject.system, subject.volume
    return Wish("Scrub", lambda _: volumes.scrub(system, volume.id)) if volume is not None else None


def _pause(subject: Subject) -> Wish | None:
    job, system = resting(subject), subject.system
    if job is None:
        return None
    if job.state == "paused":
        return Wish("Let it go on", lambda _: jobs.resume(system, job.id))
    return Wish("Let it rest", lambda _: jobs.pause(system, job.id))


def resting(subject: Subject) -> Job | None:
    """The job that can be paused or resumed at this row: itself, or the first of its volume or replica."""
    row = subject.row
    if row is None:
        return None
    about = row.about
    if isinstance(about, Job):
        return about if "pause" in about.acts else None
    name = row.volume.name if row.volume is not None else ""
    target = about.id if isinstance(about, Replica) else ""
    found = [job for job in subject.found.jobs if job.about == name and "pause" in job.acts]
    return next((job for job in found if target in ("", job.target)), None)


def _stop(subject: Subject) -> Wish | None:
    return Wish("End the block engine", lambda _: engines.end(), danger=True)


WISHES: dict[str, Callable[[Subject], Wish | None]] = {
    "new": _new,
    "delete": _delete,
    "attach": _attach,
    "snapshot": _snapshot,
    "restore": _restore,
    "clone": _clone,
    "resize": _resize,
    "add_replica": _add_replica,
    "add_witness": _add_witness,
    "pace": _pace,
    "recover": _recover,
    "renew": _renew,
    "rebuild": _rebuild,
    "scrub": _scrub,
    "pause": _pause,
    "stop": _stop,
}
"""By what the actions of the Storage screen call them; None where it fits not."""
