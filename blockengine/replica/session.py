"""Which requests a replica takes: those of its newest session, issued under a record it holds."""

from __future__ import annotations

import secrets
from typing import NamedTuple

from blockengine.membership import ballot as ballots
from blockengine.membership.ballot import Ballot
from blockengine.membership.record import Epoch, Position
from blockengine.protocol.wire import ISSUED


class Session(NamedTuple):
    """The newest session; `counts` has, per region, the highest write count it sent."""

    epoch: Epoch
    number: int
    nonce: int
    counts: dict[int, int]


class Gate:
    """Lets requests in. The last one's head is remembered: most carry the same."""

    def __init__(self) -> None:
        self.session: Session | None = None
        self._seen: tuple[Ballot | None, bytes] = (None, b"")

    def open(self, epoch: Epoch, number: int) -> Session:
        """A new session, after the ballot promised it; every older one is shut out."""
        self.session = Session(epoch, number, secrets.randbits(63) | 1, {})
        self._seen = (None, b"")
        return self.session

    def admits(self, ballot: Ballot, issued: bytes) -> bool:
        """Whether a request with this head (nonce and position, packed) may be carried out."""
        seen_ballot, seen = self._seen
        if seen_ballot is ballot and seen == issued:
            return True
        session = self.session
        nonce, number, controller, seq = ISSUED.unpack(issued)
        if session is None or nonce != session.nonce:
            return False
        at = Position(Epoch(number, controller), seq)
        if not ballots.accepts(ballot, epoch=session.epoch, session=session.number, issued=at):
            return False
        self._seen = (ballot, issued)
        return True
