"""A voter's side of the control messages: who it is, and what it promises."""

from __future__ import annotations

import asyncio
from typing import Protocol

from blockengine.clock import now
from blockengine.membership.ballot import Ballot, Granted, Refused, Stored, leased_to_another
from blockengine.membership.record import Epoch, Override, Record
from blockengine.protocol import messages
from blockengine.protocol.messages import Ask, Enter, Hello, Identity, Keep
from blockengine.protocol.speech import misfit, ours
from blockengine.replica.identity import Header

_STRANGER = Epoch(-1, 0)


class Voter(Protocol):
    """A replica or a witness. Every answer is durable when it is given."""

    header: Header

    @property
    def ballot(self) -> Ballot: ...

    @property
    def overrides(self) -> tuple[Override, ...]: ...

    @property
    def failure(self) -> str: ...

    def restarted(self, *, now: int) -> None: ...

    def grant(self, *, epoch: Epoch, now: int, duration: int) -> Granted | Refused: ...

    def store_record(self, record: Record) -> Stored | Refused: ...

    def enter(self, record: Record, *, incarnation: int, override: Override) -> Stored: ...

    def close(self) -> None: ...


class Voting:
    """Answers what every voter is asked.

    Votes are cast on the event loop, though they wait for the disk: no write may come between a
    record and the missed logs that it starts. `disk` keeps them apart from a flush in its threads.
    """

    def __init__(self, voter: Voter, *, boot: str) -> None:
        self.voter, self.boot = voter, boot
        self.disk = asyncio.Lock()
        # The code that runs is what is on disk now; later it may be newer.
        ours()
        voter.restarted(now=now())

    async def answer(self, message: messages.Request) -> object | Refused:
        """The answer to a control message that needs no session.

        Raises: ValueError, Failed, OSError.
        """
        if isinstance(message, Hello):
            return self.greet(message)
        if isinstance(message, Ask):
            return self.voter.grant(epoch=message.epoch, now=now(), duration=self.voter.header.lease)
        async with self.disk:
            if isinstance(message, Keep):
                return self.voter.store_record(message.record)
            if isinstance(message, Enter):
                return self._enter(message)
        raise ValueError(f"a witness keeps no data: {type(message).__name__} is for replicas")

    def _enter(self, message: Enter) -> Stored | Refused:
        held = self.voter.ballot.record
        if held is not None and held.lineage == message.record.lineage:
            return self.voter.store_record(message.record)
        return self.voter.enter(message.record, incarnation=message.incarnation, override=message.override)

    def identity(self) -> Identity:
        """Who this is. A lease is shown while it stands in another controller's way."""
        header, ballot = self.voter.header, self.voter.ballot
        return Identity(
            volume=header.volume,
            voter=header.replica,
            incarnation=ballot.incarnation,
            keeps_data=header.size > 0,
            boot=self.boot,
            lease=header.lease,
            size=header.size,
            block_size=header.block_size,
            region=header.region,
            promise=ballot.promise,
            leased=ballot.lease if leased_to_another(ballot, _STRANGER, now()) else None,
            record=ballot.record,
            overrides=self.voter.overrides,
            failure=self.voter.failure,
            speech=ours(),
        )

    def greet(self, message: Hello) -> Identity:
        """The answer to whoever comes. Raises: ValueError if there is no protocol that both speak."""
        if why := misfit(message.speech, who="whoever asks", we=self.voter.header.replica):
            raise ValueError(why)
        return self.identity()

    async def stop(self) -> None:
        """End what goes on in the background; before `close`."""

    def close(self) -> None:
        """Give back the voter's files."""
        self.voter.close()
