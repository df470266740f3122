"""Control messages between a controller and a voter, as MessagePack.

A request is a tagged map; its answer's type follows from it (`ANSWERS`). A no is always
`membership.ballot.Refused`, under the frame's status REFUSED.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from blockengine.membership.ballot import Granted, Lease, Refused, Stored
from blockengine.membership.record import Epoch, Override, Position, Record
from blockengine.protocol.segment import Where
from blockengine.protocol.speech import Speech


class Control(Struct, frozen=True, tag=True):
    """A request that is not about bytes."""


class Hello(Control, frozen=True):
    """Who are you? Answered by `Identity`, whoever asks, unless the two speak no protocol in common."""

    speech: Speech = Speech()


class Ask(Control, frozen=True):
    """Promise this epoch and lease it, or renew. Answered by `Granted`."""

    epoch: Epoch


class Keep(Control, frozen=True):
    """Store a record. Answered by `Stored`."""

    record: Record


class Open(Control, frozen=True):
    """Let in a session. Answered by `Booted`."""

    epoch: Epoch
    number: int


class Share(Control, frozen=True):
    """Map this memory: requests on this connection will name places in it. Answered by nothing.

    The voter may decline, for all reasons there are; payloads then travel in their frames.
    """

    where: Where


class Alive(Control, frozen=True):
    """Is this session still the newest? Answered by nothing."""


class Intent(Control, frozen=True):
    """Regions that may differ from other members. Answered by a list of them."""


class Log(Control, frozen=True):
    """What a replica missed, by this one's log. Answered by `Missed`, or nil for none."""

    target: str


class Clear(Control, frozen=True):
    """Regions are alike on all members, as of these write counts. Answered by nothing."""

    regions: dict[int, int]


class Copied(Control, frozen=True):
    """Regions were copied to an absent replica, as of these write counts: its log drops them.

    Answered by nothing. A tag other than the log's is no error: there is nothing to drop.
    """

    target: str
    tag: Position
    regions: dict[int, int]


class Forget(Control, frozen=True):
    """A promotion is committed: the log with this tag goes. Answered by nothing."""

    target: str
    tag: Position


class Grow(Control, frozen=True):
    """Have room for a volume of this many bytes, at least. Answered by nothing.

    A size above that of the replica's whole file system is refused unless `overcommit`.
    """

    size: int
    overcommit: bool = False


class KeepList(Control, frozen=True):
    """Hold a list of snapshots (`membership.catalog`) that a record will name. Answered by nothing."""

    raw: bytes


class ReadList(Control, frozen=True):
    """The list that the replica's record names. Answered by its bytes, none for the empty list."""


class Cut(Control, frozen=True):
    """Flush, and freeze what there is as this snapshot. Answered by nothing."""

    snapshot: int


class ReadView(Control, frozen=True):
    """A range as it was at a snapshot. Answered by its bytes."""

    view: int
    offset: int
    length: int


class MapView(Control, frozen=True):
    """Which of it has data. Answered by (length, whether it has data) of each stretch."""

    view: int
    offset: int
    length: int


class LookView(Control, frozen=True):
    """Are whole blocks of a snapshot intact? Only those that it has not from snapshot `since` are read.

    Answered by one byte per block (0: it does not verify, 1: it does, 2: it is `since`'s, or zeroes if that
    is 0), then the checksums, 8 bytes each, 0 for those not read.
    """

    view: int
    since: int
    offset: int
    length: int


class Mend(Control, frozen=True):
    """Whole blocks as another member verified them, live (view 0) or as of a snapshot.

    Those that don't verify here, in a layer that is frozen, are put right. Answered by how many; durable.
    """

    view: int
    offset: int
    data: bytes


class Align(Control, frozen=True):
    """To a replica out of sync: have a layer for each of these snapshots, oldest first, to be filled.

    Answered by whether it began anew: then all of it has to be filled.
    """

    snapshots: tuple[int, ...]


class Changed(Control, frozen=True):
    """What may differ in a range between snapshot `since` (0: all zeroes) and `view` (0: live bytes).

    Answered by (length, whether it may differ) of each stretch.
    """

    view: int
    since: int
    offset: int
    length: int


class Fill(Control, frozen=True):
    """To a replica out of sync: whole blocks as a snapshot has them; zeroes if there is no data.

    Answered by nothing; durable after a flush.
    """

    view: int
    offset: int
    length: int
    data: bytes = b""


class Retain(Control, frozen=True):
    """Keep the layers of these snapshots only: merge all others, in the background. Answered by nothing.

    It follows from a record in force.
    """

    snapshots: tuple[int, ...]


class Rest(Control, frozen=True):
    """How fast layers may be merged: not at all while `paused`; `limit` is in bytes a second (0: any).

    `share` is the part of the time. Only for who has the feature `rest`. Answered by nothing.
    """

    paused: bool
    limit: int
    share: float


class Layers(Control, frozen=True):
    """What the layers take up. Answered by a list of `LayerSize`, oldest first; the last takes writes."""


class Enter(Control, frozen=True):
    """An operator moves this voter into another lineage. Answered by `Stored`."""

    record: Record
    incarnation: int
    override: Override


class Identity(Struct, frozen=True):
    """Who a voter is and what it promised. Sizes are bytes, `lease` is milliseconds.

    `leased` says whose unexpired lease stands in a candidate's way; `failure` why the replica
    no longer trusts its disk.
    """

    volume: str
    voter: str
    incarnation: int
    keeps_data: bool
    boot: str
    lease: int
    size: int
    block_size: int
    region: int
    promise: Epoch
    leased: Lease | None
    record: Record | None
    overrides: tuple[Override, ...] = ()
    failure: str = ""
    speech: Speech = Speech()


class Booted(Struct, frozen=True):
    """An opened session: the nonce that its requests carry, and which boot answers."""

    nonce: int
    boot: str


class LayerSize(Struct, frozen=True):
    """One layer: the snapshot at which it froze (0: none, or the last), its bytes on the disk.

    `merged` of them are in the layer below already, which is taking this one in.
    """

    snapshot: int
    bytes: int
    merged: int = 0


class Missed(Struct, frozen=True):
    """A missed log."""

    tag: Position
    regions: list[int]
    whole: bool = False


Layered = (
    KeepList
    | ReadList
    | Cut
    | ReadView
    | MapView
    | LookView
    | Mend
    | Align
    | Changed
    | Fill
    | Retain
    | Rest
    | Layers
)
Request = (
    Hello
    | Ask
    | Keep
    | Open
    | Share
    | Alive
    | Intent
    | Log
    | Clear
    | Copied
    | Forget
    | Grow
    | Enter
    | Layered
)
ANSWERS: dict[type[Control], Any] = {
    Hello: Identity,
    Ask: Granted,
    Keep: Stored,
    Open: Booted,
    Share: None,
    Alive: None,
    Intent: list[int],
    Log: Missed | None,
    Clear: None,
    Copied: None,
    Forget: None,
    Grow: None,
    KeepList: None,
    ReadList: bytes,
    Cut: None,
    ReadView: bytes,
    MapView: list[tuple[int, bool]],
    LookView: bytes,
    Mend: int,
    Align: bool,
    Changed: list[tuple[int, bool]],
    Fill: None,
    Retain: None,
    Rest: None,
    Layers: list[LayerSize],
    Enter: Stored,
}
_ENCODER = msgspec.msgpack.Encoder()
_REQUESTS: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_ANSWERS = {kind: msgspec.msgpack.Decoder(answer) for kind, answer in ANSWERS.items()}
_REFUSED = msgspec.msgpack.Decoder(Refused)


def encode(message: object) -> bytes:
    """A message or an answer as it travels."""
    return _ENCODER.encode(message)


def decode_request(raw: bytes | memoryview) -> Request:
    """Raises: msgspec.DecodeError (ValidationError included)."""
    return _REQUESTS.decode(raw)


def decode_answer(kind: type[Control], raw: bytes | bytearray) -> Any:
    """The answer to a request of this kind. Raises: msgspec.DecodeError."""
    return _ANSWERS[kind].decode(raw)


def decode_refused(raw: bytes | bytearray) -> Refused:
    """Raises: msgspec.DecodeError."""
    return _REFUSED.decode(raw)
