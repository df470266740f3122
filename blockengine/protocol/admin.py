"""What a running controller can be asked and told, on its admin socket.

A UNIX socket that only its user can reach; one JSON object a line, both ways:
`{"id": 1, "ask": {"verb": "Status"}}` is answered by `{"id": 1, "ok": {…}}` or
`{"id": 1, "error": "words"}`. Answers come in any order: a verb that takes long keeps nobody
from asking for the status. A verb is a tagged Struct here, with its answer's type in `ANSWERS`;
who carries it out stands in `blockengine.volume.admin`.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from blockengine.membership.policy import Budget
from blockengine.protocol.speech import Speech

MAX_LINE = 1 << 20


class Verb(Struct, frozen=True, tag_field="verb", tag=True, forbid_unknown_fields=True):
    """Something to ask or tell a controller."""


class Status(Verb, frozen=True):
    """How the volume is. Answered by `VolumeStatus`, at any moment of a controller's life."""


class Events(Verb, frozen=True):
    """What happened after the event `after`; waits up to `wait` seconds for the first one.

    Answered by a list of `Event`. Only the newest thousand are kept.
    """

    after: int = 0
    wait: float = 0


class Stats(Verb, frozen=True):
    """What went through since the controller started. Answered by `Traffic`."""


class Grow(Verb, frozen=True):
    """Make the volume `size` bytes large. Answered by nothing, once that is in force.

    A size above that of a replica's whole file system needs `overcommit`. Clients that are connected
    see the new size when they connect again.
    """

    size: int
    overcommit: bool = False


class TakeSnapshot(Verb, frozen=True):
    """Snapshot what is acknowledged now. Answered by its `SnapshotStatus`."""

    name: str


class ListSnapshots(Verb, frozen=True):
    """Answered by a list of `SnapshotStatus`, oldest first."""


class DeleteSnapshot(Verb, frozen=True):
    """Give a snapshot up; its space comes back in the background. Answered by nothing."""

    name: str


class RestoreSnapshot(Verb, frozen=True):
    """Take the volume back to a snapshot. Answered by nothing, when it is served again.

    What it was is kept as snapshot `keep`, unless that is empty. Refused while clients have the volume open,
    unless they may be disconnected.
    """

    name: str
    keep: str = ""
    disconnect: bool = False


class SnapshotStatus(Struct, frozen=True):
    """A snapshot, and the name of the `export` under which it can be attached, read-only.

    `size` is the volume's then, `held` what its layer takes up on a member (-1: unknown), both in bytes;
    `created` counts seconds since 1970, `attached` the clients that have it open.
    """

    name: str
    id: str
    size: int
    created: int
    export: str
    held: int = -1
    attached: int = 0


class Jobs(Verb, frozen=True):
    """Rebuilds and scrubs, under way and lately ended. Answered by a list of `Progress`."""


class Scrub(Verb, frozen=True):
    """Read, verify and compare every block of every member. Answered by the job's number at once."""


class Act(Verb, frozen=True):
    """`action` is `pause`, `resume` or `stop`, upon a job. Answered by nothing."""

    number: int
    action: str


class SetPace(Verb, frozen=True):
    """The budget of background work; the volume's record keeps it. Answered by nothing.

    `limit` is in bytes a second, 0 for none. `share` is the part of the time that they may take together
    while clients are active.
    """

    limit: int = 0
    share: float = 0.3


class AddVoter(Verb, frozen=True):
    """Let the blank replica or witness at this address vote. Answered by its id once that is in force.

    A replica is then rebuilt in full. Whoever starts the volume's controllers names the address from now on.
    """

    address: str


class RemoveVoter(Verb, frozen=True):
    """Take a voter off for good. Answered by nothing once that is in force.

    Refused if it would leave no copy in sync or no majority; if it would leave a single copy, unless `force`.
    """

    id: str
    force: bool = False


class VoterStatus(Struct, frozen=True):
    """One voter as the controller sees it.

    `role` is one of `in-sync`, `joining` (being resynced), `out-of-sync`, `witness`, `blank` (it
    lost its state), `unknown` (no voter of the record, or nobody answered yet). `trouble` says why
    there is no connection, `failure` why the replica no longer trusts its disk.
    """

    id: str
    address: str
    role: str
    connected: bool
    trouble: str = ""
    failure: str = ""
    speech: Speech = Speech()


class Finding(Struct, frozen=True):
    """Bytes that a scrub found wrong on some members.

    `kind` is `rot` (they don't match their checksums there) or `differ` (they do, and yet are not the
    same on all members, which must not happen). `mended`: they are right on all members now. `snapshot`
    is the oldest one that has them, if they were found in a frozen layer.
    """

    offset: int
    length: int
    kind: str
    members: tuple[str, ...]
    mended: bool
    time: float
    snapshot: str = ""


class Progress(Struct, frozen=True):
    """A piece of work, under way or over.

    `done` and `total` are bytes, `rate` bytes a second, `eta` seconds (0: unknown). `state` is one of
    `running`, `paused`, `stopping`, `stopped`, `done`, `failed`; `words` say more. `found` counts what
    a scrub found, of which `findings` are the newest. Times are seconds since 1970, 0 for not yet.
    `what` is one of `rebuild`, `scrub`, `merge` (of the layers of snapshots that were given up), `restore`
    and `fill` (of a clone); `acts` is what may be done to it (see `Act`).
    """

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
    findings: tuple[Finding, ...] = ()
    began: float = 0
    ended: float = 0
    acts: tuple[str, ...] = ()


class VolumeStatus(Struct, frozen=True):
    """A volume by its controller. `state` is one of `waiting` (for voters or a lease), `settling`, `serving`,
    `suspended` (members, a majority or the lease are missing), `filling` (a clone), `restoring` (a snapshot),
    `withheld` (a restore failed, `words` say why: another one is needed) and `ended`.

    `lease` is for how many milliseconds it may still serve, `words` what was told last. `position` is the
    record's, as `epoch.seq`; sizes are bytes. `pace` is what a person set, `mended` how many blocks that had
    rotted on some member were put right since the controller started. `speech` is which code it runs.
    """

    pid: int
    state: str
    words: str
    volume: str = ""
    name: str = ""
    lineage: str = ""
    position: str = ""
    epoch: int = 0
    size: int = 0
    block_size: int = 0
    lease: int = 0
    clients: int = 0
    voters: tuple[VoterStatus, ...] = ()
    work: tuple[Progress, ...] = ()
    pace: Budget | None = None
    mended: int = 0
    speech: Speech = Speech()


class Event(Struct, frozen=True):
    """Something that happened.

    `number` counts from 1 in one controller's life; `time` is seconds since 1970.
    """

    number: int
    time: float
    text: str


class Flow(Struct, frozen=True):
    """Requests of one kind: how many, their bytes, and the seconds they took together.

    The seconds are those of a sample, scaled up to all of them: timing each request costs too much.
    """

    count: int = 0
    bytes: int = 0
    seconds: float = 0


class Traffic(Struct, frozen=True):
    """What went through the front ends since the controller started, `uptime` seconds ago."""

    uptime: float
    reads: Flow
    writes: Flow
    discards: Flow
    flushes: Flow


ANSWERS: dict[type[Verb], Any] = {
    Status: VolumeStatus,
    Events: list[Event],
    Stats: Traffic,
    Grow: None,
    TakeSnapshot: SnapshotStatus,
    ListSnapshots: list[SnapshotStatus],
    DeleteSnapshot: None,
    RestoreSnapshot: None,
    Jobs: list[Progress],
    Scrub: int,
    Act: None,
    SetPace: None,
    AddVoter: str,
    RemoveVoter: None,
}


class Asked(Struct, frozen=True):
    """A line to the controller."""

    id: int
    ask: msgspec.Raw


class Told(Struct, frozen=True, omit_defaults=True):
    """A line from the controller: `error` is empty if all went well."""

    id: int
    ok: msgspec.Raw = msgspec.Raw()
    error: str = ""


_ASKED = msgspec.json.Decoder(Asked)
_TOLD = msgspec.json.Decoder(Told)


def encode(message: object) -> bytes:
    """A message as a line."""
    return msgspec.json.encode(message) + b"\n"


def ask_line(number: int, verb: Verb) -> bytes:
    """The line that asks a verb."""
    return encode(Asked(number, msgspec.Raw(msgspec.json.encode(verb))))


def decode_asked(line: bytes) -> Asked:
    """Raises: msgspec.DecodeError (ValidationError included)."""
    return _ASKED.decode(line)


def decode_verb(raw: msgspec.Raw) -> Verb:
    """The verb of a line. Raises: msgspec.DecodeError."""
    verbs: Any = tuple(ANSWERS)
    kind: Any = verbs[0]
    for verb in verbs[1:]:
        kind = kind | verb
    found: Verb = msgspec.json.decode(raw, type=kind)
    return found


def decode_told(line: bytes) -> Told:
    """Raises: msgspec.DecodeError."""
    return _TOLD.decode(line)


def decode_answer(kind: type[Verb], raw: msgspec.Raw) -> Any:
    """The answer to a verb of this kind. Raises: msgspec.DecodeError."""
    return msgspec.json.decode(raw, type=ANSWERS[kind])
