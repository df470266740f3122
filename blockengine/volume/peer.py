"""One voter as a controller sees it: its address, and the connection while there is one."""

from __future__ import annotations

import asyncio
import ssl
from typing import Protocol

from blockengine.membership.ballot import Refused
from blockengine.protocol.address import Address
from blockengine.protocol.messages import Hello, Identity
from blockengine.protocol.segment import Memory, Segment
from blockengine.protocol.speech import SHARE, misfit, ours
from blockengine.protocol.tls import VOTER
from blockengine.volume.link import Link, Unanswered

_AGAIN_FIRST, _AGAIN_LAST = 0.05, 1.0


class Watcher(Protocol):
    """Is told when a voter comes and goes."""

    def arrived(self, peer: Peer) -> None: ...

    def left(self, peer: Peer, link: Link, why: str) -> None: ...


async def connect(address: Address, link: Link, tls: ssl.SSLContext | None) -> None:
    """Connect a link. Raises: OSError."""
    loop = asyncio.get_running_loop()
    if address.path is not None:
        await loop.create_unix_connection(lambda: link, str(address.path))
        return
    name = VOTER if tls is not None else None
    await loop.create_connection(lambda: link, address.host, address.port, ssl=tls, server_hostname=name)


class Peer:
    """Stays connected to one address; `identity` is what answered there last."""

    def __init__(
        self,
        address: Address,
        *,
        tls: ssl.SSLContext | None,
        deadline: float,
        watcher: Watcher,
        memory: Memory,
    ) -> None:
        self._memory = memory
        self._offered: Segment | None = None
        self.address, self._tls, self._deadline, self._watcher = address, tls, deadline, watcher
        self.link: Link | None = None
        self.identity: Identity | None = None
        self.trouble = "not reached yet"

    @property
    def id(self) -> str:
        """The voter's id; empty as long as nobody answered."""
        return self.identity.voter if self.identity is not None else ""

    async def keep_connected(self) -> None:
        """Connect, again and again, and watch for overdue answers, until cancelled."""
        pause = _AGAIN_FIRST
        while True:
            try:
                link = await asyncio.wait_for(self._connected(), self._deadline)
            except (OSError, Unanswered, TimeoutError) as error:
                self.trouble = str(error) or "no answer"
                await asyncio.sleep(pause)
                pause = min(pause * 2, _AGAIN_LAST)
                continue
            pause = _AGAIN_FIRST
            while not link.why:
                await asyncio.sleep(min(0.25, self._deadline / 8))
                link.check()
                self._offer(link)
            await asyncio.sleep(pause)

    async def _connected(self) -> Link:
        link = Link(deadline=self._deadline, lost=self._lost)
        try:
            await connect(self.address, link, self._tls)
            identity = await link.ask(Hello(ours()))
            assert not isinstance(identity, Refused)
            if why := misfit(identity.speech, who=identity.voter, we="this controller"):
                # People are told who it is that can't be used.
                self.identity = identity
                raise Unanswered(why)
        except BaseException:
            link.fail("could not connect")
            raise
        link.voter = identity.voter
        self.link, self.identity, self.trouble = link, identity, ""
        self._offered = None
        self._offer(link)
        self._watcher.arrived(self)
        return link

    def _offer(self, link: Link) -> None:
        """Share memory with a replica on this machine, once for each segment.

        One that declines is served by frames: in another container, for one, there is no way to it.
        """
        who = self.identity
        near = self.address.path is not None and who is not None and who.keeps_data
        if not near or who is None or SHARE not in who.speech.features:
            return
        segment = self._memory.segment()
        if segment is not None and segment is not self._offered:
            self._offered = segment
            link.share(segment)

    async def look(self) -> Identity | None:
        """Ask anew who answers there; None if nobody does."""
        if self.link is None:
            return None
        try:
            answer = await self.link.ask(Hello(ours()))
        except Unanswered:
            return None
        assert not isinstance(answer, Refused)
        self.identity = answer
        return self.identity

    def _lost(self, link: Link, why: str) -> None:
        if self.link is link:
            self.link, self.trouble = None, why
            self._watcher.left(self, link, why)

    def close(self) -> None:
        """Hang up."""
        if self.link is not None:
            self.link.fail("closed")
