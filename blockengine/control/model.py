"""What the control API answers, and what it takes. Sizes are bytes, times seconds since 1970.

Everything is plain data with a stable name; docs/engine-api.md and the OpenAPI document are made
from it.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

from blockengine.protocol.admin import Progress, SnapshotStatus, Traffic

PoolState = Literal["healthy", "full", "read-only", "failing", "vanished", "foreign"]
Health = Literal["healthy", "rebuilding", "restoring", "degraded", "starting", "suspended", "failed"]
EngineHealth = Literal["healthy", "degraded", "failing", "empty"]
Severity = Literal["info", "warning", "failing"]
JobState = Literal["running", "paused", "done", "failed", "cancelled"]


class Pool(Struct, frozen=True):
    """A directory that keeps replicas. `used` is what its replicas take, `committed` what they may grow to.

    `total` and `free` are its file system's, which several pools may share (`device`).
    """

    id: str
    name: str
    path: str
    state: PoolState
    reason: str = ""
    total: int = 0
    free: int = 0
    used: int = 0
    committed: int = 0
    device: str = ""
    replicas: int = 0


class Process(Struct, frozen=True):
    """A process that is kept running.

    `state` is `running`, `starting`, `waiting` (before it is started again) or `stopped`; `words` is
    what it said last when it ended; `code` names what it runs, which may be `other_code` than the engine's.
    """

    state: str
    pid: int = 0
    started: float = 0
    restarts: int = 0
    words: str = ""
    code: str = ""
    other_code: bool = False


class Replica(Struct, frozen=True):
    """A replica or witness. `role` is the controller's word for it; `missing` and `refused` are ours."""

    id: str
    kind: Literal["replica", "witness"]
    pool: str
    path: str
    role: str
    process: Process
    trouble: str = ""
    used: int = 0


class Attachment(Struct, frozen=True):
    """Where the volume can be used on this machine. `by` says how it got there (`nbd-client`, `nbdfuse`).

    With `snapshot` it is that snapshot, which can only be read. `other`, told when it is attached, says how
    to have it the other way.
    """

    device: str
    by: str
    state: Literal["attached", "broken"]
    since: float = 0
    reason: str = ""
    snapshot: str = ""
    other: str = ""


class Rates(Struct, frozen=True):
    """The last seconds: requests and bytes a second, mean seconds a request took."""

    reads: float = 0
    writes: float = 0
    read_bytes: float = 0
    write_bytes: float = 0
    read_latency: float = 0
    write_latency: float = 0


class Pace(Struct, frozen=True, forbid_unknown_fields=True):
    """The budget of a volume's background work. Its record keeps it, so that it outlives all processes.

    `limit` is in bytes a second, 0 for none; `share` the part of the time, above 0 and at most 1, that
    they take together while clients are active.
    """

    limit: int = 0
    share: float = 0.3


class Volume(Struct, frozen=True):
    """A volume. `wanted` is how many replicas its record names; `words` the controller's last.

    `address` is where its bytes are served over NBD. `snapshots` counts those of `snapshot_list`, which is
    some seconds old. `mended` counts blocks that had rotted on a replica and were put right since its
    controller started.
    """

    id: str
    name: str
    size: int
    health: Health
    state: str
    words: str
    wanted: int
    in_sync: int
    replicas: list[Replica]
    controller: Process
    block_size: int = 0
    lineage: str = ""
    position: str = ""
    address: str = ""
    clients: int = 0
    attachment: Attachment | None = None
    rates: Rates = Rates()
    traffic: Traffic | None = None
    work: list[Progress] = field(default_factory=list)
    snapshots: int = 0
    attached_snapshots: list[Attachment] = field(default_factory=list)
    pace: Pace | None = None
    snapshot_list: list[SnapshotStatus] = field(default_factory=list)
    mended: int = 0


class Finding(Struct, frozen=True):
    """Why something is not as it should be: what is wrong, why, and what to do next."""

    severity: Severity
    about: str
    what: str
    why: str
    next: str


class Event(Struct, frozen=True):
    """Something that happened; `number` orders events, whatever the clock does."""

    number: int
    time: float
    severity: Severity
    about: str
    text: str


class Job(Struct, frozen=True):
    """A piece of work that takes a while, of the engine or of a volume's controller.

    `done` of `total` are in `unit`s (0: unknown), `rate` in units a second, `eta` in seconds (0: unknown).
    `target` is the replica or snapshot that it is about. `acts` is what can be done to it now: `pause` (or
    resume, if it is paused), `stop` (cancel).
    """

    id: str
    kind: str
    about: str
    state: JobState
    started: float
    ended: float = 0
    done: int = 0
    total: int = 0
    unit: str = ""
    text: str = ""
    error: str = ""
    rate: float = 0
    eta: float = 0
    target: str = ""
    acts: list[str] = field(default_factory=list)


class EngineInfo(Struct, frozen=True):
    """The engine itself; `code` names what it runs. `other_code`: processes that run another, by name."""

    version: str
    pid: int
    home: str
    uptime: float
    health: EngineHealth
    pools: int
    volumes: int
    attached: int
    code: str = ""
    other_code: list[str] = field(default_factory=list)


class Trouble(Struct, frozen=True):
    """What went wrong, in a sentence, and what to do next. The body of every answer above 399."""

    error: str
    next: str = ""


# What is taken.


class AddPool(Struct, frozen=True, forbid_unknown_fields=True):
    """Use a directory as a pool; it is made if its parent exists.

    Without a `name` it is called as the folder; without a `path` it lies in the engine's home.
    """

    path: str = ""
    name: str = ""


class CreateVolume(Struct, frozen=True, forbid_unknown_fields=True):
    """A new volume. Two replicas get a witness. `pools` names where they go; the engine chooses if empty."""

    name: str
    size: int
    replicas: int = 3
    block_size: int = 4096
    pools: list[str] = field(default_factory=list)


class Resize(Struct, frozen=True, forbid_unknown_fields=True):
    """The new size. With `overcommit` it may exceed the whole file system of a replica."""

    size: int
    overcommit: bool = False


class Restore(Struct, frozen=True, forbid_unknown_fields=True):
    """What the volume is now is kept as snapshot `keep`, unless that is empty."""

    keep: str = ""


class Clone(Struct, frozen=True, forbid_unknown_fields=True):
    """A new volume from a snapshot; from what is acknowledged now if none is named.

    `replicas` 0: as many as the original has.
    """

    name: str
    snapshot: str = ""
    replicas: int = 0
    pools: list[str] = field(default_factory=list)


class AddReplica(Struct, frozen=True, forbid_unknown_fields=True):
    """Where; the engine chooses a pool apart from the others' if empty. A witness keeps no data."""

    pool: str = ""
    witness: bool = False


class Named(Struct, frozen=True, forbid_unknown_fields=True):
    """The name of something new."""

    name: str


class Attach(Struct, frozen=True, forbid_unknown_fields=True):
    """How: `auto` (nbd-client where the kernel has nbd, else nbdfuse), `nbd-client` or `nbdfuse`."""

    by: Literal["auto", "nbd-client", "nbdfuse"] = "auto"


class Recover(Struct, frozen=True, forbid_unknown_fields=True):
    """Look for replicas in these directories too. `moved`: their originals are gone for sure."""

    paths: list[str] = field(default_factory=list)
    moved: bool = False


class Stop(Struct, frozen=True, forbid_unknown_fields=True):
    """`force` stops while volumes are attached, whose users then get errors.

    `leave` ends the supervisor alone: all else runs on, and the next engine takes it over.
    """

    force: bool = False
    leave: bool = False
