"""What a storage engine says of itself. Sizes are bytes, times seconds since 1970.

The fields are those of the engine's control API (docs/engine-api.md). Texts come from disks that
anybody may have brought: they pass ``safe_text`` before they are shown.
"""

from __future__ import annotations

from msgspec import Struct, field


class Pool(Struct, frozen=True):
    """A directory of replicas; ``state`` is healthy, full, read-only, failing, vanished or foreign."""

    id: str
    name: str
    path: str
    state: str
    reason: str = ""
    total: int = 0
    free: int = 0
    used: int = 0
    committed: int = 0
    device: str = ""
    replicas: int = 0


class Process(Struct, frozen=True):
    """A process that is kept running; ``state`` is running, starting, waiting or stopped.

    ``code`` names what it runs: ``other_code`` than the engine's, after an upgrade.
    """

    state: str
    pid: int = 0
    started: float = 0
    restarts: int = 0
    words: str = ""
    code: str = ""
    other_code: bool = False


class Replica(Struct, frozen=True):
    """A replica or witness of a volume."""

    id: str
    kind: str
    pool: str
    path: str
    role: str
    process: Process
    trouble: str = ""
    used: int = 0


class Attachment(Struct, frozen=True):
    """Where a volume, or a ``snapshot`` of it, is a device; ``by`` says how (nbd-client, nbdfuse).

    ``other`` says how to have it the other way; only told when it is attached.
    """

    device: str
    by: str
    state: str
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


class Flow(Struct, frozen=True):
    """Requests of one kind, their bytes, and the seconds they took together."""

    count: int = 0
    bytes: int = 0
    seconds: float = 0


class Traffic(Struct, frozen=True):
    """Since the volume's controller started, ``uptime`` seconds ago."""

    uptime: float
    reads: Flow
    writes: Flow
    discards: Flow
    flushes: Flow


class Wrong(Struct, frozen=True):
    """Bytes that a scrub found wrong on some replicas; ``kind`` is rot or differ, ``mended``: right again.

    With ``snapshot`` they are that snapshot's.
    """

    offset: int
    length: int
    kind: str
    members: list[str]
    mended: bool
    time: float
    snapshot: str = ""


class Progress(Struct, frozen=True):
    """Work of a volume's controller: bytes, bytes a second, and the seconds that are left (0: unknown)."""

    what: str
    target: str
    done: int = 0
    total: int = 0
    rate: float = 0
    eta: float = 0
    number: int = 0
    state: str = "running"
    words: str = ""
    found: int = 0
    findings: list[Wrong] = field(default_factory=list)
    began: float = 0
    ended: float = 0
    acts: list[str] = field(default_factory=list)


class Pace(Struct, frozen=True):
    """What background work may take: bytes a second (0: no limit), and a part of the time."""

    limit: int = 0
    share: float = 0.3


class Snapshot(Struct, frozen=True):
    """What a volume was at a moment; served read-only under its ``export``. ``held`` -1: unknown."""

    name: str
    id: str
    size: int
    created: int
    export: str
    held: int = -1
    attached: int = 0


class Volume(Struct, frozen=True):
    """A volume. ``health`` is healthy, rebuilding, restoring, degraded, starting, suspended or failed."""

    id: str
    name: str
    size: int
    health: str
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
    snapshot_list: list[Snapshot] = field(default_factory=list)
    mended: int = 0


class Finding(Struct, frozen=True):
    """Why something is not as it should be: what, why, and what to do next."""

    severity: str
    about: str
    what: str
    why: str
    next: str


class Event(Struct, frozen=True):
    """Something that happened; ``number`` orders events, whatever the clock does."""

    number: int
    time: float
    severity: str
    about: str
    text: str


class Job(Struct, frozen=True):
    """A piece of work of the engine or of a volume's controller.

    ``state`` is running, paused, done, failed or cancelled; ``done`` of ``total`` are in ``unit``s, ``rate``
    is in units a second, ``eta`` in seconds (0: unknown). ``acts``: what can be done to it (pause, stop).
    """

    id: str
    kind: str
    about: str
    state: str
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
    """The engine itself; ``health`` is healthy, degraded, failing or empty.

    ``other_code`` names its processes that run another code than its own ``code``.
    """

    version: str
    pid: int
    home: str
    uptime: float
    health: str
    pools: int
    volumes: int
    attached: int
    code: str = ""
    other_code: list[str] = field(default_factory=list)


class Inventory(Struct, frozen=True):
    """Everything at one moment."""

    engine: EngineInfo
    pools: list[Pool]
    volumes: list[Volume]
    findings: list[Finding]
    jobs: list[Job] = field(default_factory=list)
